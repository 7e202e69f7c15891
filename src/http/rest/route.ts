import type { z } from "zod";
import { AppError, Refusal } from "../../errors.js";
import { mistakesTold } from "../../limits.js";

// biome-ignore lint/suspicious/noExplicitAny: what a document answers is checked by its schema, not by the compiler
export type Data = any;

/** A request to a route. */
export interface Asked {
  readonly params: Readonly<Record<string, string>>;
  /** What stands in the address after the question mark. */
  readonly search: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** Runs a document of ours on behalf of the caller and gives its data. */
  run(document: string, variables?: Record<string, unknown>): Promise<Data>;
}

/** An endpoint of the REST manual: documents that are run, and what is made of their data. */
export interface Route {
  readonly method: "GET" | "POST";
  /** Below `/rest`. */
  readonly url: string;
  answer(asked: Asked): Promise<unknown>;
}

export const get = (url: string, answer: Route["answer"]): Route => ({ method: "GET", url, answer });
export const post = (url: string, answer: Route["answer"]): Route => ({ method: "POST", url, answer });

export const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
export const camelCase = (name: string) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** Data with the names of all its keys as REST has them. */
export function snakeCased(data: Data): Data {
  if (Array.isArray(data)) return data.map(snakeCased);
  if (typeof data !== "object" || data === null) return data;
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [snakeCase(name), snakeCased(value)]));
}

/** What manuals take everywhere: more of what is told, of which nothing else is left out here. */
const takenAnywhere = ["pretty", "include_expensive"];

/** Refuses parameters of an address that the route knows nothing of, which may be misspelt. */
export function refuseUnknown(search: Asked["search"], known: readonly string[]): void {
  const unknown = Object.keys(search).find((name) => !known.includes(name) && !takenAnywhere.includes(name));
  if (unknown === undefined) return;
  const choice = `there ${known.length === 1 ? "is" : "are"} ${known.join(", ")}`;
  throw new AppError("BAD_REQUEST", `${JSON.stringify(unknown)} is no parameter here; ${choice}.`);
}

const largest = 2 ** 31 - 1;

/** A number in an address: whole, and not less than 0. */
export function wholeNumber(name: string, text: string): number {
  if (/^\d{1,10}$/.test(text) && Number(text) <= largest) return Number(text);
  throw new AppError(
    "BAD_REQUEST",
    `${name} is ${JSON.stringify(text)}; it takes a whole number from 0 to ${largest}.`,
  );
}

/** A word in an address, whatever its letter case, as the name that GraphQL has for it. */
export function oneOf(name: string, text: string, words: readonly string[]): string {
  const word = words.find((one) => one === text.toLowerCase());
  if (word) return word.toUpperCase();
  throw new AppError("BAD_REQUEST", `${name} is ${JSON.stringify(text)}; it can be ${words.join(", ")}.`);
}

/** The body of a request, if it has the form wanted. */
export function bodyOf<T>({ body }: Asked, form: z.ZodType<T>): T {
  const given = form.safeParse(body);
  if (given.success) return given.data;
  const mistakes = given.error.issues
    .slice(0, mistakesTold)
    .map(({ path, message }) => `${path.join(".") || "the body"}: ${message}`);
  throw new AppError("BAD_REQUEST", `The body cannot be used: ${mistakes.join("; ")}.`);
}

/** The payload of an operation that did what it was asked for. */
export function accepted(payload: Data): Data {
  if (payload.success) return payload;
  throw new Refusal(payload.code, payload.message, payload.field ?? undefined);
}
