"""An automation engine: takes the playbook runs that are queued, runs their Python, and ends them.

python3 engine.py http://127.0.0.1:4000     # with a token of a user who may run playbooks in SOAR_TOKEN

A playbook has on_start(container), callbacks for its actions, and maybe on_finish(container, summary). What it imports
as phantom.rules is made of the gateway's schema: phantom.add_tags(container, tags=["seen"]) is the mutation addTags.
It does one run at a time: start as many engines as runs are to go on beside each other.
"""
import json, os, re, sys, threading, time, traceback, types, uuid
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import Request, urlopen

URL, TOKEN = sys.argv[1] + "/graphql", os.environ["SOAR_TOKEN"]


class Away(Exception):
    """The gateway does not answer: what was taken is given out again when its lease runs out."""


def ask(query, variables={}, run=None):
    headers = {"authorization": "Bearer " + TOKEN, "content-type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
    if run:
        headers["SOAR-Playbook-Run"] = str(run)
    request = Request(URL, json.dumps({"query": query, "variables": variables}).encode(), headers)
    for patience in (1, 2, 4, 8, None):  # With its key, what was done is answered and not done twice.
        try:
            told = answer(request)
            break
        except (OSError, HTTPException) as error:
            if not patience:
                raise Away(error) from error
            time.sleep(patience)
    if told.get("errors"):
        raise ValueError(told["errors"][0]["message"])
    return told["data"]


def answer(request):
    try:
        with urlopen(request, timeout=60) as answer:
            return json.load(answer)
    except HTTPError as refused:
        if refused.code == 429 or refused.code >= 500:
            raise
        told = json.load(refused)
        if refused.code == 401:
            sys.exit(told["errors"][0]["message"])
        return told


def camel(name):
    return re.sub(r"_(.)", lambda found: found[1].upper(), name)


def snake(name):
    return re.sub(r"[A-Z]", lambda found: "_" + found[0].lower(), name)


def snakes(value):
    """An object, or a list of them, as Python knows it."""
    if isinstance(value, list):
        return [snakes(one) for one in value]
    return {snake(name): one for name, one in value.items()}


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


def shaped(field, value):
    """A value of Python as an input field takes it."""
    kind = innermost(field)
    if field["name"] in ("container", "case") and isinstance(value, dict):
        return value["id"]
    if kind["kind"] == "ENUM" and isinstance(value, str):
        return value.upper()
    if kind["kind"] == "INPUT_OBJECT" and isinstance(value, dict):
        return inputs(TYPES[kind["name"]]["inputFields"], value)
    return value


def inputs(fields, values):
    known = {field["name"]: field for field in fields}
    named = {camel(name): value for name, value in values.items()}
    return {name: shaped(known[name], value) if name in known else value for name, value in named.items()}


WITHOUT_VALUES = ("delete_artifact", "delete_pin", "merge", "update_pin")


def operation(root, field):
    """A function that calls an operation as Python does, and gives (success, message, …): ids, values and lists."""
    takes = innermost(field["args"][0])["name"]
    fields = [one for one in TYPES[takes]["inputFields"] if one["name"] != "containers"]
    gives = {}
    for one in TYPES[innermost(field)["name"]]["fields"]:
        outcome = one["name"] in ("success", "message", "code", "field", "results")
        if outcome or one["args"] or snake(field["name"]) in WITHOUT_VALUES:
            continue
        if is_plain(one):
            gives[one["name"]] = (one["name"], lambda value: value)
        elif any(kind["kind"] == "LIST" for kind in wrapped(one["type"])):
            gives[one["name"]] = (one["name"] + selection(innermost(one)["name"]), snakes)
    query = (f"{root} ($input: {takes}!) {{ answer: {field['name']}(input: $input) "
             f"{{ success message {' '.join(asked for asked, _ in gives.values())} }} }}")

    def function(run, *places, **named):
        given = {**dict(zip([one["name"] for one in fields], places)), **named}
        answer = ask(query, {"input": inputs(fields, given)}, run)["answer"]
        return answer["success"], answer["message"], *(of(answer[name]) for name, (_, of) in gives.items())

    return function


OPERATIONS = {
    snake(field["name"]): operation(root, field)
    for root in ("query", "mutation")
    for field in SCHEMA[root + "Type"]["fields"]
    if [innermost(argument)["kind"] for argument in field["args"]] == ["INPUT_OBJECT"]
}


CONTAINER = selection("Container")


class Phantom(types.ModuleType):
    """What a playbook imports as phantom.rules, for one run: the operations, and those whose form in Python is their own."""

    def __init__(self, run):
        super().__init__("phantom.rules")
        self.run, self.lines, self.actions, self.lost = run, [], [], False

    def __getattr__(self, name):
        if name not in OPERATIONS:
            raise AttributeError(f"phantom.{name} is not in the gateway's schema")
        return lambda *places, **named: self.call(name, *places, **named)

    def call(self, name, /, *places, **named):
        self.check()
        return OPERATIONS[name](self.run, *places, **named)

    def check(self):
        if self.lost:
            raise RuntimeError("The run was cancelled, or given to another engine.")

    def debug(self, *words):
        self.lines.append(" ".join(map(str, words)))

    error = debug

    def rows(self, name, /, *places, **named):
        success, message, rows = self.call(name, *places, **named)
        if not success:
            raise ValueError(message)
        return rows

    def collect(self, *places, **named):
        return self.rows("collect", *places, **named)

    def collect2(self, *places, **named):
        return self.rows("collect2", *places, **named)

    def each(self, name, /, *places, **named):
        success, message, found = self.call(name, *places, **named)
        return [{"success": success, "message": message, "data": one} for one in (found if success else [None])]

    def get_notes(self, *places, **named):
        return self.each("get_notes", *places, **named)

    def get_tasks(self, *places, **named):
        return self.each("get_tasks", *places, **named)

    def delete_artifact(self, artifact_id):
        return self.call("delete_artifact", artifact_id)[0]

    def merge(self, case=None, container_id=None, artifact_id=None, ioc_field=None, playbook_run_id=None,
              action_run_id=None, vault_id=None, note_title=None, note_description=None, trace=False):
        item = {"container_id": container_id, "artifact_id": artifact_id, "playbook_run_id": playbook_run_id,
                "action_run_id": action_run_id, "vault_id": vault_id}
        if ioc_field:
            item = {**item, "artifact_id": None, "ioc": {"artifact_id": artifact_id, "ioc_field": ioc_field}}
        return self.call("merge", case=case, item={name: one for name, one in item.items() if one is not None},
                         note_title=note_title, note_description=note_description, trace=trace)

    def update(self, container, update_dict, **named):
        changes = dict(update_dict)
        if "run_automation" in changes:
            named["run_automation"] = changes.pop("run_automation")
        return self.call("update", container, changes, **named)

    def get_container(self, container_id):
        self.check()
        found = ask("query ($id: Int!) { container(id: $id) " + CONTAINER + " }", {"id": container_id})["container"]
        return found and snakes(found)

    def act(self, action, parameters=None, assets=None, callback=None, **named):
        given = {"action": action, "parameters": parameters, "assets": assets, **named}
        success, message, action_run = self.call("act", **given)
        if success:
            self.actions.append((action_run, callback))
        return success, message

    def get_run_data(self, key):
        self.check()
        return ask("query ($key: String!) { runData(key: $key) }", {"key": key}, self.run)["runData"]


ENDED = "query ($id: Int!) { actionRun(id: $id, waitSeconds: 20) { callback { kwargs } } }"


def perform(playbook, container, phantom):
    sys.modules["phantom"] = package = types.ModuleType("phantom")
    sys.modules["phantom.rules"] = package.rules = phantom
    code = {"phantom": phantom}
    exec(compile(playbook["python"], playbook["fullName"], "exec"), code)
    code["on_start"](container)
    results = []
    while phantom.actions:
        action_run, callback = phantom.actions.pop(0)
        ended = None
        while not ended:
            phantom.check()
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


def hold(lease, phantom, done):
    while not done.wait(15):
        try:
            phantom.lost = bool(call("heartbeatPlaybookRuns", "lost", leases=[lease], leaseSeconds=60)["lost"])
        except (Away, ValueError) as error:
            print(error, file=sys.stderr, flush=True)


def plain(text):
    """The end of a text, of characters that the gateway takes, as much as it takes at once."""
    return text[-80_000:].replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def work(job):
    lease = {"playbookRunId": job["playbookRunId"], "leaseToken": job["leaseToken"]}
    playbook, container = job["playbookRun"]["playbook"], job["playbookRun"]["container"]
    phantom, done = Phantom(job["playbookRunId"]), threading.Event()
    threading.Thread(target=hold, args=(lease, phantom, done), daemon=True).start()
    success, message = True, "The playbook ended."
    try:
        perform(playbook, snakes(container), phantom)
    except Away:
        raise
    except (Exception, SystemExit) as error:
        success, message = False, f"{type(error).__name__}: {error}"
        phantom.debug(traceback.format_exc())
    finally:
        done.set()
    log = plain("\n".join(phantom.lines))
    ended = call("finishPlaybookRun", "", **lease, success=success, message=plain(message)[-5_000:], log=log)
    print(playbook["fullName"], ended["message"], flush=True)


JOBS = ("jobs { playbookRunId leaseToken playbookRun { playbook { fullName python } container "
        + CONTAINER + " } }")

while True:
    try:
        jobs = call("claimPlaybookRuns", JOBS, limit=1, leaseSeconds=60)["jobs"]
        for job in jobs:
            work(job)
        if not jobs:
            time.sleep(1)
    except Away as error:
        print(error, file=sys.stderr, flush=True)
        time.sleep(5)
    except ValueError as error:
        sys.exit(str(error))
