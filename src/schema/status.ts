import { sql } from "drizzle-orm";
import { boolean, integer, pgEnum, pgTable, text, uniqueIndex } from "drizzle-orm/pg-core";
import { id, time, timeOfInsert } from "./columns.js";
import { exposeEnum } from "./enums.js";
import { expose } from "./expose.js";

export const statusType = pgEnum("status_type", ["new", "open", "resolved"]);
exposeEnum(statusType, "StatusType", "Which stage of a container's life a status belongs to.", {
  new: "Nobody has looked at it yet.",
  open: "Somebody works on it.",
  resolved: "The work is done.",
});

export const statuses = pgTable(
  "statuses",
  {
    id: id(),
    name: text().notNull().unique(),
    statusType: statusType().notNull(),
    order: integer().notNull().default(0),
    isDefault: boolean().notNull().default(false),
    isMutable: boolean().notNull().default(true),
    disabled: boolean().notNull().default(false),
    createTime: timeOfInsert(),
    modifiedTime: time(),
  },
  (t) => [
    uniqueIndex("statuses_name").on(sql`lower(${t.name})`),
    uniqueIndex("statuses_one_default_of_a_type").on(t.statusType).where(sql`${t.isDefault}`),
  ],
);

export const Status = expose(statuses, {
  name: "Status",
  description: "Where a container stands, in names an administrator defines.",
  fields: {
    id: "SOAR's numeric id.",
    name: "Its name, unique whatever the letter case; never changed.",
    statusType: "The stage it belongs to.",
    order: "Place among the statuses.",
    isDefault: "True for the one containers get when they enter its stage.",
    isMutable: "False for those the system ships.",
    disabled: "True when it stays on old containers but may not be given to new ones.",
    createTime: "When it was made.",
    modifiedTime: "When it was last changed; null: never.",
  },
});
