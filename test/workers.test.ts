import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openGateway } from "./support/gateway.js";
import { overSocket, type Told } from "./support/live.js";
import { type StartedWorker, startWorker } from "./support/worker.js";

const { ask, beside, database, url, token } = await openGateway("empty");
const second = await beside();
const folder = mkdtempSync(join(tmpdir(), "soar-witness-"));
afterAll(async () => {
  await worker.end("SIGKILL");
  rmSync(folder, { recursive: true });
});

const settings = { ACTION_SECONDS: "2", WORKER_PLACES: "3" };
let worker: StartedWorker;
let container: number;

beforeAll(async () => {
  worker = await startWorker(database, settings);
  const { data } = await ask('mutation { createContainer(input: { name: "n", label: "events" }) { containerId } }');
  container = data.createContainer.containerId;
});

/** Queues an action on the asset that came with the tests' connector. */
async function queue(action: string, ...parameters: object[]): Promise<number> {
  const { data } = await ask(
    "mutation ($input: RunActionInput!) { runAction(input: $input) { message actionRunId } }",
    {
      input: { container, action, name: `my ${action}`, targets: [{ app: "Tester", assets: ["tester"], parameters }] },
    },
  );
  expect(data.runAction.message).toBe("New action queued.");
  return data.runAction.actionRunId;
}

/** An action run once it has ended. */
async function ended(id: number) {
  const query = `query ($id: Int!) { actionRun(id: $id, waitSeconds: 30) {
    status message closeTime appRuns { nodes { status message log attempt exceptionOccurred outcomeUnknown endTime
      results { nodes { status message data parameter } } } } } }`;
  const { data, errors } = await ask(query, { id });
  expect(errors).toBeUndefined();
  expect(data.actionRun.closeTime).not.toBeNull();
  const { appRuns, ...run } = data.actionRun;
  return { ...run, appRun: appRuns.nodes[0], results: appRuns.nodes[0].results.nodes };
}

const witness = (name: string) => {
  const file = join(folder, name);
  return { file, lines: () => readFileSync(file, { encoding: "utf8", flag: "a+" }).split("\n").filter(Boolean) };
};

/** Whether a process ended, and whoever started it knows. */
function isGone(pid: string | undefined): boolean {
  try {
    return pid !== undefined && !process.kill(Number(pid), 0);
  } catch {
    return true;
  }
}

async function until(holds: () => unknown): Promise<void> {
  const late = Date.now() + 15_000;
  while (!holds()) {
    if (Date.now() > late) throw new Error(`Not in time: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const events = `subscription ($after: String) { actionRunEvents(after: $after) { kind cursor sequence status actionRun { id } appRun { id } } }`;

describe("a worker", () => {
  test("runs an action, set by set, and says in SOAR's words how it went", async () => {
    const run = await ended(await queue("echo", { value: "a" }, { value: "b" }));
    expect(run).toMatchObject({ status: "SUCCESS", message: "2 actions succeeded" });
    expect(run.appRun).toMatchObject({
      status: "SUCCESS",
      attempt: 1,
      log: "echoing a\nechoing b\n",
      message: `'my echo' on asset 'tester': 2 actions succeeded. (1)For Parameter: {"value":"a","count":1} Message: "Value: a" (2)For Parameter: {"value":"b","count":1} Message: "Value: b"`,
    });
    expect(run.results).toMatchObject([
      { status: "SUCCESS", message: "Value: a", data: [{ value: "a" }], parameter: { value: "a", count: 1 } },
      { status: "SUCCESS", message: "Value: b", data: [{ value: "b" }] },
    ]);
  });

  test("calls an action failed only when all of it failed", async () => {
    const one = await ended(await queue("refuse", { value: "good" }, { value: "bad" }));
    expect(one).toMatchObject({ status: "SUCCESS", message: "1 actions succeeded, 1 actions failed" });
    expect(one.appRun.message).toMatch(/^'my refuse' on asset 'tester': 1 action succeeded, 1 action failed\. \(1\)/);
    const none = await ended(await queue("refuse", { value: "bad" }, { value: "worse" }));
    expect(none).toMatchObject({ status: "FAILED", message: "2 actions failed" });
  });

  test("ends a connector that spins at its deadline, while others go on", async () => {
    const spins = await queue("spin", {});
    const others = await Promise.all([1, 2, 3, 4].map((n) => queue("echo", { value: String(n) })));
    for (const id of others) expect(await ended(id)).toMatchObject({ status: "SUCCESS" });
    const spun = await ended(spins);
    expect(spun).toMatchObject({ status: "FAILED", appRun: { exceptionOccurred: true, outcomeUnknown: false } });
    expect(spun.results[0].message).toBe("The connector did not answer within 2 seconds.");
    expect(worker.child.exitCode).toBeNull();
  });

  test.each([
    ["throw", "no good"],
    ["die", "The connector's process ended."],
  ])("survives a connector that does %s, and goes on", async (action, message) => {
    const run = await ended(await queue(action, {}));
    expect(run).toMatchObject({ status: "FAILED", appRun: { exceptionOccurred: true }, results: [{ message }] });
    expect(await ended(await queue("echo", { value: "x" }))).toMatchObject({ status: "SUCCESS" });
  });

  test.each([
    ["nothing", false, /^The connector gave no result, an object with success, message, data and summary, but null\.$/],
    ["null", false, /but null\.$/],
    ["a text", false, /but "done"\.$/],
    ["a list as summary", false, /"summary":\[1\]}\.$/],
    ["one object as data", false, /"data":{"value":1}/],
    ["no data", true, /^Done\.$/],
    ["a BigInt", false, /BigInt/],
    ["a circle", false, /circular/],
    ["messages of its own", true, /^Done\.$/],
    ["a thrown text", false, /^no good$/],
    ["a thrown object", false, /no: 'good'/],
  ])("takes %s from a connector for what it is", async (how, success, message) => {
    const run = await ended(await queue("answer", { how }));
    expect(run).toMatchObject({ status: success ? "SUCCESS" : "FAILED", appRun: { attempt: 1 } });
    expect(run.results).toMatchObject([{ message: expect.stringMatching(message), data: [] }]);
    expect(worker.child.exitCode).toBeNull();
  });

  test("gives no work to a connector's process that ended after its last", async () => {
    const { file, lines } = witness("left");
    for (let n = 1; n <= 5; n++) {
      await ended(await queue("leave", { witness: file }));
      await until(() => isGone(lines().filter((line) => /^\d+$/.test(line))[n - 1]));
      expect(await ended(await queue("echo", { value: "x" }))).toMatchObject({ status: "SUCCESS" });
    }
  });

  test("keeps no line of an action in the log of the next", async () => {
    expect((await ended(await queue("late", {}))).appRun.log).toBe("");
    expect((await ended(await queue("wait", { milliseconds: 300 }))).appRun.log).toBe("");
  });

  test("keeps whatever a connector says", async () => {
    const { results } = await ended(await queue("odd", {}));
    expect(results[0].message).toBe("NUL \ufffd, half \ufffd");
    expect(results[0].data).toEqual([{ nul: "\0", half: "\ud83d" }]);
  });

  test("gives a connector its asset's settings, and nothing of the gateway's environment", async () => {
    const configuration = { server: "here", password: "open sesame" };
    const { rows } = await database.pool.query("select id from assets where name = 'tester'");
    await ask(
      "mutation ($id: Int!, $c: JSONObject) { updateAsset(input: { id: $id, configuration: $c }) { success } }",
      {
        id: rows[0].id,
        c: configuration,
      },
    );
    expect((await ended(await queue("settings", {}))).results[0].data).toEqual([configuration]);
    const { results } = await ended(await queue("environment", {}));
    expect(JSON.stringify(results[0].data)).not.toMatch(/DATABASE|postgres/);
  });

  test("stops a connector whose action is cancelled", async () => {
    const id = await queue("wait", { milliseconds: 1_900 });
    const told = follow({ actionRunId: id, status: ["RUNNING"] }, await oldest());
    await told.until(({ events }) => events.length);
    const { data } = await ask(
      'mutation ($id: Int!) { cancelActionRun(input: { actionRunId: $id, reason: "our own" }) { success cancelled message actionRun { status cancelled } } }',
      { id },
    );
    expect(data.cancelActionRun).toMatchObject({
      success: true,
      cancelled: true,
      actionRun: { status: "CANCELLED", cancelled: "our own" },
    });
    told.cut();
    const again = await ask(
      "mutation ($id: Int!) { cancelActionRun(input: { actionRunId: $id }) { success cancelled code } }",
      { id },
    );
    expect(again.data.cancelActionRun).toEqual({ success: false, cancelled: false, code: "WRONG_STATE" });
  });
});

describe("when workers come and go", () => {
  test("what must not be done twice is not, and the rest is, each with one end", async () => {
    await worker.end("SIGTERM");
    const dying = await startWorker(database, { ...settings, WORKER_PLACES: "6", ACTION_SECONDS: "60" });
    const [unsafe, safe] = [witness("unsafe"), witness("safe")];
    const harm = await Promise.all([1, 2, 3].map(() => queue("block", { witness: unsafe.file, milliseconds: 60_000 })));
    const harmless = await Promise.all([1, 2, 3].map(() => queue("key", { witness: safe.file })));
    const waiting = await Promise.all([1, 2, 3].map(() => queue("wait", { witness: safe.file, milliseconds: 60_000 })));
    await until(() => unsafe.lines().length === 3 && safe.lines().length === 6);
    await dying.end("SIGKILL");
    const began = Date.now();
    worker = await startWorker(database, settings);
    for (const id of harm) {
      const run = await ended(id);
      expect(run).toMatchObject({ status: "FAILED", appRun: { outcomeUnknown: true, attempt: 2 } });
      expect(run.results[0].message).toMatch(/what it did is not known/);
    }
    expect(Date.now() - began).toBeLessThan(15_000);
    for (const id of [...harmless, ...waiting]) await ended(id);
    expect(unsafe.lines()).toHaveLength(3);
    for (const id of [...harm, ...harmless, ...waiting])
      expect(await statuses(id)).toEqual(expect.arrayContaining(["PENDING", "RUNNING"]));
    for (const id of [...harm, ...harmless, ...waiting]) expect(await statuses(id)).toHaveLength(3);
  }, 60_000);

  test("one that is told to stop hands back what it cannot finish", async () => {
    const { file, lines } = witness("handed back");
    await worker.end("SIGTERM");
    worker = await startWorker(database, { ...settings, ACTION_SECONDS: "60" });
    const id = await queue("wait", { witness: file, milliseconds: 7_000 });
    await until(() => lines().length === 1);
    const end = worker.end("SIGTERM");
    const other = await startWorker(database, { ...settings, ACTION_SECONDS: "0.2" });
    expect(await end).toBe(0);
    await until(() => lines().length === 2);
    expect(await ended(id)).toMatchObject({ status: "FAILED", message: "1 actions failed", appRun: { attempt: 2 } });
    expect(lines()[0]).toBe(lines()[1]);
    worker = other;
  }, 60_000);

  test("who follows and reconnects is told every event once and in order", async () => {
    const seen = new Map<number, [number, string][]>();
    const first = overSocket(url, token, events);
    let after = (await first.until(({ events }) => events.length === 1)).events[0].cursor;
    first.cut();
    const queued = Promise.all(Array.from({ length: 30 }, (_, n) => queue("echo", { value: String(n) })));
    const count = () => [...seen.values()].flat().length;
    for (let turn = 0; count() < 90; turn++) {
      const told = overSocket([url, second.url][turn % 2]!, token, events, { after });
      await told.until(({ events }) => events.length >= Math.min(7, 90 - count()));
      told.cut();
      for (const { actionRun, sequence, status, cursor } of told.events) {
        seen.set(actionRun.id, [...(seen.get(actionRun.id) ?? []), [sequence, status]]);
        after = cursor;
      }
    }
    const course = [
      [1, "PENDING"],
      [2, "RUNNING"],
      [3, "SUCCESS"],
    ];
    expect(seen).toEqual(new Map((await queued).map((id) => [id, course])));
  }, 60_000);
});

function follow(filter: object, after: string): Told {
  const query = `subscription ($after: String, $filter: ActionRunEventFilter) {
    actionRunEvents(after: $after, filter: $filter) { sequence status actionRun { id } appRun { id } } }`;
  return overSocket(url, token, query, { after, filter });
}

async function oldest(): Promise<string> {
  const { data } = await ask("{ actionRunEvents(first: 0) { pageInfo { endCursor } } }");
  return data.actionRunEvents.pageInfo.endCursor;
}

async function statuses(id: number): Promise<string[]> {
  const { data } = await ask(
    "query ($id: [Int!]) { actionRunEvents(filter: { actionRunId: $id }, waitSeconds: 5) { nodes { status } } }",
    { id },
  );
  return data.actionRunEvents.nodes.map(({ status }: { status: string }) => status);
}

test("a process for connectors whose gateway is gone before it is ready ends without a word", async () => {
  const child = fork(join(import.meta.dirname, "../dist/actions/host.js"), {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  child.disconnect();
  const said = Promise.all([child.stdout!.toArray(), child.stderr!.toArray()]);
  const [code] = await once(child, "exit");
  expect([code, (await said).join("")]).toEqual([0, ""]);
});
