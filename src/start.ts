import { type SQL, sql } from "drizzle-orm";
import { createToken } from "./auth/secrets.js";
import type { Config } from "./config.js";
import { migrate } from "./database/migrate.js";
import { findDatabase, type Place } from "./database/open.js";
import { type Database, openDatabase, type Writer } from "./database/pools.js";
import { loadSample } from "./sample/load.js";
import { containers } from "./schema/container.js";
import { tokens } from "./schema/token.js";
import { openVault } from "./vault.js";

/** A database with the tables of this version. */
export interface Store {
  database: Database;
  /** The same for running actions, so that they and requests do not wait for each other's connections. */
  forWorker: Database;
  place: Place;
  /** Lets statements under way finish, then closes the connections, then stops a Postgres that this process keeps. */
  close(): Promise<unknown>;
}

type Say = (sentence: string) => void;

/** Finds or starts the database and brings its tables up to date. */
export async function openStore(
  config: Config,
  say: Say,
  options: Parameters<typeof findDatabase>[2] = {},
): Promise<Store> {
  const place = await findDatabase(config, say, options);
  try {
    await migrate(place.connection);
  } catch (error) {
    await place.stop();
    throw error;
  }
  const report = ({ message }: Error) => say(`An idle database connection failed: ${message}`);
  const database = openDatabase(place.connection, report);
  const forWorker = openDatabase(place.connection, report, "worker");
  const close = () => Promise.all([database.close(), forWorker.close()]).finally(() => place.stop());
  return { database, forWorker, place, close };
}

/** Any numbers, the same in every release: of gateways that start together, whoever holds one does that part. */
const [tokenLock, sampleLock] = [7_450_232, 7_450_233];

/** Makes sure that somebody can log in: by the token of the settings, or on the first start by a new one, which it gives. */
export async function ensureToken(database: Database, { ADMIN_TOKEN }: Config): Promise<string | undefined> {
  if (ADMIN_TOKEN) {
    await createToken(database.writer, "admin", ADMIN_TOKEN);
    return undefined;
  }
  return database.transaction(async (writer) => {
    if (!(await holds(writer, sql`pg_try_advisory_xact_lock(${tokenLock})`))) return undefined;
    if (await holds(writer, sql`exists (select from ${tokens})`)) return undefined;
    return createToken(writer, "admin");
  });
}

/** Loads the sample incidents into a database without containers: when told to, or into an embedded one that never had any. */
export async function ensureSample(
  { database, place }: Store,
  { SAMPLE_DATA, DATA_DIR }: Config,
  say: Say,
): Promise<void> {
  if (!(SAMPLE_DATA ?? place.embedded)) return;
  await database.transaction(async (writer) => {
    if (!(await holds(writer, sql`pg_try_advisory_xact_lock(${sampleLock})`))) return;
    if (await holds(writer, sql`exists (select from ${containers})`)) return;
    if (!SAMPLE_DATA && (await holds(writer, sql`(select is_called from containers_id_seq)`))) return;
    await loadSample(writer, await openVault(database, DATA_DIR), new Date());
    say("Three hundred sample incidents loaded.");
  });
}

async function holds(writer: Writer, condition: SQL): Promise<boolean> {
  const { rows } = await writer.execute<{ holds: boolean }>(sql`select ${condition} as holds`);
  return rows[0]!.holds;
}
