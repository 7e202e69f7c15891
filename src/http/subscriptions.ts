import type { FastifyBaseLogger } from "fastify";
import { createSourceEventStream, type ExecutionArgs, type ExecutionResult, execute, GraphQLError } from "graphql";
import type { Context } from "../context.js";
import { AppError, brief, type ErrorCode } from "../errors.js";
import type { Delivery, Follower } from "../events/feed.js";
import { patiently } from "../events/patience.js";
import { countError, isRefusal, publicError, refusalErrors } from "./errors.js";
import type { Live } from "./live.js";
import { type SharedAnswers, shapeOf } from "./shared.js";

/*
 * What WebSockets and event streams have in common: a subscription, its answers, and how it fails.
 */

type Args = ExecutionArgs & { contextValue: Context };

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

/** How often an answer is made at most, until nothing in it failed. */
const mostTimes = 4;

/** Runs a subscription. Answers that fail end it with a {@link Failed}. */
export async function answersTo({ shared, log }: Live, args: Args): Promise<Frames> {
  const context = args.contextValue;
  const tell = (error: unknown) => toldError(error, context.requestId, log);
  const shape = shapeOf(args);
  const source = (await createSourceEventStream(args)) as Follower | ExecutionResult;
  if (!(Symbol.asyncIterator in source))
    throw new Failed(source.errors!.map((error) => tell(coded(error, "BAD_USER_INPUT"))));
  const next = async (): Promise<IteratorResult<Frame, void>> => {
    try {
      const step = await source.next();
      if (step.done) return step;
      const { errors, ...result } = await answer(shared, shape, args, step.value);
      return {
        value: { cursor: step.value.cursor, result: errors ? { ...result, errors: errors.map(tell) } : result },
      };
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

/** What is answered to an event: made once for all subscriptions of a user that are alike. */
async function answer(shared: SharedAnswers, shape: string, args: Args, event: Delivery): Promise<ExecutionResult> {
  const now = await patiently(
    () => args.contextValue.later(),
    () => false,
  );
  const make = () => executed(args, event, now);
  return event.sequence === undefined ? make() : shared.get(`${event.cursor} ${now.caller.id} ${shape}`, make);
}

/** An answer, made again where a part of it failed by a fault: an event is told only once. */
async function executed(args: Args, event: Delivery, context: Context, time = 1): Promise<ExecutionResult> {
  const result = await execute({ ...args, rootValue: event, contextValue: context });
  if (time === mostTimes || !result.errors?.some((error) => !publicError(error))) return result;
  await new Promise((resolve) => setTimeout(resolve, time * 200));
  return executed(args, event, await context.later(), time + 1);
}

/** What a client is told of whatever went wrong, under the id of its request. */
export function toldErrors(error: unknown, requestId: string, log: FastifyBaseLogger): GraphQLError[] {
  return partsOf(error).map((one) => toldError(one, requestId, log));
}

function partsOf(error: unknown): readonly unknown[] {
  if (error instanceof Failed) return error.errors;
  return isRefusal(error) ? refusalErrors(error) : [error];
}

function toldError(error: unknown, requestId: string, log: FastifyBaseLogger): GraphQLError {
  const shown = publicError(error);
  if (!shown) log.error({ err: error, requestId }, "a subscription failed");
  const code = shown instanceof AppError ? shown.code : "INTERNAL_SERVER_ERROR";
  const details = shown instanceof AppError ? shown.details : shown?.extensions;
  const { nodes, source, positions, path } = error instanceof GraphQLError ? error : ({} as Partial<GraphQLError>);
  countError(details?.code ?? code);
  return new GraphQLError(brief(shown?.message ?? "Internal server error"), {
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
export function coded(error: GraphQLError, code: string): GraphQLError {
  error.extensions.code ??= code;
  return error;
}
