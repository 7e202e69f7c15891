import { sql } from "drizzle-orm";
import type { Database } from "../database/pools.js";

/** The channel on which workers hear that there may be something to do. */
export const workChannel = "soar_work";

/**
 * Calls the workers, without waiting for it; unheard, they look twice a second. Not within the transaction that has work
 * for them: notifications make commits wait for one another.
 */
export function callWorkers({ writer }: Pick<Database, "writer">): void {
  writer.execute(sql`select pg_notify(${workChannel}, '')`).catch(() => {});
}
