import type { Database, Writer } from "../database/pools.js";
import { pageSize, stamp } from "./log.js";

/** The databases whose outbox is being emptied, each with whether that was asked for again meanwhile. */
const working = new WeakMap<Writer, { again: boolean }>();

/**
 * Has what was committed to the outbox moved to the log, without waiting for it. Calls that come meanwhile are one more.
 * Failures do not matter: every gateway moves what it finds twice a second. It goes on when the request that rang is over.
 */
export function ring({ writer }: Pick<Database, "writer">): void {
  const under = working.get(writer);
  if (under) {
    under.again = true;
    return;
  }
  const work = { again: false };
  working.set(writer, work);
  writer
    .execute<{ stamp: number }>(stamp)
    .then(({ rows: [row] }) => work.again || row!.stamp === pageSize)
    .catch(() => false)
    .then((more) => {
      working.delete(writer);
      if (more) ring({ writer });
    });
}
