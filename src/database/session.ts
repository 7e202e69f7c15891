import { type SQL, sql } from "drizzle-orm";
import { NodePgDatabase, NodePgSession } from "drizzle-orm/node-postgres";
import { PgDialect } from "drizzle-orm/pg-core";
import type pg from "pg";

export type TextRow = (string | null)[];

/** Values as Postgres' own text, untouched. */
export const asText = { getTypeParser: () => (text: string) => text } as unknown as pg.CustomTypesConfig;

/** What every connection asks of Postgres. */
export const session = {
  TimeZone: "UTC",
  statement_timeout: "5s",
  lock_timeout: "2s",
  idle_in_transaction_session_timeout: "10s",
  // A statement whose client has gone is cancelled.
  client_connection_check_interval: "1s",
};

/** The settings of a session as they are sent when it begins. */
export function optionsOf(settings: Record<string, string>): string {
  return Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(" ");
}

const dialect = new PgDialect({ casing: "snake_case" });

/** What writes on a connection or pool. With one dialect for all, which remembers how columns are called. */
export function writerOn(client: pg.Pool | pg.PoolClient | pg.Client): NodePgDatabase {
  return new NodePgDatabase(dialect, new NodePgSession(client, dialect, undefined), undefined);
}

/** A piece of statements that is the same in all of them, without parameters: written out once, not with each. */
export function fixed(piece: SQL): SQL {
  const { text, values } = textOf(piece);
  if (values.length) throw new Error(`This has parameters, which differ: ${text}`);
  return sql.raw(text);
}

/** A statement as it is sent. */
export function textOf(statement: SQL): { text: string; values: unknown[] } {
  const { sql: text, params: values } = dialect.sqlToQuery(statement);
  return { text, values };
}
