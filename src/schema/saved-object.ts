import { boolean, index, integer, json, pgTable, text, unique } from "drizzle-orm/pg-core";
import { id, timeOfInsert } from "./columns.js";
import { containers } from "./container.js";
import { playbooks } from "./playbook.js";
import { users } from "./user.js";

/** What playbooks keep from one run to another: one object for each key, container and playbook, also where these are none. */
export const savedObjects = pgTable(
  "saved_objects",
  {
    id: id(),
    key: text().notNull(),
    value: json().$type<Record<string, unknown>>().notNull(),
    containerId: integer().references(() => containers.id, { onDelete: "cascade" }),
    playbookId: integer().references(() => playbooks.id, { onDelete: "cascade" }),
    /** Whether it goes when its container is resolved. */
    autoDelete: boolean().notNull().default(true),
    authorId: integer().references(() => users.id),
    createTime: timeOfInsert(),
    modifiedTime: timeOfInsert(),
  },
  (t) => [
    unique("saved_objects_key").on(t.key, t.containerId, t.playbookId).nullsNotDistinct(),
    index().on(t.containerId, t.id),
    index().on(t.playbookId, t.id),
    index().on(t.authorId, t.id),
  ],
);
