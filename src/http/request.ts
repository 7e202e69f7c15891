import type { FastifyRequest } from "fastify";
import { AppError } from "../errors.js";
import { readJson } from "../guard/json.js";

const inJson = ["variables", "extensions"];

/** The GraphQL request as it came: in the body, or by GET in the query string. */
export function requestOf({ method, url, body }: FastifyRequest): unknown {
  if (method !== "GET") return body;
  const request: Record<string, unknown> = searchOf(url);
  for (const name of inJson) if (request[name]) request[name] = readJson(Buffer.from(request[name] as string));
  return { ...request, variables: request.variables || undefined, extensions: request.extensions || undefined };
}

/** What stands in an address after the question mark, each name once. */
export function searchOf(url: string): Record<string, string> {
  const [, search = ""] = url.split(/\?(.*)/s, 2);
  const given = new Map<string, string>();
  for (const [name, text] of new URLSearchParams(assertUtf8(search))) {
    if (given.has(name)) throw new AppError("BAD_REQUEST", `${JSON.stringify(name)} is given twice in the address.`);
    given.set(name, text);
  }
  return Object.fromEntries(given);
}

/** What is no UTF-8 would be read as other characters, in silence. */
function assertUtf8(search: string): string {
  try {
    decodeURIComponent(search);
    return search;
  } catch {
    throw new AppError("BAD_REQUEST", "The query string is not percent-encoded UTF-8.");
  }
}

/** The query string of a request by GET. */
export function queryString(parts: Record<string, unknown>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parts)) {
    if (value !== undefined) search.set(name, typeof value === "string" ? value : JSON.stringify(value));
  }
  return `?${search}`;
}

/** Reads a body of JSON; other charsets than UTF-8 have no place in it. */
export function readBody(contentType: string | undefined, bytes: Buffer): unknown {
  const charset = /;\s*charset\s*=\s*"?([^\s;"]*)/i.exec(contentType ?? "")?.[1];
  if (charset === undefined || /^utf-?8$/i.test(charset)) return readJson(bytes);
  throw new AppError("BAD_REQUEST", `JSON is read as UTF-8, not as ${JSON.stringify(charset)}.`);
}
