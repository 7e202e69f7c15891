import type { Duplex } from "node:stream";
import type { SQL } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import pg from "pg";
import { AppError, retryable, sqlState } from "../errors.js";
import { type Connection, connectAlone } from "./connection.js";
import type { Ending } from "./ending.js";
import { asText, optionsOf, session, type TextRow, textOf, writerOn } from "./session.js";
import { keepPrepared, StatementNames } from "./statements.js";

export type { Connection } from "./connection.js";
export type { TextRow } from "./session.js";

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
  /** The same for one request: at its ending its reads and transactions are cancelled, and no more begin. */
  until(ending: Ending): Database;
  /** For single statements outside any transaction. */
  readonly writer: Writer;
  readonly pool: pg.Pool;
  /** Opens a connection that shares nothing with requests and soon fails where it could hang; Postgres shows what it is for. */
  connect(purpose: string): Promise<Connection>;
  close(): Promise<void>;
}

/** What is done in a transaction. `now` sends a statement at once, where drizzle does so only when it is waited for. */
export type Work<T> = (writer: Writer, now: (statement: SQL) => Promise<unknown>) => Promise<T>;

/** The name of a statement that is not to be kept. */
const unnamed = "";

/** What a process keeps connections for, and how many at most of each. */
export const connections = { requests: 10, worker: 4, events: 1, leases: 1 };

/** Opens the connections of this process to one database for a purpose. `report` hears of connections that fail while idle. */
export function openDatabase(
  connection: pg.PoolConfig,
  report: (error: Error) => void = () => {},
  purpose: "requests" | "worker" = "requests",
): Database {
  const pool = new pg.Pool({
    max: connections[purpose],
    connectionTimeoutMillis: 5_000,
    query_timeout: 7_000,
    keepAlive: true,
    pipeline: true,
    options: optionsOf(session),
    application_name: `soar-graphql ${purpose}`,
    ...connection,
  });
  // Connections that are being closed may be told of it by a Postgres that stops.
  const failed = (error: Error) => void (pool.ending || report(error));
  pool.on("error", failed);
  const names = new StatementNames();
  pool.on("connect", (client) => {
    client.on("error", failed);
    keepPrepared(client, names);
  });
  return onPool(pool, writerOn(pool), (purpose) => connectAlone(connection, purpose));
}

function onPool(pool: pg.Pool, writer: Writer, connect: Database["connect"], ending?: Ending): Database {
  return {
    pool,
    writer,
    read: async (statement, planned = "once") => {
      const name = planned === "once" ? undefined : unnamed;
      const query = { ...textOf(statement), name, rowMode: "array", types: asText };
      const [client, release] = await take(pool, ending);
      let broken = true;
      try {
        const { rows } = await client.query(query);
        broken = false;
        return rows as TextRow[];
      } catch (error) {
        throw reasonOf(error, ending);
      } finally {
        release(broken);
      }
    },
    transaction: async (work, closing) => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await once(pool, ending, work, closing);
        } catch (error) {
          if (attempt === 3 || !retryable.has(sqlState(error) ?? "")) throw reasonOf(error, ending);
        }
      }
    },
    until: (ending) => onPool(pool, writer, connect, ending),
    connect,
    close: () => pool.end(),
  };
}

/**
 * A connection, and how to give it back. At the ending it is cut, at which Postgres cancels what it is doing; a request to
 * cancel could come late and hit the next statement.
 */
async function take(
  pool: pg.Pool,
  ending: Ending | undefined,
): Promise<[pg.PoolClient, (broken: Error | boolean | undefined) => void]> {
  ending?.assertOpen();
  const client = await pool.connect();
  const over = ending?.begin(() => {
    const { connection, end } = client as unknown as { connection: { stream: Duplex }; end(): Promise<void> };
    end.call(client).catch(() => {});
    connection.stream.destroy();
  });
  const release = (broken: Error | boolean | undefined) => {
    over?.();
    client.release(ending?.reason ?? broken);
  };
  if (ending?.reason) release(true);
  ending?.assertOpen();
  return [client, release];
}

/** What is told of an error: a connection that was cut says less than why. */
function reasonOf(error: unknown, ending: Ending | undefined): unknown {
  return error instanceof AppError ? error : (ending?.reason ?? error);
}

async function once<T>(
  pool: pg.Pool,
  ending: Ending | undefined,
  work: Work<T>,
  closing?: (result: T) => SQL[],
): Promise<T> {
  const [client, release] = await take(pool, ending);
  const now = (statement: SQL) => client.query(textOf(statement));
  let broken: Error | undefined;
  try {
    // Not waited for: it travels with the first statement, which fails if it did.
    client.query("begin").catch(() => {});
    const result = await work(writerOn(client), now);
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
    release(broken);
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
