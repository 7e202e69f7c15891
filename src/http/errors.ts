import { HeaderMap } from "@apollo/server";
import { unwrapResolverError } from "@apollo/server/errors";
import type { FastifyReply } from "fastify";
import { GraphQLError, type GraphQLFormattedError } from "graphql";
import { AppError, fromDatabase, httpStatus } from "../errors.js";

/** What may leave the process of an error; undefined when it is a fault of ours, which only the log may tell. */
export function publicError(error: unknown): AppError | GraphQLError | undefined {
  const original = unwrapResolverError(error);
  if (original instanceof AppError) return original;
  const known = fromDatabase(original);
  if (known) return known;
  return original instanceof GraphQLError ? original : undefined;
}

/** An error as GraphQL clients read it. Apollo has formatted those that graphql-js and it raise themselves. */
export function formatError(formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError {
  const shown = publicError(error);
  const { locations, path } = formatted;
  if (!shown)
    return { message: "Internal server error", locations, path, extensions: { code: "INTERNAL_SERVER_ERROR" } };
  if (!(shown instanceof AppError))
    return { ...formatted, extensions: { ...formatted.extensions, stacktrace: undefined } };
  return { message: shown.message, locations, path, extensions: { ...shown.details, code: shown.code } };
}

/** Answers with an error as a whole, in the form that GraphQL clients read. */
export function sendError(
  reply: FastifyReply,
  status: number,
  code: string,
  message: string,
  details: Record<string, unknown> = {},
) {
  return reply
    .code(status)
    .header("cache-control", "no-store")
    .type("application/json; charset=utf-8")
    .send(JSON.stringify({ errors: [{ message, extensions: { ...details, code, requestId: reply.request.id } }] }));
}

/** An error that ends a whole GraphQL request, with its HTTP status. */
export function requestError(error: unknown): GraphQLError {
  if (!(error instanceof AppError)) throw error;
  const { code, message, details } = error;
  const headers = new HeaderMap();
  if (typeof details.retryAfter === "number") headers.set("retry-after", String(details.retryAfter));
  const http = { status: httpStatus[code] ?? 400, headers };
  return new GraphQLError(message, { extensions: { ...details, code, http } });
}

/** Every error of an answer names the request, under which the log has more. */
export function nameRequest(body: string, requestId: string): string {
  if (!body.startsWith('{"errors":')) return body;
  const answer = JSON.parse(body);
  for (const error of answer.errors) error.extensions = { ...error.extensions, requestId };
  return JSON.stringify(answer);
}
