import { bigint, index, integer, json, pgTable, text } from "drizzle-orm/pg-core";
import { timeOfInsert } from "./columns.js";
import { expose } from "./expose.js";

/**
 * One row for every mutation that was asked for, done or refused; a trigger forbids changing or deleting one. What it
 * points at may be gone: its foreign keys are not enforced.
 */
export const auditEntries = pgTable(
  "audit_entries",
  {
    id: bigint({ mode: "number" }).primaryKey().generatedAlwaysAsIdentity(),
    time: timeOfInsert(),
    userId: integer(),
    containerId: integer(),
    operation: text().notNull(),
    outcome: text({ enum: ["done", "refused", "failed"] }).notNull(),
    code: text(),
    message: text().notNull(),
    ids: json().$type<Record<string, number>>().notNull(),
    requestId: text().notNull(),
    address: text(),
    idempotencyKey: text(),
  },
  (t) => [
    index().on(t.time, t.id),
    index().on(t.containerId, t.id),
    index().on(t.userId, t.id),
    index().on(t.operation, t.id),
  ],
);

export const AuditEntry = expose(auditEntries, {
  name: "AuditEntry",
  description: "A change that somebody asked for, done or not. Entries are never changed or deleted.",
  one: "auditEntry",
  many: "auditEntries",
  area: "settings",
  orderBy: ["time"],
  fields: {
    id: "Number of the entry.",
    time: "When it was asked for.",
    operation: "What was asked for: the name of the mutation.",
    outcome: "`done`, `refused` or `failed`.",
    code: "Why it was not done; null: it was.",
    message: "What the caller was told.",
    ids: "The ids of what it made or changed.",
    requestId: "The request it came with, as errors and the log name it.",
    address: "Where the request came from.",
    idempotencyKey: "The key it came with; null: none.",
  },
});
