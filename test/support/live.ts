import { once } from "node:events";
import WebSocket from "ws";

/** An answer of a subscription. */
interface Answer {
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  data?: any;
  errors?: { message: string; extensions: Record<string, unknown> }[];
}

/** What a subscription has told so far, over whichever transport. */
export class Told {
  readonly answers: Answer[] = [];
  /** The id that came with the last answer of an event stream. */
  lastEventId: string | undefined;
  /** How it ended: `complete`, `errors`, a close code, or `lost` and `sent away` of an event stream. */
  ended: string | number | undefined;
  #waiting: (() => void)[] = [];

  /** Breaks the connection. */
  cut: () => void = () => {};

  /** The events told, START included. */
  // biome-ignore lint/suspicious/noExplicitAny: events of every topic
  get events(): any[] {
    return this.answers.flatMap(({ data }) => (data ? Object.values(data) : []));
  }

  get errors() {
    return this.answers.flatMap(({ errors }) => errors ?? []);
  }

  tell(answer: Answer): void {
    this.answers.push(answer);
    this.changed();
  }

  end(how: string | number): void {
    this.ended ??= how;
    this.changed();
  }

  changed(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Waits until something holds. */
  async until(holds: (told: this) => unknown, what = String(holds)): Promise<this> {
    const late = Date.now() + 15_000;
    while (!holds(this)) {
      const left = late - Date.now();
      if (left <= 0)
        throw new Error(`Not told in time: ${what}; told ${JSON.stringify(this.answers.slice(-5))}, ${this.ended}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    return this;
  }
}

type Variables = Record<string, unknown>;

/** Subscribes over a WebSocket of its own. */
export function overSocket(url: string, token: string, query: string, variables: Variables = {}): Told {
  const told = new Told();
  const socket = openSocket(url, token, told);
  socket.on("message", (data) => {
    const { type } = JSON.parse(String(data));
    if (type === "connection_ack")
      socket.send(JSON.stringify({ id: "1", type: "subscribe", payload: { query, variables } }));
  });
  told.cut = () => socket.terminate();
  return told;
}

/** A socket that tells what comes, and subscribes to nothing yet. */
export function openSocket(url: string, token: string, told: Told): WebSocket {
  const socket = new WebSocket(`${url.replace(/^http/, "ws")}/graphql`, "graphql-transport-ws");
  socket.on("open", () =>
    socket.send(JSON.stringify({ type: "connection_init", payload: { authorization: `Bearer ${token}` } })),
  );
  socket.on("message", (data) => {
    const { type, payload } = JSON.parse(String(data));
    if (type === "next") told.tell(payload);
    if (type === "error") {
      told.tell({ errors: payload });
      told.end("errors");
    }
    if (type === "complete") told.end("complete");
  });
  socket.on("error", () => {});
  socket.on("close", (code) => told.end(code));
  return socket;
}

/** Subscribes by an event stream. */
export function overStream(
  url: string,
  token: string,
  query: string,
  variables: Variables = {},
  headers: Record<string, string> = {},
): Told {
  const told = new Told();
  const stop = new AbortController();
  told.cut = () => stop.abort();
  const body = JSON.stringify({ query, variables });
  const own = { authorization: `Bearer ${token}`, "content-type": "application/json", accept: "text/event-stream" };
  fetch(`${url}/graphql/stream`, { method: "POST", headers: { ...own, ...headers }, body, signal: stop.signal })
    .then(async (answer) => {
      if (answer.status !== 200) {
        told.tell((await answer.json()) as Answer);
        return told.end(answer.status);
      }
      await readStream(answer.body!, told);
      told.end("sent away");
    })
    .catch(() => told.end("lost"));
  return told;
}

async function readStream(body: ReadableStream<Uint8Array>, told: Told): Promise<void> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const part of body) {
    text += decoder.decode(part, { stream: true });
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      takeIn(text.slice(0, end), told);
      text = text.slice(end + 2);
    }
  }
}

function takeIn(block: string, told: Told): void {
  const fields = new Map(block.split("\n").map((line) => line.split(/: ?(.*)/s, 2) as [string, string]));
  if (fields.has("id")) told.lastEventId = fields.get("id");
  if (fields.get("event") === "next") told.tell(JSON.parse(fields.get("data")!));
  if (fields.get("event") === "complete") told.end("complete");
}

/** Opens a socket and waits for it. */
export async function connected(socket: WebSocket): Promise<void> {
  await once(socket, "open");
}
