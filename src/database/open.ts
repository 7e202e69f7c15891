import pg from "pg";
import { embeddedPostgres } from "./embedded.js";

/** A database to connect to, and how to let go of it. */
export interface Place {
  connection: pg.PoolConfig;
  /** True when this process keeps the database itself. */
  embedded: boolean;
  stop(): Promise<void>;
}

/** The database of the settings: the one of DATABASE_URL, else the embedded one, started or (`join`) shared. */
export async function findDatabase(
  config: { DATABASE_URL?: string; DATA_DIR: string },
  say: (sentence: string) => void,
  options: { join?: boolean } = {},
): Promise<Place> {
  if (config.DATABASE_URL)
    return { connection: { connectionString: config.DATABASE_URL }, embedded: false, stop: async () => {} };
  const embedded = await embeddedPostgres(config.DATA_DIR, say, options);
  await createDatabase(embedded.connection, "soar");
  return { connection: { ...embedded.connection, database: "soar" }, embedded: true, stop: embedded.stop };
}

/** Makes a database unless it exists. */
export async function createDatabase(connection: pg.ClientConfig, name: string): Promise<void> {
  const client = new pg.Client({ ...connection, database: "postgres" });
  await client.connect();
  try {
    const { rowCount } = await client.query("select from pg_database where datname = $1", [name]);
    if (!rowCount) await client.query(`create database ${pg.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}
