import { index, integer, pgTable, primaryKey, text } from "drizzle-orm/pg-core";
import { time } from "./columns.js";
import { containers } from "./container.js";

/**
 * How many artifacts of the same name a container has. Triggers on artifacts keep it, in the transaction that adds,
 * renames or deletes them. `first` and `last` enclose when they were added, more widely than need be once one of them is
 * deleted: rows in a span of time are those that have it inside, and those across its ends have to be counted anew.
 */
export const artifactCounts = pgTable(
  "artifact_counts",
  {
    containerId: integer()
      .notNull()
      .references(() => containers.id, { onDelete: "cascade" }),
    name: text().notNull(),
    count: integer().notNull(),
    first: time().notNull(),
    last: time().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.containerId, t.name] }),
    // Rows lie about in the order of time, and unlike in a tree nothing is written here when `last` moves on.
    index("artifact_counts_span").using("brin", t.first, t.last).with({ pages_per_range: 16, autosummarize: true }),
  ],
);
