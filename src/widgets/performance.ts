import { sql } from "drizzle-orm";
import { int, number, optional, required } from "../schema/operations.js";
import { record } from "../schema/record.js";
import { statuses } from "../schema/status.js";
import { statusChanges } from "../schema/status-change.js";
import { all, c, counted, fromContainers, inWindowOfLabel, ofOwner, type Widget } from "./widget.js";
import { averageSeconds, within } from "./window.js";

const ContainersPerformance = record(
  "ContainersPerformance",
  "How fast containers were worked on, in seconds on average.",
  {
    resolved: required(int, "How many containers were resolved."),
    triage: optional(number, "From when they came in until their status first left type NEW; null: there were none."),
    resolution: optional(number, "From when they came in until they were resolved; null: there were none."),
    dwell: optional(number, "From when what they are about began until they were resolved; null: there were none."),
  },
);

export const containersPerformance: Widget = {
  name: "containersPerformance",
  description: "How fast the containers that were resolved were looked at and resolved.",
  takes: { ...inWindowOfLabel, ...ofOwner },
  gives: ContainersPerformance,
  many: false,
  statement: (asked) => sql`
    select count(*) as resolved, ${averageSeconds(sql`least(${c.openTime}, ${c.closeTime}, ${resolvedBefore}) - ${c.createTime}`)} as triage,
      ${averageSeconds(sql`${c.closeTime} - ${c.createTime}`)} as resolution, ${averageSeconds(sql`${c.closeTime} - ${c.startTime}`)} as dwell
    from ${fromContainers} where ${all(within(c.closeTime, asked.window), counted(asked))}`,
};

/** When it was first resolved, where that was before somebody opened it again. */
const resolvedBefore = sql`(select min(s.time) from ${statusChanges} s where s.container_id = ${c.id}
  and s.status in (select name from ${statuses} where status_type = 'resolved'))`;
