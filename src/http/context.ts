import type { FastifyRequest } from "fastify";
import type { Gate } from "../auth/gate.js";
import { type Context, contextOf } from "../context.js";
import type { Database } from "../database/pools.js";
import { publicError, requestError } from "./errors.js";

export type LoggedContext = Context & { log: FastifyRequest["log"] };

/** Makes what a request carries of what came in by HTTP; refuses a request without valid credentials. */
export function contextMaker(database: Database, gate: Gate): (request: FastifyRequest) => Promise<LoggedContext> {
  return async ({ id: requestId, ip: address, headers, body, query, log }) => {
    try {
      const caller = await gate.admit(headers, address);
      return { ...contextOf(database, { caller, requestId, address, headers, body: body ?? query }), log };
    } catch (error) {
      if (!publicError(error)) log.error({ err: error }, "a caller could not be identified");
      throw requestError(error);
    }
  };
}
