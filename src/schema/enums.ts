import { registerEnumType } from "type-graphql";

/** A GraphQL enum: its names in capitals, what the database holds for each, and what each means. */
function register(
  name: string,
  description: string,
  values: Record<string, string>,
  meanings: Record<string, string>,
): object {
  registerEnumType(values, {
    name,
    description,
    valuesConfig: Object.fromEntries(
      Object.entries(meanings).map(([word, meaning]) => [constantCase(word), { description: meaning }]),
    ),
  });
  return values;
}

const exposed = new Map<readonly string[], object>();

/** Makes an enum of the database public, its words in capitals, each with its meaning. */
export function exposeEnum<Word extends string>(
  type: { enumValues: readonly Word[] },
  name: string,
  description: string,
  meanings: Record<Word, string>,
): void {
  const values = Object.fromEntries(type.enumValues.map((word) => [constantCase(word), word]));
  exposed.set(type.enumValues, register(name, description, values, meanings));
}

/** The public form of an enum of the database. */
export function enumOf(words: readonly string[]): object {
  const found = exposed.get(words);
  if (!found) throw new Error(`No enum is exposed for ${words.join(", ")}`);
  return found;
}

/** An enum that no column holds; returns its values by their public names. */
export function namedEnum<Word extends string>(
  name: string,
  description: string,
  meanings: Record<Word, string>,
): Record<string, Word> {
  const values = Object.fromEntries((Object.keys(meanings) as Word[]).map((word) => [constantCase(word), word]));
  return register(name, description, values, meanings) as Record<string, Word>;
}

export const OrderDirection = namedEnum("OrderDirection", "Which way a list is ordered.", {
  asc: "Smallest, oldest or first in the alphabet first; objects without a value last.",
  desc: "Largest, newest or last in the alphabet first; objects without a value first.",
});

export const TimeFormat = namedEnum("TimeFormat", "How a time is written.", {
  iso: "`2020-11-05T21:39:22.048641Z`, as Python writes it.",
  postgres: "`2020-11-05 21:39:22.048641+00`, as Postgres stores it.",
});

function constantCase(word: string): string {
  return word.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}
