import type { Database, Writer } from "../database/pools.js";
import { ring } from "../events/stamp.js";
import { eventInsert, type RunChange, runEvent } from "../ledger.js";

/** A change of runs that no operation asked for: one transaction with its events, which are the last it writes. */
export async function change<T>(
  database: Database,
  work: (writer: Writer) => Promise<{ result: T; changes: readonly RunChange[] }>,
): Promise<T> {
  const { result, changes } = await database.transaction(work, ({ changes }) =>
    changes.length ? [eventInsert(changes.map((run) => runEvent("actionRun", run)))] : [],
  );
  if (changes.length) ring(database);
  return result;
}
