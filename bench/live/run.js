/*
 * Measures the live feed and writes its part of RESULTS.md: how long after a commit another gateway tells it, and how fast
 * one event reaches thousands of sockets, beside plain graphql-ws.
 */
import { fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createClient } from "graphql-ws";
import pg from "pg";
import WebSocket from "ws";
import { startContender } from "../contenders.js";
import { startDatabase } from "../database.js";
import { cleanUp, measurePart } from "../part.js";
import { seed } from "../seed.js";
import { rounds, token } from "../settings.js";
import { report } from "./report.js";

const sockets = [1_000, 5_000];
/** Events told one at a time, for the time of each, and at once, for how many are told in a second. */
const [single, burst] = [20, 20];
const sizes = { containers: 1_000, artifacts: 2_000, notes: 1_000, pins: 1_000 };
const samples = 200;
const writers = 8;

async function bench() {
  const database = await startDatabase((client) => seed(client, sizes), cleanUp);
  const client = new pg.Client(database.url);
  await client.connect();
  cleanUp(() => client.end());
  const first = await startContender("ours", database, cleanUp);
  const second = await startContender("ours", database, cleanUp);
  const plain = await startContender("plain", database, cleanUp);
  const tokens = await makeUsers(client, 5);

  const latencies = {
    idle: await latency(client, second),
    busy: await whileWriting(first, () => latency(client, second)),
  };
  const load = startLoad();
  const windows = [];
  for (let round = 0; round < rounds; round++) {
    for (const count of sockets) {
      for (const contender of round % 2 ? ["plain", "ours"] : ["ours", "plain"]) {
        const [server, tell] =
          contender === "ours"
            ? [second, (events) => tellOurs(client, events)]
            : [plain, (events) => fetch(`${plain.url.replace("graphql", "publish")}?events=${events}`)];
        windows.push({ contender, sockets: count, ...(await fanOut(load, server, tokens, count, tell)) });
      }
    }
    console.log(`Round ${round + 1} of ${rounds} done.`);
  }
  return { latencies, windows, postgres: database.version, rounds, single, burst, samples, writers };
}

/** Users with all rights, since one may have a thousand connections only. */
async function makeUsers(client, count) {
  const tokens = Array.from({ length: count }, (_, n) => `bench-user-${n}`);
  await client.query(
    `with made as (insert into users (username) select unnest($1::text[]) returning id, username),
       allowed as (insert into user_roles (user_id, role_id) select made.id, roles.id from made, roles where name = 'Administrator')
     insert into tokens (user_id, hash) select id, encode(sha256(username::bytea), 'hex') from made`,
    [tokens],
  );
  return tokens;
}

/** Tells events as an operation does: a commit, then the bell. */
async function tellOurs(client, events) {
  await client.query(
    `insert into outbox (topic, kind, container_id, node_type, node_id)
     select 'container', 'BENCH', 1, 'Container', 1 from generate_series(1, $1)`,
    [events],
  );
  await client.query("select stamp()");
}

/** Milliseconds from a commit to its frame on a gateway that had nothing to do with it. */
async function latency(client, { url }) {
  const subscriber = createClient({
    url: url.replace("http", "ws"),
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${token}` },
  });
  let told = () => {};
  const next = () =>
    new Promise((resolve) => {
      told = resolve;
    });
  const started = next();
  const query =
    'subscription { containerEvents(filter: {kind: "BENCH"}) { kind cursor sequence container { id name } } }';
  subscriber.subscribe({ query }, { next: () => told(performance.now()), error: console.error, complete: () => {} });
  await started;
  const times = [];
  for (let n = 0; n < samples; n++) {
    const arrived = next();
    await client.query(
      "insert into outbox (topic, kind, container_id, node_type, node_id) values ('container', 'BENCH', 1, 'Container', 1)",
    );
    const committed = performance.now();
    client.query("select stamp()");
    times.push((await arrived) - committed);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
  }
  await subscriber.dispose();
  return times.sort((a, b) => a - b);
}

/** Does something while several clients of a gateway comment on containers without a pause. */
async function whileWriting({ url }, work) {
  let over = false;
  const write = async () => {
    for (let n = 1; !over; n++) {
      const query = `mutation { comment(input: { container: ${1 + (n % 1000)}, comment: "bench" }) { success } }`;
      const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
      await (await fetch(url, { method: "POST", headers, body: JSON.stringify({ query }) })).text();
    }
  };
  const writing = Array.from({ length: writers }, write);
  const result = await work();
  over = true;
  await Promise.all(writing);
  return result;
}

async function fanOut(load, server, tokens, count, tell) {
  await load({ job: "open", port: Number(new URL(server.url).port), sockets: count, tokens });
  const times = [];
  const told = async (events) => {
    let counting;
    const ready = new Promise((resolve) => {
      counting = resolve;
    });
    const all = load({ job: "count", events }, counting);
    await ready;
    const began = performance.timeOrigin + performance.now();
    await tell(events);
    return (await all).at - began;
  };
  await told(1);
  const before = cpuOf(server.pid);
  for (let n = 0; n < single; n++) times.push(await told(1));
  const whole = await told(burst);
  const spent = cpuOf(server.pid) - before;
  const memory = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, "utf8"))[1]) / 1024;
  await load({ job: "close" });
  times.sort((a, b) => a - b);
  return {
    p50: times[Math.floor(times.length / 2)],
    p99: times.at(-1),
    perSecond: (count * burst * 1000) / whole,
    cpu: (spent * 1e6) / (count * (single + burst)),
    memory,
  };
}

/** Seconds of CPU that a process has spent. */
function cpuOf(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** The process with the clients: takes one job at a time, and says when it has begun to count. */
function startLoad() {
  const child = fork(join(import.meta.dirname, "load.js"));
  cleanUp(() => child.kill());
  return (job, counting = () => {}) =>
    new Promise((done, failed) => {
      const late = setTimeout(() => failed(new Error(`The load does not end: ${job.job}.`)), 60_000);
      const heard = (said) => {
        if (said.counting) return counting();
        clearTimeout(late);
        child.off("message", heard);
        if (said.failure) return failed(new Error(said.failure));
        done(said.done);
      };
      child.on("message", heard);
      child.send(job);
    });
}

await measurePart("Live feed", async () => report(await bench()));
