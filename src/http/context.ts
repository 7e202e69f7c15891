import type { FastifyRequest } from "fastify";
import { type GraphQLSchema, graphql } from "graphql";
import type { Gate } from "../auth/gate.js";
import type { Caller } from "../auth/who.js";
import { type Context, contextOf, type Services } from "../context.js";
import type { Ending } from "../database/ending.js";
import { AppError } from "../errors.js";

declare module "fastify" {
  interface FastifyRequest {
    /** Who is calling, where the route found out before it read the body. */
    caller?: Caller;
  }
}

/**
 * Finds out who is calling before the body is read: only callers may make this process hold one. The function that it
 * gives is what a route does on each request.
 */
export function callersFirst(find: (request: FastifyRequest) => Promise<Caller>) {
  return async (request: FastifyRequest) => {
    try {
      request.caller = await find(request);
    } catch (error) {
      if (error instanceof AppError) request.log.info({ reason: error.message }, "a caller was refused");
      throw error;
    }
  };
}

/** What is known of a request besides its headers. */
interface Asked {
  /** What is asked for. */
  body?: unknown;
  ending?: Ending;
}

/** Who asks for what, from where: what every door makes of a request. */
export type ContextFor = (request: FastifyRequest, asked?: Asked) => Promise<Context>;

export function contextFor(services: Services, gate: Gate): ContextFor {
  return async ({ id: requestId, ip: address, headers, caller: found }, { body, ending } = {}) => {
    const callerNow = () => gate.admit(headers, address);
    const caller = found ?? (await callerNow());
    return contextOf(services, { caller, callerNow, requestId, address, headers, body, ending });
  };
}

/** A browser page must not make its browser ask for a password, a wrong token is no reason to ask for one. */
export function asksForPassword({ headers }: FastifyRequest): boolean {
  const { authorization } = headers;
  const sentOther =
    headers["ph-auth-token"] !== undefined || (authorization !== undefined && !/^basic /i.test(authorization));
  return headers["sec-fetch-site"] === undefined && !sentOther;
}

/** Asks what any caller can ask, so that nobody sees more here than there. */
export async function ask(schema: GraphQLSchema, contextValue: Context, source: string, id: number) {
  const { data, errors } = await graphql({ schema, source, contextValue, variableValues: { id } });
  if (errors?.[0]) throw errors[0].originalError ?? errors[0];
  return data as Record<string, unknown>;
}

/** The id in a part of an address. */
export function numberOf(what: string, given: unknown): number {
  if (typeof given === "string" && /^\d{1,10}$/.test(given) && Number(given) <= 2147483647) return Number(given);
  throw new AppError("BAD_REQUEST", `${what} is ${JSON.stringify(given)}; it takes one numeric id.`);
}
