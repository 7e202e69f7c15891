import { type SQL, sql } from "drizzle-orm";
import { sensitivity } from "../schema/container.js";
import { int, list, required, text } from "../schema/operations.js";
import { record } from "../schema/record.js";
import { severities } from "../schema/severity.js";
import { statuses } from "../schema/status.js";
import { type Asked, all, c, counted, fromContainers, inWindowOfLabel, ofOwner, type Widget } from "./widget.js";
import { within } from "./window.js";

const Part = record("StatisticPart", "How many have something in common.", {
  name: required(text, "What they have in common."),
  value: required(int, "How many they are."),
});

const Group = record("StatisticGroup", "Containers, divided by one of their properties.", {
  name: required(text, "The property."),
  parts: required(list(Part), "How many have each value of it."),
});

const ContainerStats = record("ContainerStats", "What the containers of a time are like.", {
  groups: required(list(Group), "Them by `severity`, `sensitivity`, `status`, `type`, and whether they are `closed`."),
});

const ContainersByStatus = record("ContainersByStatus", "How bad containers are, by whether they are resolved.", {
  resolved: required(list(Part), "Those in a status of type RESOLVED, by severity."),
  unresolved: required(list(Part), "All others, by severity."),
  all: required(list(Part), "All together, by severity."),
});

export const containerStats: Widget = {
  name: "containerStats",
  description:
    "What the containers that came in are like: by severity, sensitivity, status, type, and whether they are closed.",
  takes: { ...inWindowOfLabel, ...ofOwner },
  gives: ContainerStats,
  many: false,
  statement: (asked) => sql`with tally as (${tally(asked)}) select json_build_array(
    ${group("severity", severityParts())},
    ${group("sensitivity", sql`select name::text, ${sum(sql`sensitivity = name`)} as value from unnest(enum_range(null::${sql.raw(sensitivity.enumName)})) with ordinality e(name, place) order by place`)},
    ${group("status", sql`select name, ${sum(sql`status = name`)} as value from ${statuses} where ${inUse(sql`status`)} order by disabled, "order", id`)},
    ${group("type", sql`select name, ${sum(sql`type::text = name`)} as value from (values ('default'), ('case')) v(name)`)},
    ${group("closed", sql`select name, ${sum(sql`resolved = (name = 'closed')`)} as value from (values ('open'), ('closed')) v(name)`)}) as groups`,
};

export const containersFilteredByStatus: Widget = {
  name: "containersFilteredByStatus",
  description: "How bad the containers that came in are: those resolved, those not, and all.",
  takes: { ...inWindowOfLabel, ...ofOwner },
  gives: ContainersByStatus,
  many: false,
  statement: (asked) => sql`with tally as (${tally(asked)}) select
    ${parts(severityParts(sql`resolved`))} as resolved, ${parts(severityParts(sql`not resolved`))} as unresolved, ${parts(severityParts())} as all`,
};

/** How many containers have the same of everything that they are divided by: a few rows, whatever their number. */
const tally = (asked: Asked): SQL => sql`
  select ${c.severity} as severity, ${c.sensitivity} as sensitivity, ${c.status} as status, ${c.containerType} as type, resolved, count(*)
  from ${fromContainers} join (select name, status_type = 'resolved' as resolved from ${statuses}) s on s.name = ${c.status}
  where ${all(within(c.createTime, asked.window), counted(asked))} group by 1, 2, 3, 4, 5`;

const sum = (condition: SQL): SQL => sql`(select coalesce(sum(count), 0) from tally where ${condition})`;

/** Names that may be given to new containers, and those that some of these have. */
const inUse = (column: SQL): SQL => sql`not disabled or name in (select ${column} from tally)`;

const severityParts = (condition: SQL = sql`true`): SQL =>
  sql`select name, ${sum(sql`severity = name and ${condition}`)} as value from ${severities} where ${inUse(sql`severity`)} order by disabled, "order", id`;

const parts = (rows: SQL): SQL => sql`(select json_agg(p) from (${rows}) p)`;

const group = (name: string, rows: SQL): SQL => sql`json_build_object('name', ${name}::text, 'parts', ${parts(rows)})`;
