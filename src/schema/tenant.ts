import { sql } from "drizzle-orm";
import { boolean, json, pgTable, text, uniqueIndex } from "drizzle-orm/pg-core";
import { id } from "./columns.js";
import { expose } from "./expose.js";

export const tenants = pgTable(
  "tenants",
  {
    id: id(),
    name: text().notNull(),
    description: text().notNull().default(""),
    contact: text(),
    disabled: boolean().notNull().default(false),
    slas: json().$type<Record<string, number>>(),
  },
  (t) => [uniqueIndex("tenants_name").on(sql`lower(${t.name})`)],
);

export const Tenant = expose(tenants, {
  name: "Tenant",
  description: "A customer or department whose containers are kept apart. Tenant 0 is the default one.",
  one: "tenant",
  many: "tenants",
  orderBy: ["name"],
  fields: {
    id: "SOAR's numeric id; 0 is the default tenant.",
    name: "Its name, unique whatever the letter case.",
    description: "What it is.",
    contact: "Whom to call.",
    disabled: "True when nothing new may be assigned to it.",
    slas: "Minutes until a container is due, by severity name; null: the system's.",
  },
});
