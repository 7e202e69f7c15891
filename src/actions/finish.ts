import { type SQL, sql } from "drizzle-orm";
import type { Writer } from "../database/pools.js";
import type { RunChange } from "../ledger.js";
import type { Answered, End } from "./end.js";
import type { Lease } from "./lease.js";

/**
 * Ends an app run for whoever still holds its lease, keeps its results and counts it off its action run, which ends with
 * the last one: the row of the action run is locked, so exactly one is that. Gives what changed; undefined when the lease
 * was lost, and nothing did.
 */
export function finish(writer: Writer, { id, leaseToken }: Lease, ending: End): Promise<RunChange | undefined> {
  return end(writer, sql`id = ${id} and lease_token::text = ${leaseToken} and status = 'running'`, ending);
}

/** An app run that was claimed, and how it ended. */
export interface Ended {
  readonly run: Lease & { readonly actionRunId: number };
  readonly ending: End;
}

/** Ends several in one round trip, and gives what changed. Whoever locks several rows does so in the order of ids. */
export async function finishAll(writer: Writer, ended: readonly Ended[]): Promise<RunChange[]> {
  const [ids, actionRunIds] = [ended.map(({ run }) => run.id), ended.map(({ run }) => run.actionRunId)];
  const locks = [
    sql`select from app_runs where id = any(${sql.param(ids)}::int[]) order by id for no key update`,
    sql`select from action_runs where id = any(${sql.param(actionRunIds)}::int[]) order by id for no key update`,
  ];
  const sent = [
    ...locks.map((lock) => writer.execute(lock).then(() => undefined)),
    ...ended.map(({ run, ending }) => finish(writer, run, ending)),
  ];
  const answers = await Promise.allSettled(sent);
  // The first that fails says why; the others only that it did.
  return answers.flatMap((answer) => {
    if (answer.status === "rejected") throw answer.reason;
    return answer.value ?? [];
  });
}

/** Ends an app run that nobody has begun. */
export function finishUnclaimed(writer: Writer, id: number, ending: End): Promise<RunChange | undefined> {
  return end(writer, sql`id = ${id} and status = 'pending'`, ending);
}

async function end(writer: Writer, which: SQL, ending: End): Promise<RunChange | undefined> {
  const { success, results, exceptionOccurred = false, outcomeUnknown = false, log = "" } = ending;
  const succeeded = results.filter((result) => result.success).length;
  const failed = results.length - succeeded;
  const summary = { total_objects: results.length, total_objects_successful: succeeded };
  const { rows } = await writer.execute<{ id: number; containerId: number; status: string; appRunId: number }>(sql`
    with ended as (
      update app_runs set status = ${success ? "success" : "failed"}, message = ${storable(ending.message)},
        result_summary = ${JSON.stringify(summary)}, exception_occurred = ${exceptionOccurred},
        outcome_unknown = ${outcomeUnknown}, log = ${storable(log)}, claim_time = null, lease_token = null, end_time = now()
      where ${which} returning id, action_run_id, container_id
    ), results as (
      insert into action_results (app_run_id, container_id, status, message, parameter, data, summary)
      select ended.id, ended.container_id, r.status, r.message, r.parameter, r.data, r.summary from ended,
        unnest(${texts(results, ({ success }) => (success ? "success" : "failed"))}::run_status[],
          ${texts(results, ({ message }) => storable(message))}::text[], ${jsons(results, "parameter")}::json[],
          ${jsons(results, "data")}::json[], ${jsons(results, "summary")}::json[])
        with ordinality r(status, message, parameter, data, summary, nth) order by nth
    )
    update action_runs a set remaining = remaining - 1, succeeded = succeeded + ${succeeded}, failed = failed + ${failed},
      status = case when remaining > 1 then a.status when succeeded + ${succeeded} > 0 then 'success' else 'failed' end::run_status,
      message = concat_ws(', ', nullif(succeeded + ${succeeded}, 0) || ' actions succeeded', nullif(failed + ${failed}, 0) || ' actions failed'),
      close_time = case when remaining > 1 then null else now() end, update_time = now()
    from ended where a.id = ended.action_run_id and a.status in ('pending', 'running')
    returning a.id, a.container_id as "containerId", a.status, ended.id as "appRunId"`);
  return rows[0];
}

const texts = (results: readonly Answered[], text: (result: Answered) => string) => sql.param(results.map(text));
const jsons = (results: readonly Answered[], field: "parameter" | "data" | "summary") =>
  texts(results, (result) => JSON.stringify(result[field]));

/** Postgres' text holds neither NUL nor halves of characters; a connector may well say one. */
function storable(text: string): string {
  return Buffer.from(text.replaceAll("\0", "\ufffd")).toString();
}
