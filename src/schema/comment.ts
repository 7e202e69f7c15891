import { index, integer, pgTable, text } from "drizzle-orm/pg-core";
import { id, timeOfInsert } from "./columns.js";
import { containers } from "./container.js";
import { expose } from "./expose.js";
import { users } from "./user.js";

export const comments = pgTable(
  "comments",
  {
    id: id(),
    containerId: integer()
      .notNull()
      .references(() => containers.id, { onDelete: "cascade" }),
    comment: text().notNull(),
    authorId: integer().references(() => users.id),
    createTime: timeOfInsert(),
  },
  (t) => [index().on(t.containerId, t.id), index().on(t.authorId, t.id), index().on(t.createTime, t.id)],
);

export const Comment = expose(comments, {
  name: "Comment",
  description: "A remark on a container's time line.",
  one: "comment",
  many: "comments",
  orderBy: ["createTime"],
  fields: {
    id: "SOAR's numeric id.",
    comment: "What was said.",
    createTime: "When it was said.",
  },
});
