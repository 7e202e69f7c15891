import { sql } from "drizzle-orm";
import { int, list, number, optional, required, text } from "../schema/operations.js";
import { record } from "../schema/record.js";
import { severities } from "../schema/severity.js";
import { systemSettings } from "../schema/system.js";
import { all, c, counted, fromContainers, inWindowOfLabel, ofOwner, type Widget } from "./widget.js";
import { date, dayOf, eachDay, within } from "./window.js";

const resolution = {
  resolved: required(int, "How many containers were resolved."),
  averageMinutes: optional(
    number,
    "From when they came in until they were resolved, in minutes on average; null: there were none.",
  ),
  metPercent: optional(
    number,
    "How many of them were resolved before they were due, in percent; null: there were none.",
  ),
};

const SlaOfDay = record("SlaOfDay", "How long it took to resolve the containers that were resolved on a day.", {
  date,
  ...resolution,
});

const SlaOfSeverity = record("SlaOfSeverity", "How long it took to resolve containers of a severity.", {
  severity: required(text, "Name of the severity."),
  slaMinutes: optional(number, "How long it may take by the system's settings, in minutes; null: they do not say."),
  ...resolution,
});

const SlaTrend = record("SlaTrend", "How long it took to resolve containers, beside how long it may take.", {
  days: required(list(SlaOfDay), "Day by day."),
  severities: required(list(SlaOfSeverity), "By severity, the worst first."),
});

const BreachesOfDay = record("BreachesOfDay", "How many containers passed their due time on a day.", {
  date,
  breaches: required(int, "How many were due that day and not resolved by then."),
});

const figures = sql`coalesce(resolved, 0) as resolved, round(minutes / resolved, 2) as "averageMinutes", round(100.0 * met / resolved, 2) as "metPercent"`;

export const slaTrend: Widget = {
  name: "slaTrend",
  description: "How long it took to resolve the containers that were resolved, day by day and by severity.",
  takes: { ...inWindowOfLabel, ...ofOwner },
  gives: SlaTrend,
  many: false,
  statement(asked) {
    const minutes = sql`sum(extract(epoch from ${c.closeTime} - ${c.createTime}) / 60)`;
    const met = sql`count(*) filter (where ${c.dueTime} is null or ${c.closeTime} <= ${c.dueTime})`;
    const ofDays = sql`select day, sum(resolved) as resolved, sum(minutes) as minutes, sum(met) as met from tally group by 1`;
    return sql`
      with tally as (
        select ${dayOf(c.closeTime)} as day, ${c.severity} as severity, count(*) as resolved, ${minutes} as minutes, ${met} as met
        from ${fromContainers} where ${all(within(c.closeTime, asked.window), counted(asked))} group by 1, 2),
      worst as (
        select name as severity, (select (${systemSettings.slaMinutes}->>name)::float8 from ${systemSettings}) as "slaMinutes", ${figures}
        from ${severities} left join (
          select severity, sum(resolved) as resolved, sum(minutes) as minutes, sum(met) as met from tally group by 1) found on severity = name
        where not disabled or severity is not null order by disabled, "order", id)
      select (select json_agg(d) from (${eachDay(asked.window, ofDays, figures)}) d) as days, (select json_agg(worst) from worst) as severities`;
  },
};

export const slaStats: Widget = {
  name: "slaStats",
  description: "How many containers passed their due time without being resolved, day by day.",
  takes: inWindowOfLabel,
  gives: BreachesOfDay,
  many: true,
  statement(asked) {
    const late = sql`${c.dueTime} < now() and (${c.closeTime} is null or ${c.closeTime} > ${c.dueTime})`;
    const breaches = sql`select ${dayOf(c.dueTime)} as day, count(*) from ${fromContainers}
      where ${all(within(c.dueTime, asked.window), late, counted(asked))} group by 1`;
    return eachDay(asked.window, breaches, sql`coalesce(count, 0) as breaches`);
  },
};
