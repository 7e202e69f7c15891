import { and, type SQL, sql } from "drizzle-orm";
import { alias, type PgColumn, type PgTable } from "drizzle-orm/pg-core";
import { readable } from "../auth/visible.js";
import type { Caller } from "../auth/who.js";
import { columnOf, type Exposed, type Through } from "../schema/expose.js";
import { type Kind, kindOf } from "../schema/kinds.js";
import { condition, type Filter, here } from "./filter.js";

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

export interface OrderKey {
  property: string;
  direction: "asc" | "desc";
}

/** Above this many, a list is not counted further. */
export const countedAtMost = 10_000;

/** How a level's statement is best planned: where names or filters decide, how rare their values are matters. */
export function planning({ parents, page, caller }: Level): "once" | "for its values" {
  const byNames = page && (caller.labels || caller.tenants || (parents && isName(parents.column)));
  return page?.filter || byNames ? "for its values" : "once";
}

const isName = (column: PgColumn) => column.columnType === "PgText";

/** Rows of this statement: the parent's key, the count if asked for, then the properties in their order. */
export function levelStatement(level: Level): SQL {
  const { parents, page } = level;
  if (!page || !parents || !isName(parents.column)) return statementFor(level);
  // Parents that are names are few, and how many rows each has differs widely: each is planned for itself.
  const each = parents.keys.map((key) => sql`(${statementFor({ ...level, parents: { ...parents, keys: [key] } })})`);
  return sql.join(each, sql` union all `);
}

function statementFor(level: Level): SQL {
  const { target, parents, page } = level;
  const row = alias(target.table, "t");
  const columns = sql.join(
    level.properties.map(
      (property, index) => sql`${expression(target, row, property, level.caller)} as ${sql.identifier(`c${index}`)}`,
    ),
    sql`, `,
  );
  const from = sql`${target.table} t`;
  const own = parents && belongs(row, parents, page !== undefined);
  const where = and(own, condition(target, row, level.caller, page?.filter)) ?? sql`true`;
  if (!page)
    return sql`select ${parents ? sql`${here(row, parents.column)}` : sql`null`}, ${columns} from ${from} where ${where}`;

  const rows = pageRows(target, row, from, columns, where, level.properties, page);
  const each = parents ? sql`unnest(${keys(parents)}) p(key)` : sql`(values (0)) p(key)`;
  if (!page.count) return sql`select p.key, t.* from ${each} cross join lateral (${rows}) t`;
  const counted = sql`select count(*) from (select from ${from} where ${where} limit ${countedAtMost + 1}) l`;
  return sql`select p.key, n.count, t.* from ${each} cross join lateral (${counted}) n left join lateral (${rows}) t on true`;
}

/** The rows of one parent's page, and one more if there is one, in the direction of reading. */
function pageRows(
  target: Exposed,
  row: PgTable,
  from: SQL,
  columns: SQL,
  where: SQL,
  properties: readonly string[],
  page: Page,
): SQL {
  const against = page.order.map(reversed);
  const [order, begin, end] = page.backward
    ? [against, page.before, page.after && past(target, row, page.order, page.after)]
    : [page.order, page.after, page.before && past(target, row, against, page.before)];
  const limit = page.limit + 1;
  const select = (place?: SQL) =>
    sql`select ${columns} from ${from} where ${and(where, place, end)} order by ${orderBy(target, row, order)} limit ${limit}`;
  const places = begin ? stretches(target, row, order, begin) : [undefined];
  if (places.length === 1) return select(places[0]);
  const parts = places.map(
    (place, index) => sql`(select ${sql.raw(String(index))} as part, t.* from (${select(place)}) t)`,
  );
  const names = sql.join(
    properties.map((_, index) => sql.identifier(`c${index}`)),
    sql`, `,
  );
  const keys = order.map(
    ({ property, direction }) => sql`${sql.identifier(`c${properties.indexOf(property)}`)} ${sql.raw(direction)}`,
  );
  return sql`select ${names} from (${sql.join(parts, sql` union all `)}) t order by part, ${sql.join(keys, sql`, `)} limit ${limit}`;
}

/** The condition that a row belongs to a parent: to the one at hand, `p.key`, or to any of them. */
function belongs(row: PgTable, parents: NonNullable<Level["parents"]>, toOne: boolean): SQL {
  const column = here(row, parents.column);
  if (!toOne) return sql`${column} = any(${keys(parents)})`;
  if (isName(parents.column)) return sql`lower(${column}) = ${String(parents.keys[0]).toLowerCase()}`;
  if (!parents.through) return sql`${column} = p.key`;
  const { near, far } = parents.through;
  return sql`exists (select from ${near.table} where ${near} = p.key and ${far} = ${column})`;
}

/** What kind of value a property of a type holds. */
export function kindOfProperty(target: Exposed, property: string): Kind {
  const source = target.fields.get(property);
  return source && "kind" in source ? source.kind : kindOf(columnOf(target.table, property), property);
}

function expression(target: Exposed, row: PgTable, property: string, caller?: Caller): SQL {
  const source = target.fields.get(property);
  if (caller && !readable(source, caller)) return sql`null`;
  const value = source?.by === "sql" ? source.sql(row) : sql`${columnOf(row, property)}`;
  const kind = kindOfProperty(target, property);
  return kind === "tags" || kind === "ids" ? sql`array_to_json(${value})` : value;
}

function keys({ column, keys }: NonNullable<Level["parents"]>): SQL {
  return sql`${sql.param(keys)}::${sql.raw(column.getSQLType())}[]`;
}

function orderBy(target: Exposed, row: PgTable, order: readonly OrderKey[]): SQL {
  return sql.join(
    order.map(({ property, direction }) => sql`${expression(target, row, property)} ${sql.raw(direction)}`),
    sql`, `,
  );
}

const reversed = ({ property, direction }: OrderKey): OrderKey => ({
  property,
  direction: direction === "asc" ? "desc" : "asc",
});

/**
 * What comes after a place in an order, in stretches that follow each other and that an index can serve one by one. A
 * comparison of whole rows is one stretch; where the first key may be null, Postgres sorts nulls last ascending and first
 * descending, and they are a stretch of their own.
 */
function stretches(
  target: Exposed,
  row: PgTable,
  order: readonly OrderKey[],
  place: readonly (string | null)[],
): SQL[] {
  const [first, ...rest] = order;
  const sameWay = rest.every(({ direction }) => direction === first!.direction);
  if (!sameWay || rest.some(({ property }) => !columnOf(target.table, property).notNull))
    return [past(target, row, order, place)];
  const column = columnOf(row, first!.property);
  if (column.notNull) return [beyond(target, row, order, place)];
  const nulls = sql`${column} is null`;
  const ascending = first!.direction === "asc";
  if (place[0] !== null)
    return ascending ? [beyond(target, row, order, place), nulls] : [beyond(target, row, order, place)];
  const among = sql`${nulls} and ${beyond(target, row, rest, place.slice(1))}`;
  return ascending ? [among] : [among, sql`${column} is not null`];
}

/** The comparison of whole rows: right where no key is null and all are sorted the same way. */
function beyond(target: Exposed, row: PgTable, order: readonly OrderKey[], place: readonly (string | null)[]): SQL {
  const columns = order.map(({ property }) => columnOf(row, property));
  const after = order[0]!.direction === "asc" ? sql`>` : sql`<`;
  return sql`(${sql.join(columns, sql`, `)}) ${after} (${sql.join(typed(target, order, place), sql`, `)})`;
}

function typed(target: Exposed, order: readonly OrderKey[], place: readonly (string | null)[]): SQL[] {
  return place.map(
    (text, index) => sql`${text}::${sql.raw(columnOf(target.table, order[index]!.property).getSQLType())}`,
  );
}

/** The condition that a row comes after a place, right for every order. */
function past(target: Exposed, row: PgTable, order: readonly OrderKey[], place: readonly (string | null)[]): SQL {
  const values = typed(target, order, place);
  return order.reduceRight<SQL>((rest, { property, direction }, index) => {
    const [column, value, isNull] = [columnOf(row, property), values[index]!, place[index] === null];
    const same = isNull ? sql`${column} is null` : sql`${column} = ${value}`;
    if (direction === "asc") {
      return isNull
        ? sql`(${same} and ${rest})`
        : sql`(${column} > ${value} or ${column} is null or (${same} and ${rest}))`;
    }
    return isNull
      ? sql`(${column} is not null or (${same} and ${rest}))`
      : sql`(${column} < ${value} or (${same} and ${rest}))`;
  }, sql`false`);
}
