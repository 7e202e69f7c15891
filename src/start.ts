import { randomBytes } from "node:crypto";
import { sql } from "drizzle-orm";
import { createToken } from "./auth/who.js";
import type { Config } from "./config.js";
import { migrate } from "./database/migrate.js";
import { findDatabase, type Place } from "./database/open.js";
import { type Database, openDatabase } from "./database/pools.js";
import { loadSample } from "./sample/load.js";
import { containers } from "./schema/container.js";
import { tokens } from "./schema/user.js";

/** A database ready for this version, with what it needs to be used. */
export interface Opened {
  database: Database;
  place: Place;
  /** The administrator's token, when this start made it: the only time it can be shown. */
  newToken: string | undefined;
  close(): Promise<void>;
}

type Say = (sentence: string) => void;

/** Finds or starts the database, brings its tables up to date, and makes sure that somebody can log in. */
export async function openStore(config: Config, say: Say, options: { join?: boolean } = {}): Promise<Opened> {
  const place = await findDatabase(config, say, options);
  try {
    await migrate(place.connection);
    const database = openDatabase(place.connection, (error) =>
      say(`An idle database connection failed: ${error.message}`),
    );
    const newToken = await ensureToken(database, config);
    const close = async () => {
      await database.close();
      await place.stop();
    };
    return { database, place, newToken, close };
  } catch (error) {
    await place.stop();
    throw error;
  }
}

/** Any numbers, the same in every release: whoever holds one does that part of the first start. */
const [tokenLock, sampleLock] = [7_450_232, 7_450_233];

/** The token of the settings, or on the first start a generated one. */
function ensureToken(database: Database, { ADMIN_TOKEN }: Config): Promise<string | undefined> {
  return database.transaction(async (writer) => {
    await writer.execute(sql`select pg_advisory_xact_lock(${tokenLock})`);
    if (ADMIN_TOKEN) {
      await createToken(writer, "admin", ADMIN_TOKEN);
      return undefined;
    }
    const [{ any }] = (await writer.execute<{ any: boolean }>(sql`select exists (select from ${tokens}) as any`))
      .rows as [{ any: boolean }];
    return any ? undefined : createToken(writer, "admin", `soar_${randomBytes(24).toString("base64url")}`);
  });
}

/** Loads the sample incidents into a database that has no container; on by default only in a fresh embedded one. */
export async function ensureSample(
  { database, place, newToken }: Opened,
  { SAMPLE_DATA }: Config,
  say: Say,
): Promise<void> {
  const fresh = place.embedded && newToken !== undefined;
  if (!(SAMPLE_DATA ?? fresh)) return;
  await database.transaction(async (writer) => {
    await writer.execute(sql`select pg_advisory_xact_lock(${sampleLock})`);
    const [{ any }] = (await writer.execute<{ any: boolean }>(sql`select exists (select from ${containers}) as any`))
      .rows as [{ any: boolean }];
    if (any) return;
    await loadSample(writer, new Date());
    say("Three hundred sample incidents loaded.");
  });
}
