import { integer, pgTable, text, uniqueIndex } from "drizzle-orm/pg-core";
import { apps, assets } from "./app.js";
import { id, timeOfInsert } from "./columns.js";
import { expose } from "./expose.js";

export const appStatuses = pgTable(
  "app_statuses",
  {
    id: id(),
    assetId: integer()
      .notNull()
      .references(() => assets.id, { onDelete: "cascade" }),
    appId: integer().references(() => apps.id),
    status: text({ enum: ["success", "failed"] }).notNull(),
    message: text().notNull().default(""),
    createTime: timeOfInsert(),
  },
  (t) => [uniqueIndex("app_statuses_asset").on(t.assetId)],
);

export const AppStatus = expose(appStatuses, {
  name: "AppStatus",
  description: "Whether an asset could be reached when its connectivity was last tested.",
  many: "appStatuses",
  area: "assets",
  orderBy: ["createTime"],
  fields: {
    id: "SOAR's numeric id; the same for all tests of an asset.",
    status: "`success` or `failed`.",
    message: "What was tested, and how it went.",
    createTime: "When it was tested.",
  },
});
