import { sql } from "drizzle-orm";
import { alias } from "drizzle-orm/pg-core";
import { visible } from "../auth/visible.js";
import { Approval, actionRuns, approvals } from "../schema/action-run.js";
import { instant } from "../schema/columns.js";
import { found, int, optional, required, time } from "../schema/operations.js";
import { record } from "../schema/record.js";
import { User } from "../schema/user.js";
import { all, given, inWindow, type Widget } from "./widget.js";
import { within } from "./window.js";

const PendingApprovals = record("PendingApprovals", "What waits for the word of one user.", {
  userId: optional(int, "The user's id; null: anybody's word will do."),
  count: required(int, "How many approvals they are asked for."),
  overdue: required(int, "How many of them were due before now."),
  oldest: required(time, "Since when the first of them is asked for."),
  user: found(User, "userId", "The user."),
});

const q = alias(approvals, "q");

export const pendingApprovals: Widget = {
  name: "pendingApprovals",
  description: "The actions that wait for approval, user by user; those asked for in the window.",
  takes: { ...inWindow, userId: optional(int, "Only what waits for this user, by id.") },
  gives: PendingApprovals,
  many: true,
  // What nobody answered before the action ended, by others' word or cancelled, waits for nobody.
  statement({ caller, window, userId }) {
    const ofUser = given(userId) ? sql`${q.approverId} = ${userId}` : undefined;
    const open = sql`${q.status} = 'pending' and exists (select from ${actionRuns} where ${actionRuns.id} = ${q.actionRunId} and ${actionRuns.status} in ('pending', 'running'))`;
    return sql`
      select ${q.approverId} as "userId", count(*), count(*) filter (where ${q.dueTime} < now()) as overdue, ${instant(sql`min(${q.createTime})`)} as oldest
      from ${approvals} q where ${all(visible(Approval, q, caller), open, within(q.createTime, window), ofUser)}
      group by 1 order by count(*) desc, 1`;
  },
};
