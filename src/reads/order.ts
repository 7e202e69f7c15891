import { type SQL, sql } from "drizzle-orm";
import type { PgTable } from "drizzle-orm/pg-core";
import { columnOf, type Exposed } from "../schema/expose.js";
import { expression } from "./value.js";

export interface OrderKey {
  property: string;
  direction: "asc" | "desc";
}

export function orderBy(target: Exposed, row: PgTable, order: readonly OrderKey[]): SQL {
  return sql.join(
    order.map(({ property, direction }) => sql`${expression(target, row, property)} ${sql.raw(direction)}`),
    sql`, `,
  );
}

export const reversed = ({ property, direction }: OrderKey): OrderKey => ({
  property,
  direction: direction === "asc" ? "desc" : "asc",
});

/**
 * What comes after a place in an order, in stretches that follow each other and that an index can serve one by one. A
 * comparison of whole rows is one stretch; where the first key may be null, Postgres sorts nulls last ascending and first
 * descending, and they are a stretch of their own.
 */
export function stretches(
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
export function past(
  target: Exposed,
  row: PgTable,
  order: readonly OrderKey[],
  place: readonly (string | null)[],
): SQL {
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
