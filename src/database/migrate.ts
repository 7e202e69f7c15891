import { fileURLToPath } from "node:url";
import { drizzle } from "drizzle-orm/node-postgres";
import { migrate as runMigrations } from "drizzle-orm/node-postgres/migrator";
import type pg from "pg";
import { StartError } from "../errors.js";
import { connect } from "./client.js";

const folder = fileURLToPath(new URL("../../drizzle", import.meta.url));

/** Any number, the same in every release: whoever holds it migrates. */
const lock = 7_450_231;

/** Brings a database to this version's tables; gateways that start together do it one after another. */
export async function migrate(connection: pg.ClientConfig): Promise<void> {
  const client = await connect(connection);
  try {
    const { rows } = await client.query("show server_version_num");
    if (rows[0].server_version_num < 150000) throw new StartError("The database is older than Postgres 15.");
    await client.query("select pg_advisory_lock($1)", [lock]);
    await runMigrations(drizzle(client), { migrationsFolder: folder });
  } finally {
    await client.end();
  }
}
