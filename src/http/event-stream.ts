import { once } from "node:events";
import { PassThrough } from "node:stream";
import type { ExecutionResult } from "graphql";
import type { Frames } from "./subscriptions.js";

/** Something is sent this often, in milliseconds, so that no proxy takes the stream for dead. */
const beat = 12_000;

/** Bytes that may wait for a slow client, besides those that the system holds. */
const mostWaiting = 16 * 1024;

/** One stream of Server-Sent Events: the next answer is made when the last has left. */
export class EventStream {
  readonly body = new PassThrough({ highWaterMark: mostWaiting });
  readonly #closed = new AbortController();
  readonly #frames: Frames;
  #late = false;

  constructor(frames: Frames) {
    this.#frames = frames;
    this.body.once("close", () => this.#close());
  }

  /** Sends all answers; `told` makes of an error the last one. */
  async run(told: (error: unknown) => ExecutionResult): Promise<void> {
    const timer = setInterval(() => this.#pulse(), beat);
    this.#closed.signal.addEventListener("abort", () => clearInterval(timer));
    // Clients that are sent away together come back one after another.
    this.body.write(`retry: ${500 + Math.floor(Math.random() * 2500)}\n\n`);
    try {
      for await (const { cursor, result } of this.#frames) await this.#send(result, cursor);
      this.#finish();
    } catch (error) {
      this.#finish(told(error));
    }
  }

  /** Ends it for good, with a last answer if there is one. */
  end(last: ExecutionResult): void {
    this.#finish(last);
  }

  /** Ends it without saying that it is complete: the client comes back, to another gateway, and goes on. */
  sendAway(): void {
    this.#close();
    this.body.end();
  }

  async #send(result: ExecutionResult, cursor?: string): Promise<void> {
    if (this.#closed.signal.aborted) return;
    const id = cursor === undefined ? "" : `id: ${cursor}\n`;
    const { signal } = this.#closed;
    const taken = this.body.write(`event: next\n${id}data: ${JSON.stringify(result)}\n\n`);
    if (!taken) await once(this.body, "drain", { signal }).catch(() => {});
  }

  #finish(last?: ExecutionResult): void {
    if (this.#closed.signal.aborted) return;
    if (last) this.body.write(`event: next\ndata: ${JSON.stringify(last)}\n\n`);
    this.#close();
    this.body.end("event: complete\ndata:\n\n");
  }

  #close(): void {
    this.#closed.abort();
    void this.#frames.return();
  }

  /**
   * Says that the stream lives. An id without data is no event, but what a client comes back with: so its cursor moves
   * past events that are none of its business. A client that took nothing for a whole beat is let go.
   */
  #pulse(): void {
    const waiting = this.body.writableNeedDrain;
    if (waiting && this.#late) this.body.destroy();
    else if (!waiting) this.body.write(this.#frames.passed ? `id: ${this.#frames.passed}\n\n` : ":\n\n");
    this.#late = waiting;
  }
}
