import { index, integer, pgTable, text } from "drizzle-orm/pg-core";
import { apps, assets } from "./app.js";
import { id, timeOfInsert } from "./columns.js";
import { expose } from "./expose.js";
import { runStatus } from "./playbook.js";

export const appStatuses = pgTable(
  "app_statuses",
  {
    id: id(),
    appId: integer()
      .notNull()
      .references(() => apps.id, { onDelete: "cascade" }),
    assetId: integer()
      .notNull()
      .unique()
      .references(() => assets.id, { onDelete: "cascade" }),
    status: runStatus().notNull(),
    message: text().notNull(),
    createTime: timeOfInsert(),
  },
  (t) => [index().on(t.appId, t.id), index().on(t.createTime, t.id)],
);

export const AppStatus = expose(appStatuses, {
  name: "AppStatus",
  description: "Whether an asset could be reached when it was last tested.",
  one: "appStatus",
  many: "appStatuses",
  area: "assets",
  orderBy: ["createTime"],
  fields: {
    id: "SOAR's numeric id, the same at every test of the asset.",
    status: "`SUCCESS` when it was reached, else `FAILED`.",
    message: "Which asset was tested by which app, and what was found.",
    createTime: "When it was tested.",
  },
});
