import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, test } from "vitest";

/** What the files of each part may import: parts of ours by name, and packages. Where there is no list, anything. */
const allowed: Record<string, { ours: string[]; packages?: RegExp }> = {
  schema: {
    ours: ["schema", "errors.ts"],
    packages: /^(drizzle-orm|type-graphql|graphql|graphql-scalars|reflect-metadata)/,
  },
  auth: {
    ours: ["auth", "schema", "database", "errors.ts"],
    packages: /^(drizzle-orm|node:|@node-rs\/argon2|cookie|jose|lru-cache|p-limit)/,
  },
  database: { ours: ["database", "errors.ts"] },
  reads: {
    ours: ["reads", "schema", "auth", "database", "errors.ts", "limits.ts"],
    packages: /^(drizzle-orm|graphql|dataloader)/,
  },
  events: {
    ours: ["events", "schema", "auth", "database", "errors.ts"],
    packages: /^(drizzle-orm|type-graphql)/,
  },
  connectors: {
    ours: ["connectors", "errors.ts"],
    packages: /^(node:|countries-list|ipaddr\.js|lru-cache|maxmind|nodemailer)/,
  },
  actions: {
    ours: ["actions", "connectors", "schema", "auth", "database", "events", "ledger.ts", "config.ts", "errors.ts"],
    packages: /^(drizzle-orm|dataloader|p-limit|node:)/,
  },
  operations: {
    ours: ["operations", "operation.ts", "actions", "schema", "auth", "database", "vault.ts", "errors.ts", "limits.ts"],
    packages: /^(drizzle-orm|node:)/,
  },
  "operation.ts": {
    ours: ["ledger.ts", "context.ts", "events", "schema", "auth", "database", "errors.ts"],
    packages: /^drizzle-orm/,
  },
  "ledger.ts": { ours: ["context.ts", "schema", "database", "errors.ts"], packages: /^drizzle-orm/ },
  "context.ts": {
    ours: ["actions", "auth", "database", "events", "reads", "vault.ts", "errors.ts", "limits.ts"],
    packages: /^node:/,
  },
  resolvers: {
    ours: [
      "resolvers",
      "operations",
      "operation.ts",
      "actions",
      "widgets",
      "system",
      "events",
      "reads",
      "schema",
      "context.ts",
      "errors.ts",
      "limits.ts",
    ],
    packages: /^(graphql|type-graphql)/,
  },
  widgets: { ours: ["widgets", "schema", "auth", "database", "errors.ts", "limits.ts"], packages: /^drizzle-orm/ },
  system: {
    ours: ["system", "schema", "auth", "database", "errors.ts"],
    packages: /^(drizzle-orm|node:)/,
  },
  guard: { ours: ["guard", "errors.ts", "limits.ts"], packages: /^(graphql|lru-cache|node:)/ },
  http: {
    ours: [
      "http",
      "auth",
      "guard",
      "context.ts",
      "operation.ts",
      "database",
      "events",
      "vault.ts",
      "errors.ts",
      "limits.ts",
    ],
  },
  "vault.ts": { ours: ["schema", "database", "errors.ts"], packages: /^(drizzle-orm|node:)/ },
  sample: {
    ours: ["sample", "schema", "operations", "connectors", "database", "vault.ts"],
    packages: /^(drizzle-orm|node:)/,
  },
  "limits.ts": { ours: ["errors.ts"], packages: /^$/ },
  "errors.ts": { ours: [], packages: /^$/ },
};

const root = join(import.meta.dirname, "..", "src");
const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
const partOf = (file: string) => file.split("/")[0]!;

/** What a file imports, as it is written there. */
function importsOf(file: string): string[] {
  const statements = readFileSync(join(root, file), "utf8").matchAll(
    /^(?:import|export) (?:[^;"']* from )?"([^"]+)";/gm,
  );
  return [...statements].map(([, from]) => from!);
}

test.each(files)("%s imports only what its layer may", (file) => {
  const rule = allowed[partOf(file)];
  if (!rule) return;
  for (const from of importsOf(file)) {
    const ours = from.startsWith(".")
      ? partOf(normalize(join(dirname(file), from)).replace(/\.js$/, ".ts"))
      : undefined;
    if (ours) expect(rule.ours, `${file} imports ${from}`).toContain(ours);
    else if (rule.packages) expect(from, `${file} imports ${from}`).toMatch(rule.packages);
  }
});

test("only the settings are read from the environment, and in one place", () => {
  const readers = files.filter((file) => /process\.env\b/.test(readFileSync(join(root, file), "utf8")));
  expect(readers).toEqual(["config.ts"]);
});

test("what the server is built of is there without the development packages, types included", () => {
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, "..", "package.json"), "utf8"));
  const packages = files
    .flatMap(importsOf)
    .filter((from) => !from.startsWith("."))
    .map((from) => (from.startsWith("node:") ? "node" : /^(@[^/]+\/)?[^/]+/.exec(from)![0]));
  const lacking = [...new Set(packages)].filter(
    (name) => (name !== "node" && !dependencies[name]) || devDependencies[`@types/${name}`],
  );
  expect(lacking).toEqual([]);
});
