import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { afterAll, inject } from "vitest";
import type { Database } from "../../src/database/pools.js";

const root = join(import.meta.dirname, "..", "..");

/** The connector that tests have their workers load. */
export const testConnector = join(root, "test", "fixtures", "connector.js");

/** A worker in a process of its own. */
export interface StartedWorker {
  readonly child: ChildProcess;
  readonly ended: Promise<number | NodeJS.Signals>;
  /** Ends it by a signal and waits for it. */
  end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals>;
}

const started: StartedWorker[] = [];
afterAll(async () => {
  for (const worker of started) await worker.end("SIGKILL");
});

/** Starts `main.js worker` on the database of a test, and waits until it works. */
export async function startWorker(database: Database, settings: Record<string, string> = {}): Promise<StartedWorker> {
  const { connection } = inject("postgres");
  const { rows } = await database.pool.query("select current_database() as name");
  const { user, password = "", host, port = 5432 } = connection;
  const place = new URLSearchParams({ host: host!, port: String(port) });
  const login = [user!, String(password)].map(encodeURIComponent).join(":");
  const env = {
    ...process.env,
    DATABASE_URL: `postgres://${login}@localhost/${rows[0].name}?${place}`,
    CONNECTORS: testConnector,
    ACCEPT_DATA_LOSS: "true",
    ...settings,
  };
  const child = spawn(process.execPath, ["dist/main.js", "worker"], {
    cwd: root,
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once("exit", (code, signal) => resolve(code ?? signal!));
  });
  const end = (signal: NodeJS.Signals) => {
    child.kill(signal);
    return ended;
  };
  const worker = { child, ended, end };
  started.push(worker);
  await Promise.race([
    new Promise<void>((resolve) => child.stdout!.on("data", (text) => String(text).includes("Waiting") && resolve())),
    ended.then((how) => Promise.reject(new Error(`The worker ended: ${how}`))),
  ]);
  return worker;
}
