import { AppError } from "../../errors.js";
import { type Asked, oneOf } from "./route.js";
import { timeOf } from "./time.js";

/** A field to filter by: where the GraphQL filter has it, and the lookups that it offers. */
interface Field {
  path: string[];
  lookups: Record<string, string>;
  /** One value as GraphQL has it, of what was read of the text given. */
  value?: (read: unknown, text: string, name: string) => unknown;
}

export type Fields = Record<string, Field>;

const equal = { exact: "eq", in: "in" };
const asText = (read: unknown, text: string) => (typeof read === "string" ? read : text);
export const byId = (...path: string[]): Field => ({ path, lookups: equal });
export const byText = (...path: string[]): Field => ({ path, lookups: { ...equal, isnull: "isNull" }, value: asText });
export const byTitle = (...path: string[]): Field => ({
  path,
  lookups: { ...equal, icontains: "icontains" },
  value: asText,
});
export const byWord = (words: readonly string[], ...path: string[]): Field => ({
  path,
  lookups: equal,
  value: (read, _, name) => oneOf(name, String(read), words),
});
export const byTime = (...path: string[]): Field => ({
  path,
  lookups: { exact: "eq", gt: "gt", gte: "gte", lt: "lt", lte: "lte", isnull: "isNull" },
  value: (read) => (typeof read === "string" ? timeOf(read) : read),
});

const parts = (name: string) => /^_(filter|exclude)_(.*)$/.exec(name);

/** The parameters of an address that are filters. */
export const filtersOf = (search: Asked["search"]) => Object.keys(search).filter(parts);

/** The GraphQL filter that `_filter_<field>[__lookup]` and `_exclude_<field>[__lookup]` ask for together. */
export function filterOf({ search }: Asked, fields: Fields): Record<string, unknown> {
  const conditions = filtersOf(search).map((name) => {
    const [, kind, rest] = parts(name)!;
    const condition = conditionOf(name, rest!, search[name]!, fields);
    return kind === "filter" ? condition : { not: condition };
  });
  return { and: conditions };
}

function conditionOf(name: string, rest: string, text: string, fields: Fields): Record<string, unknown> {
  const known = Object.keys(fields).filter((field) => rest === field || rest.startsWith(`${field}__`));
  const field = known.sort((one, other) => other.length - one.length)[0];
  if (!field) throw unknown(name, `there are ${Object.keys(fields).join(", ")}`);
  const { path, lookups, value = (read: unknown) => read } = fields[field]!;
  const asked = rest === field ? "exact" : rest.slice(field.length + 2);
  const lookup = Object.hasOwn(lookups, asked) ? lookups[asked] : undefined;
  if (!lookup) throw unknown(name, `${field} offers ${Object.keys(lookups).join(", ")}`);
  const read = literal(text);
  if (read === null)
    throw new AppError("BAD_REQUEST", `${name} is ${text}, which equals nothing${instead(field, lookups)}.`);
  const one = (read: unknown, text: string) => (lookup === "isNull" ? read : value(read, text, name));
  const wanted = { [lookup]: Array.isArray(read) ? read.map((item) => one(item, String(item))) : one(read, text) };
  return path.reduceRight<Record<string, unknown>>((inner, part) => ({ [part]: inner }), wanted);
}

const instead = (field: string, { isnull }: Field["lookups"]) => (isnull ? `; ask for _filter_${field}__isnull` : "");

function unknown(name: string, choice: string): AppError {
  return new AppError("BAD_REQUEST", `There is no filter ${name}: ${choice}.`, { filter: name });
}

/** A value as clients write them: JSON or Python, so that texts are quoted either way; what is neither is a text. */
function literal(text: string): unknown {
  const words: Record<string, unknown> = { True: true, False: false, None: null };
  if (Object.hasOwn(words, text)) return words[text];
  const quoted = /^'(.*)'$/s.exec(text)?.[1];
  if (quoted !== undefined) return quoted.replaceAll(/\\(['\\])/g, "$1");
  for (const written of [text, text.replaceAll("'", '"')]) {
    try {
      return JSON.parse(written);
    } catch {}
  }
  return text;
}
