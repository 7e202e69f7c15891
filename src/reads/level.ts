import { and, type SQL, sql } from "drizzle-orm";
import { alias, type PgColumn, type PgTable } from "drizzle-orm/pg-core";
import type { Caller } from "../auth/who.js";
import { lower } from "../database/letters.js";
import { limits } from "../limits.js";
import type { Exposed, Through } from "../schema/expose.js";
import { condition, type Filter, here, matches, split } from "./filter.js";
import { type OrderKey, orderBy, past, reversed, stretches } from "./order.js";
import { columns, named } from "./value.js";

/*
 * One level of a query is one statement: the rows of one type that belong to any of its parents, with only the columns
 * asked for, each parent's page cut inside the statement. The rows come back as Postgres' text.
 */

export interface Level {
  target: Exposed;
  caller: Caller;
  /** What to read of each row, by property: columns and computed fields. `id` must be among them. */
  properties: readonly string[];
  /** Only rows whose `column` holds one of `keys`, or is paired with one; each row tells which. Absent: one parent that has every row. */
  parents?: { column: PgColumn; keys: readonly (number | string)[]; through?: Through };
  /** Absent: every row of each parent, in no order. */
  page?: Page;
}

export interface Page {
  order: readonly OrderKey[];
  /** Rows wanted of each parent. */
  limit: number;
  /** The last `limit` rows, told last first. */
  backward: boolean;
  /** Only rows after, and before, these places: one value for each key of the order. */
  after?: readonly (string | null)[];
  before?: readonly (string | null)[];
  filter?: Filter | null;
  /** Also count what the parent has in all. */
  count: boolean;
}

/** Above this many, a list is not counted further. */
export const countedAtMost = 10_000;

/** How a level's statement is best planned: where names or filters decide, how rare their values are matters. */
export function planning({ parents, page, caller }: Level): "once" | "for its values" {
  const byNames = page && (caller.labels || caller.tenants || (parents && isName(parents.column)));
  return page?.filter || byNames ? "for its values" : "once";
}

const isName = (column: PgColumn) => column.columnType === "PgText";

/** What each row of the statement tells before the properties: its parent, and of a page what was asked about it. */
export function leading({ target, page }: Level): ("key" | "count" | "counted" | "beyond")[] {
  const residue = page && split(target, page.filter)[1].length > 0;
  return ["key", ...(page?.count ? (["count", "counted"] as const) : []), ...(residue ? (["beyond"] as const) : [])];
}

/** Rows of this statement: what leads them, then the properties in their order. */
export function levelStatement(level: Level): SQL {
  const { parents, page } = level;
  if (!page || !parents || !isName(parents.column)) return statementFor(level);
  // Parents that are names are few, and how many rows each has differs widely: each is planned for itself.
  const each = parents.keys.map((key) => sql`(${statementFor({ ...level, parents: { ...parents, keys: [key] } })})`);
  return sql.join(each, sql` union all `);
}

function statementFor(level: Level): SQL {
  const { target, caller, parents, page, properties } = level;
  const row = alias(target.table, "t");
  const wanted = columns(target, properties, caller);
  const own = parents && belongs(row, parents, page !== undefined);
  if (!page) {
    const where = and(own, condition(target, row, caller)) ?? sql`true`;
    const parent = parents ? sql`${here(row, parents.column)}` : sql`null`;
    return sql`select ${parent}, ${wanted} from ${target.table} t where ${where}`;
  }
  const [indexed, residue] = split(target, page.filter);
  const source: PageSource = {
    target,
    row,
    where: and(own, condition(target, row, caller, { and: indexed })) ?? sql`true`,
    residue: residue.length ? matches(target, row, caller, { and: residue }) : undefined,
  };
  const rows = pageRows(source, wanted, properties, page);
  const each = parents ? sql`unnest(${keys(parents)}) p(key)` : sql`(values (0)) p(key)`;
  if (!page.count) return sql`select p.key, t.* from ${each} cross join lateral (${rows}) t`;
  return sql`select p.key, n.*, t.* from ${each} cross join lateral (${countRows(source)}) n left join lateral (${rows}) t on true`;
}

/** Where the rows of one parent's page come from. */
interface PageSource {
  target: Exposed;
  row: PgTable;
  where: SQL;
  /** What no index finds: rows are looked through for it, up to a limit. */
  residue: SQL | undefined;
}

/**
 * Those of the rows that match, and whether each is not one of them but the first beyond the limit of rows to look through.
 * They are taken as the order brings them, so that reading ends with the page, or there.
 */
function matching({ target, where, residue }: PageSource, columns: SQL, place?: SQL, order?: SQL): SQL {
  const ordered = order && sql` order by ${order}`;
  if (!residue) return sql`select ${columns} from ${target.table} t where ${and(where, place)}${ordered}`;
  const scanned = sql`select t.*, row_number() over (${ordered}) > ${limits.rows.most} as beyond from ${target.table} t
    where ${and(where, place)}${ordered} limit ${limits.rows.most + 1}`;
  return sql`select beyond, ${columns} from (${scanned}) t where beyond or ${residue}${ordered}`;
}

/** How many rows there are, and whether that is all. */
function countRows(source: PageSource): SQL {
  const counted = source.residue
    ? sql`count(*) filter (where not beyond), not coalesce(bool_or(beyond), false)`
    : sql`count(*), true`;
  return sql`select ${counted} from (${matching(source, sql`null`)} limit ${countedAtMost + 1}) l`;
}

/** The rows of one parent's page, and one more if there is one, in the direction of reading. */
function pageRows(source: PageSource, columns: SQL, properties: readonly string[], page: Page): SQL {
  const { target, row } = source;
  const against = page.order.map(reversed);
  const [order, begin, end] = page.backward
    ? [against, page.before, page.after && past(target, row, page.order, page.after)]
    : [page.order, page.after, page.before && past(target, row, against, page.before)];
  const limit = page.limit + 1;
  const select = (place?: SQL) =>
    sql`${matching(source, columns, and(place, end), orderBy(target, row, order))} limit ${limit}`;
  const places = begin ? stretches(target, row, order, begin) : [undefined];
  if (places.length === 1) return select(places[0]);
  const parts = places.map(
    (place, index) => sql`(select ${sql.raw(String(index))} as part, t.* from (${select(place)}) t)`,
  );
  const names = sql.join(
    properties.map((_, index) => named(index)),
    sql`, `,
  );
  const keys = order.map(
    ({ property, direction }) => sql`${named(properties.indexOf(property))} ${sql.raw(direction)}`,
  );
  return sql`select ${source.residue && sql`beyond, `}${names} from (${sql.join(parts, sql` union all `)}) t order by part, ${sql.join(keys, sql`, `)} limit ${limit}`;
}

/** The condition that a row belongs to a parent: to the one at hand, `p.key`, or to any of them. */
function belongs(row: PgTable, parents: NonNullable<Level["parents"]>, toOne: boolean): SQL {
  const column = here(row, parents.column);
  if (!toOne) return sql`${column} = any(${keys(parents)})`;
  if (isName(parents.column)) return sql`lower(${column}) = ${lower(String(parents.keys[0]))}`;
  if (!parents.through) return sql`${column} = p.key`;
  const { near, far } = parents.through;
  return sql`exists (select from ${near.table} where ${near} = p.key and ${far} = ${column})`;
}

function keys({ column, keys }: NonNullable<Level["parents"]>): SQL {
  return sql`${sql.param(keys)}::${sql.raw(column.getSQLType())}[]`;
}
