import { spawnSync } from "node:child_process";
import { chownSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { StartError } from "../errors.js";
import { environment } from "./binaries.js";
import { findHome, type Home, type Say } from "./home.js";
import { connection, launch, ready, type Server } from "./launch.js";
import { alive } from "./processes.js";
import { end, findRunning, type Running } from "./running.js";

export interface Options {
  /** Shares a Postgres that another living process keeps, for as long as that one lives. */
  join?: boolean;
  /** Makes none where there is none. */
  standing?: boolean;
  /** Faster, not safe from a crash, and removed by `stop`. */
  throwAway?: boolean;
}

/**
 * Starts the embedded Postgres under `dataDir`, making it on first use. A Postgres left behind by a killed process is
 * ended first; one that a living process keeps is refused, or shared.
 */
export async function embeddedPostgres(dataDir: string, say: Say, options: Options = {}): Promise<Server> {
  const home = findHome(resolve(dataDir), say);
  const running = await findRunning(home);
  if (running?.owner) return share(home, running, options);
  if (running) await end(running.pid, say);
  if (!existsSync(home.data)) {
    if (options.standing) throw new StartError(absent(home));
    initialise(home, options);
  }
  try {
    return await launch(home, options.throwAway === true);
  } catch (error) {
    // When several processes start at the same moment, Postgres lets one of them have the data.
    const winner = await findRunning(home);
    if (winner?.owner) return share(home, winner, options);
    throw error;
  }
}

const absent = ({ folder }: Home) =>
  `There is no database in ${folder} yet: start the gateway first, or set DATA_DIR or DATABASE_URL as it has them.`;

async function share(home: Home, { pid, owner }: Running, options: Options): Promise<Server> {
  if (!options.join) {
    throw new StartError(
      `The data in ${home.folder} is in use by process ${owner}; stop it, or set DATA_DIR to another folder or DATABASE_URL to a shared Postgres.`,
    );
  }
  await ready(home, pid, () => (alive(pid) ? undefined : `process ${owner} stopped it`));
  return { connection: connection(home), ended: new Promise(() => {}), stop: async () => {} };
}

/** Made under another name and renamed, so that a start cut short leaves nothing half made. */
function initialise(home: Home, options: Options): void {
  const unfinished = `${home.data}.new.${process.pid}`;
  removeUnfinished(home);
  mkdirSync(unfinished, { mode: 0o700 });
  if (home.account) chownSync(unfinished, home.account.uid, home.account.gid);
  // Of the system's locales only C is everywhere; letters are those of Postgres' own C.UTF-8.
  const words = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"];
  if (options.throwAway) words.push("--no-sync");
  const { status, error, stderr } = spawnSync(
    join(home.binaries, "bin", "initdb"),
    ["-D", unfinished, "-U", "postgres", "--auth=trust", ...words],
    { ...home.account, cwd: home.folder, env: environment, encoding: "utf8" },
  );
  if (status !== 0) throw new StartError(`Postgres could not make its data folder: ${error?.message ?? stderr.trim()}`);
  try {
    renameSync(unfinished, home.data);
  } catch (failure) {
    // Another process that started at the same moment was first.
    if (!existsSync(home.data)) throw failure;
    rmSync(unfinished, { recursive: true });
  }
}

/** What starts that were cut short left behind. */
function removeUnfinished({ folder }: Home): void {
  for (const name of readdirSync(folder)) {
    const pid = /^data\.new\.(\d+)$/.exec(name)?.[1];
    if (pid && (Number(pid) === process.pid || !alive(Number(pid))))
      rmSync(join(folder, name), { recursive: true, force: true });
  }
}
