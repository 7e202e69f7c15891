/*
 * Makes dist/: the server by the TypeScript compiler, the pages by vite. `npm start` calls it, so it skips what is up to
 * date; nothing is fetched.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const root = import.meta.dirname;
const require = createRequire(import.meta.url);

/** Runs `build` unless `stamp` says that it ran for these very files. */
function upToDate(stamp, files, build) {
  const hash = createHash("sha256");
  for (const file of files) hash.update(file).update(readFileSync(join(root, file)));
  const wanted = hash.digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  build();
  writeFileSync(stamp, wanted);
}

function filesBelow(folder) {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}

function run(script, ...words) {
  execFileSync(process.execPath, [script, ...words], { cwd: root, stdio: "inherit" });
}

upToDate(join(root, "dist", ".server"), [...filesBelow("src"), "tsconfig.json", "package-lock.json"], () => {
  console.error("Building the server …");
  run(join(dirname(require.resolve("typescript/package.json")), "bin", "tsc"), "-p", ".");
});
upToDate(join(root, "dist", ".web"), [...filesBelow("web"), "package-lock.json"], () => {
  console.error("Building the pages …");
  run(join(dirname(require.resolve("vite/package.json")), "bin", "vite.js"), "build", "--config", "web/vite.config.ts");
});
