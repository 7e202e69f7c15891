/*
 * Measures how actions run and writes its part of RESULTS.md: from `runAction` to the connector, how many a second a worker
 * does, and how soon another takes over what a killed one had; the first two beside the same work on graphile-worker.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { makeWorkerUtils } from "graphile-worker";
import pg from "pg";
import { startContender } from "../contenders.js";
import { startDatabase } from "../database.js";
import { cleanUp, measurePart } from "../part.js";
import { seed } from "../seed.js";
import { rounds, token } from "../settings.js";
import { report } from "./report.js";

const sizes = { containers: 1_000, artifacts: 2_000, notes: 1_000, pins: 1_000 };
const [samples, backlog, places, askers] = [60, 1_000, 4, 16];
const connectors = join(import.meta.dirname, "connector.js");

async function bench() {
  const database = await startDatabase((client) => seed(client, sizes), cleanUp);
  const client = new pg.Client(database.url);
  await client.connect();
  cleanUp(() => client.end());
  const gateway = await startContender("ours", database, cleanUp, { CONNECTORS: connectors, WORKER: "false" });
  const contenders = { ours: ours(database, client, gateway), graphile: await graphile(database, client) };

  const windows = [];
  for (let round = 0; round < rounds; round++) {
    for (const contender of round % 2 ? ["graphile", "ours"] : ["ours", "graphile"])
      windows.push({ contender, ...(await measure(contenders[contender], database)) });
    console.log(`Round ${round + 1} of ${rounds} done.`);
  }
  const recoveries = [];
  for (let round = 0; round < rounds; round++) recoveries.push(await recovery(contenders.ours));
  return { windows, recoveries, postgres: database.version, rounds, samples, backlog, places, askers };
}

/** One action at a time while the worker has nothing else to do, then a backlog that waits for it when it starts. */
async function measure({ startWorker, ask, begun, waitFor, speed }, { tidy }) {
  const worker = await startWorker();
  await ask(0);
  await waitFor(1);
  const times = [];
  for (let n = 0; n < samples; n++) {
    const asked = performance.timeOrigin + performance.now();
    const id = await ask(n);
    await waitFor(1);
    times.push((await begun(id)) - asked);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
  }
  await worker.end("SIGTERM");
  const began = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: askers }, async () => {
      while (next++ < backlog) await ask(next);
    }),
  );
  const taken = (backlog * 1000) / (performance.now() - began);
  await tidy();
  const again = await startWorker();
  await waitFor(backlog);
  const perSecond = await speed(backlog);
  await again.end("SIGTERM");
  return { times, taken, perSecond };
}

/** Seconds from the death of a worker until another calls the connector again for all that it had. */
async function recovery({ startWorker, ask, begun, waitFor }) {
  const dying = await startWorker();
  const ids = [];
  for (let n = 0; n < places; n++) ids.push(await ask(n, 1_500));
  for (const id of ids) await begun(id, "running");
  await dying.end("SIGKILL");
  const killed = performance.timeOrigin + performance.now();
  const other = await startWorker();
  await waitFor(places);
  const times = [];
  for (const id of ids) times.push(await begun(id));
  await other.end("SIGTERM");
  return (Math.max(...times) - killed) / 1000;
}

function ours(database, client, { url }) {
  const query = `mutation ($parameters: [JSONObject!]) { act(input: { container: 1, action: "answer", parameters: $parameters }) {
    message actionRunId } }`;
  let asked = 0;
  const countEnded = async () => {
    const { rows } = await client.query("select count(*)::int as count from action_runs where status = 'success'");
    return rows[0].count;
  };
  return {
    startWorker: () =>
      start(["dist/main.js", "worker"], database, { CONNECTORS: connectors, WORKER_PLACES: String(places) }),
    async ask(_nth, milliseconds = 0) {
      const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
      const body = JSON.stringify({ query, variables: { parameters: [{ milliseconds }] } });
      const { data } = await (await fetch(url, { method: "POST", headers, body })).json();
      if (!data.act.actionRunId) throw new Error(data.act.message);
      asked++;
      return data.act.actionRunId;
    },
    waitFor: () => until(async () => (await countEnded()) === asked),
    async begun(id, status) {
      if (status)
        return until(async () => {
          const { rows } = await client.query("select status from app_runs where action_run_id = $1", [id]);
          return rows[0].status === status;
        });
      const { rows } = await client.query(
        "select data->0->'at' as at from action_results x join app_runs r on r.id = x.app_run_id where r.action_run_id = $1",
        [id],
      );
      return rows[0].at;
    },
    async speed(count) {
      const { rows } = await client.query(
        `select $1 / extract(epoch from max(end_time) - min(start_time))::float as speed
         from (select start_time, end_time from app_runs order by id desc limit $1) last`,
        [count],
      );
      return rows[0].speed;
    },
  };
}

async function graphile(database, client) {
  const utils = await makeWorkerUtils({ connectionString: database.url });
  cleanUp(() => utils.release());
  await utils.migrate();
  await client.query(
    "create table bench_answers (nth int primary key, answer json, begun timestamptz, ended timestamptz default clock_timestamp())",
  );
  let asked = 0;
  return {
    startWorker: () => start(["bench/actions/graphile.js", String(places)], database),
    async ask(_nth, milliseconds = 0) {
      const nth = ++asked;
      await utils.addJob("answer", { nth, parameters: { milliseconds } });
      return nth;
    },
    waitFor: () =>
      until(
        async () => (await client.query("select count(*)::int as count from bench_answers")).rows[0].count === asked,
      ),
    async begun(nth) {
      const { rows } = await client.query("select answer->'data'->0->'at' as at from bench_answers where nth = $1", [
        nth,
      ]);
      return rows[0].at;
    },
    async speed(count) {
      const { rows } = await client.query(
        `select $1 / extract(epoch from max(ended) - min(begun))::float as speed
         from (select begun, ended from bench_answers order by nth desc limit $1) last`,
        [count],
      );
      return rows[0].speed;
    },
  };
}

/** Starts a worker and waits until it says that it waits. */
async function start(words, database, settings = {}) {
  const child = spawn(process.execPath, words, {
    cwd: join(import.meta.dirname, "..", ".."),
    env: { NODE_ENV: "production", PATH: process.env.PATH, DATABASE_URL: database.url, ...settings },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((done) => child.once("exit", done));
  cleanUp(() => child.kill("SIGKILL"));
  await new Promise((said, failed) => {
    child.stdout.on("data", (text) => String(text).includes("Waiting") && said());
    child.once("exit", (code) => failed(new Error(`${words[0]} ended with ${code}.`)));
  });
  return {
    end(signal) {
      child.kill(signal);
      return ended;
    },
  };
}

async function until(holds) {
  for (const late = Date.now() + 60_000; !(await holds()); ) {
    if (Date.now() > late) throw new Error(`Not in time: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

await measurePart("Actions", async () => report(await bench()));
