import { type SQL, sql } from "drizzle-orm";
import { alias, type PgTable } from "drizzle-orm/pg-core";
import { readable } from "../auth/visible.js";
import type { Caller } from "../auth/who.js";
import { fixed } from "../database/session.js";
import { columnOf, type Exposed } from "../schema/expose.js";
import { type Kind, kindOf } from "../schema/kinds.js";

/** What kind of value a property of a type holds. */
export function kindOfProperty(target: Exposed, property: string): Kind {
  const source = target.fields.get(property);
  return source && "kind" in source ? source.kind : kindOf(columnOf(target.table, property), property);
}

/** A property of a row as Postgres gives it. */
export function expression(target: Exposed, row: PgTable, property: string): SQL {
  const source = target.fields.get(property);
  const value = source?.by === "sql" ? source.sql(row) : sql`${columnOf(row, property)}`;
  const kind = kindOfProperty(target, property);
  return kind === "tags" || kind === "ids" ? sql`array_to_json(${value})` : value;
}

const written = new WeakMap<Exposed, Map<string, SQL>>();

/** The same of a row that is read as `t`, written out once; null where the caller may not read it. */
export function column(target: Exposed, property: string, caller: Caller): SQL {
  if (!readable(target.fields.get(property), caller)) return sql`null`;
  const known = written.get(target) ?? new Map<string, SQL>();
  written.set(target, known);
  const piece = known.get(property) ?? fixed(expression(target, alias(target.table, "t"), property));
  known.set(property, piece);
  return piece;
}
