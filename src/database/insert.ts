import { type SQL, sql } from "drizzle-orm";
import { toSnakeCase } from "drizzle-orm/casing";
import type { PgTable } from "drizzle-orm/pg-core";

/**
 * Inserts rows, which all have the same keys, as one parameter: to write a statement with a parameter for each value of
 * thousands of rows would keep this process from all else for longer than Postgres takes for them.
 */
export function insertOf<T extends PgTable>(table: T, rows: readonly T["$inferInsert"][]): SQL {
  const keys = Object.keys(rows[0] ?? {});
  const names = keys.map(toSnakeCase);
  const columns = sql.join(
    names.map((name) => sql.identifier(name)),
    sql`, `,
  );
  const records = rows.map((row: Record<string, unknown>) =>
    Object.fromEntries(keys.map((key, index) => [names[index], row[key]])),
  );
  return sql`insert into ${table} (${columns}) select ${columns} from json_populate_recordset(null::${table}, ${JSON.stringify(records)}::json)`;
}
