import { overSocket, overStream, type Told } from "./live.js";

/** The ways to subscribe. */
export const transports = [overSocket, overStream];

/** What is followed, by whom, from which cursor on. */
export interface Wish {
  readonly query: string;
  readonly filter?: object | undefined;
  readonly token: string;
  readonly after: string;
}

/** Somebody whose connection is cut all the time, and who comes back with the last cursor, to any gateway. */
export class Follower {
  // biome-ignore lint/suspicious/noExplicitAny: events of every topic
  readonly events: any[] = [];
  #cursor: string;

  constructor(
    readonly transport: typeof overSocket,
    readonly gateways: () => string[],
    readonly wish: Wish,
  ) {
    this.#cursor = wish.after;
  }

  /** Is cut until the signal. */
  async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const told = this.#connect();
      await Promise.race([after(50 + Math.random() * 250), told.until(({ ended }) => ended)]);
      this.#leave(told);
    }
  }

  /** Is told the rest in peace; `lacks` says whether something is missing after some more events. */
  async catchUp(lacks: (more: this["events"]) => boolean, what: string): Promise<void> {
    const told = this.#connect();
    await told.until(({ events }) => !lacks(events), what);
    this.#leave(told);
  }

  #connect(): Told {
    const { query, filter, token } = this.wish;
    const places = this.gateways();
    const url = places[Math.floor(Math.random() * places.length)]!;
    return this.transport(url, token, query, { after: this.#cursor, filter });
  }

  #leave(told: Told): void {
    told.cut();
    this.events.push(...told.events);
    this.#cursor = told.events.at(-1)?.cursor ?? this.#cursor;
    if (told.errors.length) throw new Error(JSON.stringify(told.errors));
  }
}

/** A cursor before every event. */
export async function beforeAllEvents(url: string, token: string): Promise<string> {
  const answer = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ query: "{ containerEvents(first: 0) { pageInfo { endCursor } } }" }),
  });
  const { data } = (await answer.json()) as { data: { containerEvents: { pageInfo: { endCursor: string } } } };
  return data.containerEvents.pageInfo.endCursor;
}

export const after = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
