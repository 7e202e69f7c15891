import { beforeAll, expect, test } from "vitest";
import { change } from "../src/actions/change.js";
import { type Claimed, claim } from "../src/actions/claim.js";
import { endOf } from "../src/actions/end.js";
import { finish, finishAll } from "../src/actions/finish.js";
import { extension } from "../src/actions/lease.js";
import { anyOf } from "../src/operations/names.js";
import { appRuns } from "../src/schema/action-run.js";
import { openGateway } from "./support/gateway.js";

/*
 * What holds of action runs when everything happens at the same instant: no workers, only their statements, all at once.
 */

const { ask, database } = await openGateway("empty");
const { pool } = database;
let container: number;
let apps: number[];

beforeAll(async () => {
  const { data } = await ask(`mutation {
    createContainer(input: { name: "n", label: "events" }) { containerId }
    createApp(input: { name: "Racer", actions: [{ action: "race" }] }) { appId }
    a: createAsset(input: { name: "a", app: "Racer" }) { success }
    b: createAsset(input: { name: "b", app: "Racer" }) { success }
    c: createAsset(input: { name: "c", app: "Racer" }) { success }
    createLimited: createApp(input: { name: "Limited", actions: [{ action: "crawl" }] }) { appId }
    d: createAsset(input: { name: "d", app: "Limited", concurrencyLimit: 3 }) { success }
  }`);
  container = data.createContainer.containerId;
  apps = [data.createApp.appId, data.createLimited.appId];
});

/** Queues an action so many times, on every asset of its app, and gives the ids. */
async function queue(times: number, app: string, action: string): Promise<number[]> {
  const { rows } = await pool.query(
    "select count(*)::int as n from assets join apps on apps.id = app_id where apps.name = $1",
    [app],
  );
  const runs = await Promise.all(
    Array.from({ length: times }, async () => {
      const { data } = await ask(
        `mutation ($app: IdOrName!, $action: String!, $c: Int) {
          runAction(input: { container: $c, action: $action, name: "r", targets: [{ app: $app, parameters: [{}] }] }) { message actionRunId actionRun { appRuns { totalCount } } } }`,
        { app, action, c: container },
      );
      expect(data.runAction).toMatchObject({
        message: "New action queued.",
        actionRun: { appRuns: { totalCount: rows[0].n } },
      });
      return data.runAction.actionRunId as number;
    }),
  );
  return runs;
}

const claimAll = (most: number, some = apps) =>
  change(database, async (writer) => {
    const { claimed, begun } = await claim(writer, { of: anyOf(appRuns.appId, some), most, leaseSeconds: 60 });
    return { result: claimed, changes: begun };
  });

function endingOf(run: Claimed, success: boolean) {
  const results = run.parameters.map((parameter) => ({ success, message: "", parameter, data: [], summary: {} }));
  return endOf(run, results);
}

/** Ends an app run, and says whether that counted. */
const end = (run: Claimed, success: boolean) =>
  change(database, async (writer) => {
    const changed = await finish(writer, run, endingOf(run, success));
    return { result: changed !== undefined, changes: changed ? [changed] : [] };
  });

/** Ends several in one transaction, and says how many counted. */
const endAll = (runs: readonly Claimed[]) =>
  change(database, async (writer) => {
    const changes = await finishAll(
      writer,
      runs.map((run) => ({ run, ending: endingOf(run, true) })),
    );
    return { result: changes.length, changes };
  });

/** How each run went, as its events tell. */
async function courses(ids: number[]): Promise<string[][]> {
  const sequence = `select array_agg(status order by pos) as course, array_agg(sequence order by pos) as sequence
    from event_log where topic = 'actionRun' and object_id = any($1) group by object_id`;
  // Who stamps while another does so does nothing.
  while ((await pool.query("select stamp(), exists (select from outbox) as left")).rows[0].left);
  const { rows } = await pool.query(sequence, [ids]);
  expect(rows).toHaveLength(ids.length);
  for (const { sequence } of rows) expect(sequence).toEqual(sequence.map((_: number, n: number) => n + 1));
  return rows.map(({ course }) => course);
}

test("200 actions, all of whose app runs end at once, end once each", async () => {
  const ids = await queue(200, "Racer", "race");
  const claims = await Promise.all(Array.from({ length: 12 }, () => claimAll(50)));
  const claimed = claims.flat();
  expect(new Set(claimed.map(({ id }) => id)).size).toBe(600);
  expect(claimed).toHaveLength(600);
  const ended = await Promise.all(claimed.map((run) => end(run, run.actionRunId % 2 === 0 && run.assetName === "b")));
  expect(ended).toEqual(Array(600).fill(true));
  const { rows } = await pool.query("select id, status, remaining, message from action_runs where id = any($1)", [ids]);
  for (const { id, ...run } of rows)
    expect(run).toEqual(
      id % 2 === 0
        ? { status: "success", remaining: 0, message: "1 actions succeeded, 2 actions failed" }
        : { status: "failed", remaining: 0, message: "3 actions failed" },
    );
  for (const course of await courses(ids)) {
    expect(course.slice(0, 4)).toEqual(["pending", "running", "running", "running"]);
    expect(course).toHaveLength(5);
  }
});

test("an action that is cancelled while it ends has one of both ends, and says which", async () => {
  const ids = await queue(100, "Racer", "race");
  const claimed = (await claimAll(1000)).filter(({ assetName }) => assetName !== "c");
  const cancel = async (id: number) => {
    const { data } = await ask(
      "mutation ($id: Int!) { cancelActionRun(input: { actionRunId: $id }) { success cancelled } }",
      { id },
    );
    expect(data.cancelActionRun.success).toBe(data.cancelActionRun.cancelled);
    return data.cancelActionRun.cancelled as boolean;
  };
  const { rows: left } = await pool.query<Claimed & { action_run_id: number; lease_token: string }>(
    "select * from app_runs where asset_name = 'c' and status = 'running' and action_run_id = any($1)",
    [ids],
  );
  await Promise.all(claimed.map((run) => end(run, true)));
  const [won] = await Promise.all([
    Promise.all(ids.map(cancel)),
    Promise.all(left.map((run) => end({ ...run, leaseToken: run.lease_token, name: "r", assetName: "c" }, true))),
  ]);
  const { rows } = await pool.query("select id, status from action_runs where id = any($1) order by id", [ids]);
  const cancelled = new Map(ids.map((id, index) => [id, won[index]]));
  for (const { id, status } of rows) expect(status).toBe(cancelled.get(id) ? "cancelled" : "success");
  for (const course of await courses(ids))
    expect(course.filter((status) => /success|cancelled/.test(status))).toHaveLength(1);
});

test("many that end and hold app runs together do not wait for one another in circles", async () => {
  const ids = await queue(40, "Racer", "race");
  const claimed = await claimAll(1000);
  expect(claimed).toHaveLength(120);
  const upsideDown = claimed.toReversed();
  const hands = Array.from({ length: 10 }, (_, hand) =>
    (hand % 2 ? claimed : upsideDown).filter(({ id }) => id % 10 === hand),
  );
  const holds = Array.from({ length: 100 }, (_, n) =>
    database.writer.execute(extension(n % 2 ? claimed : upsideDown, 60)),
  );
  const [counted] = await Promise.all([Promise.all(hands.map(endAll)), Promise.all(holds)]);
  expect(counted.reduce((sum, one) => sum + one)).toBe(120);
  for (const course of await courses(ids))
    expect(course).toEqual(["pending", "running", "running", "running", "success"]);
});

test("a lease that was lost ends nothing", async () => {
  const [id] = await queue(1, "Racer", "race");
  const [run] = await claimAll(1);
  await pool.query("update app_runs set claim_time = now() - interval '1 s' where id = $1", [run!.id]);
  const again = (await claimAll(10)).find((one) => one.id === run!.id);
  expect(again).toMatchObject({ deaths: 1, actionRunId: id });
  expect(await end(run!, true)).toBe(false);
  expect(await end(again!, true)).toBe(true);
  expect(await end(again!, true)).toBe(false);
});

test("an asset has as many app runs under way as it allows, however many claim", async () => {
  await queue(100, "Limited", "crawl");
  let done = 0;
  while (done < 100) {
    const claims = await Promise.all(Array.from({ length: 10 }, () => claimAll(10, [apps[1]!])));
    const under = claims.flat();
    expect(under.length).toBeLessThanOrEqual(3);
    const { rows } = await pool.query(
      "select count(*)::int as n from app_runs where action = 'crawl' and status = 'running'",
    );
    expect(rows[0].n).toBe(under.length);
    await Promise.all(under.map((run) => end(run, true)));
    done += under.length;
  }
});

test("what has ended stays as it ended, whoever writes", async () => {
  const changed = (table: string) =>
    pool.query(
      `update ${table} set status = 'running' where id = (select min(id) from ${table} where status = 'success')`,
    );
  await expect(changed("action_runs")).rejects.toThrow(/has ended as success and cannot become running/);
  await expect(changed("app_runs")).rejects.toThrow(/has ended as success and cannot become running/);
});
