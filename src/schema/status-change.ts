import { index, integer, pgTable, text } from "drizzle-orm/pg-core";
import { id, timeOfInsert } from "./columns.js";
import { containers } from "./container.js";
import { expose, named } from "./expose.js";
import { playbookRuns } from "./playbook.js";
import { statuses } from "./status.js";
import { users } from "./user.js";

export const statusChanges = pgTable(
  "status_changes",
  {
    id: id(),
    containerId: integer()
      .notNull()
      .references(() => containers.id, { onDelete: "cascade" }),
    fromStatus: text()
      .notNull()
      .references(() => statuses.name),
    status: text()
      .notNull()
      .references(() => statuses.name),
    time: timeOfInsert(),
    userId: integer().references(() => users.id),
    playbookRunId: integer().references(() => playbookRuns.id, { onDelete: "set null" }),
  },
  (t) => [
    index().on(t.containerId, t.id),
    index().on(t.userId, t.id),
    index().on(t.playbookRunId, t.id),
    index().on(t.time, t.id),
  ],
);

export const StatusChange = expose(statusChanges, {
  name: "StatusChange",
  description: "A step of a container from one status to another.",
  orderBy: ["time"],
  fields: {
    id: "SOAR's numeric id.",
    fromStatus: named("Name of the status it left."),
    status: named("Name of the status it entered."),
    time: "When it was.",
  },
});
