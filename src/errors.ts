/** The closed list of error codes beyond Apollo Server's own; each with what it tells a caller. */
export const errorCodes = {
  UNAUTHENTICATED: "No valid credentials came with the request.",
  FORBIDDEN: "The caller is known but may not do this.",
  NOT_FOUND: "There is nothing at this address.",
  CONFLICT: "Another change won a race; read again and retry.",
  IDEMPOTENCY_CONFLICT: "The idempotency key was already used for another request.",
  RATE_LIMITED: "Too many requests; retry after the time given.",
  QUERY_TOO_COMPLEX: "The request asks for more than a limit allows.",
  TIMEOUT: "The request took longer than it may and was cancelled.",
  OUTCOME_UNKNOWN: "The connection was lost while a change was being committed; retry with the same idempotency key.",
  CURSOR_INVALID: "The cursor is damaged or belongs to another list or ordering.",
  CURSOR_EXPIRED: "The events after this cursor are no longer kept.",
  STREAM_OVERFLOW: "The client read too slowly and events would have been lost.",
  BAD_USER_INPUT: "A value in the request is not acceptable.",
  BAD_REQUEST: "The request is not well-formed.",
  PERSISTED_QUERY_NOT_FOUND: "No operation of that name or hash is kept here; send its text.",
  PERSISTED_QUERY_NOT_SUPPORTED: "No operations are kept here; send their texts.",
  INTERNAL_SERVER_ERROR: "A fault of this server; its details are in its log under the request id.",
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** HTTP statuses of the errors that end a whole request. */
export const httpStatus: Partial<Record<ErrorCode, number>> = {
  UNAUTHENTICATED: 401,
  BAD_REQUEST: 400,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  RATE_LIMITED: 429,
  INTERNAL_SERVER_ERROR: 500,
  TIMEOUT: 503,
};

/** How many characters of what went wrong are told and logged: it may quote a value that a caller sent, of any size. */
export const longestMessage = 5_000;

/** A text that fits into an answer and a line of the log. */
export function brief(text: string): string {
  return text.length > longestMessage ? `${text.slice(0, longestMessage).toWellFormed()}…` : text;
}

/** An error made for the person who called: its message and details may leave the process, those of any other error may not. */
export class AppError extends Error {
  readonly details: Record<string, unknown>;

  constructor(
    readonly code: ErrorCode,
    message: string,
    details: Record<string, unknown> = {},
  ) {
    super(brief(message));
    const entries = Object.entries(details);
    this.details = Object.fromEntries(entries.map(([name, it]) => [name, typeof it === "string" ? brief(it) : it]));
  }
}

/** Why an operation changed nothing: an answer, not an error. The codes of `RefusalCode`, each with its meaning. */
export const refusalCodes = {
  NOT_FOUND: "What the input names does not exist or is not visible to the caller.",
  CONTAINER_REQUIRED: "No container was named and there is no current one.",
  CONTAINER_MISMATCH: "The container named is not the one the other object belongs to.",
  INVALID_VALUE: "A value is not acceptable; the message says which and why.",
  TOO_LONG: "A text is longer than the limit and may not be cut.",
  INACTIVE: "The name exists but is disabled, so it cannot be used for new data.",
  ALREADY_IN_CASE: "It was merged into that case before; the payload holds the first time.",
  DUPLICATE: "The same object exists already; the payload holds it.",
  NO_DEFAULT_TEMPLATE: "A case needs a workbook template, none was named and none is the default.",
  ALREADY_A_CASE: "The container is a case already.",
  AMBIGUOUS: "Several objects have that name; use the id.",
  REVISION_CONFLICT: "Somebody else changed the object meanwhile; read it again.",
  WRONG_STATE: "The object is in a state in which this cannot be done.",
} as const;

export type RefusalCode = keyof typeof refusalCodes;

/** Thrown inside an operation: whatever it wrote is undone and the caller reads why. `shown` is what the payload still shows. */
export class Refusal extends Error {
  constructor(
    readonly code: RefusalCode,
    message: string,
    readonly field?: string,
    readonly shown: Record<string, unknown> = {},
  ) {
    super(brief(message));
  }
}

export function refuse(code: RefusalCode, message: string, field?: string, shown?: Record<string, unknown>): never {
  throw new Refusal(code, message, field, shown);
}

/** The process cannot start; its message is all the operator needs. */
export class StartError extends Error {}

/** Database failures a caller can act on, told by SQLSTATE; undefined for all others. */
export function fromDatabase(error: unknown): AppError | undefined {
  const state = sqlState(error);
  if (state === "57014")
    return new AppError("TIMEOUT", "The database took too long; ask for less, or narrow the filter.");
  if (state === "55P03") return new AppError("TIMEOUT", "Another change holds the object; nothing was changed, retry.");
  if (state === "22021" || state === "22P05")
    return new AppError("BAD_USER_INPUT", "A text holds the character U+0000, which cannot be stored; leave it out.");
  if (state === "54000")
    return new AppError(
      "BAD_USER_INPUT",
      "A name or identifier is too long for the index that finds it, which takes some 2,600 bytes; shorten it.",
    );
  if (state && retryable.has(state))
    return new AppError("CONFLICT", "Other changes kept winning; nothing was changed, retry.");
  return undefined;
}

/** Serialisation failure and deadlock: nothing was committed, running again is safe. */
export const retryable = new Set(["40001", "40P01"]);

/** The SQLSTATE of a database error, also when a library wrapped it. */
export function sqlState(error: unknown): string | undefined {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown };
  if (typeof code === "string" && /^[0-9A-Z]{5}$/.test(code)) return code;
  return cause ? sqlState(cause) : undefined;
}
