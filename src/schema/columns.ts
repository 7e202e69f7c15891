import { type SQL, sql } from "drizzle-orm";
import { type AnyPgColumn, integer, timestamp } from "drizzle-orm/pg-core";

/** SOAR's numeric id; given ones are accepted, for imports. */
export const id = () => integer().primaryKey().generatedByDefaultAsIdentity();

/** An instant as Postgres' text, so that its microseconds survive. */
export const time = () => timestamp({ withTimezone: true, precision: 6, mode: "string" });

export const timeOfInsert = () => time().notNull().default(sql`now()`);

/** An instant inside JSON that Postgres makes, as the API writes it. */
export const instant = (time: SQL | AnyPgColumn): SQL =>
  sql`to_char((${time}) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

/** Raised by one at every change of the row's own fields. */
export const revision = () => integer().notNull().default(1);

export const revisionText = "Raised by one at every change of the object's own fields; for `expectedRevision`.";
