import type { Database } from "../database/pools.js";
import { pageSize, stamp } from "./log.js";

/** The databases whose outbox is being emptied, each with whether that was asked for again meanwhile. */
const working = new WeakMap<Database, { again: boolean }>();

/**
 * Has what was committed to the outbox moved to the log, without waiting for it. Calls that come meanwhile are one more.
 * Failures do not matter: every gateway moves what it finds twice a second.
 */
export function ring(database: Database): void {
  const under = working.get(database);
  if (under) {
    under.again = true;
    return;
  }
  const work = { again: false };
  working.set(database, work);
  database
    .read(stamp)
    .then(([row]) => work.again || Number(row![0]) === pageSize)
    .catch(() => false)
    .then((more) => {
      working.delete(database);
      if (more) ring(database);
    });
}
