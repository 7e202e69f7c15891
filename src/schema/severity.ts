import { sql } from "drizzle-orm";
import { boolean, integer, pgTable, text, uniqueIndex } from "drizzle-orm/pg-core";
import { id, timeOfInsert } from "./columns.js";
import { expose } from "./expose.js";

export const severities = pgTable(
  "severities",
  {
    id: id(),
    name: text().notNull().unique(),
    color: text().notNull().default("grey"),
    order: integer().notNull().default(0),
    isDefault: boolean().notNull().default(false),
    disabled: boolean().notNull().default(false),
    createTime: timeOfInsert(),
  },
  (t) => [
    uniqueIndex("severities_name").on(sql`lower(${t.name})`),
    uniqueIndex("severities_one_default").on(t.isDefault).where(sql`${t.isDefault}`),
  ],
);

export const Severity = expose(severities, {
  name: "Severity",
  description: "How bad a container or artifact is, in names an administrator defines.",
  fields: {
    id: "SOAR's numeric id.",
    name: "Its name, unique whatever the letter case; never changed.",
    color: "Colour it is shown in.",
    order: "Place among the severities, the worst first.",
    isDefault: "True for the one new containers get.",
    disabled: "True when it stays on old objects but may not be given to new ones.",
    createTime: "When it was made.",
  },
});
