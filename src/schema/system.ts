import { sql } from "drizzle-orm";
import { bigint, boolean, check, index, integer, json, pgTable, primaryKey, text } from "drizzle-orm/pg-core";
import { timeOfInsert } from "./columns.js";
import { expose } from "./expose.js";
import { users } from "./user.js";

/*
 * Tables of the gateway itself. They have no foreign keys into the model where they must outlive what they tell of.
 */

/** What administrators change at run time; one row. */
export const systemSettings = pgTable(
  "system_settings",
  {
    id: integer().primaryKey().default(1),
    /** Tells this database from others that share a DATA_DIR. */
    installation: text().notNull().default(sql`gen_random_uuid()`),
    baseUrl: text().notNull().default(""),
    timeZone: text().notNull().default("UTC"),
    license: json().$type<Record<string, unknown>>().notNull().default({}),
    slaMinutes: json().$type<Record<string, number>>().notNull().default({ high: 60, medium: 720, low: 1440 }),
    roi: json()
      .$type<Record<string, unknown>>()
      .notNull()
      .default({ analyst_hourly_cost: 60, minutes_per_action: 10, minutes_per_playbook: 30 }),
    pinLengthLimit: integer().notNull().default(1024),
    multiTenancy: boolean().notNull().default(false),
    retentionDays: integer().notNull().default(0),
    eventDays: integer().notNull().default(7),
    rowLimit: integer().notNull().default(10_000),
    nameLengthLimit: integer().notNull().default(20),
    activeNamesLimit: integer().notNull().default(10),
    fileMegabytes: integer().notNull().default(1024),
    connectivityMinutes: integer().notNull().default(0),
  },
  (t) => [check("system_settings_one_row", sql`${t.id} = 1`)],
);

export const SystemSettings = expose(systemSettings, {
  name: "SystemSettings",
  description: "What administrators change while the system runs.",
  fields: {
    baseUrl: "The address people reach the system by; empty: not set.",
    timeZone: "The system's time zone, by its IANA name.",
    license: "The licence as the REST API tells it; 0 means unlimited.",
    slaMinutes: "Minutes until a new container is due, by severity name.",
    roi: "What automation saves: minutes and cost of an analyst's work.",
    pinLengthLimit: "Characters a pin's message or data may have.",
    multiTenancy: "Whether a new container has to name its tenant.",
    retentionDays: "Days that closed containers are kept; 0: forever.",
    eventDays: "Days that events can be read after they happened.",
    rowLimit: "Rows that an unlimited `collect` answers at most.",
    nameLengthLimit: "Characters a severity's or status's name may have.",
    activeNamesLimit: "How many severities, and statuses, may be active at once.",
    fileMegabytes: "Megabytes (of 1,048,576 bytes) a file in the vault may have.",
    connectivityMinutes: "Minutes from one test of an asset's connectivity to the next; 0: only when somebody asks.",
  },
});

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

/**
 * What happened, in the order of the writers; `stamp()` moves it into the event log, whose tables are partitioned and so
 * made by a migration of their own.
 */
export const outbox = pgTable(
  "outbox",
  {
    id: bigint({ mode: "number" }).primaryKey().generatedAlwaysAsIdentity(),
    time: timeOfInsert(),
    topic: text().notNull(),
    kind: text().notNull(),
    /** Whose events are counted; null: the container's. */
    objectId: integer(),
    containerId: integer(),
    /** Of a run, as of the event. */
    status: text(),
    nodeType: text().notNull(),
    nodeId: integer().notNull(),
  },
  (t) => [check("outbox_counted", sql`coalesce(${t.objectId}, ${t.containerId}) is not null`)],
);
