import { createHash } from "node:crypto";
import type { Tester } from "./actions/tester.js";
import type { Caller } from "./auth/who.js";
import type { Ending } from "./database/ending.js";
import type { Database } from "./database/pools.js";
import { AppError } from "./errors.js";
import type { Feed } from "./events/feed.js";
import { longestKey } from "./limits.js";
import { Reads } from "./reads/reads.js";
import type { Vault } from "./vault.js";

/** What one request carries, whichever door it came through. */
export interface Context {
  readonly caller: Caller;
  readonly requestId: string;
  readonly address: string;
  readonly database: Database;
  readonly vault: Vault;
  readonly reads: Reads;
  /** The events that can be followed; undefined in commands, whom nobody follows. */
  readonly feed: Feed | undefined;
  /** Tries assets; undefined in commands. */
  readonly tester: Tester | undefined;
  /** The same request at a later moment: with what its caller may do by then, and nothing read yet. */
  later(): Promise<Context>;
  /** The last event a reconnecting stream was told, which it goes on after. */
  readonly lastEventId: string | undefined;
  /** The currently running container of S0. */
  readonly container: number | undefined;
  /** The playbook run on whose behalf the request is made; its container is then the current one. */
  readonly playbookRun: number | undefined;
  readonly idempotency: { key: string; fingerprint: string } | undefined;
  /** What operations did, line by line, where the caller asked for it. */
  readonly trace: string[];
  /** Until when it may take; undefined where nobody waits for an answer. */
  readonly ending: Ending | undefined;
  /** How times are written in the answer to a mutation, by its response name, where it asked for another form. */
  readonly timeFormats: Map<string, string>;
}

/** What requests work with. Commands have no feed, for nobody follows them, and test no assets. */
export interface Services {
  database: Database;
  vault: Vault;
  feed?: Feed;
  tester?: Tester;
}

export interface Origin {
  caller: Caller;
  /** Finds the caller anew, for requests that last. */
  callerNow?(): Promise<Caller>;
  requestId: string;
  address: string;
  headers: Record<string, string | string[] | undefined>;
  /** What is asked for: the GraphQL request as it came in. */
  body: unknown;
  ending?: Ending;
}

export function contextOf(services: Services, origin: Origin): Context {
  const { vault, feed, tester } = services;
  const { caller, callerNow, requestId, address, headers, body, ending } = origin;
  const database = ending ? services.database.until(ending) : services.database;
  const container = idOf(headers, "SOAR-Container", "container");
  const playbookRun = idOf(headers, "SOAR-Playbook-Run", "playbook run");
  const key = text(headers, "idempotency-key");
  if (key && key.length > longestKey)
    throw new AppError("BAD_REQUEST", `The Idempotency-Key has ${key.length} characters; ${longestKey} are the limit.`);
  return {
    caller,
    requestId,
    address,
    database,
    vault,
    reads: new Reads(database, caller),
    feed,
    tester,
    later: async () => contextOf(services, { ...origin, caller: callerNow ? await callerNow() : caller }),
    lastEventId: text(headers, "last-event-id"),
    container,
    playbookRun,
    idempotency: key
      ? {
          key,
          fingerprint: createHash("sha256")
            .update(JSON.stringify([body, container, playbookRun]))
            .digest("hex"),
        }
      : undefined,
    trace: [],
    ending,
    timeFormats: new Map(),
  };
}

function idOf(headers: Origin["headers"], header: string, noun: string): number | undefined {
  const given = text(headers, header.toLowerCase());
  if (given === undefined) return undefined;
  if (/^\d{1,10}$/.test(given) && Number(given) <= 2147483647) return Number(given);
  throw new AppError("BAD_REQUEST", `${header} is ${JSON.stringify(given)}; it takes the numeric id of a ${noun}.`);
}

function text(headers: Origin["headers"], name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
}
