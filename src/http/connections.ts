import type { FastifyInstance } from "fastify";
import type { Callers } from "../auth/callers.js";
import type { Caller } from "../auth/who.js";
import { AppError } from "../errors.js";

/** A WebSocket or event stream that is open. */
export interface Connection {
  /** Who opened it, and by which token. */
  readonly caller: Caller;
  readonly token: string | undefined;
  /** Ends it because its caller is not let in any more. */
  end(why: string): void;
}

/** Connections that one caller may have open on one gateway. */
const mostOfCaller = 1_000;

/** How often it is looked whether callers are still let in, in milliseconds. */
const recheck = 3_000;

/** Every connection of this gateway that stays open: the one list of them. */
export class Connections {
  readonly #open = new Set<Connection>();
  readonly #ofCaller = new Map<number, number>();

  constructor(readonly callers: Callers) {}

  /** Ends connections whose token expires or is revoked, for as long as the gateway runs. */
  watch(app: FastifyInstance): void {
    const timer = setInterval(() => this.#endRefused(), recheck).unref();
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

  [Symbol.iterator](): Iterator<Connection> {
    return this.#open.values();
  }

  async #endRefused(): Promise<void> {
    for (const token of new Set([...this].map(({ token }) => token))) {
      const refusal = await this.callers.current(token).then(
        () => undefined,
        (error: unknown) => (error instanceof AppError ? error : undefined),
      );
      if (!refusal) continue;
      for (const connection of [...this]) if (connection.token === token) connection.end(refusal.message);
    }
  }
}
