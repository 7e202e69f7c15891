import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import pg from "pg";
import { StartError } from "../errors.js";
import { environment } from "./binaries.js";
import type { Home } from "./home.js";
import { identity } from "./processes.js";
import { ownerParameter } from "./running.js";

/** A running embedded Postgres. It listens on a Unix socket that only its own user and root can open. */
export interface Server {
  connection: { host: string; port: number; user: string; ssl: false };
  /** Resolves to its last words once it has ended, asked to or not. */
  ended: Promise<string>;
  /** Ends it, if this process started it. */
  stop(): Promise<void>;
}

export const connection = ({ socket }: Home) => ({ host: socket, port: 5432, user: "postgres", ssl: false as const });

/** Starts Postgres on the data of a home and waits until it answers. */
export async function launch(home: Home, throwAway: boolean): Promise<Server> {
  for (const deadline = Date.now() + 10_000; ; ) {
    try {
      return await attempt(home, throwAway);
    } catch (error) {
      // Processes of a Postgres that was killed may still be at their last statement.
      const busy = (error as Error).message.includes("pre-existing shared memory block");
      if (!busy || Date.now() > deadline) throw error;
      await new Promise((next) => setTimeout(next, 100));
    }
  }
}

async function attempt(home: Home, throwAway: boolean): Promise<Server> {
  const log = join(home.folder, "postgres.log");
  const child = run(home, throwAway, log);
  let failure: string | undefined;
  const ended = new Promise<string>((done) => {
    child.once("error", (error) => done(error.message));
    child.once("exit", () => done(lastWords(log)));
  });
  ended.then((words) => {
    failure = words;
  });
  watch(child);
  try {
    await ready(home, child.pid, () => failure);
  } catch (error) {
    child.kill("SIGQUIT");
    await ended;
    throw error;
  }
  const stop = async () => {
    child.kill("SIGINT");
    await ended;
    if (throwAway) remove(home);
  };
  return { connection: connection(home), ended, stop };
}

function run(home: Home, throwAway: boolean, logFile: string): ChildProcess {
  const settings = {
    [ownerParameter]: identity(process.pid),
    port: "5432",
    listen_addresses: "",
    unix_socket_directories: `"${home.socket.replaceAll('"', '""')}"`,
    unix_socket_permissions: "0700",
    max_connections: "200",
    shared_preload_libraries: "pg_stat_statements",
    ...(throwAway && { fsync: "off", full_page_writes: "off", autovacuum: "off" }),
  };
  const words = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  // Its log goes to a file: a pipe nobody reads would stop it, and one that closes would end it.
  rmSync(logFile, { force: true });
  const log = openSync(logFile, "wx", 0o600);
  // Its own session: Ctrl-C in a terminal must reach this process alone, which then stops Postgres last.
  const child = spawn(join(home.binaries, "bin", "postgres"), ["-D", home.data, ...words], {
    ...home.account,
    cwd: home.folder,
    env: environment,
    detached: true,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  return child;
}

function lastWords(log: string): string {
  const text = existsSync(log) ? readFileSync(log, "utf8").trim() : "";
  return text.split("\n").slice(-3).join(" ") || "it left no word why";
}

/** A shell that holds a pipe from this process and ends Postgres when the pipe closes, which even kill -9 cannot prevent. */
function watch(postgres: ChildProcess): void {
  const script = 'read -r released || kill -INT "$1"';
  const shell = spawn("/bin/sh", ["-c", script, "sh", String(postgres.pid)], {
    cwd: "/",
    env: environment,
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  shell.on("error", () => {});
  shell.stdin.on("error", () => {});
  postgres.once("exit", () => shell.stdin.end("released\n"));
}

/** Waits until that Postgres, and not another one on the same data, answers, or `failure` says why it never will. */
export async function ready(home: Home, pid: number | undefined, failure: () => string | undefined): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (failure() === undefined && Date.now() < deadline) {
    const client = new pg.Client({ ...connection(home), database: "postgres" });
    client.on("error", () => {});
    try {
      await client.connect();
      await client.end();
      if (Number.parseInt(readFileSync(join(home.data, "postmaster.pid"), "utf8"), 10) === pid) return;
    } catch {
      await client.end().catch(() => {});
    }
    await new Promise((next) => setTimeout(next, 15));
  }
  throw new StartError(`The embedded Postgres did not start: ${failure() ?? "no answer within 60 seconds"}`);
}

function remove({ folder, socket }: Home): void {
  rmSync(socket, { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
  try {
    rmdirSync(dirname(folder));
  } catch {}
}
