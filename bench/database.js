import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import pg from "pg";
import { embeddedPostgres } from "../dist/database/embedded.js";
import { migrate } from "../dist/database/migrate.js";
import { createDatabase } from "../dist/database/open.js";

/** Starts a Postgres in a temporary folder with a migrated database that `fill` fills; `cleanUp` takes what undoes each step. */
export async function startDatabase(fill, cleanUp) {
  const folder = mkdtempSync(join(tmpdir(), "soar-bench-"));
  const folders = [folder];
  cleanUp(() => {
    for (const made of folders) rmSync(made, { recursive: true, force: true });
  });
  // Started by root, Postgres runs as another user, who has to get in.
  chmodSync(folder, 0o755);
  const { connection, stop } = await embeddedPostgres(folder, console.log, { throwAway: false });
  cleanUp(stop);
  // Counters are read over a connection to another database, so that they do not count themselves.
  const counters = await connect({ ...connection, database: "postgres" }, cleanUp);
  const { rows } = await counters.query("show data_directory");
  const data = rows[0].data_directory;
  // Where it cannot get in all the same, its data is elsewhere.
  folders.push(dirname(dirname(data)));

  await createDatabase(connection, "soar");
  const soar = { ...connection, database: "soar" };
  await migrate(soar);
  const client = await connect(soar, cleanUp);
  await fill(client, soar);
  // Vacuum runs between the rounds instead of in the middle of somebody's window.
  await counters.query("alter system set autovacuum = off");
  await counters.query("select pg_reload_conf()");
  await counters.query("create extension pg_stat_statements");
  await client.query("vacuum analyze");
  await client.query("checkpoint");
  const [{ server_version: version }] = (await counters.query("show server_version")).rows;
  return {
    folder,
    version: version.split(" ")[0],
    pid: Number(readFileSync(join(data, "postmaster.pid"), "utf8").split("\n")[0]),
    url: `postgres://postgres@localhost:${connection.port}/soar?host=${encodeURIComponent(connection.host)}`,
    counts: () => countRows(client),
    tidy: () => client.query("vacuum analyze"),
    statements: () => countStatements(counters),
    quiet: () => waitUntilQuiet(counters),
  };
}

async function connect(connection, cleanUp) {
  const client = new pg.Client(connection);
  client.on("error", () => {});
  await client.connect();
  cleanUp(() => client.end());
  return client;
}

async function countRows(client) {
  const tables = ["containers", "artifacts", "notes", "pins", "playbook_runs", "action_runs", "app_runs"];
  const { rows } = await client.query(
    `select ${tables.map((table) => `(select count(*)::int from ${table}) ${table}`)}`,
  );
  return Object.fromEntries(Object.entries(rows[0]).filter(([, count]) => count > 0));
}

async function countStatements(client) {
  const { rows } = await client.query(
    "select coalesce(sum(calls), 0)::float8 calls from pg_stat_statements where dbid = (select oid from pg_database where datname = 'soar')",
  );
  return rows[0].calls;
}

/** Waits until requests whose client has gone are done with too: they must not weigh on the next contender. */
async function waitUntilQuiet(client) {
  const deadline = Date.now() + 20_000;
  for (let calm = 0; calm < 3; ) {
    if (Date.now() > deadline) throw new Error("The database is still at work 20 seconds after a window.");
    await new Promise((next) => setTimeout(next, 40));
    const { rowCount } = await client.query("select from pg_stat_activity where datname = 'soar' and state <> 'idle'");
    calm = rowCount === 0 ? calm + 1 : 0;
  }
}
