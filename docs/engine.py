"""An automation engine: takes the playbook runs that are queued, runs their Python, and ends them.

python3 engine.py http://127.0.0.1:4000     # with a token of a user who may run playbooks in SOAR_TOKEN

A playbook has on_start(container), callbacks for its actions, and maybe on_finish(container, summary). What it imports
as phantom.rules is made of the gateway's schema: phantom.add_tags(container, tags=["seen"]) is the mutation addTags.
It does one run at a time: start as many engines as runs are to go on beside each other.
"""
import json, os, re, sys, threading, time, traceback, types
from urllib.error import HTTPError
from urllib.request import Request, urlopen

URL, TOKEN = sys.argv[1] + "/graphql", os.environ["SOAR_TOKEN"]


def ask(query, variables={}, run=None):
    headers = {"authorization": "Bearer " + TOKEN, "content-type": "application/json"}
    if run:
        headers["SOAR-Playbook-Run"] = str(run)
    try:
        body = json.dumps({"query": query, "variables": variables}).encode()
        with urlopen(Request(URL, body, headers), timeout=60) as answer:
            told = json.load(answer)
    except HTTPError as refused:
        if refused.code == 429 or refused.code >= 500:
            raise
        told = json.load(refused)
        if refused.code == 401:
            sys.exit(told["errors"][0]["message"])
    if told.get("errors"):
        raise ValueError(told["errors"][0]["message"])
    return told["data"]


def camel(name):
    return re.sub(r"_(.)", lambda found: found[1].upper(), name)


def snake(name):
    return re.sub(r"[A-Z]", lambda found: "_" + found[0].lower(), name)


KIND = "type { kind name " + "ofType { kind name " * 4 + "} " * 5
SCHEMA = ask("{ __schema { queryType { ...F } mutationType { ...F } types { ...F inputFields { name " + KIND + "} } } }"
             "fragment F on __Type { name fields { name " + KIND + " args { name " + KIND + "} } }")["__schema"]
TYPES = {one["name"]: one for one in SCHEMA["types"]}


def wrapped(kind):
    """A type and what it is wrapped in, from within."""
    return [*wrapped(kind["ofType"]), kind] if kind["ofType"] else [kind]


def innermost(field):
    return wrapped(field["type"])[0]


def is_plain(field):
    return not field.get("args") and innermost(field)["kind"] in ("SCALAR", "ENUM")


def selection(name):
    """The plain values of a type."""
    return "{ " + " ".join(field["name"] for field in TYPES[name]["fields"] if is_plain(field)) + " }"


def operation(root, field):
    """A function that calls an operation as Python does, and gives (success, message, …): ids, values and lists."""
    takes = innermost(field["args"][0])["name"]
    inputs = {one["name"]: innermost(one)["kind"] for one in TYPES[takes]["inputFields"] if one["name"] != "containers"}
    gives = {}
    for one in TYPES[innermost(field)["name"]]["fields"]:
        if one["name"] in ("success", "message", "code", "field", "results") or one["args"]:
            continue
        if is_plain(one):
            gives[one["name"]] = one["name"]
        elif any(kind["kind"] == "LIST" for kind in wrapped(one["type"])):
            gives[one["name"]] = one["name"] + selection(innermost(one)["name"])
    query = (f"{root} ($input: {takes}!) {{ answer: {field['name']}(input: $input) "
             f"{{ success message {' '.join(gives.values())} }} }}")

    def function(run, *places, **named):
        given = {**dict(zip(inputs, places)), **{camel(name): value for name, value in named.items()}}
        for name, value in given.items():
            if name == "container" and isinstance(value, dict):
                given[name] = value["id"]
            elif inputs.get(name) == "ENUM" and isinstance(value, str):
                given[name] = value.upper()
        answer = ask(query, {"input": given}, run)["answer"]
        return answer["success"], answer["message"], *(answer[name] for name in gives)

    return function


OPERATIONS = {
    snake(field["name"]): operation(root, field)
    for root in ("query", "mutation")
    for field in SCHEMA[root + "Type"]["fields"]
    if [innermost(argument)["kind"] for argument in field["args"]] == ["INPUT_OBJECT"]
}


class Phantom(types.ModuleType):
    """What a playbook imports as phantom.rules, for one run."""

    def __init__(self, run):
        super().__init__("phantom.rules")
        self.run, self.lines, self.actions = run, [], []

    def __getattr__(self, name):
        if name not in OPERATIONS:
            raise AttributeError(f"phantom.{name} is not in the gateway's schema")
        return lambda *places, **named: OPERATIONS[name](self.run, *places, **named)

    def debug(self, *words):
        self.lines.append(" ".join(map(str, words)))

    error = debug

    def rows(self, name, *places, **named):
        success, message, rows = OPERATIONS[name](self.run, *places, **named)
        if not success:
            raise ValueError(message)
        return rows

    def collect(self, *places, **named):
        return self.rows("collect", *places, **named)

    def collect2(self, *places, **named):
        return self.rows("collect2", *places, **named)

    def act(self, action, callback=None, **named):
        success, message, action_run = OPERATIONS["act"](self.run, action=action, **named)
        if success:
            self.actions.append((action_run, callback))
        return success, message

    def get_run_data(self, key):
        return ask("query ($key: String!) { runData(key: $key) }", {"key": key}, self.run)["runData"]


ENDED = "query ($id: Int!) { actionRun(id: $id, waitSeconds: 20) { callback { kwargs } } }"


def perform(playbook, container, phantom):
    sys.modules["phantom"] = package = types.ModuleType("phantom")
    sys.modules["phantom.rules"] = package.rules = phantom
    code = {}
    exec(compile(playbook["python"], playbook["fullName"], "exec"), code)
    code["on_start"](container)
    results = []
    while phantom.actions:
        action_run, callback = phantom.actions.pop(0)
        ended = None
        while not ended:
            ended = ask(ENDED, {"id": action_run})["actionRun"]["callback"]
        results.append({"name": ended["kwargs"]["action"]["name"], "success": ended["kwargs"]["success"]})
        if callback:
            callback(**ended["kwargs"])
    if "on_finish" in code:
        code["on_finish"](container, {"result": results})


def call(name, gives, **given):
    """A mutation that the engine makes for itself."""
    takes = name[0].upper() + name[1:] + "Input"
    query = f"mutation ($input: {takes}!) {{ answer: {name}(input: $input) {{ success message {gives} }} }}"
    return ask(query, {"input": given})["answer"]


def hold(lease, done):
    while not done.wait(15):
        try:
            call("heartbeatPlaybookRuns", "lost", leases=[lease], leaseSeconds=60)
        except OSError as error:
            print(error, file=sys.stderr, flush=True)


def work(job):
    lease = {"playbookRunId": job["playbookRunId"], "leaseToken": job["leaseToken"]}
    playbook, container = job["playbookRun"]["playbook"], job["playbookRun"]["container"]
    phantom, done = Phantom(job["playbookRunId"]), threading.Event()
    threading.Thread(target=hold, args=(lease, done), daemon=True).start()
    success, message = True, "The playbook ended."
    try:
        perform(playbook, {snake(name): value for name, value in container.items()}, phantom)
    except Exception as error:
        success, message = False, f"{type(error).__name__}: {error}"
        phantom.debug(traceback.format_exc())
    done.set()
    ended = call("finishPlaybookRun", "", **lease, success=success, message=message, log="\n".join(phantom.lines))
    print(playbook["fullName"], ended["message"], flush=True)


JOBS = ("jobs { playbookRunId leaseToken playbookRun { playbook { fullName python } container "
        + selection("Container") + " } }")

while True:
    try:
        jobs = call("claimPlaybookRuns", JOBS, limit=1, leaseSeconds=60)["jobs"]
        for job in jobs:
            work(job)
        if not jobs:
            time.sleep(1)
    except OSError as error:  # The gateway is away: what was taken is given out again when its lease runs out.
        print(error, file=sys.stderr, flush=True)
        time.sleep(5)
    except ValueError as error:
        sys.exit(str(error))
