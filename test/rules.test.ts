import { expect, test } from "vitest";
import { rules } from "./rules/list.js";
import { openGateway } from "./support/gateway.js";

const gateway = await openGateway();

test.each(rules)("$id: $sentence", ({ check }) => check(gateway));

test("docs/rules.md lists the rules", async () => {
  expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
  const rows = [...rules].sort((a, b) => a.id.localeCompare(b.id, "en", { numeric: true }));
  const lines = rows.map(({ id, sentence }) => `| \`${id}\` | ${sentence} |`);
  const document = `# The rules

What the manuals of the container automation API (S0) and of artifacts (S4) state, in our own words. Each is checked
against a running gateway by \`test/rules.test.ts\`, which also writes this list.

| rule | what holds |
| --- | --- |
${lines.join("\n")}
`;
  await expect(document).toMatchFileSnapshot("../docs/rules.md");
});
