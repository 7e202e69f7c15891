/*
 * Everything that must hold before a change is shared, in one command: types, lint and format, what is derived from the
 * code and committed (schema document, migrations, notices), and the tests. `npm run check -- --no-tests` leaves those out.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = import.meta.dirname;

function run(command, ...words) {
  const { status, stdout, stderr } = spawnSync(command, words, {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, FORCE_COLOR: "1" },
  });
  return { passed: status === 0, output: `${stdout}${stderr}`, stdout };
}

const tool = (name, ...words) => run(process.execPath, join(root, "node_modules", ".bin", name), ...words);

/** Whether a committed file is what a command prints. */
function current(file, command) {
  const { passed, stdout } = run(process.execPath, ...command);
  const same = passed && stdout === readFileSync(join(root, file), "utf8");
  return { passed: same, output: same ? "" : `${file} is stale: run \`node ${command.join(" ")} > ${file}\`` };
}

/** The migrations are complete when generating them once more, into a copy, adds none. */
function migrations() {
  const copy = mkdtempSync(join(tmpdir(), "soar-migrations-"));
  cpSync(join(root, "drizzle"), copy, { recursive: true });
  const before = readdirSync(copy).length;
  const made = tool(
    "drizzle-kit",
    "generate",
    "--dialect=postgresql",
    "--schema=./src/schema/*.ts",
    "--casing=snake_case",
    `--out=${copy}`,
  );
  const complete = made.passed && readdirSync(copy).length === before;
  rmSync(copy, { recursive: true });
  return {
    passed: complete,
    output: complete ? "" : `${made.output}\nThe tables changed: run \`npx drizzle-kit generate --name WHAT_CHANGED\``,
  };
}

const checks = {
  build: () => run(process.execPath, "build.js"),
  "types of the tests": () => tool("tsc", "-p", "test"),
  "types of the pages": () => tool("tsc", "-p", "web"),
  "lint and format": () => tool("biome", "ci", "--error-on-warnings"),
  "schema.graphql": () => current("schema.graphql", ["dist/main.js", "schema"]),
  "THIRD-PARTY-NOTICES.md": () => current("THIRD-PARTY-NOTICES.md", ["notices.js"]),
  "docs/playbook-api.md": () => current("docs/playbook-api.md", ["playbook-api.js"]),
  "docs/limits.md": () => current("docs/limits.md", ["limits.js"]),
  "docs/model.md": () => current("docs/model.md", ["model.js"]),
  "docs/connectors.md": () => current("docs/connectors.md", ["connectors.js"]),
  migrations,
};

let failed = 0;
for (const [name, check] of Object.entries(checks)) {
  const { passed, output } = check();
  console.log(`${passed ? "✓" : "✗"} ${name}${passed ? "" : `\n${output}`}`);
  if (!passed) failed++;
}
if (failed) process.exit(1);
if (!process.argv.includes("--no-tests"))
  process.exit(spawnSync("npm", ["test"], { cwd: root, stdio: "inherit" }).status ?? 1);
