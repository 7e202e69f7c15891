import { spawn } from "node:child_process";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { registerConnectors } from "../src/actions/register.js";
import type { Connector } from "../src/connectors/connector.js";
import { mostSets } from "../src/limits.js";
import { openGateway } from "./support/gateway.js";
import { testConnector } from "./support/worker.js";

const { ask, database, token, tokenOf, url } = await openGateway("empty");
const script = join(import.meta.dirname, "..", "docs", "connector.py");
const { connector } = (await import(testConnector)) as { connector: Connector };
let container: number;

beforeAll(async () => {
  await registerConnectors(database, [connector]);
  const { data } = await ask(`mutation {
    createContainer(input: { name: "n", label: "events" }) { containerId }
    createAsset(input: { name: "second", app: "Tester", tags: ["far"] }) { success }
    off: createAsset(input: { name: "off", app: "Tester" }) { assetId }
    createApp(input: { name: "Outside", actions: [
      { action: "echo", parameters: { value: { data_type: "ip", required: true } } }, { action: "harm", readOnly: false }] }) { success }
    other: createAsset(input: { name: "outside", app: "Outside", configuration: { server: "there", password: "secret" } }) { success }
  }`);
  container = data.createContainer.containerId;
  await ask(`mutation { deleteAsset(input: { id: ${data.off.assetId} }) { success } }`);
});

type Input = Record<string, unknown>;

async function run(input: Input, headers = {}) {
  const query = `mutation ($input: RunActionInput!) { runAction(input: $input) { success message code field actionRunId actionRun {
    type name targets creator { username } appRuns(orderBy: { field: ID }) { nodes { id assetName parameters } } } } }`;
  const { data, errors } = await ask(query, { input: { container, name: "n", ...input } }, headers);
  expect(errors).toBeUndefined();
  return data.runAction;
}

async function act(input: Input) {
  const query = `mutation ($input: ActInput!) { act(input: $input) { success message code field actionRunId actionRun {
    name status execDelaySecs approvals { nodes { id status approver { username } asset { name } } } appRuns { nodes { id appName assetName status message } } } } }`;
  const { data, errors } = await ask(query, { input: { container, ...input } });
  expect(errors).toBeUndefined();
  return data.act;
}

const assetsOf = ({ actionRun }: { actionRun: { appRuns: { nodes: { assetName: string }[] } } }) =>
  actionRun.appRuns.nodes.map(({ assetName }) => assetName).sort();
const queuedRuns = async () => Number((await database.pool.query("select count(*) from action_runs")).rows[0].count);

describe("runAction", () => {
  test("queues one app run for each app and asset, with each set of parameters", async () => {
    const ran = await run({
      action: "ECHO",
      targets: [{ app: connector.manifest.appid, assets: ["Tester", 2], parameters: [{ value: "a" }, { value: "b" }] }],
    });
    expect(ran).toMatchObject({ success: true, message: "New action queued.", code: null });
    expect(ran.actionRun).toMatchObject({
      type: "investigate",
      creator: { username: "admin" },
      targets: [
        {
          app_id: 1,
          assets: [1, 2],
          parameters: [
            { value: "a", count: 1 },
            { value: "b", count: 1 },
          ],
        },
      ],
    });
    expect(assetsOf(ran)).toEqual(["second", "tester"]);
    const context = { guid: expect.stringMatching(/^[0-9a-f-]{36}$/), artifact_id: 0, parent_action_run: [] };
    expect(ran.actionRun.appRuns.nodes[0].parameters).toEqual([
      { value: "a", count: 1, context },
      { value: "b", count: 1, context },
    ]);
  });

  test("leaves what a person does to `act`, and is not ended by one", async () => {
    const targets = [{ app: "Tester", assets: ["tester"], parameters: [{ value: "a" }] }];
    expect(await run({ action: "echo", type: "Manual", targets })).toMatchObject({
      success: false,
      code: "INVALID_VALUE",
      field: "type",
    });
    await ask(
      `mutation { createApp(input: { name: "By hand", actions: [{ action: "call", type: "manual", needsAsset: false }] }) { success } }`,
    );
    const { actionRunId } = await run({ action: "call", targets: [{ app: "By hand", parameters: [{}] }] });
    const { data } = await ask(
      `mutation { completeActionRun(input: { actionRunId: ${actionRunId}, success: true }) { code actionRun { status } } }`,
    );
    expect(data.completeActionRun).toEqual({ code: "WRONG_STATE", actionRun: null });
  });

  test("takes every active asset of an app where none is named, and none where none is needed", async () => {
    expect(assetsOf(await run({ action: "echo", targets: [{ app: "tester", parameters: [{ value: "a" }] }] }))).toEqual(
      ["second", "tester"],
    );
    expect(assetsOf(await run({ action: "key", targets: [{ app: 1, assets: ["second"] }] }))).toEqual(["second"]);
    await database.pool.query("update assets set disabled = true where app_id = 1");
    expect(assetsOf(await run({ action: "wait", targets: [{ app: 1, parameters: [{ milliseconds: 1 }] }] }))).toEqual([
      "",
    ]);
    await database.pool.query("update assets set disabled = false where name in ('tester', 'second')");
  });

  test("carries the context of parameters as it was given", async () => {
    const context = { guid: "of mine", artifactId: 7, parentActionRun: [3], more: true };
    const { actionRun } = await run({
      action: "echo",
      targets: [{ app: 1, assets: [1], parameters: [{ value: "a", context }] }],
    });
    expect(actionRun.appRuns.nodes[0].parameters[0].context).toEqual({
      guid: "of mine",
      artifact_id: 7,
      parent_action_run: [3],
      more: true,
    });
  });

  test("queues nothing where anything is wrong, and lists it all", async () => {
    const before = await queuedRuns();
    const refused = await run({
      action: "echo",
      targets: [
        { app: "tester", assets: ["tester", "nowhere", "off", "outside"], parameters: [{ value: 1 }, { other: "x" }] },
        { app: 999, parameters: [{}] },
        { app: "tester" },
      ],
    });
    expect(refused).toMatchObject({ success: false, code: "INVALID_VALUE", field: "targets", actionRunId: null });
    for (const mistake of [
      'there is no asset "nowhere"',
      "the asset off is disabled",
      "the asset outside is not set up for Tester",
      'echo: the parameter "value" must be a text, is 1 (parameters 1 for Tester)',
      'echo: the parameter "value" is missing (parameters 2 for Tester)',
      'echo: there is no parameter "other"; there is witness, value, count (parameters 2 for Tester)',
      "there is no app 999",
      '"echo" of Tester needs assets or parameters, and neither was given',
    ])
      expect(refused.message).toContain(mistake);
    expect((await run({ action: "dance", targets: [{ app: 1, parameters: [{}] }] })).message).toContain(
      'the app Tester has no action "dance"',
    );
    expect((await run({ action: "echo", targets: [] })).code).toBe("INVALID_VALUE");
    expect(await queuedRuns()).toBe(before);
  });

  test("queues no more than the limits, and tells fifty mistakes at most", async () => {
    const of = (sets: number, assets = ["tester"]) => ({
      action: "echo",
      targets: [{ app: "tester", assets, parameters: Array.from({ length: sets }, () => ({ value: "a" })) }],
    });
    expect((await run(of(mostSets))).success).toBe(true);
    const { success, message } = await run(of(mostSets + 1));
    expect({ success, message }).toEqual({
      success: false,
      message: `Nothing was queued: it has ${mostSets + 1} sets of parameters, ${mostSets} are the limit.`,
    });
    const nowhere = await run(
      of(
        1,
        Array.from({ length: 60 }, (_, n) => `nowhere ${n}`),
      ),
    );
    expect(nowhere.message).toMatch(/there is no asset "nowhere 49"; and 10 more\.$/);
  });
});

describe("on behalf of a playbook run", () => {
  test("an action is that run's, on its container, and seen by it alone among the runs that are followed", async () => {
    const { rows } = await database.pool.query(
      `with p as (insert into playbooks (name, scm) values ('looks', 'local') returning id)
       insert into playbook_runs (container_id, playbook_id, status) select $1, id, 'running' from p returning id, playbook_id`,
      [container],
    );
    const [{ id, playbook_id: playbookId }] = rows;
    const query = `mutation { act(input: { action: "echo", parameters: [{ value: "a" }], assets: ["tester"] }) { message actionRun {
      id container { id } playbook { id } playbookRun { id } appRuns { nodes { playbookRun { id } } } } } }`;
    const { data } = await ask(query, {}, { "SOAR-Playbook-Run": String(id) });
    expect(data.act).toMatchObject({
      message: "New action queued.",
      actionRun: {
        container: { id: container },
        playbook: { id: playbookId },
        playbookRun: { id },
        appRuns: { nodes: [{ playbookRun: { id } }] },
      },
    });
    await act({ action: "echo", parameters: [{ value: "a" }], assets: ["tester"] });
    const followed = await ask(
      "query ($id: Int!) { actionRunEvents(filter: { playbookRunId: [$id] }, waitSeconds: 5) { nodes { actionRun { id } } } }",
      { id },
    );
    expect(followed.data.actionRunEvents.nodes).toEqual([{ actionRun: { id: data.act.actionRun.id } }]);
    await database.pool.query("update playbook_runs set status = 'success' where id = $1", [id]);
    const late = await ask(query, {}, { "SOAR-Playbook-Run": String(id) });
    expect(late.data.act).toMatchObject({ message: expect.stringContaining("has ended"), actionRun: null });
  });
});

describe("act", () => {
  test("says of an app run that no connector of the gateway takes what it waits for", async () => {
    const { actionRun } = await act({ action: "echo", parameters: [{ value: "a" }], assets: ["tester", "outside"] });
    expect(actionRun.appRuns.nodes).toMatchObject([
      { assetName: "tester", message: "" },
      { assetName: "outside", message: "Waits for a connector of Outside outside the gateway." },
    ]);
  });

  test("takes every app that has the action, only those assets that are named or tagged", async () => {
    const all = await act({ action: "echo", parameters: [{ value: "a" }] });
    expect(all.actionRun).toMatchObject({ name: "user initiated echo action", status: "PENDING" });
    expect(assetsOf(all)).toEqual(["outside", "second", "tester"]);
    expect(assetsOf(await act({ action: "echo", parameters: [{ value: "a" }], assets: ["outside"] }))).toEqual([
      "outside",
    ]);
    expect(assetsOf(await act({ action: "echo", parameters: [{ value: "a" }], tags: ["far"] }))).toEqual(["second"]);
    expect(assetsOf(await act({ action: "echo", parameters: [{ value: "a" }], app: "Tester" }))).toEqual([
      "second",
      "tester",
    ]);
    expect(await act({ action: "dance" })).toMatchObject({
      message: expect.stringContaining('no active app has the action "dance"'),
      field: null,
    });
    expect((await act({ action: "echo", parameters: [{ value: "a" }], tags: ["near"] })).code).toBe("INVALID_VALUE");
  });

  test("waits for its time, and can be cancelled before it", async () => {
    const startTime = new Date(Date.now() + 3_600_000).toISOString();
    const { actionRun, actionRunId } = await act({
      action: "echo",
      parameters: [{ value: "a" }],
      app: "Outside",
      startTime,
    });
    expect(actionRun.execDelaySecs).toBeGreaterThan(3_500);
    expect((await take()).map(({ appRunId }) => appRunId)).not.toContain(actionRun.appRuns.nodes[0].id);
    const { data } = await ask(`mutation { cancelActionRun(input: { actionRunId: ${actionRunId} }) {
      success cancelled actionRun { status cancelled message callback { success results { status } } appRuns { nodes { status } } } } }`);
    expect(data.cancelActionRun).toMatchObject({
      cancelled: true,
      actionRun: {
        status: "CANCELLED",
        cancelled: "Cancelled by admin.",
        callback: { success: false },
        appRuns: { nodes: [{ status: "CANCELLED" }] },
      },
    });
  });

  test("of a person takes nothing that nobody would be told", async () => {
    const manual = { action: "call back", type: "manual" };
    expect(await act({ ...manual, assets: [], parameters: [{ number: "1" }] })).toMatchObject({
      success: false,
      code: "INVALID_VALUE",
      field: "parameters",
    });
    expect(await act({ ...manual, assets: [], parameters: [] })).toMatchObject({ success: true });
  });

  test("takes a text for the name of an app before its number", async () => {
    const create = "mutation ($input: CreateAppInput!) { createApp(input: $input) { appId } }";
    const actions = [{ action: "count", needsAsset: false }];
    const { appId } = (await ask(create, { input: { name: "Counted", actions } })).data.createApp;
    await ask(create, { input: { name: String(appId), actions } });
    const namesOf = async (app: string | number) =>
      (await act({ action: "count", parameters: [{}], app })).actionRun.appRuns.nodes.map(
        (one: { appName: string }) => one.appName,
      );
    expect(await namesOf(appId)).toEqual(["Counted"]);
    expect(await namesOf(String(appId))).toEqual([String(appId)]);
  });

  test("begins within the longest time that it can wait, or not at all", async () => {
    for (const type of [undefined, "manual"])
      expect(
        await act({
          action: "echo",
          app: "Outside",
          parameters: [{ value: "a" }],
          type,
          startTime: "2100-01-01T00:00:00Z",
        }),
      ).toMatchObject({ success: false, code: "INVALID_VALUE", field: "startTime", actionRun: null });
  });

  test("is not kept from one app by the parameters of another that it does not run on", async () => {
    const create = "mutation ($input: CreateAppInput!) { createApp(input: $input) { success } }";
    for (const [name, parameter] of [
      ["One", "ip"],
      ["Two", "address"],
    ])
      await ask(create, {
        input: {
          name,
          actions: [{ action: "locate", parameters: { [parameter!]: { data_type: "ip", required: true } } }],
        },
      });
    await ask(`mutation { createAsset(input: { name: "one", app: "One" }) { success } }`);
    const parameters = [{ ip: "203.0.113.9" }];
    for (const more of [{ assets: ["one"] }, {}])
      expect(assetsOf(await act({ action: "locate", parameters, ...more }))).toEqual(["one"]);
    await ask(`mutation { createAsset(input: { name: "two", app: "Two" }) { success } }`);
    expect(assetsOf(await act({ action: "locate", parameters, assets: ["one"] }))).toEqual(["one"]);
    expect((await act({ action: "locate", parameters })).message).toContain('the parameter "address" is missing');
    expect((await act({ action: "locate", parameters, app: "Two" })).message).toContain(
      'parameter "address" is missing',
    );
  });
});

interface Job {
  appRunId: number;
  leaseToken: string;
  [field: string]: unknown;
}

async function take(leaseSeconds = 30): Promise<Job[]> {
  const query = `mutation ($s: Int) { claimAppRuns(input: { app: "Outside", limit: 100, leaseSeconds: $s }) {
    jobs { appRunId leaseToken attemptKey action asset configuration parameters } } }`;
  return (await ask(query, { s: leaseSeconds })).data.claimAppRuns.jobs;
}

async function report({ appRunId, leaseToken }: Job, rest: object) {
  const query = `mutation ($input: ReportAppRunInput!) { reportAppRun(input: $input) { success code appRun { status message outcomeUnknown actionRun { status } } } }`;
  return (await ask(query, { input: { appRunId, leaseToken, ...rest } })).data.reportAppRun;
}

const lose = ({ appRunId }: Job) =>
  database.pool.query("update app_runs set claim_time = now() - interval '1 s' where id = $1", [appRunId]);

describe("an external connector", () => {
  test("takes app runs, each once, without secrets, and reports a result for each set of parameters", async () => {
    await take();
    await run({ action: "echo", targets: [{ app: "Outside", parameters: [{ value: "a" }, { value: "b" }] }] });
    const jobs = (await Promise.all(Array.from({ length: 10 }, () => take()))).flat();
    expect(jobs).toHaveLength(1);
    expect(jobs[0]).toMatchObject({
      action: "echo",
      asset: "outside",
      configuration: { server: "there", password: "********" },
      parameters: [{ value: "a" }, { value: "b" }],
      attemptKey: String(jobs[0]!.appRunId),
    });
    expect(await report(jobs[0]!, { success: true, results: [{ success: true }] })).toMatchObject({
      code: "INVALID_VALUE",
    });
    const done = await report(jobs[0]!, {
      success: true,
      results: [
        { success: true, message: "A", data: [1] },
        { success: false, message: "B" },
      ],
    });
    expect(done).toMatchObject({
      success: true,
      appRun: {
        status: "SUCCESS",
        message: `'n' on asset 'outside': 1 action succeeded, 1 action failed. (1)For Parameter: {"value":"a"} Message: "A" (2)For Parameter: {"value":"b"} Message: "B"`,
        actionRun: { status: "SUCCESS" },
      },
    });
    expect(await report(jobs[0]!, { success: true })).toMatchObject({ success: false, code: "WRONG_STATE" });
  });

  test("is told what it holds and what it lost, and reports nothing on that", async () => {
    await run({ action: "echo", targets: [{ app: "Outside", parameters: [{ value: "a" }] }] });
    const [job] = await take();
    const beat = async (leaseToken: string) => {
      const leases = [{ appRunId: job!.appRunId, leaseToken }];
      const query = "mutation ($l: [AppRunLeaseInput!]!) { heartbeatAppRuns(input: { leases: $l }) { held lost } }";
      return (await ask(query, { l: leases })).data.heartbeatAppRuns;
    };
    expect(await beat(job!.leaseToken)).toEqual({ held: [job!.appRunId], lost: [] });
    expect(await beat("nonsense")).toEqual({ held: [], lost: [job!.appRunId] });
    await lose(job!);
    const [again] = await take();
    expect(again).toMatchObject({ appRunId: job!.appRunId, attemptKey: job!.attemptKey });
    expect(await beat(job!.leaseToken)).toEqual({ held: [], lost: [job!.appRunId] });
    expect(await report(job!, { success: true })).toMatchObject({ success: false, code: "WRONG_STATE" });
    expect(await report(again!, { success: false, message: "no" })).toMatchObject({
      success: true,
      appRun: { status: "FAILED" },
    });
  });

  test("does what must not be done twice once, and is given nothing that three lost", async () => {
    const { actionRunId } = await run({ action: "harm", targets: [{ app: "Outside", assets: ["outside"] }] });
    const [job] = await take();
    await lose(job!);
    expect(await take()).toEqual([]);
    const { data } = await ask(
      `{ actionRun(id: ${actionRunId}) { status appRuns { nodes { outcomeUnknown message } } } }`,
    );
    expect(data.actionRun).toMatchObject({
      status: "FAILED",
      appRuns: { nodes: [{ outcomeUnknown: true, message: expect.stringMatching(/not known/) }] },
    });
    const parked = await run({ action: "echo", targets: [{ app: "Outside", parameters: [{ value: "a" }] }] });
    for (let death = 0; death < 3; death++) await lose((await take())[0]!);
    expect(await take()).toEqual([]);
    const { data: after } = await ask(
      `{ actionRun(id: ${parked.actionRunId}) { status appRuns { nodes { message attempt } } } }`,
    );
    expect(after.actionRun).toMatchObject({
      status: "FAILED",
      appRuns: { nodes: [{ attempt: 4, message: expect.stringMatching(/Parked: 3 workers/) }] },
    });
  });

  test("of fifty lines of Python does it", async () => {
    const { actionRunId } = await run({
      action: "echo",
      targets: [{ app: "Outside", parameters: [{ value: "from python" }] }],
    });
    const python = spawn("python3", [script, url, "Outside"], {
      env: { ...process.env, SOAR_TOKEN: await tokenOf("Automation", "normal") },
    });
    try {
      const { data } = await ask(
        `{ actionRun(id: ${actionRunId}, waitSeconds: 20) { status callback { successes { data message } } } }`,
      );
      expect(data.actionRun).toEqual({
        status: "SUCCESS",
        callback: { successes: [{ data: [{ value: "from python" }], message: "Did echo." }] },
      });
    } finally {
      python.kill();
    }
  });

  test.each([
    ["an app that is not there", "Nothing", token, 'There is no app "Nothing".\n'],
    [
      "a token that is not known",
      "Outside",
      "nonsense",
      expect.stringMatching(/^The token is unknown, .* makes a new one\.\n$/),
    ],
  ])("of fifty lines of Python ends with the reason for %s", async (_, app, token, reason) => {
    const python = spawn("python3", [script, url, app], { env: { ...process.env, SOAR_TOKEN: token } });
    let said = "";
    for await (const words of python.stderr) said += words;
    expect(said).toEqual(reason);
  });
});

describe("an action that needs approval", () => {
  const answer = async (mutation: string, approvalId: number, as: string) => {
    const query = `mutation ($id: Int!) { ${mutation}(input: { approvalId: $id, comment: "so be it" }) { success message code approval { status comment } actionRun { status appRuns { nodes { message } } } } }`;
    const { data, errors } = await ask(query, { id: approvalId }, { authorization: `Bearer ${as}` });
    return data[mutation] ?? errors![0]!.extensions;
  };
  const people: { name: string; token: string }[] = [];

  beforeAll(async () => {
    for (const role of ["Observer", "Asset Owner", "Incident Commander"]) {
      const as = await tokenOf(role);
      const { data } = await ask("{ viewer { user { username } } }", {}, { authorization: `Bearer ${as}` });
      people.push({ name: data.viewer.user.username, token: as });
    }
    const input = {
      name: "guarded",
      app: "Outside",
      approvers: people.slice(0, 2).map(({ name }) => name),
      primaryVoting: 2,
      actionWhitelist: { harm: true },
    };
    await ask("mutation ($input: CreateAssetInput!) { createAsset(input: $input) { success } }", { input });
  });

  const guarded = (more = {}) => act({ action: "echo", parameters: [{ value: "a" }], assets: ["guarded"], ...more });
  const tokenFor = (username: string) => people.find(({ name }) => name === username)!.token;

  test("runs once enough have agreed, and each answers for themselves, once", async () => {
    const { actionRun } = await guarded();
    const asked = actionRun.approvals.nodes;
    expect(asked).toHaveLength(2);
    expect(await take()).toEqual([]);
    const [one, two] = asked;
    expect(await answer("approveActionRun", one.id, tokenFor(two.approver.username))).toMatchObject({
      code: "FORBIDDEN",
    });
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => answer("approveActionRun", one.id, tokenFor(one.approver.username))),
    );
    expect(answers.filter(({ success }) => success)).toHaveLength(1);
    expect(await take()).toEqual([]);
    expect(await answer("approveActionRun", two.id, tokenFor(two.approver.username))).toMatchObject({
      success: true,
      approval: { status: "approved", comment: "so be it" },
      actionRun: { appRuns: { nodes: [{ message: "Waits for a connector of Outside outside the gateway." }] } },
    });
    expect(await take()).toHaveLength(1);
  });

  test("fails once those who were asked cannot agree", async () => {
    const { actionRun } = await guarded();
    const [one] = actionRun.approvals.nodes;
    expect(await answer("denyActionRun", one.id, tokenFor(one.approver.username))).toMatchObject({
      success: true,
      approval: { status: "denied" },
      actionRun: { status: "FAILED" },
    });
  });

  test("asks a reviewer as well, and nobody where the asset lets the action run", async () => {
    const reviewer = people[2]!;
    const { actionRun } = await act({ action: "harm", assets: ["guarded"], reviewer: reviewer.name });
    const [asked, ...others] = actionRun.approvals.nodes;
    expect(others).toEqual([]);
    expect(actionRun.appRuns.nodes).toMatchObject([{ status: "PENDING", message: "Waits for approval." }]);
    expect(asked).toMatchObject({ approver: { username: reviewer.name }, asset: null });
    expect(await take()).toEqual([]);
    await answer("approveActionRun", asked.id, reviewer.token);
    expect(await take()).toHaveLength(1);
    expect((await act({ action: "harm", assets: ["guarded"] })).actionRun.approvals.nodes).toEqual([]);
    expect(await take()).toHaveLength(1);
  });

  test("asks each approver once about an asset, however many targets are on it", async () => {
    const targets = ["a", "b"].map((value) => ({ app: "Outside", assets: ["guarded"], parameters: [{ value }] }));
    const { actionRunId } = await run({ action: "echo", targets });
    const query = `{ actionRun(id: ${actionRunId}) { approvals { nodes { id approver { username } } } } }`;
    const asked = (await ask(query)).data.actionRun.approvals.nodes;
    expect(asked).toHaveLength(2);
    expect(await take()).toEqual([]);
    for (const { id, approver } of asked) await answer("approveActionRun", id, tokenFor(approver.username));
    expect(await take()).toHaveLength(2);
  });

  test("counts no answer on an action that has ended", async () => {
    const { actionRun, actionRunId } = await guarded();
    await ask(`mutation { cancelActionRun(input: { actionRunId: ${actionRunId} }) { success } }`);
    const [one] = actionRun.approvals.nodes;
    expect(await answer("approveActionRun", one.id, tokenFor(one.approver.username))).toMatchObject({
      success: false,
      code: "WRONG_STATE",
      message: `Action run ${actionRunId} has ended already.`,
    });
  });

  test("has one end when it is agreed to while it is cancelled", async () => {
    const held = await Promise.all(Array.from({ length: 25 }, () => guarded()));
    const outcomes = await Promise.all(
      held.flatMap(({ actionRun, actionRunId }) => [
        ...actionRun.approvals.nodes.map((one: { id: number; approver: { username: string } }) =>
          answer("approveActionRun", one.id, tokenFor(one.approver.username)),
        ),
        ask(`mutation { cancelActionRun(input: { actionRunId: ${actionRunId} }) { success code } }`).then(
          ({ data }) => data.cancelActionRun,
        ),
      ]),
    );
    expect(outcomes.filter(({ success, code }) => !success && code !== "WRONG_STATE")).toEqual([]);
    expect(await take()).toEqual([]);
  });

  test("asks nobody who cannot answer any more, and counts no answer of theirs", async () => {
    const leaving = await tokenOf("Observer");
    const { data } = await ask("{ viewer { user { id username } } }", {}, { authorization: `Bearer ${leaving}` });
    const { id, username } = data.viewer.user;
    people.push({ name: username, token: leaving });
    const create = `mutation ($input: CreateAssetInput!) { createAsset(input: $input) { assetId } }`;
    const approvers = [username, people[0]!.name];
    const input = { name: "left", app: "Outside", approvers, primaryVoting: 1 };
    const { assetId } = (await ask(create, { input })).data.createAsset;
    const ran = await act({ action: "echo", parameters: [{ value: "a" }], assets: ["left"] });
    const change = "mutation ($input: UpdateAssetInput!) { updateAsset(input: $input) { success } }";
    await ask(change, { input: { id: assetId, approvers: [people[0]!.name] } });
    const asked = ran.actionRun.approvals.nodes.find((one: typeof ran) => one.approver.username === username);
    expect(await answer("approveActionRun", asked.id, leaving)).toMatchObject({
      code: "WRONG_STATE",
      message: `Approval ${asked.id} is expired already.`,
    });
    expect(await take()).toEqual([]);
    await ask(change, { input: { id: assetId, approvers: [username] } });
    await ask(`mutation { deleteUser(input: { id: ${id} }) { success } }`);
    expect(await act({ action: "echo", parameters: [{ value: "a" }], assets: ["left"] })).toMatchObject({
      success: false,
      code: "WRONG_STATE",
    });
  });

  test("asks secondary approvers too, and all who were asked where more are wanted by now", async () => {
    const create =
      "mutation ($input: CreateAssetInput!) { createAsset(input: $input) { success code field message assetId asset { secondaryVoting } } }";
    const [one, two] = people.map(({ name }) => name);
    const kinds = { name: "two kinds", app: "Outside", approvers: [one], primaryVoting: 1, secondaryVoting: 1 };
    expect((await ask(create, { input: { ...kinds, secondaryApprovers: [two, one] } })).data.createAsset).toMatchObject(
      {
        success: false,
        code: "INVALID_VALUE",
        field: "secondaryApprovers",
        message: `The user "${one}" cannot be a primary and a secondary approver.`,
      },
    );
    const { assetId, asset } = (await ask(create, { input: { ...kinds, secondaryApprovers: [two, two] } })).data
      .createAsset;
    expect(asset).toEqual({ secondaryVoting: 1 });
    const { actionRun } = await act({ action: "echo", parameters: [{ value: "a" }], assets: ["two kinds"] });
    const approvals = actionRun.approvals.nodes as { id: number; approver: { username: string } }[];
    expect(approvals).toHaveLength(2);
    const change = "mutation ($input: UpdateAssetInput!) { updateAsset(input: $input) { success } }";
    await ask(change, { input: { id: assetId, primaryVoting: 3, approvers: [two], secondaryApprovers: [one] } });
    await ask(change, { input: { id: assetId, approvers: [one], secondaryApprovers: [two] } });
    for (const { id, approver } of approvals) {
      expect(await take()).toEqual([]);
      expect(await answer("approveActionRun", id, tokenFor(approver.username))).toMatchObject({ success: true });
    }
    expect(await take()).toHaveLength(1);
  });

  test("is asked of an asset that can answer: with places for actions and votes to count", async () => {
    const create = "mutation ($input: CreateAssetInput!) { createAsset(input: $input) { success code field message } }";
    for (const [field, least] of [
      ["concurrencyLimit", 1],
      ["primaryVoting", 0],
      ["secondaryVoting", 0],
    ] as const)
      expect(
        (await ask(create, { input: { name: field, app: "Outside", [field]: least - 1 } })).data.createAsset,
      ).toEqual({
        success: false,
        code: "INVALID_VALUE",
        field,
        message: `${field} is ${least - 1}; ${least} is the least.`,
      });
  });

  test("lets through what the asset lets through in whatever letter case", async () => {
    const change = "mutation ($input: UpdateAssetInput!) { updateAsset(input: $input) { success } }";
    const { data } = await ask('{ assets(filter: { name: { eq: "guarded" } }) { nodes { id } } }');
    await ask(change, { input: { id: data.assets.nodes[0].id, actionWhitelist: { Harm: true } } });
    expect((await act({ action: "HARM", assets: ["guarded"] })).actionRun.approvals.nodes).toEqual([]);
    expect(await take()).toHaveLength(1);
  });
});

describe("connectors", () => {
  const appNamed = async (name: string) => {
    const query =
      "query ($n: String) { apps(filter: { name: { eq: $n } }) { nodes { appid connector name assets { nodes { name } } actions { totalCount } } } }";
    return (await ask(query, { n: name })).data.apps.nodes[0];
  };

  test("are registered once, whoever starts at the same time, and keep their ids and assets", async () => {
    const read = async () =>
      (await database.pool.query("select id, app_id from app_actions where app_id = 1 order by id")).rows;
    const before = await read();
    await Promise.all(Array.from({ length: 20 }, () => registerConnectors(database, [connector])));
    expect(await read()).toEqual(before);
    const { data } = await ask(
      '{ apps(filter: { name: { eq: "Tester" } }) { nodes { assets { nodes { name } } actions { totalCount } } } }',
    );
    expect(data.apps.nodes).toHaveLength(1);
    expect(data.apps.nodes[0].actions.totalCount).toBe(connector.manifest.actions.length);
  });

  test("stand for an app of their name that was there before, with its assets", async () => {
    await ask(
      `mutation { createApp(input: { name: "geo", appid: "old" }) { success } createAsset(input: { name: "geo one", app: "geo" }) { success } }`,
    );
    const manifest = { ...connector.manifest, appid: "new", name: "Geo" };
    await registerConnectors(database, [{ ...connector, manifest }]);
    expect(await appNamed("geo")).toMatchObject({
      appid: "new",
      connector: "new",
      assets: { nodes: [{ name: "geo one" }] },
      actions: { totalCount: manifest.actions.length },
    });
  });

  test("add no app beside those that they run already", async () => {
    await ask('mutation { createApp(input: { name: "Theirs", appid: "theirs" }) { success } }');
    await database.pool.query("update apps set connector = 'ours' where appid = 'theirs'");
    const manifest = { ...connector.manifest, appid: "ours", name: "Ours" };
    await registerConnectors(database, [{ ...connector, manifest }]);
    expect(await appNamed("Ours")).toBeUndefined();
    expect(await appNamed("Theirs")).toMatchObject({ connector: "ours", actions: { totalCount: 0 } });
  });
});
