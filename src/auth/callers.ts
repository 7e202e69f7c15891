import type { Credentials } from "./credentials.js";
import { type Gate, noCredentials } from "./gate.js";
import type { Caller } from "./who.js";

/** How old in milliseconds what is known of a caller may be. */
const fresh = 1_000;

/** What a connection that stays open was opened with. */
export interface Visitor {
  readonly credentials: Credentials;
  readonly address: string;
}

/** Somebody at the door, who must have brought credentials. */
export function visitorOf(credentials: Credentials | undefined, address: string): Visitor {
  if (!credentials) throw noCredentials();
  return { credentials, address };
}

/** The callers of connections that stay open: looked up anew when something is told them, for equal visitors together. */
export class Callers {
  readonly #known = new Map<string, Promise<Caller>>();

  constructor(readonly gate: Gate) {}

  /** Who a visitor is at the moment; fails when their credentials are not valid any more. */
  current({ credentials, address }: Visitor): Promise<Caller> {
    const mark = JSON.stringify([credentials, address]);
    const known = this.#known.get(mark);
    if (known) return known;
    const found = this.gate.identify(credentials, address);
    this.#known.set(mark, found);
    const forget = setTimeout(() => this.#known.delete(mark), fresh);
    forget.unref();
    return found;
  }
}
