import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Result } from "../connectors/connector.js";

/** What a process is to do: call a connector, or stop doing so. */
export type Order =
  | {
      /** Its GUID. */
      connector: string;
      /** Null: no action, but whether the asset can be reached. */
      action: string | null;
      parameters: Readonly<Record<string, unknown>>;
      settings: Readonly<Record<string, unknown>>;
      attemptKey: string;
    }
  | { abort: true };

/** What a process tells. */
export type Answer = { ready: true } | { result: Result } | { error: string } | { log: string };

/** How a call of a connector went; `lost` says that its process ended, or had to be, and nobody knows how far it came. */
export type Called = { result: Result } | { error: string; lost: boolean };

export interface Call {
  readonly order: Extract<Order, { connector: string }>;
  readonly milliseconds: number;
  /** Ends the call early. */
  readonly signal: AbortSignal;
  log(line: string): void;
}

/** How long a connector that is told to stop may take to do so. */
const grace = 2_000;

/**
 * The processes in which connectors run, made when needed and used again. One call at a time is in each, so that ending
 * one harms no other.
 */
export class Processes {
  readonly #idle: ChildProcess[] = [];
  readonly #all = new Set<ChildProcess>();

  /** `files`: those of connectors that are not the gateway's own. */
  constructor(readonly files: readonly string[] = []) {}

  async call(call: Call): Promise<Called> {
    const child = this.#idle.pop() ?? (await this.#start());
    if (!child) return { error: "No process could be started for the connector.", lost: false };
    const called = await converse(child, call);
    if (child.connected && child.exitCode === null && !child.killed) this.#idle.push(child);
    return called;
  }

  /** Ends all of them. */
  stop(): void {
    for (const child of this.#all) child.kill("SIGKILL");
  }

  /** Connectors see nothing of the gateway's environment, where its secrets are. */
  async #start(): Promise<ChildProcess | undefined> {
    const child = fork(fileURLToPath(new URL("host.js", import.meta.url)), this.files, {
      env: {},
      execArgv: [],
      stdio: ["ignore", 2, 2, "ipc"],
    });
    this.#all.add(child);
    child.on("error", () => {});
    child.once("exit", () => this.#all.delete(child));
    const ready = await new Promise<boolean>((resolve) => {
      child.once("message", () => resolve(true));
      child.once("exit", () => resolve(false));
    });
    return ready ? child : undefined;
  }
}

function converse(child: ChildProcess, { order, milliseconds, signal, log }: Call): Promise<Called> {
  return new Promise((resolve) => {
    const timers: NodeJS.Timeout[] = [];
    const done = (called: Called) => {
      for (const timer of timers) clearTimeout(timer);
      child.off("message", hear);
      child.off("exit", ended);
      signal.removeEventListener("abort", abort);
      resolve(called);
    };
    const kill = (error: string) => {
      child.kill("SIGKILL");
      done({ error, lost: true });
    };
    const hear = (answer: Answer) => {
      if ("log" in answer) log(answer.log);
      if ("result" in answer) done(answer);
      if ("error" in answer) done({ ...answer, lost: false });
    };
    const ended = () => done({ error: "The connector's process ended.", lost: true });
    const abort = () => {
      child.send({ abort: true });
      timers.push(setTimeout(kill, grace, "The connector was stopped."));
    };
    child.on("message", hear);
    child.once("exit", ended);
    signal.addEventListener("abort", abort);
    timers.push(setTimeout(kill, milliseconds, `The connector did not answer within ${milliseconds / 1000} seconds.`));
    child.send(order);
    if (signal.aborted) abort();
  });
}
