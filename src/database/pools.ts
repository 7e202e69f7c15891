import { createHash } from "node:crypto";
import type { SQL } from "drizzle-orm";
import { drizzle, type NodePgDatabase } from "drizzle-orm/node-postgres";
import { PgDialect } from "drizzle-orm/pg-core";
import pg from "pg";
import { AppError, retryable, sqlState } from "../errors.js";

/** One transaction, or a connection of its own: where writes are made. */
export type Writer = NodePgDatabase;

export interface Database {
  /**
   * Runs one statement and gives its rows as Postgres' own text, untouched. Kept prepared, it is soon planned for any
   * values alike; `planned: "for its values"` has it planned each time.
   */
  read(statement: SQL, planned?: "once" | "for its values"): Promise<TextRow[]>;
  /**
   * Runs `work` in a transaction; after a deadlock or serialisation failure it runs again, three times at most. The
   * statements that `closing` makes of the result are the last ones, and travel together with the commit.
   */
  transaction<T>(work: Work<T>, closing?: (result: T) => SQL[]): Promise<T>;
  /** For single statements outside any transaction. */
  readonly writer: Writer;
  readonly pool: pg.Pool;
  /** Opens a connection that shares nothing with requests and soon fails where it could hang; Postgres shows what it is for. */
  connect(purpose: string): Promise<Connection>;
  close(): Promise<void>;
}

/** A connection of its own, to listen and to read by. */
export interface Connection {
  read(statement: SQL): Promise<TextRow[]>;
  /** Calls `heard` at every notification on a channel, and when the connection is lost. */
  listen(channel: string, heard: () => void): Promise<void>;
  close(): void;
}

/** What is done in a transaction. `now` sends a statement at once, where drizzle does so only when it is waited for. */
export type Work<T> = (writer: Writer, now: (statement: SQL) => Promise<unknown>) => Promise<T>;

export type TextRow = (string | null)[];

/** The name of a statement that is not to be kept. */
const unnamed = "";

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
    pipeline: true,
    options,
    application_name: "soar-graphql",
    ...connection,
  });
  pool.on("error", report);
  const names = new StatementNames();
  pool.on("connect", (client) => {
    client.on("error", report);
    prepareAll(client, names);
  });
  return {
    pool,
    writer: drizzle(pool, { casing }),
    read: async (statement, planned = "once") => {
      const { sql: text, params } = dialect.sqlToQuery(statement);
      const name = planned === "once" ? undefined : unnamed;
      const query = { text, name, values: params, rowMode: "array", types: asText };
      return (await pool.query(query)).rows as TextRow[];
    },
    transaction: async (work, closing) => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await once(pool, work, closing);
        } catch (error) {
          if (attempt === 3 || !retryable.has(sqlState(error) ?? "")) throw error;
        }
      }
    },
    connect: (purpose) => connectAlone(connection, purpose),
    close: () => pool.end(),
  };
}

async function connectAlone(connection: pg.PoolConfig, purpose: string): Promise<Connection> {
  const client = new pg.Client({
    connectionTimeoutMillis: 2_000,
    query_timeout: 2_000,
    keepAlive: true,
    options,
    application_name: `soar-graphql ${purpose}`,
    ...connection,
  });
  // What waits for an answer learns of a lost connection by itself; unheard, the event would end the process.
  client.on("error", () => {});
  try {
    await client.connect();
  } catch (error) {
    client.end().catch(() => {});
    throw error;
  }
  return {
    read: async (statement) => {
      const { sql: text, params: values } = dialect.sqlToQuery(statement);
      const query: pg.QueryArrayConfig = { text, values, rowMode: "array", types: asText };
      return (await client.query(query)).rows;
    },
    listen: async (channel, heard) => {
      client.on("notification", heard);
      client.on("end", heard);
      await client.query(`listen ${client.escapeIdentifier(channel)}`);
    },
    close: () => {
      client.end().catch(() => {});
    },
  };
}

async function once<T>(pool: pg.Pool, work: Work<T>, closing?: (result: T) => SQL[]): Promise<T> {
  const client = await pool.connect();
  const now = (statement: SQL) => {
    const { sql: text, params: values } = dialect.sqlToQuery(statement);
    return client.query({ text, values });
  };
  let broken: Error | undefined;
  try {
    // Not waited for: it travels with the first statement, which fails if it did.
    client.query("begin").catch(() => {});
    const result = await work(drizzle(client, { casing }), now);
    const ends = [...(closing?.(result) ?? []).map(now), client.query("commit")];
    const failures = (await Promise.allSettled(ends)).flatMap((end) => (end.status === "rejected" ? [end.reason] : []));
    if (failures.length) throw failures.find(isAnswer) ?? outcomeUnknown();
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

/** Whether Postgres judged the statement, rather than the connection to it being lost. */
function isAnswer(error: unknown): boolean {
  const state = sqlState(error);
  return state !== undefined && !/^(08|57P)/.test(state);
}

/** A connection lost at the commit may have lost only the answer: neither "done" nor "not done" would be true. */
function outcomeUnknown(): AppError {
  return new AppError(
    "OUTCOME_UNKNOWN",
    "The connection was lost while the change was being committed; retry with the same Idempotency-Key to learn what became of it.",
  );
}

/** Lets a connection keep every statement with parameters prepared, whichever library sends it. */
function prepareAll(client: pg.PoolClient, names: StatementNames): void {
  const send = (...words: unknown[]) => Reflect.apply(pg.Client.prototype.query, client, words);
  client.query = ((first: unknown, ...rest: unknown[]) => {
    const query = first as pg.QueryConfig;
    return typeof query === "object" && typeof query.text === "string"
      ? send({ ...query, name: query.name ?? names.of(query.text) }, ...rest)
      : send(first, ...rest);
  }) as typeof client.query;
}

/**
 * Names under which connections keep statements prepared. A connection keeps them for as long as it lives, so long ones
 * and those of ad-hoc shape beyond the first thousand go unnamed.
 */
class StatementNames {
  readonly #names = new Map<string, string>();

  of(text: string): string | undefined {
    const known = this.#names.get(text);
    if (known || text.length > 20_000 || this.#names.size >= 1000) return known;
    const name = createHash("md5").update(text).digest("base64url");
    this.#names.set(text, name);
    return name;
  }
}
