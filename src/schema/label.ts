import { sql } from "drizzle-orm";
import { boolean, pgTable, text, uniqueIndex } from "drizzle-orm/pg-core";
import { id, timeOfInsert } from "./columns.js";
import { expose } from "./expose.js";

export const labels = pgTable(
  "labels",
  {
    id: id(),
    name: text().notNull().unique(),
    disabled: boolean().notNull().default(false),
    createTime: timeOfInsert(),
  },
  (t) => [uniqueIndex("labels_name").on(sql`lower(${t.name})`)],
);

export const Label = expose(labels, {
  name: "Label",
  description:
    "What kind of container this is, such as `events` or `phishing`; decides which active playbooks run on it.",
  fields: {
    id: "SOAR's numeric id.",
    name: "Its name, unique whatever the letter case.",
    disabled: "True when new containers may not carry it.",
    createTime: "When it was made.",
  },
});
