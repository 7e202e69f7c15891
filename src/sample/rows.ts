import { sql } from "drizzle-orm";
import { getTableConfig, type PgTable } from "drizzle-orm/pg-core";
import type { Writer } from "../database/pools.js";

type Inserted<Table extends PgTable> = Table["$inferInsert"];

/** Rows about to be inserted, gathered table by table so that thousands need few statements. */
export class Rows {
  readonly #tables = new Map<PgTable, object[]>();

  /** Keeps a row for its table. */
  add<Table extends PgTable>(table: Table, row: Inserted<Table>): void {
    const rows = this.#tables.get(table) ?? [];
    this.#tables.set(table, rows);
    rows.push(row);
  }

  /** Keeps a row under the next free number of its table, or the given one, and gives the number. */
  number<Table extends PgTable>(table: Table, row: Omit<Inserted<Table>, "id"> & { id?: number }, from = 1): number {
    const rows = this.#tables.get(table) ?? [];
    const id = row.id ?? this.#next(rows as { id: number }[], from);
    this.add(table, { ...row, id } as Inserted<Table>);
    return id;
  }

  /** Changes a row that is kept already. */
  change<Table extends PgTable>(table: Table, id: number, values: Partial<Inserted<Table>>): void {
    const row = this.#tables.get(table)?.find((one) => (one as { id?: number }).id === id);
    if (row) Object.assign(row, values);
  }

  #next(rows: { id: number }[], from: number): number {
    const last = rows.findLast(({ id }) => id >= from)?.id ?? from - 1;
    const taken = new Set(rows.map(({ id }) => id));
    for (let id = last + 1; ; id++) if (!taken.has(id)) return id;
  }

  /** Inserts everything and lets the numbering of each table go on after it. */
  async insert(writer: Writer, order: readonly PgTable[]): Promise<void> {
    for (const table of order) {
      const rows = this.#tables.get(table) ?? [];
      for (let start = 0; start < rows.length; start += 1000)
        await writer.insert(table).values(rows.slice(start, start + 1000));
      if (rows.length && "id" in table) await continueNumbering(writer, getTableConfig(table).name);
    }
  }
}

async function continueNumbering(writer: Writer, table: string): Promise<void> {
  await writer.execute(
    sql`select setval(pg_get_serial_sequence(${table}, 'id'), (select max(id) from ${sql.identifier(table)}))`,
  );
}
