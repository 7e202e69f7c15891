import { type SQL, sql } from "drizzle-orm";
import type { PgTable } from "drizzle-orm/pg-core";
import { readable } from "../auth/visible.js";
import type { Caller } from "../auth/who.js";
import { columnOf, type Exposed } from "../schema/expose.js";
import { type Kind, kindOf } from "../schema/kinds.js";

/** What kind of value a property of a type holds. */
export function kindOfProperty(target: Exposed, property: string): Kind {
  const source = target.fields.get(property);
  return source && "kind" in source ? source.kind : kindOf(columnOf(target.table, property), property);
}

/** A property of a row as Postgres gives it; null where the caller may not read it. */
export function expression(target: Exposed, row: PgTable, property: string, caller?: Caller): SQL {
  const source = target.fields.get(property);
  if (caller && !readable(source, caller)) return sql`null`;
  const value = source?.by === "sql" ? source.sql(row) : sql`${columnOf(row, property)}`;
  const kind = kindOfProperty(target, property);
  return kind === "tags" || kind === "ids" ? sql`array_to_json(${value})` : value;
}
