import { createHash } from "node:crypto";
import type { SQL } from "drizzle-orm";
import { drizzle, type NodePgDatabase } from "drizzle-orm/node-postgres";
import { PgDialect } from "drizzle-orm/pg-core";
import pg from "pg";
import { AppError, retryable, sqlState } from "../errors.js";

/** One transaction, or a connection of its own: where writes are made. */
export type Writer = NodePgDatabase;

export interface Database {
  /** Runs one statement and gives its rows as Postgres' own text, untouched. */
  read(statement: SQL): Promise<TextRow[]>;
  /** Runs `work` in a transaction; after a deadlock or serialisation failure it runs again, three times at most. */
  transaction<T>(work: (writer: Writer) => Promise<T>): Promise<T>;
  /** For single statements outside any transaction. */
  readonly writer: Writer;
  readonly pool: pg.Pool;
  close(): Promise<void>;
}

export type TextRow = (string | null)[];

const casing = "snake_case";
const dialect = new PgDialect({ casing });
const asText = { getTypeParser: () => (text: string) => text } as unknown as pg.CustomTypesConfig;

const session = {
  TimeZone: "UTC",
  statement_timeout: "5s",
  lock_timeout: "2s",
  idle_in_transaction_session_timeout: "10s",
};
const options = Object.entries(session)
  .map(([name, value]) => `-c ${name}=${value}`)
  .join(" ");

/** Opens the connections of this process to one database. `report` hears of connections that fail while idle. */
export function openDatabase(connection: pg.PoolConfig, report: (error: Error) => void = () => {}): Database {
  const pool = new pg.Pool({
    max: 10,
    connectionTimeoutMillis: 5_000,
    query_timeout: 7_000,
    keepAlive: true,
    options,
    application_name: "soar-graphql",
    ...connection,
  });
  pool.on("error", report);
  pool.on("connect", (client) => client.on("error", report));
  const names = new StatementNames();
  return {
    pool,
    writer: drizzle(pool, { casing }),
    read: async (statement) => {
      const { sql: text, params } = dialect.sqlToQuery(statement);
      const query = { text, name: names.of(text), values: params, rowMode: "array", types: asText };
      return (await pool.query(query)).rows as TextRow[];
    },
    transaction: async (work) => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await once(pool, work);
        } catch (error) {
          if (attempt === 3 || !retryable.has(sqlState(error) ?? "")) throw error;
        }
      }
    },
    close: () => pool.end(),
  };
}

async function once<T>(pool: pg.Pool, work: (writer: Writer) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query("begin");
    const result = await work(drizzle(client, { casing }));
    await commit(client);
    return result;
  } catch (error) {
    await client.query("rollback").catch((failure: Error) => {
      broken = failure;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}

/** A connection lost here may have lost only the answer: neither "done" nor "not done" would be true. */
async function commit(client: pg.PoolClient): Promise<void> {
  try {
    await client.query("commit");
  } catch (error) {
    if (sqlState(error)) throw error;
    throw new AppError(
      "OUTCOME_UNKNOWN",
      "The connection was lost while the change was being committed; retry with the same Idempotency-Key to learn what became of it.",
    );
  }
}

/**
 * Names under which connections keep statements prepared. A connection keeps them for as long as it lives, so statements
 * of ad-hoc shape beyond the first thousand go unnamed.
 */
class StatementNames {
  readonly #names = new Map<string, string>();

  of(text: string): string | undefined {
    const known = this.#names.get(text);
    if (known || this.#names.size >= 1000) return known;
    const name = createHash("md5").update(text).digest("base64url");
    this.#names.set(text, name);
    return name;
  }
}
