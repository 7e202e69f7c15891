import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import pg from "pg";
import { StartError } from "../errors.js";
import { type Account, installedBinaries, noBinaries, reachable, usableBinaries } from "./binaries.js";
import { alive, birth, commandLine, gone } from "./processes.js";

/** Where a running embedded Postgres listens: a Unix socket only its own user and root can open. */
export interface Embedded {
  connection: { host: string; port: number; user: string };
  /** Ends it, if this process started it. */
  stop(): Promise<void>;
}

type Say = (sentence: string) => void;

/** The files of one embedded Postgres. */
interface Home {
  folder: string;
  data: string;
  binaries: string;
  account: Account | undefined;
}

const port = 5432;

/**
 * Starts the embedded Postgres under `dataDir`, making it on first use. A Postgres left behind by a killed process is
 * ended first. One that a living process owns is refused, or with `join` shared for as long as its owner lives.
 */
export async function embeddedPostgres(
  dataDir: string,
  say: Say,
  options: { join?: boolean; throwAway?: boolean } = {},
): Promise<Embedded> {
  const home = findHome(resolve(dataDir), say);
  const owner = livingOwner(home);
  const running = postmaster(home);
  if (owner && running && options.join) return { connection: connection(running.socket), stop: async () => {} };
  if (owner) {
    throw new StartError(
      `The data in ${home.folder} is in use by process ${owner}; stop it, or set DATA_DIR to another folder or DATABASE_URL to a shared Postgres.`,
    );
  }
  writeFileSync(ownerFile(home), JSON.stringify({ pid: process.pid, birth: birth(process.pid) }));
  if (running) await end(running.pid, say);
  rmSync(join(home.data, "postmaster.pid"), { force: true });
  if (!existsSync(home.data)) initialise(home, options.throwAway === true);
  return start(home, options.throwAway === true);
}

function findHome(dataDir: string, say: Say): Home {
  mkdirSync(dataDir, { recursive: true });
  const account = unprivileged(join(dataDir, "postgres", "data"));
  const open = reachable(dataDir, account);
  const base = open ? dataDir : join(openPlace(), createHash("sha256").update(dataDir).digest("hex").slice(0, 16));
  if (!open) say(`Postgres cannot enter ${dataDir} as an unprivileged user; its data is in ${base}.`);
  const folder = join(base, "postgres");
  mkdirSync(folder, { recursive: true });
  if (account) chownSync(folder, account.uid, account.gid);
  const data = join(folder, "data");
  const foreign = !account && existsSync(data) && statSync(data).uid !== process.getuid?.();
  if (foreign) {
    throw new StartError(
      `${data} belongs to user ${statSync(data).uid}; start as that user or as root, or set DATA_DIR to another folder.`,
    );
  }
  const spare = account ? openPlace() : base;
  return { folder, data, account, binaries: usableBinaries(installedBinaries(), account, spare) };
}

/** Root runs Postgres as the owner of existing data, else as `nobody`. */
function unprivileged(data: string): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  if (existsSync(data) && statSync(data).uid !== 0) return { uid: statSync(data).uid, gid: statSync(data).gid };
  const nobody = /^nobody:[^:]*:(\d+):(\d+):/m.exec(readFileSync("/etc/passwd", "utf8"));
  if (nobody) return { uid: Number(nobody[1]), gid: Number(nobody[2]) };
  throw new StartError(
    "Postgres refuses to run as root and there is no user nobody; start as another user or set DATABASE_URL.",
  );
}

/** A folder of root's that every user can enter, for what must be outside a closed home. */
function openPlace(): string {
  for (const parent of ["/var/lib", "/var/tmp"]) {
    const place = join(parent, "soar-graphql");
    try {
      mkdirSync(place, { recursive: true });
      if (statSync(place).uid !== process.getuid?.()) continue;
      chmodSync(place, 0o755);
      return place;
    } catch {}
  }
  throw new StartError(
    "Neither /var/lib nor /var/tmp can hold the embedded Postgres; start as a normal user or set DATABASE_URL.",
  );
}

const ownerFile = (home: Home) => join(home.folder, "owner.json");

function livingOwner(home: Home): number | undefined {
  if (!existsSync(ownerFile(home))) return undefined;
  const owner = JSON.parse(readFileSync(ownerFile(home), "utf8") || "{}");
  return owner.pid && owner.pid !== process.pid && birth(owner.pid) === owner.birth ? owner.pid : undefined;
}

/** The Postgres serving this data, if its number in `postmaster.pid` is still that of a Postgres and not reused. */
function postmaster(home: Home): { pid: number; socket: string } | undefined {
  const file = join(home.data, "postmaster.pid");
  if (!existsSync(file)) return undefined;
  const [pid, , , , socket] = readFileSync(file, "utf8").split("\n");
  const ours = alive(Number(pid)) && commandLine(Number(pid))?.includes(`-D ${home.data}`);
  return ours ? { pid: Number(pid), socket: socket ?? "" } : undefined;
}

async function end(pid: number, say: Say): Promise<void> {
  say(`Ending the Postgres (process ${pid}) that an earlier run left behind.`);
  process.kill(pid, "SIGINT");
  if (await gone(pid, 15_000)) return;
  process.kill(pid, "SIGQUIT");
  if (!(await gone(pid, 5_000)))
    throw new StartError(`Process ${pid}, a Postgres left behind by an earlier run, does not end; end it by hand.`);
}

/** Made under another name and renamed, so that a start cut short leaves nothing half made. */
function initialise(home: Home, throwAway: boolean): void {
  const unfinished = `${home.data}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  const words = [
    "-D",
    unfinished,
    "-U",
    "postgres",
    "--auth=trust",
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--locale=C.UTF-8",
  ];
  if (throwAway) words.push("--no-sync");
  const made = spawnSync(join(home.binaries, "bin", "initdb"), words, {
    ...home.account,
    cwd: home.folder,
    encoding: "utf8",
  });
  if (made.error && (made.error as NodeJS.ErrnoException).code === "ENOENT") throw noBinaries();
  if (made.error)
    throw new StartError(`Postgres could not be run (${made.error.message}); set DATABASE_URL to use another one.`);
  if (made.status !== 0) throw new StartError(`Postgres could not make its data folder: ${made.stderr.trim()}`);
  renameSync(unfinished, home.data);
}

async function start(home: Home, throwAway: boolean): Promise<Embedded> {
  const socket = socketFolder(home);
  const logFile = join(home.folder, "postgres.log");
  // Its log goes to a file: a pipe nobody reads would stop it, and one that closes would end it.
  const log = openSync(logFile, "w");
  const words = [
    "-D",
    home.data,
    "-p",
    String(port),
    "-c",
    "listen_addresses=",
    "-c",
    `unix_socket_directories=${socket}`,
  ];
  words.push(
    "-c",
    "unix_socket_permissions=0700",
    "-c",
    "max_connections=200",
    "-c",
    "shared_preload_libraries=pg_stat_statements",
  );
  if (throwAway) words.push("-c", "fsync=off", "-c", "full_page_writes=off");
  // Its own session: Ctrl-C in a terminal must reach this process alone, which then stops Postgres last.
  const child = spawn(join(home.binaries, "bin", "postgres"), words, {
    ...home.account,
    cwd: home.folder,
    detached: true,
    stdio: ["ignore", log, log],
  });
  const ended = new Promise<string>((done) => {
    child.once("error", (error) => done(error.message));
    child.once("exit", () => done(readFileSync(logFile, "utf8").trim().split("\n").slice(-3).join(" ")));
  });
  child.unref();
  const release = watch(child);
  await ready(socket, ended);
  return {
    connection: connection(socket),
    stop: async () => {
      child.kill("SIGINT");
      if (child.exitCode === null) await ended;
      release();
      rmSync(ownerFile(home), { force: true });
      if (socket.startsWith(tmpdir())) rmSync(socket, { recursive: true, force: true });
    },
  };
}

const connection = (host: string) => ({ host, port, user: "postgres" });

/** A socket's path may have about 100 bytes; deep checkouts get a short one. */
function socketFolder(home: Home): string {
  const beside = join(home.folder, "socket");
  const folder = beside.length < 80 ? beside : mkdtempSync(join(tmpdir(), "soar-"));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (home.account) chownSync(folder, home.account.uid, home.account.gid);
  return folder;
}

/** A shell that holds a pipe from this process and ends Postgres when the pipe closes, which even kill -9 cannot prevent. */
function watch(postgres: ChildProcess): () => void {
  const script = 'read -r released || kill -INT "$1" 2>/dev/null';
  const shell = spawn("sh", ["-c", script, "sh", String(postgres.pid)], {
    cwd: dirname(tmpdir()),
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  shell.on("error", () => {});
  shell.stdin.on("error", () => {});
  shell.unref();
  (shell.stdin as unknown as { unref(): void }).unref();
  const release = () => shell.stdin.end("released\n");
  postgres.once("exit", release);
  return release;
}

async function ready(socket: string, ended: Promise<string>): Promise<void> {
  let failure: string | undefined;
  ended.then((why) => {
    failure = why;
  });
  const deadline = Date.now() + 60_000;
  while (failure === undefined && Date.now() < deadline) {
    const client = new pg.Client({ ...connection(socket), database: "postgres" });
    client.on("error", () => {});
    try {
      await client.connect();
      return await client.end();
    } catch {
      await client.end().catch(() => {});
      await new Promise((next) => setTimeout(next, 15));
    }
  }
  throw new StartError(`The embedded Postgres did not start: ${failure ?? "no answer within 60 seconds"}`);
}
