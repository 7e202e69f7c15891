import { AppError, type ErrorCode } from "./errors.js";

/** A number that a request may not exceed. */
export interface Limit {
  readonly most: number;
  /** What is counted, as it ends the sentence "the request has 7 …". */
  readonly counts: string;
  readonly code: ErrorCode;
}

const tooMuch = (most: number, counts: string): Limit => ({ most, counts, code: "QUERY_TOO_COMPLEX" });

/** Every limit on what one request may ask; `docs/limits.md` is made of them. */
export const limits = {
  body: tooMuch(1024 * 1024, "bytes in its body"),
  login: tooMuch(8 * 1024, "bytes in its login"),
  message: tooMuch(64 * 1024, "bytes in its WebSocket message"),
  values: tooMuch(50_000, "values in its JSON"),
  nesting: tooMuch(64, "levels of brackets within each other"),
  text: tooMuch(64 * 1024, "characters in its document"),
  tokens: tooMuch(2_000, "tokens in its document"),
  directives: tooMuch(50, "directives in its document"),
  depth: tooMuch(16, "levels of fields"),
  fields: tooMuch(1_000, "fields, fragments spread"),
  aliases: tooMuch(50, "aliases, fragments spread"),
  rootFields: tooMuch(20, "root fields, fragments spread"),
  conditions: tooMuch(200, "conditions in its filters, fragments spread"),
  // graphql-js stops there by itself.
  comparisons: tooMuch(500_000, "comparisons of fields that answer under one name"),
  cost: tooMuch(500_000, "objects that it may have to answer"),
  rows: tooMuch(100_000, "rows to look through for one page, because no index finds what its filter asks for"),
} as const satisfies Record<string, Limit>;

/** How many objects a page has at most, and where a caller does not say. */
export const [largestPage, defaultPage] = [100, 50];

/** How many objects a list without pages counts for. */
export const plainList = 10;

/** The same for the lists of the schema itself: one whole introspection is within the limit, two are not. */
export const schemaList = 30;

/** How many days a window of time has at most. */
export const longestWindow = 3_660;

/** How many bytes are collected at once, and from how many. */
export const mostCollected = 64 * 1024 * 1024;

/** How many characters an idempotency key has at most. */
export const longestKey = 255;

/** On how many assets one action run may be done, and with how many sets of parameters in all. */
export const [mostAssets, mostSets] = [1_000, 5_000];

/** How many mistakes of one document or of its variables are told. */
export const mistakesTold = 5;

/** Milliseconds until a request that has not ended is cancelled. */
export const deadline = 10_000;

/** The refusal of a request that exceeds a limit. */
export function exceeds(
  name: keyof typeof limits,
  value: number | string,
  details: Record<string, unknown> = {},
): AppError {
  const { most, counts, code } = limits[name];
  return new AppError(code, `The request has ${value} ${counts}; ${most} are the limit, ask for less.`, {
    limitName: name,
    limit: most,
    value,
    ...details,
  });
}
