import { type GraphQLEnumType, type GraphQLOutputType, getNamedType } from "graphql";
import type { Kind } from "../schema/kinds.js";
import { fromPostgresTime } from "../schema/scalars.js";

/** Writes Postgres' text of a value as JSON; what `decode` and the scalars make of it together, without an object between. */
export type Encode = (text: string) => string;

/** How values of a kind are written in a field of that type. */
export function encoderOf(kind: Kind, type: GraphQLOutputType): Encode {
  if (kind !== "enum") return encoders[kind];
  const named = getNamedType(type) as GraphQLEnumType;
  const words = new Map(named.getValues().map(({ name, value }) => [value as string, `"${name}"`]));
  return (text) => words.get(text)!;
}

const same: Encode = (text) => text;
const quoted: Encode = (text) => JSON.stringify(text);

const encoders: Record<Exclude<Kind, "enum">, Encode> = {
  id: same,
  integer: same,
  bigint: same,
  number: same,
  boolean: (text) => (text === "t" ? "true" : "false"),
  text: quoted,
  name: quoted,
  title: quoted,
  time: (text) => `"${fromPostgresTime(text)}"`,
  json: same,
  tags: same,
  ids: same,
};
