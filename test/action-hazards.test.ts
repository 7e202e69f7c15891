import { type ChildProcess, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pLimit from "p-limit";
import pg from "pg";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { openDatabase } from "../src/database/pools.js";
import { after, beforeAllEvents, Follower, transports } from "./support/follower.js";
import { run } from "./support/postgres.js";
import { type GatewayProcess, startGateway, urlOf } from "./support/processes.js";
import { type StartedWorker, startWorker, testConnector } from "./support/worker.js";

/*
 * Two gateways, each of which also runs actions, and two workers, as processes of their own; one of each is killed, and
 * every connection to the database is cut.
 */

const { connection, empty } = inject("postgres");
const name = `${empty}_actions_${process.pid}`;
const administrator = "hazards-administrator";
const folder = mkdtempSync(join(tmpdir(), "soar-hazards-"));
const witness = join(folder, "witness");

const [runs, askers] = [500, 16];

/** What is broken once so many runs have ended. */
const [killWorker, cutConnections, killGateway] = [60, 160, 260];

const database = openDatabase({ ...connection, database: name });
let gateways: GatewayProcess[] = [];
let workers: StartedWorker[] = [];

beforeAll(async () => {
  execFileSync(process.execPath, ["build.js"], { cwd: join(import.meta.dirname, ".."), stdio: "ignore" });
  await run(connection, `create database ${name} template ${empty}`);
  const settings = { CONNECTORS: testConnector, WORKER_PLACES: "2" };
  const start = () => startGateway(urlOf(connection, name), administrator, settings);
  gateways = await Promise.all([start(), start()]);
  workers = await Promise.all([startWorker(database, settings), startWorker(database, settings)]);
}, 60_000);

afterAll(async () => {
  await Promise.all([...gateways.map((one) => one.kill()), ...workers.map((one) => one.end("SIGKILL"))]);
  await database.close();
  await run(connection, `drop database ${name} with (force)`);
  rmSync(folder, { recursive: true });
});

test("every action ends once and is told of once, and none is done twice that must not be", {
  timeout: 120_000,
}, async () => {
  const { container } = await prepare();
  const urls = () => gateways.map(({ url }) => url);
  const cursor = await beforeAllEvents(urls()[0]!, administrator);
  const followers = ["actionRunEvents", "actionCallbacks"].flatMap((topic) =>
    transports.map((transport) => ({
      topic,
      follower: new Follower(transport, urls, { query: subscription(topic), token: administrator, after: cursor }),
    })),
  );
  const done = new AbortController();
  const following = Promise.all(followers.map(({ follower }) => follower.follow(done.signal)));

  const asking = askForAll(container);
  await ended(killWorker);
  await haltBusy(workers[0]!.child);
  await workers[0]!.end("SIGKILL");
  await ended(cutConnections);
  await cutAll();
  await ended(killGateway);
  const [victim, ...others] = gateways;
  gateways = others;
  await haltBusy(victim!.child);
  await victim!.kill();
  const ids = await asking;
  await ended(runs);
  done.abort();
  await following;

  expect(new Set(ids).size).toBe(runs);
  const told = await read<{ id: number; sequence: number; status: string }>(
    "select object_id as id, sequence, upper(status) as status from event_log where topic = 'actionRun' order by pos",
  );
  await expectEnds(ids, told);
  await expectWitnessed();
  for (const { topic, follower } of followers) {
    const expected = told.filter(({ status }) => topic === "actionRunEvents" || isEnd(status));
    await follower.catchUp(
      (more) => follower.events.length + more.length < expected.length,
      `${expected.length} events of ${topic}`,
    );
    const events = follower.events.map(({ sequence, status, actionRun }) => ({ id: actionRun.id, sequence, status }));
    expect(events, topic).toEqual(expected);
  }
});

const subscription = (topic: string) =>
  `subscription ($after: String) { ${topic}(after: $after) { cursor sequence status actionRun { id } } }`;
const isEnd = (status: string) => ["SUCCESS", "FAILED", "CANCELLED"].includes(status);

/** What is asked for: mostly reading, of which there is always some under way, a third that must not be done twice, a fifth of it on two assets. */
const kinds = [
  { action: "wait", parameters: [{ witness, milliseconds: 250 }] },
  { action: "block", parameters: [{ witness, milliseconds: 40 }, { witness }] },
  { action: "key", parameters: [{ witness }, { witness }, { witness }] },
];
const wanted = (nth: number) => ({ ...kinds[nth % 3]!, assets: nth % 5 ? ["tester"] : ["tester", "second"] });

async function prepare(): Promise<{ container: number }> {
  const { createContainer } = await ask(
    "first",
    `mutation { createAsset(input: { name: "second", app: "Tester" }) { success }
      createContainer(input: { name: "n", label: "events" }) { containerId } }`,
    {},
  );
  return { container: createContainer!.containerId as number };
}

/** Asks for all runs, each until it is answered, and gives their ids. */
function askForAll(container: number): Promise<number[]> {
  const query = "mutation ($input: RunActionInput!) { runAction(input: $input) { message actionRunId } }";
  const limit = pLimit(askers);
  return limit.map(
    Array.from({ length: runs }, (_, nth) => nth),
    async (nth) => {
      const { action, parameters, assets } = wanted(nth);
      const targets = [{ app: "Tester", assets, parameters }];
      const { runAction } = await ask(`run ${nth}`, query, { input: { container, action, name: `${nth}`, targets } });
      expect(runAction).toMatchObject({ message: "New action queued." });
      return runAction!.actionRunId as number;
    },
  );
}

/** Asks any gateway under a key that makes it safe to ask again, and does so until one answers. */
async function ask(key: string, query: string, variables: object): Promise<Record<string, Record<string, unknown>>> {
  for (let time = 0; time < 200; time++) {
    const { url } = gateways[Math.floor(Math.random() * gateways.length)]!;
    const answer = await fetch(`${url}/graphql`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${administrator}`,
        "content-type": "application/json",
        "idempotency-key": key,
      },
      body: JSON.stringify({ query, variables }),
    })
      .then((answer) => answer.json() as Promise<{ data?: Record<string, Record<string, unknown>>; errors?: unknown }>)
      .catch(() => undefined);
    if (answer?.data && !answer.errors) return answer.data;
    await after(50);
  }
  throw new Error(`Nobody answers ${key}.`);
}

/** Waits until so many runs have ended. */
async function ended(count: number): Promise<void> {
  const late = Date.now() + 60_000;
  const isLate = () => Date.now() > late;
  for (;;) {
    const [row] = await read<{ ended: number }>(
      "select count(*)::int as ended from action_runs where status not in ('pending', 'running')",
    );
    if (row!.ended >= count) return;
    if (isLate()) throw new Error(`Only ${row!.ended} runs have ended, not ${count}.`);
    await after(20);
  }
}

/** Halts a process at a moment at which it has something on its hands that another may do again. */
async function haltBusy(child: ChildProcess): Promise<void> {
  for (let time = 0; time < 5; time++) {
    child.kill("SIGSTOP");
    // Leases of ten seconds are held anew at every second by whoever lives.
    await after(2_500);
    const [row] = await read<{ left: number }>(
      "select count(*)::int as left from app_runs where status = 'running' and action <> 'block' and claim_time < now() + interval '7.7 s'",
    );
    if (row!.left > 0) return;
    child.kill("SIGCONT");
    await after(100);
  }
}

async function cutAll(): Promise<void> {
  const client = new pg.Client({ ...connection, database: name });
  await client.connect();
  const { rowCount } = await client.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()",
    [name],
  );
  await client.end();
  expect(rowCount).toBeGreaterThan(6);
}

/** Every run and app run has one end, each app run a result for each set of parameters, and each event its place. */
async function expectEnds(ids: number[], told: { id: number; sequence: number; status: string }[]): Promise<void> {
  const stored = await read<{ id: number; name: string; status: string; remaining: number; parts: number }>(
    `select a.id, a.name, upper(a.status::text) as status, a.remaining, count(r.id)::int as parts from action_runs a
     join app_runs r on r.action_run_id = a.id where r.status in ('success', 'failed')
       and (select count(*) from action_results x where x.app_run_id = r.id) = json_array_length(r.parameters) group by a.id`,
  );
  expect(stored.map(({ id }) => id).sort(ascending)).toEqual([...ids].sort(ascending));
  for (const { id, name: nth, status, remaining, parts } of stored) {
    const { assets } = wanted(Number(nth));
    expect({ remaining, parts }).toEqual({ remaining: 0, parts: assets.length });
    const course = told.filter((event) => event.id === id);
    expect(course.map(({ sequence }) => sequence)).toEqual(course.map((_, n) => n + 1));
    const between = assets.map(() => "RUNNING");
    expect(course.map((event) => event.status)).toEqual(["PENDING", ...between, status]);
    expect(isEnd(status)).toBe(true);
  }
}

/** What was done, by what the connector wrote down before it did it. */
async function expectWitnessed(): Promise<void> {
  const done = readFileSync(witness, "utf8").trim().split("\n");
  const parts = await read<{
    id: number;
    action: string;
    sets: number;
    status: string;
    attempt: number;
    unknown: boolean;
  }>(
    `select id, action, json_array_length(parameters) as sets, status, attempt, outcome_unknown as unknown from app_runs`,
  );
  for (const { id, action, sets, status, unknown } of parts) {
    const times = Array.from({ length: sets }, (_, n) => done.filter((line) => line === `${action} ${id}:${n}`).length);
    if (action === "block") expect(Math.max(...times), `of ${id}`).toBeLessThanOrEqual(1);
    if (status === "success") expect(Math.min(...times), `of ${id}`).toBeGreaterThan(0);
    expect(unknown, `of ${id}`).toBe(status === "failed");
  }
  // Else nothing was broken that mattered.
  expect(parts.some(({ attempt }) => attempt > 1)).toBe(true);
}

const ascending = (a: number, b: number) => a - b;

/** Asks the database, again when its connection was cut. */
async function read<Row extends object>(query: string): Promise<Row[]> {
  for (let time = 0; ; time++) {
    try {
      return (await database.pool.query(query)).rows as Row[];
    } catch (error) {
      if (time === 20) throw error;
      await after(50);
    }
  }
}
