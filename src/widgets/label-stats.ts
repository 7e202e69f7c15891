import { sql } from "drizzle-orm";
import { visible } from "../auth/visible.js";
import { Label, labels } from "../schema/label.js";
import { int, list, required, text } from "../schema/operations.js";
import { record } from "../schema/record.js";
import { ContainersOfDay } from "./containers-per-day.js";
import { all, c, counted, fromContainers, given, inWindowOfLabel, ofOwner, type Widget } from "./widget.js";
import { dayOf, days, within } from "./window.js";

const LabelStats = record("LabelStats", "How many containers of a label came in.", {
  label: required(text, "Name of the label."),
  total: required(int, "How many in all."),
  days: required(list(ContainersOfDay), "How many on each day."),
});

export const labelStats: Widget = {
  name: "labelStats",
  description: "How many containers came in, by label and day. Disabled labels appear when there are any.",
  takes: { ...inWindowOfLabel, ...ofOwner },
  gives: LabelStats,
  many: true,
  statement(asked) {
    const { window, label, caller } = asked;
    const wanted = given(label) ? sql`lower(${labels.name}) = lower(${label})` : undefined;
    return sql`
      with days as (${days(window)}), found as (
        select ${c.label} as label, ${dayOf(c.createTime)} as day, count(*) from ${fromContainers}
        where ${all(within(c.createTime, window), counted(asked))} group by 1, 2)
      select ${labels.name} as label, coalesce(sum(count), 0) as total,
        json_agg(json_build_object('date', to_char(days.day, 'YYYY-MM-DD'), 'count', coalesce(count, 0)) order by days.day) as days
      from ${labels} cross join days left join found on found.label = ${labels.name} and found.day = days.day
      where ${all(visible(Label, labels, caller), wanted)}
        and (not ${labels.disabled} or ${labels.name} in (select label from found))
      group by ${labels.id} order by ${labels.name}`;
  },
};
