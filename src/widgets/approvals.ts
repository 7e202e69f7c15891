import { sql } from "drizzle-orm";
import { alias } from "drizzle-orm/pg-core";
import { visible } from "../auth/visible.js";
import { Approval, approvals } from "../schema/action-run.js";
import { instant } from "../schema/columns.js";
import { found, int, optional, required, time } from "../schema/operations.js";
import { record } from "../schema/record.js";
import { User } from "../schema/user.js";
import { all, given, inWindow, type Widget } from "./widget.js";
import { within } from "./window.js";

const PendingApprovals = record("PendingApprovals", "What waits for the word of one user.", {
  userId: optional(int, "The user's id; null: anybody's word will do."),
  count: required(int, "How many actions wait for it."),
  overdue: required(int, "How many of them should have had it by now."),
  oldest: required(time, "Since when the first of them waits."),
  user: found(User, "userId", "The user."),
});

const q = alias(approvals, "q");

export const pendingApprovals: Widget = {
  name: "pendingApprovals",
  description: "The actions that wait for approval, user by user; those asked for in the window.",
  takes: { ...inWindow, userId: optional(int, "Only what waits for this user, by id.") },
  gives: PendingApprovals,
  many: true,
  statement({ caller, window, userId }) {
    const ofUser = given(userId) ? sql`${q.approverId} = ${userId}` : undefined;
    return sql`
      select ${q.approverId} as "userId", count(*), count(*) filter (where ${q.dueTime} < now()) as overdue, ${instant(sql`min(${q.createTime})`)} as oldest
      from ${approvals} q where ${all(visible(Approval, q, caller), sql`${q.status} = 'pending'`, within(q.createTime, window), ofUser)}
      group by 1 order by count(*) desc, 1`;
  },
};
