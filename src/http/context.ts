import type { FastifyRequest } from "fastify";
import type { Gate } from "../auth/gate.js";
import { type Context, contextOf } from "../context.js";
import type { Database } from "../database/pools.js";
import type { Feed } from "../events/feed.js";
import { publicError, requestError } from "./errors.js";

export type LoggedContext = Context & { log: FastifyRequest["log"] };

/** Makes what a request carries of what came in by HTTP; refuses a request without valid credentials. */
export function contextMaker(
  database: Database,
  gate: Gate,
  feed: Feed,
): (request: FastifyRequest) => Promise<LoggedContext> {
  return async ({ id: requestId, ip: address, headers, body, query, log }) => {
    const callerNow = () => gate.admit(headers, address);
    try {
      const caller = await callerNow();
      const origin = { caller, callerNow, feed, requestId, address, headers, body: body ?? query };
      return { ...contextOf(database, origin), log };
    } catch (error) {
      if (!publicError(error)) log.error({ err: error }, "a caller could not be identified");
      throw requestError(error);
    }
  };
}
