import { HeaderMap } from "@apollo/server";
import { unwrapResolverError } from "@apollo/server/errors";
import type { FastifyReply } from "fastify";
import { GraphQLError, type GraphQLFormattedError } from "graphql";
import { Counter } from "prom-client";
import { AppError, brief, fromDatabase, httpStatus, type RefusalCode } from "../errors.js";
import { InvalidDocument } from "../guard/document.js";

const errorsTold = new Counter({
  name: "soar_errors_total",
  help: "Errors that callers were told in the form of GraphQL, by their code.",
  labelNames: ["code"],
});

/** Counts an error that is told in the form of GraphQL. */
export function countError(code: unknown): void {
  errorsTold.inc({ code: String(code) });
}

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
  const told = formattedError(formatted, error);
  countError(told.extensions?.code);
  return told;
}

function formattedError(formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError {
  const shown = publicError(error);
  const { locations, path } = formatted;
  if (!shown)
    return { message: "Internal server error", locations, path, extensions: { code: "INTERNAL_SERVER_ERROR" } };
  if (!(shown instanceof AppError))
    return {
      ...formatted,
      message: brief(formatted.message),
      extensions: { ...formatted.extensions, stacktrace: undefined },
    };
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
  countError(code);
  return reply
    .code(status)
    .header("cache-control", "no-store")
    .type("application/json; charset=utf-8")
    .send(JSON.stringify({ errors: [{ message, extensions: { ...details, code, requestId: reply.request.id } }] }));
}

/** Why a request was refused before anything of it ran. */
export type RequestRefusal = AppError | InvalidDocument;

export function isRefusal(error: unknown): error is RequestRefusal {
  return error instanceof AppError || error instanceof InvalidDocument;
}

/** A refusal as every door tells it. */
export function refusalErrors(refusal: RequestRefusal): readonly GraphQLError[] {
  if (refusal instanceof AppError)
    return [new GraphQLError(refusal.message, { extensions: { ...refusal.details, code: refusal.code } })];
  const { code, mistakes } = refusal;
  return mistakes.map(({ message, nodes, source, positions }) => {
    return new GraphQLError(brief(message), { nodes, source, positions, extensions: { code } });
  });
}

/** The body of an answer that tells a refusal, with the cost where it is known. */
export function refusalBody(refusal: RequestRefusal): string {
  const cost = costOf(refusal);
  return JSON.stringify({ errors: refusalErrors(refusal), extensions: cost === undefined ? undefined : { cost } });
}

export function costOf(refusal: RequestRefusal): number | undefined {
  return refusal instanceof AppError ? (refusal.details.cost as number | undefined) : undefined;
}

/** A refusal as Apollo takes it, with HTTP status and headers. */
export function requestError(refusal: RequestRefusal): GraphQLError {
  const [first] = refusalErrors(refusal);
  const http = { status: statusOf(refusal), headers: new HeaderMap(Object.entries(headersOf(refusal))) };
  return new GraphQLError(first!.message, { extensions: { ...first!.extensions, http } });
}

export function statusOf(error: unknown): number {
  return (error instanceof AppError ? httpStatus[error.code] : undefined) ?? 400;
}

/** HTTP statuses of the errors of requests that ask for one thing, which GraphQL tells inside of an answer. */
export const answerStatus: Partial<Record<string, number>> = {
  ...httpStatus,
  CONFLICT: 409,
  IDEMPOTENCY_CONFLICT: 409,
  QUERY_TOO_COMPLEX: 413,
  TIMEOUT: 503,
  OUTCOME_UNKNOWN: 503,
};

/** And those of what such a request was refused for by an operation; of all others it is 409. */
export const refusalStatus: Partial<Record<RefusalCode, number>> = {
  NOT_FOUND: 404,
  CONTAINER_REQUIRED: 400,
  INVALID_VALUE: 400,
  TOO_LONG: 400,
};

export function headersOf(error: unknown): Record<string, string> {
  const seconds = error instanceof AppError ? error.details.retryAfter : undefined;
  return seconds === undefined ? {} : { "retry-after": String(seconds) };
}

/** Every error of an answer names the request, under which the log has more. */
export function nameRequest(body: string, requestId: string): string {
  if (!body.startsWith('{"errors":')) return body;
  const answer = JSON.parse(body);
  for (const error of answer.errors) error.extensions = { ...error.extensions, requestId };
  return JSON.stringify(answer);
}
