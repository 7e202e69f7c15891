import { sql } from "drizzle-orm";
import { bigint, index, integer, json, pgTable, text } from "drizzle-orm/pg-core";
import { id, timeOfInsert } from "./columns.js";
import { containers } from "./container.js";
import { expose } from "./expose.js";
import { users } from "./user.js";
import { tasks } from "./workbook.js";

export const vaultItems = pgTable(
  "vault_items",
  {
    id: id(),
    containerId: integer()
      .notNull()
      .references(() => containers.id, { onDelete: "cascade" }),
    taskId: integer().references(() => tasks.id, { onDelete: "set null" }),
    userId: integer().references(() => users.id),
    name: text().notNull(),
    hash: text().notNull(),
    sha1: text().notNull(),
    md5: text().notNull(),
    size: bigint({ mode: "number" }).notNull(),
    mimeType: text().notNull().default("application/octet-stream"),
    contains: text().array().notNull().default(sql`'{}'`),
    aka: text().array().notNull().default(sql`'{}'`),
    metadata: json().$type<Record<string, unknown>>().notNull().default({}),
    createdVia: text().notNull().default("upload"),
    createTime: timeOfInsert(),
  },
  (t) => [
    index().on(t.containerId, t.id),
    index().on(t.hash),
    index().on(t.taskId, t.id),
    index().on(t.userId, t.id),
    index().on(t.createTime, t.id),
    index().on(t.size, t.id),
    index().on(t.name, t.id),
    index("vault_items_name_parts").using("gin", t.name.op("gin_trgm_ops")),
  ],
);

export const VaultItem = expose(vaultItems, {
  name: "VaultItem",
  description: "A file attached to a container. Equal files are stored once.",
  one: "vaultItem",
  many: "vaultItems",
  orderBy: ["name", "createTime", "size"],
  fields: {
    id: "SOAR's numeric id, the `vaultId` of operations.",
    name: "Its file name.",
    hash: "SHA-256 of its content, 64 hex digits.",
    sha1: "SHA-1 of its content.",
    md5: "MD5 of its content.",
    size: "Bytes.",
    mimeType: "What kind of file it is.",
    contains: "What it is for actions, such as `vault id` or `pe file`.",
    aka: "Other names it came under.",
    metadata: "What whoever added it said about it.",
    createdVia: "How it came: `upload`, `action`, `merge`.",
    createTime: "When it was added.",
  },
});
