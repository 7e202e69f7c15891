import type { PgColumn, PgEnumColumn } from "drizzle-orm/pg-core";
import { Field, InputType } from "type-graphql";
import { addField, type Class, namedClass } from "./classes.js";
import { type Kind, outputType } from "./kinds.js";

/** What each lookup takes, given the field's own type, and what it means. */
const lookups: Record<string, [takes: (item: unknown) => unknown, meaning: string]> = {
  eq: [(item) => item, "Equal to this."],
  in: [(item) => [item], "Equal to one of these."],
  gt: [(item) => item, "Greater or later than this."],
  gte: [(item) => item, "Greater or later than this, or equal."],
  lt: [(item) => item, "Less or earlier than this."],
  lte: [(item) => item, "Less or earlier than this, or equal."],
  icontains: [() => String, "Has this text in it, whatever the letter case."],
  hasAll: [(item) => [item], "Has every one of these."],
  hasAny: [(item) => [item], "Has at least one of these."],
  isNull: [() => Boolean, "True: has no value. False: has one."],
};

const comparisons = ["eq", "gt", "gte", "lt", "lte", "isNull"];

type Offer = [name: string, description: string, lookups: string[]];

/** The input type of each kind's lookups; the kinds without one cannot be filtered by. */
const offered: Partial<Record<Kind, Offer>> = {
  id: ["IdFilter", "Lookups by id; all given must hold.", ["eq", "in"]],
  integer: ["IntFilter", "Lookups on a number; all given must hold.", comparisons],
  bigint: ["BigIntFilter", "Lookups on a large number; all given must hold.", comparisons],
  number: ["FloatFilter", "Lookups on a number; all given must hold.", comparisons],
  time: ["DateTimeFilter", "Lookups on a time; all given must hold.", comparisons],
  boolean: ["BooleanFilter", "Lookups on a yes or no.", ["eq"]],
  text: ["StringFilter", "Lookups on a text, letter case counting; all given must hold.", ["eq", "in", "isNull"]],
  name: [
    "NameFilter",
    "Lookups on a name an administrator defined, whatever the letter case; all given must hold.",
    ["eq", "in", "isNull"],
  ],
  title: [
    "TextFilter",
    "Lookups on a text, also for a part of it; all given must hold.",
    ["eq", "in", "icontains", "isNull"],
  ],
  tags: ["TagsFilter", "Lookups on a set of words; all given must hold.", ["hasAll", "hasAny"]],
};

/** Where only the index for parts of a text exists. */
const search: Offer = ["SearchFilter", "Lookups on a text by a part of it.", ["icontains"]];

const made = new Map<string, Class>();

/** The input type that filters a list of `name` objects, as yet only with `and`, `or` and `not`. */
export function filterOf(name: string): Class {
  const filter = namedClass(`${name}Filter`);
  InputType(`${name}Filter`, { description: `Which ${name} objects; all conditions given must hold.` })(filter);
  addField(filter, "and", () => [filter], "All of these hold too.");
  addField(filter, "or", () => [filter], "At least one of these holds too.");
  addField(filter, "not", () => filter, "This does not hold.");
  return filter;
}

/**
 * Lets a filter look at a field, if its kind offers lookups. In a table that grows those are offered that an index
 * serves: `indexes` tells the methods of the indexes that begin with the column.
 */
export function addLookups(
  filter: Class,
  field: string,
  kind: Kind,
  column?: PgColumn,
  indexes?: ReadonlySet<string>,
): void {
  if (field === "cef") {
    addField(filter, field, () => CefFilter, "Where a field of the CEF record has a value.");
    return;
  }
  const offer = offerOf(kind, column, indexes);
  if (!offer) return;
  const [name, description, words] = offer;
  if (!made.has(name))
    made.set(
      name,
      lookupType(name, description, words, () => [outputType(kind, column)].flat()[0]),
    );
  addField(filter, field, () => made.get(name), `Lookups on \`${field}\`.`);
}

function offerOf(
  kind: Kind,
  column: PgColumn | undefined,
  indexes: ReadonlySet<string> | undefined,
): Offer | undefined {
  if (kind === "enum") return ofEnum(column as PgEnumColumn<never>);
  if (!indexes || kind === "boolean" || kind === "name" || column?.primary) return offered[kind];
  if (kind === "tags") return indexes.has("gin") ? offered.tags : undefined;
  if (kind === "title" && indexes.has("gin")) return indexes.has("btree") ? offered.title : search;
  if (kind === "title") return indexes.has("btree") ? offered.text : undefined;
  return indexes.has("btree") ? offered[kind] : undefined;
}

function ofEnum(column: PgEnumColumn<never>): Offer {
  const name = column.enum.enumName.replace(/(?:^|_)([a-z])/g, (_: string, letter: string) => letter.toUpperCase());
  return [`${name}Filter`, `Lookups on a ${name}; all given must hold.`, ["eq", "in", "isNull"]];
}

function lookupType(name: string, description: string, words: string[], item: () => unknown): Class {
  const type = namedClass(name);
  InputType(name, { description })(type);
  for (const word of words) {
    const [takes, meaning] = lookups[word]!;
    addField(type, word, () => takes(item()), meaning);
  }
  return type;
}

@InputType("CefFilter", { description: "A field of the CEF record: `key` with `eq` or `in`." })
export class CefFilter {
  @Field(() => String, { description: "Name of the CEF field, such as `sourceAddress`." })
  key: string;

  @Field(() => String, { nullable: true, description: "Equal to this text." })
  eq?: string;

  @Field(() => [String], { nullable: true, description: "Equal to one of these texts." })
  in?: string[];
}
