import type { GraphQLFieldResolver } from "graphql";
import { Arg, Int } from "type-graphql";
import type { Context } from "../context.js";
import { actionCallbacks } from "../events/topics.js";
import { ActionRun, actionRuns } from "../schema/action-run.js";
import { columnOf, Roots } from "../schema/expose.js";
import { longestWait, waitOf, wish } from "./events.js";

/*
 * What of action runs is more than rows: to wait for one to end.
 */

Arg("waitSeconds", () => Int, {
  nullable: true,
  description: `Answers when it ends, or after so long; ${longestWait} at most. Left out, at once.`,
})(Roots.prototype, "actionRun", 1);

type Arguments = { id: number; waitSeconds?: number | null };

/** One action run, once it has ended or the wait is over. */
export const actionRun: GraphQLFieldResolver<unknown, Context, Arguments> = async (_, args, context, info) => {
  const waitSeconds = waitOf(args, context);
  if (waitSeconds) await untilEnded(args.id, waitSeconds, context);
  return context.reads.one(args.id, { target: ActionRun, column: columnOf(actionRuns, "id") }, info);
};

async function untilEnded(id: number, seconds: number, context: Context): Promise<void> {
  const feed = context.feed!;
  // In this order: an end that is not in the row yet comes after the cursor.
  const { cursor } = feed;
  const status = await context.reads.value(id, ActionRun, "status");
  if (status === "pending" || status === "running")
    await feed.page(wish(actionCallbacks, { actionRunId: [id] }, context), cursor, 1, seconds);
}
