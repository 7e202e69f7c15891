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
const mostWritten = 1000;

/** Some properties of a row that is read as `t`, each by its place, written out once; null where the caller may not read it. */
export function columns(target: Exposed, properties: readonly string[], caller: Caller): SQL {
  const known = written.get(target) ?? new Map<string, SQL>();
  written.set(target, known);
  const told = properties.map((property) => (readable(target.fields.get(property), caller) ? property : ""));
  const key = told.join();
  const piece =
    known.get(key) ??
    fixed(
      sql.join(
        told.map((property, index) => columnAt(target, property, index)),
        sql`, `,
      ),
    );
  if (known.size === mostWritten) known.clear();
  known.set(key, piece);
  return piece;
}

function columnAt(target: Exposed, property: string, index: number): SQL {
  const value = property ? expression(target, alias(target.table, "t"), property) : sql`null`;
  return sql`${value} as ${named(index)}`;
}

/** What the property at that place is called. */
export const named = (index: number): SQL => sql`${sql.identifier(`c${index}`)}`;
