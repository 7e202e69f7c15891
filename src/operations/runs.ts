import { and, eq, type SQL, sql } from "drizzle-orm";
import { visible } from "../auth/visible.js";
import { refuse } from "../errors.js";
import { operation, type Work } from "../operation.js";
import { ActionRun, actionRuns } from "../schema/action-run.js";
import { containers } from "../schema/container.js";
import { flag, found, given, int, optional, required, text } from "../schema/operations.js";
import { permitOn } from "./container.js";

/*
 * What people do with an action run that they asked for.
 */

const actionRunId = required(int, "Id of the action run.");
const actionRun = found(ActionRun, "actionRunId", "The action run itself.");

/** An action run that the caller may see. It is not locked: app runs are locked before their action run, by everybody. */
async function seenRun(work: Work<unknown>, id: number): Promise<{ id: number; type: string; remaining: number }> {
  const { writer, context } = work;
  const [run] = await writer
    .select({
      id: actionRuns.id,
      type: actionRuns.type,
      remaining: actionRuns.remaining,
      containerType: containers.containerType,
    })
    .from(actionRuns)
    .innerJoin(containers, eq(containers.id, actionRuns.containerId))
    .where(and(eq(actionRuns.id, id), visible(ActionRun, actionRuns, context.caller)));
  if (!run) return refuse("NOT_FOUND", `There is no action run ${id}.`, "actionRunId");
  permitOn(work, run);
  return run;
}

export const cancelActionRun = operation({
  name: "cancelActionRun",
  description: "Cancels an action that is pending or running; what its connectors are doing is stopped.",
  may: "apps:execute",
  input: { actionRunId, reason: optional(text, "Why; left out, that the caller cancelled it.") },
  payload: {
    cancelled: given(flag, "Whether this ended it; false: it had ended before."),
    actionRunId: given(int, "Id of the action run."),
    actionRun,
  },
  on: (work) => seenRun(work, work.input.actionRunId),
  async run(work, { id }) {
    const { input, context } = work;
    const [ended] = await cancelActions(
      work,
      sql`id = ${id}`,
      input.reason || `Cancelled by ${context.caller.username}.`,
    );
    if (!ended)
      return refuse("WRONG_STATE", `Action run ${id} has ended already.`, "actionRunId", {
        cancelled: false,
        actionRunId: id,
      });
    return {
      message: `Action run ${id} was cancelled.`,
      result: { cancelled: true, actionRunId: id, containerId: ended.containerId },
    };
  },
});

/** Cancels action runs and what is open of their app runs; gives those that had not ended. */
export async function cancelActions(work: Work<unknown>, which: SQL, reason: string): Promise<Ended[]> {
  await work.writer.execute(sql`
    with open as (
      select id from app_runs where action_run_id in (select id from action_runs where ${which} and status in ('pending', 'running'))
        and status in ('pending', 'running') order by id for no key update
    )
    update app_runs set status = 'cancelled', message = ${reason}, claim_time = null, lease_token = null, end_time = now()
    from open where app_runs.id = open.id`);
  return endRuns(work, which, sql`status = 'cancelled', cancelled = ${reason}, message = ${reason}`);
}

export const completeActionRun = operation({
  name: "completeActionRun",
  description: "Ends a manual action, which a person did.",
  may: "containers:edit",
  input: {
    actionRunId,
    success: required(flag, "Whether it was done."),
    message: optional(text, "What was done, or why it was not."),
  },
  payload: { actionRunId: given(int, "Id of the action run."), actionRun },
  on: (work) => seenRun(work, work.input.actionRunId),
  async run(work, { id, type, remaining }) {
    const { success } = work.input;
    if (type !== "manual" || remaining > 0)
      return refuse("WRONG_STATE", `Action run ${id} is not done by hand; it ends by itself.`, "actionRunId");
    const [status, message] = [
      success ? "success" : "failed",
      work.input.message || `Marked as ${success ? "done" : "failed"}.`,
    ];
    const [ended] = await endRuns(work, sql`id = ${id}`, sql`status = ${status}, message = ${message}`);
    if (!ended) return refuse("WRONG_STATE", `Action run ${id} has ended already.`, "actionRunId");
    return { message: `Action run ${id} was completed.`, result: { actionRunId: id, containerId: ended.containerId } };
  },
});

type Ended = { id: number; containerId: number; status: string };

/** Ends those of some action runs that have not ended, in the order of ids, and gives them. */
async function endRuns({ writer, emitRun }: Work<unknown>, which: SQL, how: SQL): Promise<Ended[]> {
  const { rows } = await writer.execute<Ended>(sql`
    with open as (
      select id from action_runs where ${which} and status in ('pending', 'running') order by id for no key update
    )
    update action_runs set ${how}, remaining = 0, close_time = now(), update_time = now()
    from open where action_runs.id = open.id returning action_runs.id, container_id as "containerId", status`);
  for (const row of rows) emitRun("actionRun", row);
  return rows;
}
