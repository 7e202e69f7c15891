import type { Database } from "../database/pools.js";
import type { Claimed } from "./claim.js";
import { type Answered, type End, endOf, withoutContext } from "./end.js";
import { dispatch } from "./lease.js";
import type { Called, Processes } from "./processes.js";
import { refusal } from "./refusal.js";

/** Characters kept of what a connector logs. */
const longestLog = 65_536;

/** What `execute` works with. */
export interface Means {
  readonly database: Database;
  readonly processes: Processes;
  /** What one set of parameters may take. */
  readonly milliseconds: number;
}

/**
 * Runs a claimed app run on its connector, one set of parameters after the other, and gives how it ended; undefined when
 * it is not this worker's to end.
 */
export async function execute(means: Means, run: Claimed, signal: AbortSignal): Promise<End | undefined> {
  const refused = refusal(run);
  if (refused) return refused;
  if (run.effect === "unsafe" && !(await dispatch(means.database.writer, [run]))) return undefined;
  const results: Answered[] = [];
  let [log, lost, broken] = ["", false, false];
  const keep = (line: string) => {
    if (log.length < longestLog) log = `${log}${line}\n`.slice(0, longestLog);
  };
  for (const [index, parameter] of run.parameters.entries()) {
    const called = await means.processes.call({
      order: {
        connector: run.connector!,
        action: run.action,
        parameters: withoutContext(parameter),
        settings: run.settings,
        attemptKey: `${run.id}:${index}`,
      },
      milliseconds: means.milliseconds,
      signal,
      log: keep,
    });
    if (signal.aborted) return undefined;
    lost ||= "lost" in called && called.lost;
    broken ||= "error" in called;
    results.push(answered(parameter, called));
  }
  return endOf(run, results, { log, exceptionOccurred: broken, outcomeUnknown: lost && run.effect === "unsafe" });
}

function answered(parameter: Record<string, unknown>, called: Called): Answered {
  if ("error" in called) return { success: false, message: called.error, parameter, data: [], summary: {} };
  return { ...called.result, parameter };
}
