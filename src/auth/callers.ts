import type { Database } from "../database/pools.js";
import { type Caller, findCaller } from "./who.js";

/** How old in milliseconds what is known of a caller may be. */
const fresh = 1_000;

/** The callers of connections that stay open: looked up anew when something is told them, for all with one token together. */
export class Callers {
  readonly #known = new Map<string | undefined, Promise<Caller>>();

  constructor(readonly database: Database) {}

  /** Who a token stands for at the moment; fails when it is not valid any more. */
  current(token: string | undefined): Promise<Caller> {
    const known = this.#known.get(token);
    if (known) return known;
    const found = findCaller(this.database, token);
    this.#known.set(token, found);
    const forget = setTimeout(() => this.#known.delete(token), fresh);
    forget.unref();
    return found;
  }
}
