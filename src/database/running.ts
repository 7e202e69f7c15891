import { existsSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { StartError } from "../errors.js";
import type { Home, Say } from "./home.js";
import { alive, commandLine, gone, identity } from "./processes.js";

/** A Postgres that runs on the data of a home. */
export interface Running {
  pid: number;
  /** The living process that keeps it; undefined when that was killed and left it behind. */
  owner: number | undefined;
}

/** The parameter by which a Postgres says who keeps it; Postgres itself has no use for it. */
export const ownerParameter = "soar.owner";

/** The Postgres that runs on this data, if any. Without one, what a killed one left is out of the way afterwards. */
export async function findRunning({ data, folder, socket }: Home): Promise<Running | undefined> {
  const pid = await lockedBy(data);
  if (pid === undefined) return undefined;
  const words = alive(pid) ? commandLine(pid) : "";
  if (`${words} `.includes(` -D ${data} `)) return { pid, owner: ownerOf(pid, words!) };
  if (await answers(socket)) {
    throw new StartError(
      `The data in ${folder} is in use by a Postgres that cannot be seen from here, perhaps in another container; stop it, or set DATA_DIR to another folder or DATABASE_URL to a shared Postgres.`,
    );
  }
  // Whose command line is hidden, Postgres itself must judge.
  if (words === undefined) return undefined;
  // Postgres sees through a lock whose process is gone, but not through one whose number another process has now.
  rmSync(join(data, "postmaster.pid"), { force: true });
  rmSync(join(socket, ".s.PGSQL.5432.lock"), { force: true });
  return undefined;
}

/** Ends a Postgres that was left behind. */
export async function end(pid: number, say: Say): Promise<void> {
  say(`Ending the Postgres (process ${pid}) that an earlier run left behind.`);
  for (const [signal, patience] of [
    ["SIGINT", 15_000],
    ["SIGQUIT", 5_000],
  ] as const) {
    if (alive(pid)) process.kill(pid, signal);
    if (await gone(pid, patience)) return;
  }
  throw new StartError(`Process ${pid}, a Postgres left behind by an earlier run, does not end; end it by hand.`);
}

/** The number in the lock file, undefined without that file. It may be the number of another process by now. */
async function lockedBy(data: string): Promise<number | undefined> {
  const file = join(data, "postmaster.pid");
  for (let attempt = 1; existsSync(file); attempt++) {
    const pid = Math.abs(Number.parseInt(readFileSync(file, "utf8"), 10));
    if (pid > 0) return pid;
    // Either it is being written at this moment, or it was when the machine lost its power.
    if (attempt === 5) return Number.POSITIVE_INFINITY;
    await new Promise((next) => setTimeout(next, 20));
  }
  return undefined;
}

/** A Postgres that somebody started by hand keeps itself. */
function ownerOf(pid: number, words: string): number | undefined {
  const given = new RegExp(` -c ${ownerParameter}=((\\d+):\\S*) `).exec(words);
  if (!given) return pid;
  const owner = Number(given[2]);
  return alive(owner) && identity(owner) === given[1] ? owner : undefined;
}

/** Whether anything listens: numbers of processes say nothing about those of another container. */
function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const client = connect(join(socket, ".s.PGSQL.5432"));
    client.once("error", () => resolve(false));
    client.once("connect", () => {
      client.destroy();
      resolve(true);
    });
  });
}
