import { type SQL, sql } from "drizzle-orm";
import { actionRuns } from "../schema/action-run.js";
import { bigint, int, number, required } from "../schema/operations.js";
import { playbookRuns } from "../schema/playbook.js";
import { record } from "../schema/record.js";
import { systemSettings } from "../schema/system.js";
import { a, actionsCounted, ofRunner, p, playbooksCounted } from "./runs.js";
import { type Asked, all, inWindowOfLabel, type Widget } from "./widget.js";
import { date, dayOf, eachDay } from "./window.js";

const RoiSummary = record("RoiSummary", "What automation saved, in whole numbers: decimals are dropped.", {
  playbooks: required(bigint, "How many playbook runs ended well."),
  actions: required(bigint, "How many actions ended well."),
  minutesSaved: required(bigint, "Minutes of an analyst's work that they saved, by the system's settings."),
  moneySaved: required(bigint, "What that work would have cost, by the system's settings."),
});

const RoiOfDay = record("RoiOfDay", "What automation saved on a day.", {
  date,
  playbooks: required(int, "How many playbook runs ended well."),
  actions: required(int, "How many actions ended well."),
  minutesSaved: required(number, "Minutes of an analyst's work that they saved, by the system's settings."),
  moneySaved: required(number, "What that work would have cost, by the system's settings."),
});

const takes = { ...inWindowOfLabel, ...ofRunner };

export const roiSummary: Widget = {
  name: "roiSummary",
  description: "What automation saved, in whole numbers. `roiStats` has the decimals.",
  takes,
  gives: RoiSummary,
  many: false,
  statement: (asked) => sql`
    with saved as (${saved(asked)})
    select coalesce(sum(playbooks), 0) as playbooks, coalesce(sum(actions), 0) as actions,
      coalesce(trunc(sum(minutes)), 0) as "minutesSaved", coalesce(trunc(sum(money)), 0) as "moneySaved" from saved`,
};

export const roiStats: Widget = {
  name: "roiStats",
  description: "What automation saved, day by day.",
  takes,
  gives: RoiOfDay,
  many: true,
  statement: (asked) =>
    eachDay(
      asked.window,
      saved(asked),
      sql`coalesce(playbooks, 0) as playbooks, coalesce(actions, 0) as actions,
        coalesce(round(minutes, 2), 0) as "minutesSaved", coalesce(round(money, 2), 0) as "moneySaved"`,
    ),
};

/** What ended well of each day, and what it saved. */
function saved(asked: Asked): SQL {
  return sql`
    select day, playbooks, actions, minutes, minutes * ${setting("analyst_hourly_cost")} / 60 as money from (
      select day, sum(playbooks) as playbooks, sum(actions) as actions,
        sum(playbooks) * ${setting("minutes_per_playbook")} + sum(actions) * ${setting("minutes_per_action")} as minutes
      from (
        select ${dayOf(p.createTime)} as day, count(*) as playbooks, 0 as actions from ${playbookRuns} p
        where ${all(playbooksCounted(asked), sql`${p.status} = 'success'`)} group by 1
        union all
        select ${dayOf(a.createTime)}, 0, count(*) from ${actionRuns} a
        where ${all(actionsCounted(asked), sql`${a.status} = 'success'`)} group by 1) runs
      group by 1) days`;
}

/** A figure of the settings; 0 where an administrator set none, or no number. */
function setting(name: string): SQL {
  const value = sql`${systemSettings.roi}->${name}::text`;
  return sql`coalesce((select (${value})::text::numeric from ${systemSettings} where json_typeof(${value}) = 'number'), 0)`;
}
