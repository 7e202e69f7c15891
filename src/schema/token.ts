import { index, integer, pgTable, text } from "drizzle-orm/pg-core";
import { id, time, timeOfInsert } from "./columns.js";
import { expose } from "./expose.js";
import { users } from "./user.js";

/*
 * What stands for a user. Of every secret only the SHA-256 is kept: they are random and long, nothing is gained by a slow hash.
 */

export const tokens = pgTable(
  "tokens",
  {
    id: id(),
    userId: integer()
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    name: text().notNull().default(""),
    hash: text().notNull().unique(),
    createTime: timeOfInsert(),
    expireTime: time(),
    revokeTime: time(),
  },
  (t) => [index().on(t.userId, t.id)],
);

export const Token = expose(tokens, {
  name: "Token",
  description: "A secret by which a script calls as a user. Its value is told once, by `createToken`.",
  one: "token",
  many: "tokens",
  orderBy: ["createTime"],
  fields: {
    id: "Its number, for `revokeToken`.",
    name: "What it is for.",
    createTime: "When it was made.",
    expireTime: "From when on it is not accepted; null: it does not expire.",
    revokeTime: "When it was revoked; null: it was not.",
  },
});

/** Pages that somebody logged in on: each holds a secret in a cookie. One that began with a token ends with it. */
export const sessions = pgTable(
  "sessions",
  {
    id: id(),
    userId: integer()
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    tokenId: integer().references(() => tokens.id, { onDelete: "cascade" }),
    hash: text().notNull().unique(),
    createTime: timeOfInsert(),
    expireTime: time().notNull(),
  },
  (t) => [index().on(t.userId, t.id), index().on(t.tokenId), index().on(t.expireTime)],
);

/** Attempts to log in by password, of an account or from an address, within a window of time. */
export const loginAttempts = pgTable(
  "login_attempts",
  {
    subject: text().primaryKey(),
    attempts: integer().notNull(),
    windowEnd: time().notNull(),
  },
  (t) => [index().on(t.windowEnd)],
);
