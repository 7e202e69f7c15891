import { AppError } from "../../errors.js";
import type { Asked } from "./route.js";

/** A field to filter by: where the GraphQL filter has it, and the lookups that it offers. */
interface Field {
  path: string[];
  lookups: Record<string, string>;
  value?: (value: unknown) => unknown;
}

export type Fields = Record<string, Field>;

const equal = { exact: "eq", in: "in" };
export const byId = (...path: string[]): Field => ({ path, lookups: equal });
export const byText = (...path: string[]): Field => ({ path, lookups: { ...equal, isnull: "isNull" } });
export const byTitle = (...path: string[]): Field => ({ path, lookups: { ...equal, icontains: "icontains" } });
export const byWord = (...path: string[]): Field => ({ path, lookups: equal, value: capitals });
export const byTime = (...path: string[]): Field => ({
  path,
  lookups: { exact: "eq", gt: "gt", gte: "gte", lt: "lt", lte: "lte", isnull: "isNull" },
});

const capitals = (word: unknown): unknown => (Array.isArray(word) ? word.map(capitals) : String(word).toUpperCase());

/** The GraphQL filter that `_filter_<field>[__lookup]` and `_exclude_<field>[__lookup]` ask for together. */
export function filterOf({ search }: Asked, fields: Fields): Record<string, unknown> {
  const conditions = Object.entries(search).flatMap(([name, text]) => {
    const [, kind, rest] = /^_(filter|exclude)_(.*)$/.exec(name) ?? [];
    if (!kind || !rest) return [];
    const condition = conditionOf(name, rest, text, fields);
    return kind === "filter" ? [condition] : [{ not: condition }];
  });
  return { and: conditions };
}

function conditionOf(name: string, rest: string, text: string, fields: Fields): Record<string, unknown> {
  const known = Object.keys(fields).filter((field) => rest === field || rest.startsWith(`${field}__`));
  const field = known.sort((one, other) => other.length - one.length)[0];
  if (!field) throw unknown(name, `there are ${Object.keys(fields).join(", ")}`);
  const { path, lookups, value = (same: unknown) => same } = fields[field]!;
  const asked = rest.slice(field.length + 2) || "exact";
  const lookup = Object.hasOwn(lookups, asked) ? lookups[asked] : undefined;
  if (!lookup) throw unknown(name, `${field} offers ${Object.keys(lookups).join(", ")}`);
  const wanted = { [lookup]: value(literal(text)) };
  return path.reduceRight<Record<string, unknown>>((inner, part) => ({ [part]: inner }), wanted);
}

function unknown(name: string, choice: string): AppError {
  return new AppError("BAD_REQUEST", `There is no filter ${name}: ${choice}.`, { filter: name });
}

/** A value as clients write them: JSON or Python, so that texts are quoted either way; what is neither is a text. */
function literal(text: string): unknown {
  const words: Record<string, unknown> = { True: true, False: false, None: null };
  if (Object.hasOwn(words, text)) return words[text];
  for (const written of [text, text.replaceAll("'", '"')]) {
    try {
      return JSON.parse(written);
    } catch {}
  }
  return text;
}
