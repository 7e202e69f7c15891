import { and, not, or, type SQL, sql } from "drizzle-orm";
import { alias, type PgColumn, type PgTable } from "drizzle-orm/pg-core";
import { readable, visible } from "../auth/visible.js";
import type { Caller } from "../auth/who.js";
import { lower } from "../database/letters.js";
import { columnOf, type Exposed, isIndexed, type Source } from "../schema/expose.js";
import { propertyOf } from "../schema/relate.js";

/** A filter as callers write it: fields with their lookups, related objects with their filters, `and`, `or`, `not`. */
export type Filter = Record<string, unknown>;
type Lookups = Record<string, unknown>;

/** What of a filter an index finds the rows by, and what only looking at each row tells. Both have to hold. */
export function split(type: Exposed, filter: Filter | null | undefined): [indexed: Filter[], residue: Filter[]] {
  const every = conjuncts(filter ?? {});
  return [every.filter((one) => isServed(type, one)), every.filter((one) => !isServed(type, one))];
}

/** The conditions of a filter that all have to hold, each by itself. */
function conjuncts(filter: Filter): Filter[] {
  return Object.entries(filter).flatMap(([field, wanted]) => {
    if (wanted === null || wanted === undefined) return [];
    return field === "and" ? (wanted as Filter[]).flatMap(conjuncts) : [{ [field]: wanted }];
  });
}

/** Whether an index finds the few rows that meet a single condition. */
function isServed(type: Exposed, condition: Filter): boolean {
  const [[field, wanted]] = Object.entries(condition) as [[string, Filter]];
  const isFound = (target: Exposed, filter: Filter) => conjuncts(filter).some((one) => isServed(target, one));
  if (field === "or") return (wanted as unknown as Filter[]).every((one) => isFound(type, one));
  if (field === "not") return false;
  const source = type.fields.get(field)!;
  if (!isIndexed(type, source)) return false;
  if (source.by !== "one" && source.by !== "many") return Object.entries(wanted).some(narrows);
  return conjuncts(wanted).length === 0 || isFound(source.target, wanted);
}

/** Whether a lookup leaves few rows. One for any value does not, nor one for a letter or two, of which the index knows nothing. */
function narrows([lookup, operand]: [lookup: string, operand: unknown]): boolean {
  if (lookup === "isNull") return operand === true;
  return lookup !== "icontains" || String(operand).length >= 3;
}

/**
 * The condition a row of `type`, read under the name `table`, has to meet: shown to the caller, and matching the filter.
 * `depth` keeps the names of tables in nested conditions apart.
 */
export function condition(
  type: Exposed,
  table: PgTable,
  caller: Caller,
  filter?: Filter | null,
  depth = 1,
): SQL | undefined {
  return and(visible(type, table, caller), filter ? matches(type, table, caller, filter, depth) : undefined);
}

/** The condition that a row matches a filter; undefined when every row does. */
export function matches(type: Exposed, table: PgTable, caller: Caller, filter: Filter, depth = 1): SQL | undefined {
  const every = Object.entries(filter).map(([field, wanted]) => {
    if (wanted === null || wanted === undefined) return undefined;
    if (field === "and")
      return and(...(wanted as Filter[]).map((one) => matches(type, table, caller, one, depth) ?? sql`true`));
    if (field === "or") return anyOf((wanted as Filter[]).map((one) => matches(type, table, caller, one, depth)));
    if (field === "not") return not(matches(type, table, caller, wanted as Filter, depth) ?? sql`true`);
    return fieldMatches(type.fields.get(field)!, table, caller, wanted as Lookups, depth);
  });
  return and(...every);
}

/** An alternative without conditions matches every row; no alternatives at all match none. */
function anyOf(alternatives: (SQL | undefined)[]): SQL | undefined {
  if (alternatives.includes(undefined)) return undefined;
  return or(...alternatives) ?? sql`false`;
}

function fieldMatches(source: Source, table: PgTable, caller: Caller, wanted: Lookups, depth: number): SQL | undefined {
  if (source.by === "one" || source.by === "many") return relatedMatches(source, table, caller, wanted, depth);
  if (source.by === "value" || source.by === "node") throw new Error("Fields made of other fields have no lookups");
  if (!readable(source, caller)) return sql`false`;
  const value = source.by === "sql" ? source.sql(table) : sql`${here(table, source.column)}`;
  const type = source.by === "sql" ? source.kind : source.column.getSQLType();
  if ("key" in wanted) return cefMatches(value, wanted);
  const conditions = Object.entries(wanted).map(([lookup, operand]) => {
    if (operand === null || operand === undefined) return undefined;
    if (source.by === "column" && source.kind === "name" && lookup !== "isNull")
      return nameMatches(value, [operand].flat() as string[]);
    return lookups[lookup]!(value, operand, type);
  });
  return and(...conditions);
}

function relatedMatches(
  source: Source & { by: "one" | "many" },
  table: PgTable,
  caller: Caller,
  wanted: Filter,
  depth: number,
): SQL {
  const other = alias(source.target.table, `f${depth}`);
  const [theirs, ours] = [here(other, source.column), columnOf(table, source.key)];
  const through = source.by === "many" ? source.through : undefined;
  const related = through
    ? sql`exists (select from ${through.near.table} where ${through.near} = ${ours} and ${through.far} = ${theirs})`
    : sql`${theirs} = ${ours}`;
  const where = and(related, condition(source.target, other, caller, wanted, depth + 1));
  return sql`exists (select from ${source.target.table} ${sql.identifier(`f${depth}`)} where ${where})`;
}

/** Names match whatever their letter case; the index is on their small letters, of which Postgres knows how rare each is. */
function nameMatches(value: SQL, names: string[]): SQL {
  return sql`lower(${value}) = any(${sql.param(names.map(lower))}::text[])`;
}

/** Containment is what the index on the record serves. */
function cefMatches(record: SQL, { key, eq, in: some }: Lookups): SQL | undefined {
  const texts = [eq, some].filter((given) => given !== null && given !== undefined);
  const contains = (text: unknown) => sql`${record}::jsonb @> ${JSON.stringify({ [key as string]: text })}::jsonb`;
  return and(...texts.map((given) => or(...[given].flat().map(contains)) ?? sql`false`));
}

const lookups: Record<string, (value: SQL, operand: unknown, type: string) => SQL> = {
  eq: (value, operand) => sql`${value} = ${operand}`,
  in: (value, operand, type) => sql`${value} = any(${sql.param(operand)}::${sql.raw(type)}[])`,
  gt: (value, operand) => sql`${value} > ${operand}`,
  gte: (value, operand) => sql`${value} >= ${operand}`,
  lt: (value, operand) => sql`${value} < ${operand}`,
  lte: (value, operand) => sql`${value} <= ${operand}`,
  icontains: (value, operand) => sql`${value} ilike ${`%${String(operand).replace(/[\\%_]/g, "\\$&")}%`}`,
  hasAll: (value, operand) => sql`${value} @> ${sql.param(operand)}::text[]`,
  hasAny: (value, operand) => sql`${value} && ${sql.param(operand)}::text[]`,
  isNull: (value, operand) => (operand ? sql`${value} is null` : sql`${value} is not null`),
};

/** A column of a table as it is called in the statement at hand. */
export function here(table: PgTable, column: PgColumn): PgColumn {
  return columnOf(table, propertyOf(column));
}
