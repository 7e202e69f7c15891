import type { FastifyRequest } from "fastify";
import { type GraphQLSchema, graphql } from "graphql";
import type { Gate } from "../auth/gate.js";
import { type Context, contextOf, type Services } from "../context.js";
import { AppError } from "../errors.js";

/** Who asks for what, from where: what every door makes of a request. `body` is what is asked for. */
export type ContextFor = (request: FastifyRequest, body?: unknown) => Promise<Context>;

export function contextFor(services: Services, gate: Gate): ContextFor {
  return async (request, body = request.body ?? request.query) => {
    const { id: requestId, ip: address, headers } = request;
    const callerNow = () => gate.admit(headers, address);
    return contextOf(services, { caller: await callerNow(), callerNow, requestId, address, headers, body });
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
