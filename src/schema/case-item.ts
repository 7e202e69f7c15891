import { type AnyPgColumn, index, integer, pgTable, text, unique } from "drizzle-orm/pg-core";
import { id, timeOfInsert } from "./columns.js";
import { containers } from "./container.js";
import { expose, nodeField } from "./expose.js";
import { users } from "./user.js";

/** What was merged into a case: one row for every copied thing; the same thing is copied into a case once. */
export const caseItems = pgTable(
  "case_items",
  {
    id: id(),
    /** The case. */
    containerId: integer()
      .notNull()
      .references(() => containers.id, { onDelete: "cascade" }),
    sourceType: text().notNull(),
    sourceId: integer().notNull(),
    iocField: text(),
    copyId: integer(),
    /** The item that was asked for, with which this one came: the container or the run it is part of, or itself. */
    mergedWithId: integer().references((): AnyPgColumn => caseItems.id, { onDelete: "cascade" }),
    authorId: integer().references(() => users.id),
    createTime: timeOfInsert(),
  },
  (t) => [
    unique("case_items_source").on(t.containerId, t.sourceType, t.sourceId, t.iocField).nullsNotDistinct(),
    index().on(t.containerId, t.id),
    index().on(t.sourceType, t.sourceId),
    index().on(t.mergedWithId, t.id),
    index().on(t.authorId, t.id),
  ],
);

export const CaseItem = expose(caseItems, {
  name: "CaseItem",
  description: "Something that was merged into a case: what it was copied from, and the copy.",
  orderBy: ["createTime"],
  fields: {
    id: "SOAR's numeric id.",
    sourceType: "The type of what was copied, such as `Artifact`.",
    sourceId: "The id of what was copied.",
    source: nodeField("sourceType", "sourceId", "What was copied; null when it is gone or the caller may not see it."),
    copy: nodeField(
      "sourceType",
      "copyId",
      "The copy in the case; null for a container, which is copied by its parts.",
    ),
    iocField: "The CEF key that was copied alone; null: the whole artifact.",
    createTime: "When it was merged.",
  },
});
