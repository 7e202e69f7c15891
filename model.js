/*
 * Prints docs/model.md: the model as a picture and a table, from the types and relations of the built schema.
 */
import { getTableName } from "drizzle-orm";
import { gatewaySchema } from "./dist/resolvers/schema.js";
import { exposedTypes } from "./dist/schema/expose.js";

const schema = await gatewaySchema();
const described = (name) => schema.getType(name).description;

/** Types that others point at by name or assignment: linked from everywhere, so the picture leaves those links out. */
const everywhere = new Set(["User", "Role", "Label", "Severity", "Status", "Tenant", "AuditEntry"]);

const relations = [...exposedTypes.values()].flatMap(({ name, fields }) =>
  [...fields].flatMap(([field, source]) => {
    if (source.by === "one") return [{ from: name, field, to: source.target.name, many: false }];
    if (source.by === "many") return [{ from: name, field, to: source.target.name, many: true }];
    return source.by === "node" ? [{ from: name, field, to: "Node", many: false }] : [];
  }),
);

/** One arrow for two types, from the one that has many to the one that belongs to it. */
const arrows = new Map();
for (const { from, field, to, many } of relations) {
  if (!many || everywhere.has(from) || everywhere.has(to) || from === to) continue;
  arrows.set(`${from} ${to}`, [...(arrows.get(`${from} ${to}`) ?? []), field]);
}
const lines = [...arrows].map(([pair, fields]) => {
  const [from, to] = pair.split(" ");
  return `  ${from} -->|${fields.join(", ")}| ${to}`;
});

const rows = [...exposedTypes.values()].map(({ name, table }) => {
  const own = relations.filter(({ from }) => from === name);
  const list = own.map(({ field, to, many }) => `${field}: ${many ? `[${to}]` : to}`).join(", ");
  return `| **${name}** (\`${getTableName(table)}\`) | ${described(name)} | ${list || "none"} |`;
});

process.stdout.write(`# The model

Everything hangs on a container. An arrow leads from what has many to what belongs to it, and carries the field that lists
it; the way back is a field of the other type. Users, roles, labels, severities, statuses and tenants are pointed at from
nearly everywhere and left out. Made by \`node model.js\` from \`src/schema/relations.ts\`.

\`\`\`mermaid
flowchart LR
${lines.join("\n")}
  style Container stroke-width:3px
\`\`\`

| type (table) | what it is | relations; \`[…]\` is a list |
| --- | --- | --- |
${rows.join("\n")}
`);
