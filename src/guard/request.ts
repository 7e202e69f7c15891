import { AppError } from "../errors.js";

/** A GraphQL request in its parts, whichever door it came through. */
export interface Asked {
  readonly query?: string;
  /** Names an operation that is kept here, instead of or beside its text. */
  readonly documentId?: string;
  readonly operationName?: string;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly extensions: Readonly<Record<string, unknown>>;
}

/** Takes a request apart; null stands for what is left out. */
export function partsOf(request: unknown): Asked {
  if (Array.isArray(request)) throw wrong("Several requests in one body are not answered; send one object for each.");
  if (!isObject(request))
    throw wrong(`The request has to be a JSON object with the key query, not ${nameOf(request)}.`);
  const query = text(request, "query");
  const extensions = object(request, "extensions");
  const documentId = text(request, "documentId") ?? persistedHash(extensions);
  if (!query && !documentId) throw wrong("The request has no document: send its text as query, or a documentId.");
  return {
    query: query || undefined,
    documentId,
    operationName: text(request, "operationName"),
    variables: object(request, "variables"),
    extensions,
  };
}

/** The hash that Apollo's clients send: `{"persistedQuery": {"version": 1, "sha256Hash": …}}`. */
function persistedHash({ persistedQuery }: Record<string, unknown>): string | undefined {
  if (persistedQuery === undefined || persistedQuery === null) return undefined;
  if (isObject(persistedQuery) && persistedQuery.version === 1 && typeof persistedQuery.sha256Hash === "string")
    return persistedQuery.sha256Hash;
  throw wrong("extensions.persistedQuery has to be an object with version 1 and sha256Hash.");
}

function text(request: Record<string, unknown>, name: string): string | undefined {
  const value = request[name] ?? undefined;
  if (value === undefined || typeof value === "string") return value;
  throw wrong(`${name} has to be a string, not ${nameOf(value)}.`, { path: name });
}

function object(request: Record<string, unknown>, name: string): Record<string, unknown> {
  const value = request[name] ?? {};
  if (isObject(value)) return value;
  throw wrong(`${name} has to be a JSON object, not ${nameOf(value)}.`, { path: name });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function nameOf(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  return Array.isArray(value) ? "a list" : `a ${typeof value}`;
}

function wrong(message: string, details: Record<string, unknown> = {}): AppError {
  return new AppError("BAD_REQUEST", message, details);
}
