import { and, asc, eq, getTableColumns, getTableName, type SQL, sql } from "drizzle-orm";
import { alias, type PgColumn, type PgTable } from "drizzle-orm/pg-core";
import type { Work } from "../../operation.js";
import { caseItems } from "../../schema/case-item.js";
import { byTable } from "../../schema/expose.js";

/** A merge under way: both containers are locked. */
export interface Merge {
  work: Work<unknown>;
  /** The id of the case. */
  into: number;
  /** The id of the container that what is merged belongs to, or is. */
  from: number;
  /** The case item of what was asked for. */
  itemId: number;
  counts: Record<string, Count>;
}

export interface Count {
  copied: number;
  alreadyInCase: number;
  unfinished: number;
}

type Copied = PgTable & { id: PgColumn; containerId: PgColumn };

interface Choice<Table extends Copied> {
  /** Which rows. */
  rows(row: Table): SQL;
  /** Which of them can be copied; left out: all. */
  finished?(row: Table): SQL;
  /** What is not as it was. */
  changes(row: Table): Partial<Record<keyof Table["$inferInsert"], SQL>>;
}

/**
 * Copies rows of one type, however many, in two statements: a case item for each that is not in the case already, which
 * also gives the copy its number, and then the copies.
 */
export async function copyRows<Table extends Copied>(
  merge: Merge,
  table: Table,
  choice: Choice<NoInfer<Table>>,
): Promise<void> {
  const type = typeOf(table);
  const count = await claimRows(merge, table, choice);
  merge.counts[type] = count;
  if (count.copied) await copyClaimed(merge, table, choice.changes);
  const left = `${count.alreadyInCase} already there, ${count.unfinished} not finished`;
  merge.work.trace(`${type}: ${count.copied} copied, ${left}`);
}

async function claimRows<Table extends Copied>(
  { work, into, itemId }: Merge,
  table: Table,
  { rows, finished }: Choice<Table>,
): Promise<Count> {
  const row = alias(table, "t") as Table;
  const { rows: found } = await work.writer.execute<{ chosen: number; unfinished: number; copied: number }>(sql`
    with chosen as (select ${row.id} as id, ${finished?.(row) ?? sql`true`} as finished from ${table} t where ${rows(row)}),
    claimed as (
      insert into ${caseItems} (container_id, source_type, source_id, copy_id, author_id, merged_with_id)
      select ${into}::int, ${typeOf(table)}, id, ${nextId(table)}, ${author(work)}::int, ${itemId}::int from chosen where finished order by id
      on conflict (container_id, source_type, source_id, ioc_field) do update set ${anew}, merged_with_id = excluded.merged_with_id where ${isGone(table)}
      returning 1)
    select count(*)::int as chosen, (count(*) filter (where not finished))::int as unfinished,
      (select count(*)::int from claimed) as copied from chosen`);
  const { chosen, unfinished, copied } = found[0]!;
  return { copied, unfinished, alreadyInCase: chosen - unfinished - copied };
}

/** Makes the copies of what this merge has case items for. */
export async function copyClaimed<Table extends Copied>(
  { work: { writer }, into, itemId }: Merge,
  table: Table,
  changes: Choice<NoInfer<Table>>["changes"],
): Promise<void> {
  const row = alias(table, "t") as Table;
  const values = {
    ...getTableColumns(row as PgTable),
    id: caseItems.copyId,
    containerId: sql`${into}::int`,
    ...changes(row),
  };
  const copies = writer
    .select(values as Record<string, PgColumn | SQL>)
    .from(caseItems)
    .innerJoin(row as PgTable, eq(row.id, caseItems.sourceId))
    .where(and(eq(caseItems.mergedWithId, itemId), eq(caseItems.sourceType, typeOf(table))))
    .orderBy(asc(caseItems.copyId));
  await writer.insert(table as PgTable).select(copies as never);
}

/**
 * The case item of what is to be merged, made unless there is one: undefined then. One whose copy was deleted since
 * counts no more. `table` is what it is copied into; a container is copied by its parts.
 */
export async function claimItem(
  work: Work<unknown>,
  into: number,
  { type, id, iocField, table }: { type: string; id: number; iocField?: string; table?: Copied },
): Promise<number | undefined> {
  const { rows } = await work.writer.execute<{ id: number }>(sql`
    insert into ${caseItems} (id, container_id, source_type, source_id, ioc_field, copy_id, author_id, merged_with_id)
    select item.id, ${into}::int, ${type}, ${id}::int, ${iocField ?? null}, ${table ? nextId(table) : sql`null`}, ${author(work)}::int, item.id
    from (select ${nextId(caseItems)} as id) item
    on conflict (container_id, source_type, source_id, ioc_field)
      do update set ${anew}, merged_with_id = ${caseItems.id} where ${table ? isGone(table) : sql`false`}
    returning id`);
  return rows[0]?.id;
}

/** The copy, in the case, of what a column points at; null: it has none there. */
export function copyOf({ into }: Merge, table: Copied, column: PgColumn): SQL {
  return sql`(select copy.id from ${caseItems} item join ${table} copy on copy.id = item.copy_id
    where item.container_id = ${into} and item.source_type = ${typeOf(table)} and item.source_id = ${column} and item.ioc_field is null)`;
}

/** The ids of what this merge copied of a type. */
export function sourcesOf({ itemId }: Merge, table: Copied): SQL {
  return sql`(select item.source_id from ${caseItems} item where item.merged_with_id = ${itemId} and item.source_type = ${typeOf(table)})`;
}

const anew = sql`copy_id = excluded.copy_id, author_id = excluded.author_id, create_time = now()`;
const isGone = (table: Copied) => sql`not exists (select from ${table} copy where copy.id = ${caseItems.copyId})`;

export const typeOf = (table: PgTable) => byTable.get(table)!.name;

export const nextId = (table: PgTable) => sql`nextval(pg_get_serial_sequence(${getTableName(table)}, 'id'))::int`;

const author = ({ context: { caller } }: Work<unknown>) => (caller.type === "automation" ? null : caller.id);
