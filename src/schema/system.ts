import { sql } from "drizzle-orm";
import { bigint, boolean, check, index, integer, json, pgTable, primaryKey, text } from "drizzle-orm/pg-core";
import { timeOfInsert } from "./columns.js";
import { users } from "./user.js";

/*
 * Tables of the gateway itself. They have no foreign keys into the model where they must outlive what they tell of.
 */

/** What administrators change at run time; one row. */
export const systemSettings = pgTable(
  "system_settings",
  {
    id: integer().primaryKey().default(1),
    /** Characters a pin's message or data may have. */
    pinLengthLimit: integer().notNull().default(1024),
    multiTenancy: boolean().notNull().default(false),
    /** Minutes until a new container is due, by severity name. */
    slaMinutes: json().$type<Record<string, number>>().notNull().default({ high: 60, medium: 720, low: 1440 }),
  },
  (t) => [check("system_settings_one_row", sql`${t.id} = 1`)],
);

/** What requests with an idempotency key did, for a day: the outcome of each of their mutations by its response name. */
export const idempotencyKeys = pgTable(
  "idempotency_keys",
  {
    userId: integer()
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    key: text().notNull(),
    fingerprint: text().notNull(),
    outcomes: json().$type<Record<string, unknown>>().notNull().default({}),
    createTime: timeOfInsert(),
  },
  (t) => [primaryKey({ columns: [t.userId, t.key] }), index().on(t.createTime)],
);

/** What happened, in the order of the writers; the event log takes it from here and deletes it. */
export const outbox = pgTable("outbox", {
  id: bigint({ mode: "number" }).primaryKey().generatedAlwaysAsIdentity(),
  time: timeOfInsert(),
  topic: text().notNull(),
  kind: text().notNull(),
  containerId: integer(),
  nodeType: text().notNull(),
  nodeId: integer().notNull(),
});
