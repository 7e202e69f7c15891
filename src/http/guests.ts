import { isDeepStrictEqual } from "node:util";
import type { FastifyInstance } from "fastify";
import type { Credentials } from "../auth/credentials.js";
import type { Gate } from "../auth/gate.js";
import type { Caller } from "../auth/who.js";
import { AppError } from "../errors.js";

/** Somebody for whom a connection is held open. */
export interface Guest {
  readonly caller: Caller;
  readonly credentials: Credentials;
  readonly address: string;
  /** Ends the connection. */
  dismiss(reason: string): void;
}

const betweenLooks = 3_000;

/**
 * The guests of this process. Every few seconds each credential is looked at again: those whose token was revoked or has
 * expired, whose account is disabled or whose rights have changed are dismissed.
 */
export function keepGuests(app: FastifyInstance, gate: Gate): Set<Guest> {
  const guests = new Set<Guest>();
  const look = async () => {
    for (const group of groups(guests)) {
      const [{ credentials, address }] = group;
      const now = await gate.identify(credentials, address).catch(reasonOf);
      for (const guest of group) {
        if (typeof now === "string") guest.dismiss(now);
        else if (now && !isDeepStrictEqual(now, guest.caller))
          guest.dismiss("Your rights have changed; connect again.");
      }
    }
  };
  let looking = false;
  const timer = setInterval(async () => {
    if (looking) return;
    looking = true;
    await look().finally(() => {
      looking = false;
    });
  }, betweenLooks).unref();
  app.addHook("preClose", async () => clearInterval(timer));
  return guests;
}

/** Those who came with the same credentials from the same address are looked at together. */
function groups(guests: Set<Guest>): Iterable<[Guest, ...Guest[]]> {
  const found = new Map<string, [Guest, ...Guest[]]>();
  for (const guest of guests) {
    const mark = JSON.stringify([guest.credentials, guest.address]);
    const group = found.get(mark);
    if (group) group.push(guest);
    else found.set(mark, [guest]);
  }
  return found.values();
}

/** Why credentials are valid no more; undefined when that could not be found out. */
function reasonOf(error: unknown): string | undefined {
  const lost = error instanceof AppError && ["UNAUTHENTICATED", "FORBIDDEN"].includes(error.code);
  return lost ? error.message : undefined;
}
