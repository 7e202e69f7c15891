import { sql } from "drizzle-orm";
import { boolean, integer, pgTable, text, uniqueIndex } from "drizzle-orm/pg-core";
import { id, timeOfInsert } from "./columns.js";
import { expose } from "./expose.js";

export const customFields = pgTable(
  "custom_fields",
  {
    id: id(),
    name: text().notNull(),
    description: text().notNull().default(""),
    fieldType: text({ enum: ["text", "textarea", "number", "boolean", "select"] })
      .notNull()
      .default("text"),
    options: text().array().notNull().default(sql`'{}'`),
    required: boolean().notNull().default(false),
    order: integer().notNull().default(0),
    createTime: timeOfInsert(),
  },
  (t) => [uniqueIndex("custom_fields_name").on(sql`lower(${t.name})`)],
);

export const CustomField = expose(customFields, {
  name: "CustomField",
  description: "A field that an administrator added to containers.",
  one: "customField",
  many: "customFields",
  orderBy: ["name", "order"],
  fields: {
    id: "SOAR's numeric id.",
    name: "Its key in `customFields`, unique whatever the letter case.",
    description: "What it holds.",
    fieldType: "`text`, `textarea`, `number`, `boolean` or `select`.",
    options: "The values that a `select` may have.",
    required: "Whether a new container needs it.",
    order: "Place among the fields.",
    createTime: "When it was made.",
  },
});
