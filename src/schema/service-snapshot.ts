import { bigint, boolean, index, integer, pgTable, text, uniqueIndex } from "drizzle-orm/pg-core";
import { id, timeOfInsert } from "./columns.js";

/** How the processes of the system were at a moment; kept for a day. */
export const serviceSnapshots = pgTable(
  "service_snapshots",
  {
    id: id(),
    name: text().notNull(),
    /** The machine; empty for the database, which is one for all. */
    host: text().notNull(),
    pid: integer().notNull(),
    /** Which half minute it was: each process has one snapshot in it, whoever writes it. */
    period: integer().notNull(),
    numInstances: integer().notNull().default(1),
    rsKb: bigint({ mode: "number" }),
    vmKb: bigint({ mode: "number" }),
    utime: bigint({ mode: "number" }),
    stime: bigint({ mode: "number" }),
    stopped: boolean().notNull().default(false),
    time: timeOfInsert(),
  },
  (t) => [uniqueIndex("service_snapshots_one").on(t.name, t.host, t.pid, t.period), index().on(t.time)],
);
