import type { Connection, Database } from "../database/pools.js";
import { Bell } from "./bell.js";
import { after, channel, extent, type LogEvent, pageSize, readEvent, readExtent, stamp } from "./log.js";

/** Twice a second the log is read though nobody rang: the bell only makes it sooner. */
const beat = 500;

/**
 * The end of the event log as one process holds it: the last events in memory, read by one connection for all who follow.
 * That connection is asked something at every beat, so one that no longer answers is noticed and replaced, and nothing
 * is lost by it: reading goes on after the last event held.
 */
export class Tail {
  /** Whether the log can be read at the moment. */
  alive = false;
  /** Whether the end of the log has once been reached. */
  ready = false;
  /** The name of the history of events that places belong to. */
  history = "";
  /** The place of the last event held. */
  head = 0;
  stopped = false;

  readonly #ring: LogEvent[];
  #length = 0;
  readonly #bell = new Bell();
  readonly #waiting = new Set<() => void>();
  #ended: Promise<void> = Promise.resolve();

  /** `held`: how many events are kept in memory. */
  constructor(
    readonly database: Database,
    readonly held: number,
    readonly report: (error: unknown) => void,
  ) {
    this.#ring = new Array(held);
  }

  /** Waits until the end of the log is reached, though not for ever. */
  async start(): Promise<void> {
    this.#ended = this.#follow();
    const late = AbortSignal.timeout(5_000);
    while (!this.ready && !late.aborted) await this.beyond(Number.POSITIVE_INFINITY, late);
  }

  /** Lets go of all who wait, and of the connection. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.#bell.ring();
    this.#release();
    await this.#ended;
  }

  /** The place before the oldest event held. */
  get floor(): number {
    return this.head - this.#length;
  }

  /** The next events after a place that is not below the floor. */
  after(place: number): LogEvent[] {
    const length = Math.min(this.head - place, pageSize);
    return Array.from({ length }, (_, index) => this.#ring[(place + 1 + index) % this.held]!);
  }

  /** Waits for an event after a place. Also wakes when something else is new: other events, a stop, or `signal`. */
  async beyond(place: number, signal: AbortSignal): Promise<void> {
    if (this.head > place || this.stopped || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        this.#waiting.delete(done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      this.#waiting.add(done);
      signal.addEventListener("abort", done);
    });
  }

  async #follow(): Promise<void> {
    while (!this.stopped) {
      try {
        await this.#session();
      } catch (error) {
        if (this.alive) this.report(error);
      }
      this.alive = false;
      // Gateways that lost the same database do not come back all at once.
      if (!this.stopped) await this.#bell.silent(100 + Math.random() * 200);
    }
  }

  /** Reads the log by one connection for as long as that works. */
  async #session(): Promise<void> {
    const connection = await this.database.connect("events");
    try {
      await connection.listen(channel, () => this.#bell.ring());
      await this.#begin(connection);
      for (let due: boolean = true; !this.stopped; ) {
        const stamped: number = due ? Number((await connection.read(stamp))[0]![0]) : 0;
        const read: number = await this.#advance(connection);
        const more = stamped === pageSize || read === pageSize;
        this.alive = true;
        if (!more && !this.ready) {
          this.ready = true;
          this.#release();
        }
        due = more || (await this.#bell.silent(beat));
      }
    } finally {
      connection.close();
    }
  }

  /** Goes on where it was; the first time, and in another history, with as many of the last events as it can hold. */
  async #begin(connection: Connection): Promise<void> {
    const { history, start, end } = readExtent(await connection.read(extent));
    if (history === this.history) return;
    this.history = history;
    this.#length = 0;
    this.head = Math.max(start, end - this.held);
  }

  /** Takes in what follows, a page at most, and says how many events that were. */
  async #advance(connection: Connection): Promise<number> {
    const events = (await connection.read(after(this.head))).map(readEvent);
    const first = events[0]?.pos ?? this.head + 1;
    if (first !== this.head + 1) {
      // Away for so long that the next events were dropped: those who still wait for them will find that out.
      this.#length = 0;
      this.head = first - 1;
    }
    for (const event of events) this.#ring[event.pos % this.held] = event;
    this.head += events.length;
    this.#length = Math.min(this.#length + events.length, this.held);
    if (events.length) this.#release();
    return events.length;
  }

  #release(): void {
    for (const done of [...this.#waiting]) done();
  }
}
