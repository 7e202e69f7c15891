import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { is } from "drizzle-orm";
import { toSnakeCase } from "drizzle-orm/casing";
import { getTableConfig, PgArray, type PgColumn, PgJson, type PgTable } from "drizzle-orm/pg-core";
import pg from "pg";
import { from } from "pg-copy-streams";
import { connect } from "./client.js";
import type { Writer } from "./pools.js";
import { optionsOf, writerOn } from "./session.js";

/** A connection for loading much data: without time limits, with memory to build indexes. */
export interface Loader {
  readonly writer: Writer;
  /** Streams rows into a table and gives their number; every row has the properties of the first. */
  copy<Table extends PgTable>(table: Table, rows: Iterable<Table["$inferInsert"]>): Promise<number>;
  /** All of `work` or, after an error, nothing of it. */
  transaction<T>(work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const session = {
  TimeZone: "UTC",
  statement_timeout: "0",
  lock_timeout: "0",
  idle_in_transaction_session_timeout: "0",
  work_mem: "128MB",
  maintenance_work_mem: "256MB",
  // Entries of GIN indexes are gathered up to this size and sorted in together.
  gin_pending_list_limit: "64MB",
};

/** Opens a connection for loading. */
export async function openLoader(connection: pg.ClientConfig): Promise<Loader> {
  const client = await connect({ ...connection, options: optionsOf(session) });
  return {
    writer: writerOn(client),
    copy: (table, rows) => copy(client, table, rows),
    transaction: async (work) => {
      await client.query("begin");
      try {
        const result = await work();
        await client.query("commit");
        return result;
      } catch (error) {
        await client.query("rollback").catch(() => {});
        throw error;
      }
    },
    close: () => client.end(),
  };
}

type Row = Record<string, unknown>;

async function copy(client: pg.Client, table: PgTable, rows: Iterable<Row>): Promise<number> {
  const iterator = rows[Symbol.iterator]();
  const first = iterator.next();
  if (first.done) return 0;
  const columns = Object.entries(table)
    .filter(([property]) => property in first.value)
    .map(([property, column]) => ({ property, column: column as PgColumn }));
  const names = columns.map(({ property }) => pg.escapeIdentifier(toSnakeCase(property)));
  const encoders = columns.map(({ property, column }) => ({ property, encode: encoderOf(column) }));
  const into = client.query(
    from(`copy ${pg.escapeIdentifier(getTableConfig(table).name)} (${names.join(", ")}) from stdin`),
  );
  await pipeline(Readable.from(blocks(encoders, first.value, iterator), { objectMode: false }), into);
  return into.rowCount;
}

type Encoder = { property: string; encode: (value: unknown) => string };

/** Characters that are sent together. */
const blockSize = 64 * 1024;

function* blocks(encoders: readonly Encoder[], first: Row, rest: Iterator<Row>): Iterable<Buffer> {
  let block = "";
  for (let next: IteratorResult<Row> = { value: first }; !next.done; next = rest.next()) {
    for (const [index, { property, encode }] of encoders.entries()) {
      const value = next.value[property];
      block += (index ? "\t" : "") + (value === null || value === undefined ? "\\N" : encode(value));
    }
    block += "\n";
    if (block.length < blockSize) continue;
    yield Buffer.from(block);
    block = "";
  }
  if (block) yield Buffer.from(block);
}

function encoderOf(column: PgColumn): Encoder["encode"] {
  if (is(column, PgArray)) return (value) => escaped(`{${(value as unknown[]).map(element).join(",")}}`);
  if (is(column, PgJson)) return (value) => escaped(JSON.stringify(value));
  return (value) => (typeof value === "string" ? escaped(value) : String(value));
}

const element = (value: unknown) =>
  typeof value === "number" ? String(value) : `"${String(value).replace(/["\\]/g, "\\$&")}"`;

const letters: Record<string, string> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };

const escaped = (text: string) =>
  /[\\\t\n\r]/.test(text) ? text.replace(/[\\\t\n\r]/g, (character) => letters[character]!) : text;
