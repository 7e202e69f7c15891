import { spawn } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { openGateway } from "./support/gateway.js";
import { atOnce, call, newArtifact, newContainer } from "./support/operations.js";

/*
 * Playbook runs, from being asked for until an automation engine ends them.
 */

const gateway = await openGateway();
const { database, ask } = gateway;
const { pool } = database;

const patient = { timeout: 20_000 };

let container: number;
beforeEach(async () => {
  // What earlier tests left is nobody's any more.
  await pool.query("update playbook_runs set claim_time = null");
  container = await newContainer(gateway);
});

let made = 0;
const newPlaybook = async (fields: object = {}) => {
  const input = { name: `of_a_test_${++made}`, ...fields };
  return (await call(gateway, "createPlaybook", input, "playbook { id fullName }")).playbook as {
    id: number;
    fullName: string;
  };
};
const queue = async (fields: { playbook?: number } = {}) => {
  const playbook = fields.playbook ?? (await newPlaybook()).id;
  return (await call(gateway, "runPlaybook", { playbook, container, ...fields }, "playbookRunId"))
    .playbookRunId as number;
};
const claim = async (fields: object = {}, headers?: Record<string, string>) =>
  (
    await call(
      gateway,
      "claimPlaybookRuns",
      fields,
      "jobs { playbookRunId leaseToken attempt playbookRun { status startTime container { id } playbook { fullName } } }",
      headers,
    )
  ).jobs;
const statusOf = async (id: number) =>
  (await ask(`{ playbookRun(id: ${id}) { status message log cancelled attempt endTime } }`)).data.playbookRun;
const runOut = (id: number) =>
  pool.query("update playbook_runs set claim_time = now() - interval '1 second' where id = $1", [id]);
const onBehalf = (id: number) => ({ "soar-playbook-run": String(id) });

describe("runPlaybook", () => {
  test("queues a run, by id, name and full name, and tells who follows", async () => {
    const playbook = await newPlaybook();
    for (const reference of [playbook.id, playbook.fullName, playbook.fullName.split("/")[1]!.toUpperCase()]) {
      const { success, playbookRun } = await call(
        gateway,
        "runPlaybook",
        { playbook: reference, container, scope: "ALL" },
        "playbookRun { status scope scopeArtifactIds inputs startTime container { id } playbook { id } effectiveUser { username } }",
      );
      expect(success).toBe(true);
      expect(playbookRun).toEqual({
        status: "PENDING",
        scope: "ALL",
        scopeArtifactIds: null,
        inputs: {},
        startTime: null,
        container: { id: container },
        playbook: { id: playbook.id },
        effectiveUser: { username: "admin" },
      });
    }
    const { data } = await ask(
      `{ playbookRunEvents(filter: { container: [${container}] }) { nodes { status playbookRun { id } } } }`,
    );
    expect(data.playbookRunEvents.nodes.map(({ status }: { status: string }) => status)).toEqual(
      Array(3).fill("PENDING"),
    );
  });

  test.each([
    ["a playbook there is not", { playbook: "local/nowhere" }, "NOT_FOUND", "playbook"],
    ["a container there is not", { container: 999_999 }, "NOT_FOUND", "container"],
    ["an artifact of another container", { artifactIds: [1] }, "NOT_FOUND", "artifactIds"],
    ["no artifacts", { artifactIds: [] }, "INVALID_VALUE", "artifactIds"],
    ["artifacts and a scope", { artifactIds: [1], scope: "ALL" }, "INVALID_VALUE", "artifactIds"],
    ["inputs for an automation playbook", { inputs: { ip: "203.0.113.9" } }, "INVALID_VALUE", "inputs"],
  ])("refuses %s and queues nothing", async (_, fields, code, field) => {
    const { fullName: playbook } = await newPlaybook();
    expect(await call(gateway, "runPlaybook", { playbook, container, ...fields })).toMatchObject({
      success: false,
      code,
      field,
    });
    expect(await claim()).toEqual([]);
  });

  test("refuses playbooks that are disabled or drafts, and inputs that a playbook does not have", async () => {
    const refused = async (playbook: { id: number }, inputs?: object) => {
      const { code, message } = await call(gateway, "runPlaybook", { playbook: playbook.id, container, inputs });
      return [code, message];
    };
    const gone = await newPlaybook();
    await pool.query("update playbooks set disabled = true where id = $1", [gone.id]);
    expect(await refused(gone)).toEqual(["INACTIVE", expect.any(String)]);
    expect(await refused(await newPlaybook({ draftMode: true }))).toEqual(["WRONG_STATE", expect.any(String)]);
    const data = await newPlaybook({ playbookType: "data", inputSpec: [{ name: "ip" }, { name: "domain" }] });
    expect(await refused(data, { host: "h" })).toEqual([
      "INVALID_VALUE",
      `The playbook ${data.fullName} has no input "host"; it takes ip, domain.`,
    ]);
    expect(await refused(data, { ip: "203.0.113.9" })).toEqual([null, expect.any(String)]);
  });
});

describe("an engine", () => {
  test("takes what is due once, oldest first, and begins it", async () => {
    const ids = [await queue(), await queue(), await queue()];
    const first = await claim({ limit: 2 });
    expect(first.map(({ playbookRunId }: { playbookRunId: number }) => playbookRunId)).toEqual(ids.slice(0, 2));
    expect(first[0]).toMatchObject({
      attempt: 1,
      leaseToken: expect.stringMatching(/^[0-9a-f-]{36}$/),
      playbookRun: { status: "RUNNING", startTime: expect.any(String), container: { id: container } },
    });
    expect((await claim()).map(({ playbookRunId }: { playbookRunId: number }) => playbookRunId)).toEqual(ids.slice(2));
    expect(await claim()).toEqual([]);
  });

  test("shares the work with as many others as there are, each run once", async () => {
    const ids = await atOnce(30, () => queue());
    const taken = (await atOnce(12, () => claim({ limit: 4 }))).flat();
    expect(taken.map(({ playbookRunId }) => playbookRunId).sort()).toEqual(ids.sort());
  });

  test("holds what it took, ends it with its log, and cannot end it again", async () => {
    const id = await queue();
    const [{ leaseToken }] = await claim({ leaseSeconds: 5 });
    const held = await call(
      gateway,
      "heartbeatPlaybookRuns",
      {
        leases: [
          { playbookRunId: id, leaseToken },
          { playbookRunId: id + 1000, leaseToken },
        ],
        leaseSeconds: 3600,
      },
      "held lost",
    );
    expect(held).toMatchObject({ success: true, held: [id], lost: [id + 1000] });
    const { rows } = await pool.query(
      "select claim_time > now() + interval '59 minutes' as long from playbook_runs where id = $1",
      [id],
    );
    expect(rows).toEqual([{ long: true }]);
    const end = { playbookRunId: id, leaseToken, success: true, message: "Done.", log: "block 1\nblock 2" };
    expect(await call(gateway, "finishPlaybookRun", end)).toMatchObject({ success: true });
    expect(await statusOf(id)).toEqual({
      status: "SUCCESS",
      message: "Done.",
      log: "block 1\nblock 2",
      cancelled: null,
      attempt: 1,
      endTime: expect.any(String),
    });
    expect(await call(gateway, "finishPlaybookRun", end)).toMatchObject({ code: "WRONG_STATE" });
    expect(await claim()).toEqual([]);
  });

  test("that is lost makes room for another, whose run it cannot end; three are enough", async () => {
    const id = await queue();
    const [first] = await claim();
    await runOut(id);
    const [second] = await claim();
    expect(second).toMatchObject({ playbookRunId: id, attempt: 2 });
    const late = { playbookRunId: id, success: true };
    expect(await call(gateway, "finishPlaybookRun", { ...late, leaseToken: first.leaseToken })).toMatchObject({
      success: false,
      code: "WRONG_STATE",
      field: "leaseToken",
    });
    expect(
      await call(
        gateway,
        "heartbeatPlaybookRuns",
        { leases: [{ playbookRunId: id, leaseToken: first.leaseToken }] },
        "held lost",
      ),
    ).toMatchObject({ held: [], lost: [id] });
    await runOut(id);
    expect(await claim()).toMatchObject([{ attempt: 3 }]);
    await runOut(id);
    expect(await claim()).toEqual([]);
    expect(await statusOf(id)).toMatchObject({
      status: "FAILED",
      message: expect.stringMatching(/^Each of 3 engines/),
    });
    const { data } = await ask(
      `{ playbookRunEvents(filter: { playbookRunId: [${id}] }) { nodes { status sequence } } }`,
    );
    expect(data.playbookRunEvents.nodes).toEqual([
      { status: "PENDING", sequence: 1 },
      { status: "RUNNING", sequence: 2 },
      { status: "FAILED", sequence: 3 },
    ]);
  });

  test("needs no token for what its own user took, but for what another did", async () => {
    const engine = { authorization: `Bearer ${await gateway.tokenOf("Automation", "automation")}` };
    const id = await queue();
    const finish = { playbookRunId: id, success: false, message: "Boom." };
    expect(await call(gateway, "finishPlaybookRun", finish)).toMatchObject({
      code: "WRONG_STATE",
      message: `Playbook run ${id} was not taken yet; claimPlaybookRuns takes it.`,
    });
    await claim({}, engine);
    expect(await call(gateway, "finishPlaybookRun", finish)).toMatchObject({
      code: "WRONG_STATE",
      field: "leaseToken",
    });
    expect(await call(gateway, "finishPlaybookRun", { ...finish, leaseToken: "" }, "", engine)).toMatchObject({
      code: "WRONG_STATE",
      field: "leaseToken",
    });
    expect(await call(gateway, "finishPlaybookRun", finish, "", engine)).toMatchObject({ success: true });
    expect(await statusOf(id)).toMatchObject({ status: "FAILED", message: "Boom." });
  });

  test("takes no run of a playbook that was disabled meanwhile, until it is enabled again", async () => {
    const playbook = await newPlaybook();
    const id = await queue({ playbook: playbook.id });
    await call(gateway, "updatePlaybook", { id: playbook.id, disabled: true });
    expect(await claim()).toEqual([]);
    await call(gateway, "updatePlaybook", { id: playbook.id, disabled: false });
    expect(await claim()).toMatchObject([{ playbookRunId: id }]);
  });

  test("takes nothing that its user may not see", async () => {
    const id = await queue();
    const name = "elsewhere alone";
    await call(gateway, "createLabel", { name: "elsewhere" });
    await call(gateway, "createRole", {
      name,
      permissions: ["containers:view", "playbooks:view", "playbooks:execute"],
      grantedLabels: ["elsewhere"],
    });
    const { data } = await ask(
      `mutation { createUser(input: { username: "${name}", roles: ["${name}"] }) { success }
        createToken(input: { user: "${name}" }) { value } }`,
    );
    expect(await claim({}, { authorization: `Bearer ${data.createToken.value}` })).toEqual([]);
    expect(await claim()).toMatchObject([{ playbookRunId: id }]);
  });

  test.each([
    ["limit", { limit: 0 }],
    ["limit", { limit: 101 }],
    ["leaseSeconds", { leaseSeconds: 4 }],
    ["leaseSeconds", { leaseSeconds: 3601 }],
  ])("asks for a %s within bounds", async (field, fields) => {
    expect(await call(gateway, "claimPlaybookRuns", fields)).toMatchObject({ code: "INVALID_VALUE", field });
  });
});

describe("cancelPlaybookRun", () => {
  const cancel = (id: number, fields: object = {}) =>
    call(gateway, "cancelPlaybookRun", { playbookRunId: id, ...fields }, "cancelled playbookRun { status cancelled }");

  test("ends a run that waits or is under way, once, and what it asked for with it", async () => {
    const [waiting, taken] = [await queue(), await queue()];
    await cancel(waiting, { reason: "Not now." });
    expect(await statusOf(waiting)).toMatchObject({ status: "CANCELLED", cancelled: "Not now." });
    const [{ playbookRunId, leaseToken }] = await claim();
    expect(playbookRunId).toBe(taken);
    const { actionRunId } = await call(
      gateway,
      "act",
      { action: "ask somebody", type: "manual", name: "Ask" },
      "actionRunId",
      onBehalf(taken),
    );
    expect(await cancel(taken)).toMatchObject({
      success: true,
      cancelled: true,
      playbookRun: { status: "CANCELLED", cancelled: "Cancelled by admin." },
    });
    const { data } = await ask(`{ actionRun(id: ${actionRunId}) { status cancelled callback { success } } }`);
    expect(data.actionRun).toEqual({
      status: "CANCELLED",
      cancelled: "Cancelled by admin.",
      callback: { success: false },
    });
    expect(await cancel(taken)).toMatchObject({ success: false, code: "WRONG_STATE", cancelled: false });
    expect(
      await call(gateway, "heartbeatPlaybookRuns", { leases: [{ playbookRunId: taken, leaseToken }] }, "lost"),
    ).toMatchObject({ lost: [taken] });
    expect(await call(gateway, "comment", { comment: "late" }, "", onBehalf(taken))).toMatchObject({
      code: "WRONG_STATE",
    });
  });

  test("leaves nothing that was asked for at the same moment", async () => {
    const id = await queue();
    await claim();
    const answers = await atOnce(40, (index) =>
      index === 20
        ? cancel(id)
        : call(gateway, "act", { action: "ask somebody", type: "manual", name: "Ask" }, "actionRunId", onBehalf(id)),
    );
    expect(answers[20]).toMatchObject({ success: true });
    const { rows } = await pool.query(
      "select status, count(*)::int from action_runs where playbook_run_id = $1 group by 1",
      [id],
    );
    const done = answers.filter(({ success, actionRunId }) => success && actionRunId).length;
    expect(rows).toEqual(done ? [{ status: "cancelled", count: done }] : []);
  });

  test("of many who cancel and finish one does", async () => {
    for (let round = 0; round < 5; round++) {
      const id = await queue();
      const [{ leaseToken }] = await claim();
      const answers = await atOnce(20, (index) =>
        index % 2 ? cancel(id) : call(gateway, "finishPlaybookRun", { playbookRunId: id, leaseToken, success: true }),
      );
      expect(answers.filter(({ success }) => success)).toHaveLength(1);
    }
  });

  test("of many who cancel and finish on the run's own behalf one does, and nobody waits for another for ever", async () => {
    const id = await queue();
    const [{ leaseToken }] = await claim();
    const answers = await atOnce(102, (index) => {
      if (index % 3 === 0) return call(gateway, "cancelPlaybookRun", { playbookRunId: id }, "", onBehalf(id));
      const mine = { playbookRunId: id, leaseToken };
      if (index % 3 === 1) return call(gateway, "finishPlaybookRun", { ...mine, success: true }, "", onBehalf(id));
      return call(gateway, "heartbeatPlaybookRuns", { leases: [mine] }, "", onBehalf(id));
    });
    const ends = answers.filter((_, index) => index % 3 !== 2);
    expect(ends.filter(({ success }) => success)).toHaveLength(1);
    expect(answers.filter(({ success, code }) => !success && code !== "WRONG_STATE")).toEqual([]);
  });

  test("and heartbeats are not kept waiting by what many do on the run's behalf", async () => {
    const id = await queue();
    const [{ leaseToken }] = await claim();
    let done = 0;
    const busy = atOnce(9, async () => {
      while ((await call(gateway, "comment", { comment: "busy" }, "", onBehalf(id))).success) done++;
    });
    await expect.poll(() => done, patient).toBeGreaterThan(20);
    const held = await call(gateway, "heartbeatPlaybookRuns", { leases: [{ playbookRunId: id, leaseToken }] }, "held");
    expect(held).toMatchObject({ held: [id] });
    expect(await cancel(id)).toMatchObject({ success: true });
    await busy;
  });

  test("lets a playbook run again that had not begun", async () => {
    const { fullName } = await newPlaybook({ active: true, labels: ["events"] });
    const open = async () => {
      const { data } = await ask(
        `{ container(id: ${container}) { playbookRuns { nodes { id status playbook { fullName } } } } }`,
      );
      type Run = { id: number; status: string; playbook: { fullName: string } };
      return (data.container.playbookRuns.nodes as Run[])
        .filter((run) => run.playbook.fullName === fullName && run.status === "PENDING")
        .map(({ id }) => id);
    };
    await newArtifact(gateway, container, { runAutomation: true });
    const [id] = await open();
    await cancel(id!);
    await call(gateway, "setLabel", { container, label: "incident" });
    await call(gateway, "setLabel", { container, label: "events" });
    expect(await open()).toHaveLength(1);
    await claim({ limit: 100 });
    await call(gateway, "setLabel", { container, label: "incident" });
    await call(gateway, "setLabel", { container, label: "events" });
    expect(await open()).toEqual([]);
    await pool.query("update playbooks set active = false where scm || '/' || name = $1", [fullName]);
  });
});

test("artifacts that a run was asked for on are deleted while much is done on its behalf", async () => {
  const artifacts: number[] = [];
  for (let index = 0; index < 50; index++) artifacts.push(await newArtifact(gateway, container));
  const ids = [await queue(), await queue()];
  const answers = await atOnce(200, (index) => {
    if (index % 4 === 0) return call(gateway, "deleteArtifact", { artifactId: artifacts[49 - index / 4]! });
    return call(gateway, "comment", { comment: "busy" }, "", onBehalf(ids[index % 2]!));
  });
  expect(answers.filter(({ success }) => !success)).toEqual([]);
});

describe("run data", () => {
  const save = (key: string, value: unknown, headers?: Record<string, string>) =>
    call(gateway, "saveRunData", { key, value }, "key", headers);
  const load = async (key: string, headers?: Record<string, string>) =>
    ask("query ($key: String!) { runData(key: $key) }", { key }, headers);

  test("is kept under its key until the run ends, and is another run's not", async () => {
    const [one, other] = [await queue(), await queue()];
    const values = { n: [1, "2", { deep: null }], text: "x", none: false };
    expect(await save("a", values, onBehalf(one))).toMatchObject({ success: true, key: "a" });
    expect((await load("a", onBehalf(one))).data.runData).toEqual(values);
    await save("a", 7, onBehalf(one));
    expect((await load("a", onBehalf(one))).data.runData).toBe(7);
    expect((await load("b", onBehalf(one))).data.runData).toBeNull();
    expect((await load("a", onBehalf(other))).data.runData).toBeNull();
    await claim();
    await call(gateway, "finishPlaybookRun", { playbookRunId: one, success: true });
    expect((await pool.query("select from run_data where playbook_run_id = $1", [one])).rowCount).toBe(0);
  });

  test("needs a current run that has not ended, and a key", async () => {
    const none = "No playbook run is the current one; send the header `SOAR-Playbook-Run: <id>`.";
    expect(await save("a", 1)).toMatchObject({ code: "INVALID_VALUE", message: none });
    expect((await load("a")).errors).toMatchObject([{ message: none, extensions: { code: "BAD_USER_INPUT" } }]);
    const id = await queue();
    expect(await save("", 1, onBehalf(id))).toMatchObject({ code: "INVALID_VALUE", field: "key" });
    expect(await save("k".repeat(256), 1, onBehalf(id))).toMatchObject({ code: "TOO_LONG", field: "key" });
    const observer = { authorization: `Bearer ${await gateway.tokenOf("Observer")}`, ...onBehalf(id) };
    expect((await load("a", observer)).errors).toMatchObject([{ extensions: { code: "FORBIDDEN" } }]);
  });
});

describe("an engine in Python", () => {
  const script = join(import.meta.dirname, "..", "docs", "engine.py");
  const engines: ReturnType<typeof spawn>[] = [];
  afterAll(() => {
    for (const engine of engines) engine.kill();
  });
  const engine = (token: string) => {
    const started = spawn("python3", [script, gateway.url], { env: { ...process.env, SOAR_TOKEN: token } });
    engines.push(started);
    return started;
  };
  const ended = async (id: number) => {
    await expect.poll(async () => (await statusOf(id)).endTime, patient).not.toBeNull();
    return statusOf(id);
  };

  test("runs the manual's sample playbooks, and fails those that raise", async () => {
    engine(await gateway.tokenOf("Automation"));
    const { data } = await ask("{ playbook(id: 58) { python } }");
    const python = `${data.playbook.python}
    phantom.debug(phantom.pin(container, "seen", "1.1.1.1", pin_type="card_medium", pin_style="red"))
    phantom.debug(phantom.add_tags(container, tags=["a", "b"]), phantom.get_tags(container))
    phantom.debug(phantom.get_phase(container)[:2], phantom.get_notes(container))
    phantom.add_note(container, "general", title="t", content="c")
    phantom.debug([(one["success"], one["data"]["title"], one["data"]["note_type"]) for one in phantom.get_notes(container)])
    phantom.debug(phantom.delete_pin(pin_id=999999), phantom.delete_artifact(artifact_id), phantom.merge(artifact_id=1))
    tags = phantom.get_container(container["id"])["tags"]
    phantom.debug(phantom.update(container, {"sensitivity": "red", "tags": tags + ["c"], "run_automation": False}))
    phantom.debug("half \\ud800 and \\0")
    phantom.save_run_data(value={"kept": [1]}, key="k")
    phantom.act("ask somebody", type="manual", name="ask_1", callback=answered, handle="h")

def answered(action=None, success=None, container=None, results=None, handle=None, **_):
    phantom.debug(action["name"], success, container["name"], results, handle, phantom.get_run_data("k"))

def on_finish(container, summary):
    phantom.debug(container["name"], summary)
`;
    const good = await queue({ playbook: (await newPlaybook({ python })).id });
    await expect
      .poll(
        async () => (await pool.query("select from action_runs where playbook_run_id = $1", [good])).rowCount,
        patient,
      )
      .toBe(1);
    const { rows } = await pool.query("select id from action_runs where playbook_run_id = $1", [good]);
    await call(gateway, "completeActionRun", { actionRunId: rows[0].id, success: true });
    const { status, message, log } = await ended(good);
    expect([status, message]).toEqual(["SUCCESS", "The playbook ended."]);
    const lines = (log as string).split("\n");
    expect(lines[0]).toBe("[]");
    expect(lines[1]).toMatch(/^artifact added as id:\d+$/);
    expect(lines[2]).toMatch(/^\[\{'create_time': \d+, 'id': \d+, 'severity': 'high'/);
    expect(lines.slice(3)).toEqual([
      expect.stringMatching(/^\(True, 'Pin \d+ added to container \d+\.', \d+\)$/),
      `(True, 'Tags added to container ${container}: "a", "b".') (True, 'Container ${container} has 2 tags.', ['a', 'b'])`,
      `(True, 'Container ${container} is in no phase.') []`,
      "[(True, 't', 'GENERAL')]",
      `(False, 'There is no pin 999999.') True (True, 'Artifact 1 was merged into case ${container}: copied 1 artifact.')`,
      `(True, 'Container ${container} changed.')`,
      "half ? and \ufffd",
      "ask_1 True Of a test [] h {'kept': [1]}",
      "Of a test {'result': [{'name': 'ask_1', 'success': True}]}",
    ]);

    const bad = await queue({ playbook: (await newPlaybook({ python: "def on_start(container):\n  nobody" })).id });
    expect(await ended(bad)).toMatchObject({
      status: "FAILED",
      message: "NameError: name 'nobody' is not defined",
      log: expect.stringContaining("Traceback"),
    });
  });

  test("goes on after playbooks that leave, or find no file", async () => {
    engine(await gateway.tokenOf("Automation"));
    const leaves = await queue({ playbook: (await newPlaybook({ python: "raise SystemExit('enough')" })).id });
    const lacks = await queue({ playbook: (await newPlaybook({ python: "open('/nowhere')" })).id });
    expect(await ended(leaves)).toMatchObject({ status: "FAILED", message: "SystemExit: enough" });
    expect(await ended(lacks)).toMatchObject({ status: "FAILED", attempt: 1 });
  });

  test("ends with the reason for a token that is not known", async () => {
    let said = "";
    for await (const words of engine("nonsense").stderr!) said += words;
    expect(said).toMatch(/^The token is unknown, .* makes a new one\.\n$/);
  });
});
