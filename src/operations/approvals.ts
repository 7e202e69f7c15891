import { and, eq, sql } from "drizzle-orm";
import { failure } from "../actions/end.js";
import { finishUnclaimed } from "../actions/finish.js";
import { visible } from "../auth/visible.js";
import { AppError, refuse } from "../errors.js";
import { type Operation, operation, type Work } from "../operation.js";
import { ActionRun, Approval, actionRuns, approvals } from "../schema/action-run.js";
import { found, given, int, optional, required, text } from "../schema/operations.js";
import { waitsOutside } from "./actions.js";

/** A question whether an action may run, as its answer is found. */
interface Question {
  id: number;
  /** Null: a reviewer is asked about the whole action. */
  assetId: number | null;
  approverId: number | null;
  status: string;
  primary: boolean;
}

/** An app run that waits for answers. */
interface HeldRun {
  id: number;
  assetId: number | null;
  name: string;
  assetName: string;
  parameters: Record<string, unknown>[];
  primaryVoting: number;
  secondaryVoting: number;
}

export const approveActionRun = answer(
  "approveActionRun",
  "approved",
  "Agrees that an action runs; it does once enough agree.",
);
export const denyActionRun = answer(
  "denyActionRun",
  "denied",
  "Refuses that an action runs; it fails where those who were asked cannot agree any more.",
);

function answer(name: string, status: "approved" | "denied", description: string): Operation {
  return operation({
    name,
    description,
    may: "containers:view",
    input: {
      approvalId: required(int, "Id of the approval, which has to be the caller's to give."),
      comment: optional(text, "Why."),
    },
    payload: {
      approvalId: given(int, "Id of the approval."),
      approval: found(Approval, "approvalId", "The approval itself."),
      actionRunId: given(int, "Id of the action run."),
      actionRun: found(ActionRun, "actionRunId", "The action run it is about."),
    },
    on: (work) => openQuestion(work, work.input.approvalId),
    async run(work, { question, questions, actionRunId, containerId }) {
      const { writer, input, context } = work;
      const comment = input.comment ?? "";
      await writer
        .update(approvals)
        .set({ status, comment, responseTime: sql`now()` })
        .where(eq(approvals.id, question.id));
      question.status = status;
      const held = await heldRuns(work, actionRunId);
      const free = held.filter((run) => verdict(run, questions) === "approved");
      if (free.length) await release(work, actionRunId, free);
      const reason = `Denied by ${context.caller.username}${comment ? `: ${comment}` : "."}`;
      for (const run of held.filter((run) => verdict(run, questions) === "denied")) {
        const changed = await finishUnclaimed(writer, run.id, failure(run, reason));
        if (changed) work.emitRun("actionRun", changed);
      }
      return {
        message: `Approval ${question.id} was ${status === "approved" ? "given" : "denied"}.`,
        result: { approvalId: question.id, actionRunId, containerId },
      };
    },
  });
}

/**
 * The caller's question, and all others about its action run: they are locked, so that answers count one after the other.
 * Whoever is no approver of an asset any more gives no answer about it.
 */
async function openQuestion({ writer, context }: Work<unknown>, id: number) {
  const [known] = await writer
    .select({ actionRunId: approvals.actionRunId, containerId: approvals.containerId, runStatus: actionRuns.status })
    .from(approvals)
    .innerJoin(actionRuns, eq(actionRuns.id, approvals.actionRunId))
    .where(and(eq(approvals.id, id), visible(Approval, approvals, context.caller)));
  if (!known) return refuse("NOT_FOUND", `There is no approval ${id}.`, "approvalId");
  const { rows } = await writer.execute<Question & Record<string, unknown>>(sql`
    select p.id, p.asset_id as "assetId", p.approver_id as "approverId", coalesce(a."primary", true) as "primary",
      case when p.status = 'pending' and p.asset_id is not null and a.user_id is null then 'expired' else p.status end as status
    from approvals p left join asset_approvers a on a.asset_id = p.asset_id and a.user_id = p.approver_id
    where p.action_run_id = ${known.actionRunId} order by p.id for no key update of p`);
  const question = rows.find((row) => row.id === id)!;
  if (question.approverId !== context.caller.id)
    throw new AppError("FORBIDDEN", `Somebody else was asked for approval ${id}.`, { approvalId: id });
  if (question.status !== "pending")
    return refuse("WRONG_STATE", `Approval ${id} is ${question.status} already.`, "approvalId");
  if (known.runStatus !== "pending" && known.runStatus !== "running")
    return refuse("WRONG_STATE", `Action run ${known.actionRunId} has ended already.`, "approvalId");
  return { ...known, question, questions: rows as Question[] };
}

async function heldRuns({ writer }: Work<unknown>, actionRunId: number): Promise<HeldRun[]> {
  const { rows } = await writer.execute<HeldRun & Record<string, unknown>>(sql`
    select r.id, r.asset_id as "assetId", a.name, r.asset_name as "assetName", r.parameters,
      coalesce(s.primary_voting, 0) as "primaryVoting", coalesce(s.secondary_voting, 0) as "secondaryVoting"
    from app_runs r join action_runs a on a.id = r.action_run_id left join assets s on s.id = r.asset_id
    where r.action_run_id = ${actionRunId} and r.status = 'pending' and r.claim_time is null order by r.id`);
  return rows;
}

/**
 * What the answers so far mean for an app run: reviewers agree all, approvers of its asset in the number that it asks for;
 * all of them, where it came to ask for more than were asked.
 */
function verdict(
  { assetId, primaryVoting, secondaryVoting }: HeldRun,
  questions: readonly Question[],
): "approved" | "denied" | "open" {
  const reviews = questions.filter((question) => question.assetId === null);
  const groups = [
    { asked: reviews, needed: reviews.length },
    ...[true, false].map((primary) => {
      const asked = questions.filter((one) => assetId !== null && one.assetId === assetId && one.primary === primary);
      return { asked, needed: Math.min(primary ? primaryVoting : secondaryVoting, asked.length) };
    }),
  ];
  const count = (asked: readonly Question[], ...statuses: string[]) =>
    asked.filter(({ status }) => statuses.includes(status)).length;
  if (groups.some(({ asked, needed }) => count(asked, "approved", "pending") < needed)) return "denied";
  return groups.every(({ asked, needed }) => count(asked, "approved") >= needed) ? "approved" : "open";
}

/** Lets workers take app runs, from the start on that was asked for. */
async function release({ writer }: Work<unknown>, actionRunId: number, runs: readonly HeldRun[]): Promise<void> {
  await writer.execute(sql`
    update app_runs set claim_time = greatest(now(), a.create_time + make_interval(secs => a.exec_delay_secs)),
      message = case when p.connector is null then format(${waitsOutside("%s")}, app_runs.app_name) else '' end
    from action_runs a, apps p where a.id = ${actionRunId} and app_runs.action_run_id = a.id and app_runs.status = 'pending'
      and p.id = app_runs.app_id and app_runs.id = any(${sql.param(runs.map(({ id }) => id))}::int[])`);
}
