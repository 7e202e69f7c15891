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

/** Characters shown of an answer that is no result. */
const longestShown = 200;

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
    const child = this.#takeIdle() ?? (await this.#start());
    if (!child) return { error: "No process could be started for the connector.", lost: false };
    const called = await converse(child, call);
    if (isAlive(child)) this.#idle.push(child);
    return called;
  }

  /** One that waits for work, if any; those that ended meanwhile wait for none. */
  #takeIdle(): ChildProcess | undefined {
    const child = this.#idle.pop();
    return child && !isAlive(child) ? this.#takeIdle() : child;
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

const isAlive = (child: ChildProcess) =>
  child.connected && child.exitCode === null && child.signalCode === null && !child.killed;

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
    // What a connector is made of may send messages of its own, of any form.
    const hear = (told: unknown) => {
      const answer: Partial<Record<string, unknown>> = isRecord(told) ? told : {};
      if ("log" in answer) log(String(answer.log));
      if ("error" in answer) done({ error: String(answer.error), lost: false });
      if ("result" in answer) done(calledWith(answer.result));
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

/** A result as it is declared, or that it is none. */
function calledWith(told: unknown): Called {
  if (isResult(told)) {
    const { success, message, data, summary } = told;
    return { result: { success, message: String(message ?? ""), data: data ?? [], summary: summary ?? {} } };
  }
  const shown = JSON.stringify(told).slice(0, longestShown);
  const error = `The connector gave no result, an object with success, message, data and summary, but ${shown}.`;
  return { error, lost: false };
}

function isResult(told: unknown): told is Result {
  if (!isRecord(told) || typeof told.success !== "boolean") return false;
  return Array.isArray(told.data ?? []) && isRecord(told.summary ?? {});
}

const isRecord = (told: unknown): told is Record<string, unknown> =>
  typeof told === "object" && told !== null && !Array.isArray(told);
