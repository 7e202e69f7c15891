import { and, sql } from "drizzle-orm";
import { visible } from "../auth/visible.js";
import type { Caller } from "../auth/who.js";
import type { Database } from "../database/pools.js";
import { AppError } from "../errors.js";
import { columnOf } from "../schema/expose.js";
import { parseTime } from "../schema/scalars.js";
import { expiredCursor, invalidCursor, readCursor, writeCursor } from "./cursor.js";
import { after, extent, type LogEvent, readEvent, readExtent } from "./log.js";
import { patiently } from "./patience.js";
import { Tail } from "./tail.js";
import type { Topic } from "./topics.js";

/** An event as it is told, or where following starts. */
export interface Delivery extends Partial<Omit<LogEvent, "pos" | "topic">> {
  readonly kind: string;
  readonly cursor: string;
  readonly time: string;
}

/** What somebody wants to be told of. */
export interface Wish {
  readonly topic: Topic;
  readonly filter: Record<string, unknown>;
  /** Who asks, with what they may see at that moment. */
  caller(): Promise<Caller>;
}

/** The events told to one reader. */
export interface Follower extends AsyncGenerator<Delivery, void, undefined> {
  /** A cursor after everything told and everything passed over. */
  readonly cursor: string | undefined;
}

export interface Page {
  readonly deliveries: readonly Delivery[];
  /** Where to read on. */
  readonly cursor: string;
  /** Whether there is more to read already. */
  readonly more: boolean;
}

/** Events looked at for one page at most: where few match, it ends early and its cursor has moved on. */
const mostScanned = 20_000;

/** Events that wait, chosen and checked, for one reader at most, and for how many milliseconds. */
const [mostChosen, chosenFor] = [100, 1_000];

/** The live feed of one gateway. */
export class Feed {
  readonly tail: Tail;

  constructor(
    readonly database: Database,
    { held, report }: { held: number; report: (error: unknown) => void },
  ) {
    this.tail = new Tail(database, held, report);
  }

  /**
   * Tells every later event, once and in order, as fast as it is asked for: a reader costs no more than its place in the
   * log. Without `after` it first tells where it starts.
   */
  follow(wish: Wish, given: string | undefined): Follower {
    const stop = new AbortController();
    const place: Place = { pos: 0, history: undefined };
    const told = this.#tell(wish, given, place, stop.signal);
    return {
      next: () => told.next(),
      return: (value) => {
        stop.abort();
        return told.return(value);
      },
      throw: (error) => {
        stop.abort();
        return told.throw(error);
      },
      get cursor() {
        return place.history === undefined ? undefined : writeCursor(place.history, place.pos);
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  /** The first events after a cursor, or of those kept; waits so long for one if there is none yet. */
  async page(wish: Wish, given: string | undefined, first: number, waitSeconds: number): Promise<Page> {
    this.#refuseUnready();
    const { history } = this.tail;
    const began = given === undefined ? readExtent(await this.database.read(extent)).start : await this.#placeOf(given);
    const deadline = new AbortController();
    const late = setTimeout(() => deadline.abort(), waitSeconds * 1000);
    try {
      const { found, reached } = await this.#scan(wish, began, first, deadline.signal);
      if (this.tail.history !== history) throw invalidCursor(writeCursor(history, began));
      const told = found.slice(0, first);
      const pos = found.length > first ? (told.at(-1)?.pos ?? began) : reached;
      return {
        deliveries: told.map((event) => delivery(history, event)),
        cursor: writeCursor(history, pos),
        more: pos < reached || reached < this.tail.head,
      };
    } finally {
      clearTimeout(late);
    }
  }

  /** A cursor after everything that this gateway has heard of. */
  get cursor(): string {
    return writeCursor(this.tail.history, this.tail.head);
  }

  /** Whether events arrive at the moment. */
  get alive(): boolean {
    return this.tail.alive;
  }

  start(): Promise<void> {
    return this.tail.start();
  }

  stop(): Promise<void> {
    return this.tail.stop();
  }

  async *#tell(
    wish: Wish,
    given: string | undefined,
    place: Place,
    signal: AbortSignal,
  ): AsyncGenerator<Delivery, void> {
    this.#refuseUnready();
    const { tail } = this;
    const { history } = tail;
    const over = () => signal.aborted || tail.stopped;
    place.pos = given === undefined ? tail.head : await patiently(() => this.#placeOf(given), over);
    place.history = history;
    if (given === undefined) yield beginning(history, place.pos);

    // Who has once been at the end is expected to keep up.
    let live = given === undefined;
    while (!over()) {
      if (tail.history !== history) throw invalidCursor(writeCursor(history, place.pos));
      if (live && place.pos < tail.floor) throw overflow(writeCursor(history, place.pos), tail.held);
      const events = await patiently(() => this.#after(place.pos), over);
      live ||= place.pos + events.length >= tail.head;
      if (events.length) yield* this.#tellSome(wish, events, place, signal);
      else await tail.beyond(place.pos, signal);
    }
  }

  /** Tells those of some events that are wished for, and moves the place past what was told and passed over. */
  async *#tellSome(
    wish: Wish,
    events: readonly LogEvent[],
    place: Place,
    signal: AbortSignal,
  ): AsyncGenerator<Delivery, void> {
    const all = await patiently(
      () => chosen(this.database, wish, events),
      () => signal.aborted,
    );
    const some = all.slice(0, mostChosen);
    const until = Date.now() + chosenFor;
    for (const event of some) {
      if (signal.aborted || Date.now() > until) return;
      yield delivery(place.history!, event);
      // Only now, when the next is asked for, is this one told.
      place.pos = event.pos;
    }
    if (some.length === all.length) place.pos = events.at(-1)!.pos;
  }

  /** Looks for one event more than wished for, from a place on; `reached` is the place up to which it looked. */
  async #scan(
    wish: Wish,
    began: number,
    first: number,
    deadline: AbortSignal,
  ): Promise<{ found: LogEvent[]; reached: number }> {
    const found: LogEvent[] = [];
    let reached = began;
    while (found.length <= first && reached - began < mostScanned) {
      const events = await this.#after(reached);
      found.push(...(await chosen(this.database, wish, events)));
      reached = events.at(-1)?.pos ?? reached;
      if (events.length) continue;
      if (found.length || first === 0 || deadline.aborted || this.tail.stopped) break;
      await this.tail.beyond(reached, deadline);
    }
    return { found, reached };
  }

  /** The next events after a place, from memory or from the log. */
  async #after(pos: number): Promise<LogEvent[]> {
    const { tail } = this;
    if (pos >= tail.floor) return tail.after(pos);
    const events = (await this.database.read(after(pos))).map(readEvent);
    // Places have no gaps, so what is missing was dropped.
    if (events[0]?.pos === pos + 1) return events;
    throw expiredCursor(writeCursor(tail.history, pos));
  }

  /** The place of a cursor, which other gateways may know before this one. */
  async #placeOf(cursor: string): Promise<number> {
    const { tail } = this;
    const pos = readCursor(cursor, tail.history);
    if (pos >= tail.floor && pos <= tail.head) return pos;
    const { start, end } = readExtent(await this.database.read(extent));
    if (pos > end) throw invalidCursor(cursor);
    if (pos < start) throw expiredCursor(cursor);
    return pos;
  }

  #refuseUnready(): void {
    if (!this.tail.ready) throw new AppError("TIMEOUT", "Events cannot be read at the moment; retry in a few seconds.");
  }
}

interface Place {
  pos: number;
  history: string | undefined;
}

/** Those of some events that are wished for and about what the caller may see. */
async function chosen(
  database: Database,
  { topic, filter, caller }: Wish,
  events: readonly LogEvent[],
): Promise<LogEvent[]> {
  const matching = events.filter((event) => event.topic === topic.name && topic.matches(event, filter));
  if (!matching.length) return [];
  const { target, key } = topic.object;
  const condition = and(visible(target, target.table, await caller()), topic.where?.(filter));
  if (!condition) return matching;
  const ids = [...new Set(matching.map((event) => event[key]))];
  const id = columnOf(target.table, "id");
  const rows = await database.read(
    sql`select ${id} from ${target.table} where ${id} = any(${sql.param(ids)}::int[]) and ${condition}`,
  );
  const seen = new Set(rows.map(([id]) => Number(id)));
  return matching.filter((event) => seen.has(event[key]!));
}

function delivery(history: string, { pos, topic: _, ...event }: LogEvent): Delivery {
  return { ...event, cursor: writeCursor(history, pos) };
}

function beginning(history: string, pos: number): Delivery {
  return { kind: "START", cursor: writeCursor(history, pos), time: parseTime(new Date().toISOString()) };
}

function overflow(cursor: string, held: number): AppError {
  return new AppError(
    "STREAM_OVERFLOW",
    `The reader is more than ${held} events behind; it was told everything up to this cursor and can follow from there.`,
    { cursor, limit: held },
  );
}
