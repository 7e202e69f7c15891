/*
 * Makes dist/: the server by the TypeScript compiler, the pages by vite. `npm start` calls it, so it skips what is up to
 * date; nothing is fetched.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = import.meta.dirname;

/** Runs a program of a package, unless it ran for these very files; what it says goes to stderr, for stdout may be read. */
function make(what, files, command) {
  const hash = createHash("sha256");
  for (const file of files) hash.update(file).update(readFileSync(join(root, file)));
  const made = hash.digest("hex");
  const stamp = join(root, "dist", `.${what}`);
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === made) return;
  const [program, ...words] = command.split(" ");
  const path = join(root, "node_modules", program);
  if (!existsSync(path)) stop("Run `npm ci` first: the packages are not installed.");
  console.error(`Building the ${what} …`);
  const { status } = spawnSync(process.execPath, [path, ...words], { cwd: root, stdio: ["ignore", 2, 2] });
  if (status !== 0) stop(`The ${what} could not be built.`);
  writeFileSync(stamp, made);
}

function stop(sentence) {
  console.error(sentence);
  process.exit(1);
}

function filesBelow(folder) {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}

make("server", [...filesBelow("src"), "tsconfig.json", "package-lock.json"], "typescript/bin/tsc -p .");
// Without the runner, vite writes next to the packages, which may be another user's.
make(
  "pages",
  [...filesBelow("web"), ...filesBelow("docs/clients"), "package-lock.json"],
  "vite/bin/vite.js build --configLoader runner --config web/vite.config.ts",
);
