import { createHash } from "node:crypto";
import type { Caller } from "./auth/who.js";
import type { Database } from "./database/pools.js";
import { AppError } from "./errors.js";
import { longestKey } from "./limits.js";
import { Reads } from "./reads/reads.js";

/** What one request carries, whichever door it came through. */
export interface Context {
  readonly caller: Caller;
  readonly requestId: string;
  readonly address: string;
  readonly database: Database;
  readonly reads: Reads;
  /** The currently running container of S0. */
  readonly container: number | undefined;
  readonly idempotency: { key: string; fingerprint: string } | undefined;
  /** What operations did, line by line, where the caller asked for it. */
  readonly trace: string[];
}

export interface Origin {
  caller: Caller;
  requestId: string;
  address: string;
  headers: Record<string, string | string[] | undefined>;
  /** The GraphQL request as it came in. */
  body: unknown;
}

export function contextOf(database: Database, { caller, requestId, address, headers, body }: Origin): Context {
  const container = containerOf(headers);
  const key = text(headers, "idempotency-key");
  if (key && key.length > longestKey)
    throw new AppError("BAD_REQUEST", `The Idempotency-Key has ${key.length} characters; ${longestKey} are the limit.`);
  return {
    caller,
    requestId,
    address,
    database,
    reads: new Reads(database, caller),
    container,
    idempotency: key
      ? {
          key,
          fingerprint: createHash("sha256")
            .update(JSON.stringify([body, container]))
            .digest("hex"),
        }
      : undefined,
    trace: [],
  };
}

function containerOf(headers: Origin["headers"]): number | undefined {
  const given = text(headers, "soar-container");
  if (given === undefined) return undefined;
  if (/^\d{1,10}$/.test(given) && Number(given) <= 2147483647) return Number(given);
  throw new AppError(
    "BAD_REQUEST",
    `SOAR-Container is ${JSON.stringify(given)}; it takes the numeric id of a container.`,
  );
}

function text(headers: Origin["headers"], name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
}
