import { setTimeout } from "node:timers/promises";
import { sql } from "drizzle-orm";
import type { Connection, Database } from "../database/pools.js";
import { Bell } from "../events/bell.js";
import { workChannel } from "../events/work.js";
import { change } from "./change.js";
import { type Claimed, claim } from "./claim.js";
import { failure } from "./end.js";
import { execute, type Means } from "./execute.js";
import { type Ended, finishAll } from "./finish.js";
import { extension, handBack } from "./lease.js";
import { Processes } from "./processes.js";

/** Seconds that an app run stays a worker's without a sign of life, and milliseconds between those. */
const [leaseSeconds, beat] = [10, 1_000];

/** Milliseconds between looks for work; a call only makes it sooner. */
const pause = 500;

/** Milliseconds that app runs under way may take to end when the worker stops. */
const patience = 5_000;

export interface WorkerOptions {
  /** The GUIDs of the connectors whose actions it runs. */
  readonly connectors: readonly string[];
  /** Files of connectors that are not the gateway's own. */
  readonly files?: readonly string[] | undefined;
  /** How many app runs it has under way at once. */
  readonly places: number;
  /** What one set of parameters may take. */
  readonly seconds: number;
  report(error: unknown, what: string): void;
}

/** Runs what is queued: claims app runs, holds their leases, has them done in other processes, and ends them. */
export class Worker {
  readonly #running = new Map<string, { run: Claimed; stop: AbortController }>();
  /** Those of them that have ended, which nobody knows yet. */
  #ended: Ended[] = [];
  readonly #bell = new Bell();
  readonly #means: Means;
  readonly #told = new AbortController();
  #over: Promise<unknown> = Promise.resolve();

  constructor(
    readonly database: Database,
    readonly options: WorkerOptions,
  ) {
    const { files, seconds } = options;
    this.#means = { database, processes: new Processes(files), milliseconds: seconds * 1000 };
  }

  start(): void {
    this.#over = Promise.all([this.#work(), this.#live()]);
  }

  /** Claims no more, lets what is under way end, hands back what takes too long, and ends. */
  async stop(): Promise<void> {
    this.#told.abort();
    this.#bell.ring();
    await Promise.race([this.#over, after(patience)]);
    await this.#giveUp();
    await this.#over;
  }

  get #stopping(): boolean {
    return this.#told.signal.aborted;
  }

  async #work(): Promise<void> {
    while (!this.#stopping || this.#running.size) {
      const ended = this.#ended.splice(0);
      const places = this.#stopping ? 0 : this.options.places - this.#running.size + ended.length;
      const claimed = ended.length || places ? await this.#turn(ended, places) : [];
      for (const { run } of ended) this.#running.delete(run.leaseToken);
      for (const run of claimed) this.#begin(run);
      if (!this.#stopping || this.#running.size) await this.#bell.silent(pause);
    }
  }

  /** Ends what is over, and claims what there is room for: one commit for all of it. */
  async #turn(ended: readonly Ended[], most: number): Promise<readonly Claimed[]> {
    const connectors = sql.param(this.options.connectors);
    const of = sql`app_runs.app_id in (select id from apps where connector = any(${connectors}::text[]))`;
    try {
      return await change(this.database, async (writer) => {
        const finished = ended.length ? await finishAll(writer, ended) : [];
        const { claimed, begun } = most ? await claim(writer, { of, most, leaseSeconds }) : { claimed: [], begun: [] };
        return { result: claimed, changes: [...finished, ...begun] };
      });
    } catch (error) {
      this.options.report(error, "app runs cannot be ended and claimed; trying again");
      // What cannot be kept of one of them must not keep the others from ending.
      if (ended.length > 1) for (const one of ended) await this.#turn([one], 0);
      return [];
    }
  }

  #begin(run: Claimed): void {
    const stop = new AbortController();
    this.#running.set(run.leaseToken, { run, stop });
    execute(this.#means, run, stop.signal)
      .catch((error) => this.options.report(error, `app run ${run.id} could not be done; its lease will run out`))
      .then((ending) => {
        if (ending) this.#ended.push({ run, ending });
        else this.#running.delete(run.leaseToken);
        this.#bell.ring();
      });
  }

  /** Gives signs of life by a connection of its own, which no amount of work keeps busy, and hears by it of work. */
  async #live(): Promise<void> {
    while (!this.#stopping || this.#running.size) {
      let connection: Connection | undefined;
      try {
        connection = await this.database.connect("leases");
        await connection.listen(workChannel, () => this.#bell.ring());
        while (!this.#stopping || this.#running.size) {
          await this.#extend(connection);
          await (this.#stopping ? after(beat / 10) : after(beat, this.#told.signal));
        }
      } catch (error) {
        this.options.report(error, "leases cannot be extended; trying again");
        await after(beat / 2);
      } finally {
        connection?.close();
      }
    }
  }

  /** Holds the leases of what is under way; what was lost, or cancelled, is stopped. */
  async #extend(connection: Connection): Promise<void> {
    const running = [...this.#running.values()];
    if (!running.length) return void (await connection.read(sql`select 1`));
    const runs = running.map(({ run }) => run);
    const kept = new Set((await connection.read(extension(runs, leaseSeconds))).map(([id]) => Number(id)));
    for (const { run, stop } of running) if (!kept.has(run.id) && this.#running.has(run.leaseToken)) stop.abort();
  }

  /** Lets go of what is still under way: what may be done again is handed back, the rest has an end nobody knows. */
  async #giveUp(): Promise<void> {
    const left = [...this.#running.values()];
    const unsafe = left.filter(({ run }) => run.effect === "unsafe");
    const others = left.filter(({ run }) => run.effect !== "unsafe").map(({ run }) => run);
    for (const { stop } of left) stop.abort();
    if (others.length) await handBack(this.database.writer, others);
    const reason = "Its worker was stopped while it ran, and it must not be done twice: what it did is not known.";
    const ended = unsafe.map(({ run }) => ({ run, ending: failure(run, reason, { outcomeUnknown: true }) }));
    if (ended.length) await this.#turn(ended, 0);
    this.#means.processes.stop();
  }
}

const after = (milliseconds: number, signal?: AbortSignal) =>
  setTimeout(milliseconds, undefined, { signal }).catch(() => {});
