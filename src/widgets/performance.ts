import { sql } from "drizzle-orm";
import { int, number, optional, required } from "../schema/operations.js";
import { record } from "../schema/record.js";
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
  // A change of status sets these times in its own transaction, so that they are what `statusChanges` tells.
  statement: (asked) => sql`
    select count(*) as resolved, ${averageSeconds(sql`least(${c.openTime}, ${c.closeTime}) - ${c.createTime}`)} as triage,
      ${averageSeconds(sql`${c.closeTime} - ${c.createTime}`)} as resolution, ${averageSeconds(sql`${c.closeTime} - ${c.startTime}`)} as dwell
    from ${fromContainers} where ${all(within(c.closeTime, asked.window), counted(asked))}`,
};
