import { isDeepStrictEqual } from "node:util";
import type { FastifyInstance } from "fastify";
import type { Callers, Visitor } from "../auth/callers.js";
import type { Caller } from "../auth/who.js";
import { AppError } from "../errors.js";

/** A WebSocket or event stream that is open. */
export interface Connection {
  /** Who opened it, with what they may do and see, and by what. */
  readonly caller: Caller;
  readonly visitor: Visitor;
  /** Ends it because its caller is not let in any more, or is another by now. */
  end(why: string): void;
}

/** Connections that one caller may have open on one gateway. */
const mostOfCaller = 1_000;

/** How often it is looked whether callers are still let in and the same, in milliseconds. */
const recheck = 3_000;

/** Every connection of this gateway that stays open: the one list of them. */
export class Connections {
  readonly #open = new Set<Connection>();
  readonly #ofCaller = new Map<number, number>();

  constructor(readonly callers: Callers) {}

  /**
   * Ends connections whose token expires or is revoked, whose account is disabled or whose rights change, for as long as
   * the gateway runs.
   */
  watch(app: FastifyInstance): void {
    const timer = setInterval(() => this.#look(), recheck).unref();
    app.addHook("preClose", async () => clearInterval(timer));
  }

  /** Takes in a connection and gives what takes it out again; refuses one too many of its caller. */
  add(connection: Connection): () => void {
    const { id, username } = connection.caller;
    const count = this.#ofCaller.get(id) ?? 0;
    if (count >= mostOfCaller)
      throw new AppError("RATE_LIMITED", `${username} has ${count} connections open here, which is the limit.`, {
        limit: mostOfCaller,
      });
    this.#ofCaller.set(id, count + 1);
    this.#open.add(connection);
    return () => {
      if (this.#open.delete(connection)) this.#ofCaller.set(id, this.#ofCaller.get(id)! - 1);
    };
  }

  get size(): number {
    return this.#open.size;
  }

  [Symbol.iterator](): Iterator<Connection> {
    return this.#open.values();
  }

  async #look(): Promise<void> {
    for (const connection of [...this]) {
      const now = await this.callers.current(connection.visitor).catch(refusal);
      if (typeof now === "string") connection.end(now);
      else if (now && !isDeepStrictEqual(now, connection.caller))
        connection.end("Your rights have changed; connect again.");
    }
  }
}

/** Why credentials are not accepted; undefined when that could not be found out. */
function refusal(error: unknown): string | undefined {
  return error instanceof AppError && ["UNAUTHENTICATED", "FORBIDDEN"].includes(error.code) ? error.message : undefined;
}
