import { sql } from "drizzle-orm";
import type { Database } from "../database/pools.js";
import { required, text } from "../schema/operations.js";
import { record } from "../schema/record.js";
import { systemSettings } from "../schema/system.js";

export const SystemInfo = record("SystemInfo", "Where the system is.", {
  baseUrl: required(text, "The address people reach it by; empty: not set."),
  timeZone: required(text, "Its time zone, by its IANA name."),
});

export async function systemInfo(database: Database) {
  const [row] = await database.read(
    sql`select ${systemSettings.baseUrl}, ${systemSettings.timeZone} from ${systemSettings}`,
  );
  const [baseUrl, timeZone] = row!;
  return { baseUrl, timeZone };
}
