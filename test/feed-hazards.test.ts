import { execFileSync } from "node:child_process";
import { join } from "node:path";
import pg from "pg";
import { afterAll, expect, inject, test } from "vitest";
import { after, beforeAllEvents, Follower, transports } from "./support/follower.js";
import { run } from "./support/postgres.js";
import { Cable, type GatewayProcess, startGateway, urlOf } from "./support/processes.js";

const { connection, empty } = inject("postgres");
const name = `${empty}_hazards_${process.pid}`;
const elsewhere = `${name}_elsewhere`;
const administrator = "hazards-administrator";
const undo: (() => unknown)[] = [];

afterAll(async () => {
  for (const step of undo.reverse()) await step();
});

const containers = Array.from({ length: 24 }, (_, n) => n + 1);

/** Writers at work, how long the work goes on, and when in it what goes wrong; in milliseconds. */
const writers = 32;
const [begin, silence, terminate, kill, stop] = [0, 500, 2_000, 3_500, 5_000];

test("every follower is told every event it may see once and in order, whatever breaks meanwhile", {
  timeout: 60_000,
}, async () => {
  execFileSync(process.execPath, ["build.js"], { cwd: join(import.meta.dirname, ".."), stdio: "ignore" });
  await openDatabases();
  const cable = new Cable(connection);
  undo.push(() => cable.close());
  const direct = urlOf(connection, name);
  const gateways: (GatewayProcess | undefined)[] = await Promise.all([
    startGateway(urlOf(connection, name, await cable.listen()), administrator),
    startGateway(direct, administrator),
  ]);
  undo.push(() => Promise.all(gateways.map((gateway) => gateway?.kill())));

  const at = () => gateways.filter((gateway) => gateway !== undefined).map(({ url }) => url);
  const query = `subscription ($after: String, $filter: ContainerEventFilter) {
    containerEvents(after: $after, filter: $filter) { kind cursor sequence container { id } }
  }`;
  const wish = { query, token: administrator, after: await beforeAllEvents(at()[0]!, administrator) };
  const followers = transports.flatMap((transport) =>
    [undefined, undefined, [1, 2, 3], [24]].map((container) => {
      const filter = container && { container };
      return { some: container ?? containers, follower: new Follower(transport, at, { ...wish, filter }) };
    }),
  );
  const stranger = new Follower(transports[0]!, at, { ...wish, token: await strangersToken() });

  const done = new AbortController();
  const everybody = [...followers.map(({ follower }) => follower), stranger];
  const following = Promise.all(everybody.map((one) => one.follow(done.signal)));
  const writing = Array.from({ length: writers }, () => write(done.signal));
  const admin = await connected(name);
  await after(silence - begin);
  expect(cable.silence("soar-graphql events")).toBe(1);
  await after(terminate - silence);
  await admin.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()",
    [name],
  );
  await after(kill - terminate);
  await gateways[1]!.kill();
  gateways[1] = undefined;
  gateways[1] = await startGateway(direct, administrator);
  await after(stop - kill);
  done.abort();
  await Promise.all([following, ...writing]);

  const { rows } = await admin.query("select container_id as id, last from written order by 1");
  const written = new Map<number, number>(rows.map(({ id, last }) => [id, last]));
  const total = [...written.values()].reduce((sum, last) => sum + last, 0);
  expect(total).toBeGreaterThan(500);
  await Promise.all(
    followers.map(({ follower, some }) =>
      follower.catchUp((more) => {
        const last = lastOf([...follower.events, ...more]);
        return some.some((id) => (last.get(id) ?? 0) < written.get(id)!);
      }, "the last events of all containers"),
    ),
  );
  const upTo = (last: number) => Array.from({ length: last }, (_, n) => ({ sequence: n + 1, kind: `TEST_${n + 1}` }));
  for (const { follower, some } of followers) {
    const events = byContainer(follower.events);
    for (const id of some) expect(events.get(id) ?? [], `of container ${id}`).toEqual(upTo(written.get(id)!));
    expect([...events.keys()].every((id) => some.includes(id))).toBe(true);
  }
  expect(stranger.events).toEqual([]);
  const { rows: log } = await admin.query(
    "select count(*)::int as count, max(pos)::int as last, count(distinct pos)::int as places from event_log",
  );
  expect(log).toEqual([{ count: total, last: total, places: total }]);
});

/** The database of the gateways, and another one in which somebody forgot to commit. */
async function openDatabases(): Promise<void> {
  await run(connection, `create database ${name} template ${empty}`);
  await run(connection, `create database ${elsewhere}`);
  undo.push(async () => {
    for (const one of [name, elsewhere]) await run(connection, `drop database ${one} with (force)`);
  });
  const client = await connected(name);
  await client.query("create table written (container_id int primary key, last int not null default 0)");
  await client.query("insert into written select unnest($1::int[])", [containers]);
  await client.query(
    `insert into containers (id, name, label, status, severity, hash, source_data_identifier)
     select id, 'C', 'events', 'new', 'low', id, id from unnest($1::int[]) id`,
    [containers],
  );
  const forgetful = await connected(elsewhere);
  await forgetful.query("begin");
  await forgetful.query("create table forgotten ()");
}

/** A token of somebody whom no role allows anything. */
async function strangersToken(): Promise<string> {
  const client = await connected(name);
  const own = "hazards-of-a-stranger";
  await client.query("insert into users (username) values ('stranger')");
  await client.query(
    "insert into tokens (user_id, hash) select id, encode(sha256($1), 'hex') from users where username = 'stranger'",
    [own],
  );
  return own;
}

async function connected(database: string): Promise<pg.Client> {
  const client = new pg.Client({ ...connection, database });
  client.on("error", () => {});
  await client.connect();
  undo.push(() => client.end().catch(() => {}));
  return client;
}

/** Writes as operations do: the object's row is locked first, the event comes last. A tenth changes its mind. */
async function write(signal: AbortSignal): Promise<void> {
  let client = await connected(name);
  while (!signal.aborted) {
    try {
      const container = containers[Math.floor(Math.random() * containers.length)];
      await client.query("begin");
      const { rows } = await client.query("update written set last = last + 1 where container_id = $1 returning last", [
        container,
      ]);
      await after(Math.random() * 60);
      await client.query(
        "insert into outbox (topic, kind, container_id, node_type, node_id) values ('container', $1, $2, 'Container', $2)",
        [`TEST_${rows[0].last}`, container],
      );
      await after(Math.random() * 10);
      await client.query(Math.random() < 0.1 ? "rollback" : "commit");
      if (Math.random() < 0.5) await client.query("select stamp()");
    } catch {
      client = await connected(name);
    }
  }
  await client.end();
}

type Events = Follower["events"];

function byContainer(events: Events): Map<number, { sequence: number; kind: string }[]> {
  const found = new Map<number, { sequence: number; kind: string }[]>();
  for (const { sequence, kind, container } of events)
    found.set(container.id, [...(found.get(container.id) ?? []), { sequence, kind }]);
  return found;
}

const lastOf = (events: Events) => new Map<number, number>(events.map((one) => [one.container.id, one.sequence]));
