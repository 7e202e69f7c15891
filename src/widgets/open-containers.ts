import { type SQL, sql } from "drizzle-orm";
import { Container } from "../schema/container.js";
import { flag, found, int, list, number, optional, required } from "../schema/operations.js";
import { record } from "../schema/record.js";
import { statuses } from "../schema/status.js";
import { User } from "../schema/user.js";
import { type Asked, all, c, counted, fromContainers, given, ofLabel, ofOwner, type Widget } from "./widget.js";

/** Open containers told one by one. */
const most = 100;

const OpenContainer = record("OpenContainer", "A container that is not resolved, and how it stands with its SLA.", {
  containerId: required(int, "Its id."),
  slaPercent: optional(
    number,
    "How much of its time is over, in percent: above 100 it is breached; null: it is never due.",
  ),
  breached: required(flag, "Whether it is past its due time."),
  container: found(Container, "containerId", "The container itself."),
});

const OpenContainers = record("OpenContainers", "The containers that are not resolved.", {
  total: required(int, "How many there are."),
  breached: required(int, "How many of them are past their due time."),
  breachedPercent: required(number, "How many of them that is, in percent; 0 when there are none."),
  containers: required(list(OpenContainer), `Those nearest to their due time or furthest past it, ${most} at most.`),
});

const Workload = record("Workload", "How many containers wait for a user.", {
  userId: required(int, "The user's id."),
  count: required(int, "How many containers they own that are not resolved."),
  user: found(User, "userId", "The user."),
});

export const containersOpen: Widget = {
  name: "containersOpen",
  description: "The containers that are not resolved, and how they stand with their SLA: the most pressing first.",
  takes: {
    ...ofLabel,
    sla: optional(
      number,
      "Only containers of which at least so many percent of their time are over; 100: the breached ones.",
    ),
  },
  gives: OpenContainers,
  many: false,
  statement: (asked) => sql`
    with open as (${open(asked)}), pressing as (select * from open order by "slaPercent" desc nulls last, "containerId" limit ${most})
    select count(*) as total, count(*) filter (where breached) as breached,
      coalesce(round(100.0 * count(*) filter (where breached) / nullif(count(*), 0), 2), 0) as "breachedPercent",
      (select coalesce(json_agg(pressing), '[]') from pressing) as containers from open`,
};

export const containersWorkload: Widget = {
  name: "containersWorkload",
  description: "How many containers that are not resolved each user owns, the busiest user first.",
  takes: { ...ofLabel, ...ofOwner },
  gives: Workload,
  many: true,
  statement: (asked) => sql`
    select ${c.ownerId} as "userId", count(*) from ${fromContainers}
    where ${all(counted(asked), unresolved)} and ${c.ownerId} is not null group by 1 order by count(*) desc, 1`,
};

const unresolved = sql`lower(${c.status}) = any(array(select lower(name) from ${statuses} where status_type <> 'resolved'))`;

function open(asked: Asked): SQL {
  const [passed, allowed] = [sql`now()`, c.dueTime].map((until) => sql`extract(epoch from ${until} - ${c.createTime})`);
  const breached = sql`coalesce(${c.dueTime} < now(), false)`;
  // What was due before it came in has no time at all, of which everything is over.
  const share = sql`greatest(100 * ${passed} / greatest(${allowed}, 1), case when ${breached} then 100 end)`;
  const percent = sql`case when ${c.dueTime} is not null then ${share} end`;
  const wanted = given(asked.sla) ? sql`${percent} >= ${asked.sla}::float8` : undefined;
  return sql`select ${c.id} as "containerId", round(${percent}, 2) as "slaPercent", ${breached} as breached
    from ${fromContainers} where ${all(counted(asked), unresolved, wanted)}`;
}
