import type { FastifyBaseLogger } from "fastify";
import {
  createSourceEventStream,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  parse,
  validate,
} from "graphql";
import type { Context } from "../context.js";
import { AppError, type ErrorCode } from "../errors.js";
import type { Delivery, Follower } from "../events/feed.js";
import { publicError } from "./errors.js";

/*
 * What WebSockets and event streams have in common: how the text of a subscription becomes a document, and that its
 * answers.
 */

/** A GraphQL request as it came in. */
export interface Asked {
  query: string;
  operationName?: string | null;
  variables?: Record<string, unknown> | null;
}

/** A subscription that was refused or failed, with what its client is told. */
export class Failed extends Error {
  constructor(readonly errors: readonly GraphQLError[]) {
    super(errors[0]!.message);
  }
}

/** An answer and the cursor of the event that it tells. */
export interface Frame {
  cursor: string;
  result: ExecutionResult;
}

/** Answers as they are asked for; `passed` is a cursor after everything told and everything passed over. */
export interface Frames extends AsyncGenerator<Frame, void, undefined> {
  readonly passed: string | undefined;
}

/** Most errors told of a document. */
const mostErrors = 5;

/** The document of a client's text: the one place where it becomes one, on every transport but plain HTTP. */
export function documentOf(schema: GraphQLSchema, { query, operationName }: Asked): DocumentNode {
  const document = parsed(query);
  const operation = getOperationAST(document, operationName);
  if (!operation) throw failure("OPERATION_RESOLUTION_FAILURE", "Say by `operationName` which operation is meant.");
  if (operation.operation !== "subscription")
    throw failure("BAD_REQUEST", "Only subscriptions run here; send queries and mutations by POST to /graphql.");
  const errors = validate(schema, document, undefined, { maxErrors: mostErrors });
  if (errors.length) throw new Failed(errors.map((error) => coded(error, "GRAPHQL_VALIDATION_FAILED")));
  return document;
}

/** Runs a subscription. Answers that fail end it with a {@link Failed}. */
export async function answersTo(
  args: ExecutionArgs & { contextValue: Context },
  log: FastifyBaseLogger,
): Promise<Frames> {
  const context = args.contextValue;
  const tell = (error: unknown) => toldError(error, context.requestId, log);
  const source = (await createSourceEventStream(args)) as Follower | ExecutionResult;
  if (!(Symbol.asyncIterator in source))
    throw new Failed(source.errors!.map((error) => tell(coded(error, "BAD_USER_INPUT"))));
  const next = async (): Promise<IteratorResult<Frame, void>> => {
    try {
      const step = await source.next();
      if (step.done) return step;
      return { value: { cursor: step.value.cursor, result: await answer(args, step.value, tell) } };
    } catch (error) {
      await source.return();
      throw new Failed([tell(error)]);
    }
  };
  const frames: Frames = {
    next,
    return: () => source.return() as Promise<IteratorReturnResult<void>>,
    throw: (error) => source.throw(error) as Promise<IteratorReturnResult<void>>,
    get passed() {
      return source.cursor;
    },
    [Symbol.asyncIterator]: () => frames,
  };
  return frames;
}

async function answer(
  args: ExecutionArgs & { contextValue: Context },
  event: Delivery,
  tell: (error: unknown) => GraphQLError,
): Promise<ExecutionResult> {
  const contextValue = await args.contextValue.later();
  const { errors, ...result } = await execute({ ...args, rootValue: event, contextValue });
  return errors ? { ...result, errors: errors.map(tell) } : result;
}

function parsed(query: string): DocumentNode {
  try {
    return parse(query);
  } catch (error) {
    throw new Failed([coded(error as GraphQLError, "GRAPHQL_PARSE_FAILED")]);
  }
}

/** What a client is told of whatever went wrong, under the id of its request. */
export function toldErrors(error: unknown, requestId: string, log: FastifyBaseLogger): GraphQLError[] {
  const errors = error instanceof Failed ? error.errors : [error];
  return errors.map((one) => toldError(one, requestId, log));
}

function toldError(error: unknown, requestId: string, log: FastifyBaseLogger): GraphQLError {
  const shown = publicError(error);
  if (!shown) log.error({ err: error, requestId }, "a subscription failed");
  const code = shown instanceof AppError ? shown.code : "INTERNAL_SERVER_ERROR";
  const details = shown instanceof AppError ? shown.details : shown?.extensions;
  const { nodes, source, positions, path } = error instanceof GraphQLError ? error : ({} as Partial<GraphQLError>);
  return new GraphQLError(shown?.message ?? "Internal server error", {
    nodes,
    source,
    positions,
    path,
    extensions: { code, ...details, requestId },
  });
}

/** A refusal before anything ran. */
export function failure(code: ErrorCode | "OPERATION_RESOLUTION_FAILURE", message: string): Failed {
  return new Failed([new GraphQLError(message, { extensions: { code } })]);
}

/** graphql-js' own errors with the code that Apollo gives them on the other door. */
function coded(error: GraphQLError, code: string): GraphQLError {
  error.extensions.code ??= code;
  return error;
}
