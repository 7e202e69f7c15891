import { and, is, or, SQL, sql } from "drizzle-orm";
import type { PgColumn, PgTable } from "drizzle-orm/pg-core";
import { refuse } from "../errors.js";
import type { Work } from "../operation.js";
import { artifacts } from "../schema/artifact.js";
import { containers } from "../schema/container.js";
import { columnOf } from "../schema/expose.js";
import { notes } from "../schema/note.js";
import { int, optional } from "../schema/operations.js";
import { tasks } from "../schema/workbook.js";
import { anyOf } from "./names.js";

type Revised = PgTable & { id: PgColumn; revision: PgColumn };

/** The column that tells when a row's own fields last changed. */
const clocks = new Map<PgTable, string>([
  [containers, "containerUpdateTime"],
  [artifacts, "updateTime"],
  [notes, "modifiedTime"],
  [tasks, "modifiedTime"],
]);

/**
 * Sets fields of rows whose containers are locked, leaving out what is undefined. Where a value differs the revision is
 * raised and the time of change set; gives the ids of these rows.
 */
export async function change(
  { writer }: Work<unknown>,
  table: Revised,
  ids: readonly number[],
  fields: Record<string, unknown>,
): Promise<number[]> {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  if (given.length === 0) return [];
  const changed = await writer
    .update(table as PgTable)
    .set({
      ...Object.fromEntries(given),
      revision: sql`${table.revision} + 1`,
      // Not now(): whoever waited for the lock began before the change it waited for.
      [clocks.get(table)!]: sql`clock_timestamp()`,
    })
    .where(and(anyOf(table.id, ids), or(...given.map(([name, value]) => differs(columnOf(table, name), value)))))
    .returning({ id: table.id });
  return changed.map(({ id }) => id as number);
}

/** Sets fields of locked containers and tells those who follow; gives the ids of those that changed. */
export async function changeContainers(
  work: Work<unknown>,
  ids: readonly number[],
  fields: Record<string, unknown>,
): Promise<number[]> {
  const changed = await change(work, containers, ids, fields);
  for (const id of changed) work.emit("CONTAINER_CHANGED", id, "Container", id);
  return changed;
}

function differs(column: PgColumn, value: unknown): SQL {
  const wanted = is(value, SQL) ? value : sql`${sql.param(value, column)}`;
  // As text, for JSON is answered as it was written: another order of keys is a difference.
  if (column.getSQLType() === "json") return sql`${column}::text is distinct from ${wanted}::text`;
  return sql`${column} is distinct from ${wanted}`;
}

export const expectedRevision = optional(
  int,
  "The revision the change is meant for; at any other it is refused as REVISION_CONFLICT.",
);

/** Refuses a change that was meant for another revision of a locked object. */
export function checkRevision(what: string, revision: number, expected: number | null | undefined): void {
  if (expected === null || expected === undefined || expected === revision) return;
  refuse(
    "REVISION_CONFLICT",
    `${what} is at revision ${revision}, not ${expected}: it was changed meanwhile. Read it again.`,
    "expectedRevision",
  );
}

/** The value of a field that has to have one: absent leaves it as it is, null is refused. */
export function kept<T>(field: string, value: T | null | undefined): T | undefined {
  if (value === null) return refuse("INVALID_VALUE", `${field} cannot be cleared; leave it out to keep it.`, field);
  return value;
}
