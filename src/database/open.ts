import pg from "pg";
import { StartError, sqlState } from "../errors.js";
import { connect } from "./client.js";
import { embeddedPostgres, type Options } from "./embedded.js";

/** A database to connect to, and how to let go of it. */
export interface Place {
  connection: pg.PoolConfig;
  /** True for the embedded Postgres. */
  embedded: boolean;
  /** Resolves when this process has lost the Postgres it keeps, to its last words. */
  ended: Promise<string>;
  stop(): Promise<void>;
}

/** The database of the settings: the one of DATABASE_URL, else the embedded one, started or (`join`) shared. */
export async function findDatabase(
  { DATABASE_URL, DATA_DIR }: { DATABASE_URL?: string; DATA_DIR: string },
  say: (sentence: string) => void,
  options: Options = {},
): Promise<Place> {
  if (DATABASE_URL) {
    refuseUnreadable(DATABASE_URL);
    const connection = { connectionString: DATABASE_URL };
    return { connection, embedded: false, ended: new Promise(() => {}), stop: async () => {} };
  }
  const { connection, ended, stop } = await embeddedPostgres(DATA_DIR, say, options);
  try {
    await createDatabase(connection, "soar");
  } catch (error) {
    await stop();
    throw error;
  }
  return { connection: { ...connection, database: "soar" }, embedded: true, ended, stop };
}

/** The errors of the URL's reader hold the URL, and that the password. */
function refuseUnreadable(connectionString: string): void {
  try {
    new pg.Client({ connectionString });
  } catch (error) {
    const hint = "in a user or password, write @ : / ? # [ ] and % as %40 and so on";
    throw new StartError(`DATABASE_URL cannot be used: ${(error as Error).message}; ${hint}.`);
  }
}

/** Makes a database unless it exists. */
export async function createDatabase(connection: pg.ClientConfig, name: string): Promise<void> {
  const client = await connect({ ...connection, database: "postgres" });
  try {
    const { rowCount } = await client.query("select from pg_database where datname = $1", [name]);
    if (!rowCount) await client.query(`create database ${pg.escapeIdentifier(name)}`);
  } catch (error) {
    // Made by another process in between.
    if (!["42P04", "23505"].includes(sqlState(error) ?? "")) throw error;
  } finally {
    await client.end();
  }
}
