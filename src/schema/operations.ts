import type { PgColumn } from "drizzle-orm/pg-core";
import { Float, ID, InputType, Int, ObjectType, registerEnumType } from "type-graphql";
import { refusalCodes } from "../errors.js";
import { addField, type Class, namedClass } from "./classes.js";
import { connectionArguments } from "./connections.js";
import { enumOf } from "./enums.js";
import type { Exposed } from "./expose.js";
import { BigIntScalar, DateTime, GraphQLJSON, GraphQLJSONObject, type IdOrName, IdOrNameScalar } from "./scalars.js";

/*
 * The words in which an operation says what it takes and gives. The GraphQL input and payload types, and the TypeScript
 * types its function sees, follow from them.
 */

/** A GraphQL type and what its values are in TypeScript. */
export interface Token<T> {
  thunk: () => unknown;
  readonly values?: T;
}

export const int: Token<number> = { thunk: () => Int };
export const bigint: Token<number> = { thunk: () => BigIntScalar };
export const number: Token<number> = { thunk: () => Float };
export const text: Token<string> = { thunk: () => String };
export const flag: Token<boolean> = { thunk: () => Boolean };
export const time: Token<string> = { thunk: () => DateTime };
export const nodeId: Token<string> = { thunk: () => ID };
export const object: Token<Record<string, unknown>> = { thunk: () => GraphQLJSONObject };
export const json: Token<unknown> = { thunk: () => GraphQLJSON };
export const idOrName: Token<IdOrName> = { thunk: () => IdOrNameScalar };

/** One of the words of an enum of the database. */
export function word<Word extends string>(type: { enumValues: readonly Word[] }): Token<Word> {
  return { thunk: () => enumOf(type.enumValues) };
}

export function list<T>(item: Token<T>): Token<T[]> {
  return { thunk: () => [item.thunk()] };
}

export interface Taken<T> {
  token: Token<unknown>;
  description: string;
  required: boolean;
  defaultValue?: T;
}

export const required = <T>(token: Token<T>, description: string): Taken<T> => ({ token, description, required: true });
export const optional = <T>(token: Token<T>, description: string): Taken<T | null | undefined> => ({
  token,
  description,
  required: false,
});

/** May be left out; null means the default too. */
export function defaulted<T>(token: Token<T>, defaultValue: T, description: string): Taken<T> {
  return { token, description, required: false, defaultValue };
}

export type Inputs = Record<string, Taken<unknown>>;
export type InputOf<I extends Inputs> = { [Name in keyof I]: I[Name] extends Taken<infer T> ? T : never };

/** An object of such fields as a field of an input. */
export function nested<I extends Inputs>(name: string, description: string, inputs: I): Token<InputOf<I>> {
  const type = inputType(name, description, inputs);
  return { thunk: () => type };
}

const alternatives = new Set<string>();

/** The input types of which exactly one field is given, by name. */
export const oneOfTypes: ReadonlySet<string> = alternatives;

/** An object of which a caller gives exactly one field, as a field of an input; `inputs` are all optional. */
export function oneOf<I extends Inputs>(name: string, description: string, inputs: I): Token<InputOf<I>> {
  alternatives.add(name);
  return nested(name, description, inputs);
}

export function inputType(name: string, description: string, inputs: Inputs): Class {
  const type = namedClass(name);
  InputType(name, { description })(type);
  for (const [field, taken] of Object.entries(inputs)) {
    const { token, required, defaultValue } = taken;
    addField(type, field, token.thunk, taken.description, { nullable: !required, defaultValue });
  }
  return type;
}

/**
 * A field of a payload: a value the operation returns, an object (or its edge) read anew by an id it returns, objects by
 * their ids, those that hold such an id in a column, or rows that each have an outcome of their own.
 */
export type Given = { description: string } & (
  | { token: Token<unknown>; sparse?: boolean }
  | { target: Exposed; key: string; as: "object" | "edge" | "objects" }
  | { target: Exposed; key: string; column: PgColumn }
  | { rows: Outcomes }
);
export type Payload = Record<string, Given>;

/** The outcomes of one operation on several objects: a type with `success`, `message`, `code`, `field` and more. */
export interface Outcomes {
  name: string;
  type: Class;
  payload: Payload;
}

export const given = (token: Token<unknown>, description: string): Given => ({ token, description });
/** A list in which there may be gaps; empty where nothing was done. */
export const sparse = (token: Token<unknown[]>, description: string): Given => ({ token, sparse: true, description });
export const found = (target: Exposed, key: string, description: string) =>
  ({ target, key, as: "object" as const, description }) satisfies Given;
export const foundEdge = (target: Exposed, key: string, description: string): Given => ({
  target,
  key,
  as: "edge",
  description,
});
export const foundAll = (target: Exposed, key: string, description: string): Given => ({
  target,
  key,
  as: "objects",
  description,
});
export const eachOf = (rows: Outcomes, description: string): Given => ({ rows, description });

export function outcomes(name: string, description: string, payload: Payload): Outcomes {
  return { name, type: payloadType(name, description, payload), payload };
}

export const foundList = (target: Exposed, key: string, column: PgColumn, description: string): Given => ({
  target,
  key,
  column,
  description,
});

const RefusalCode = Object.fromEntries(Object.keys(refusalCodes).map((code) => [code, code]));
registerEnumType(RefusalCode, {
  name: "RefusalCode",
  description: "Why an operation changed nothing.",
  valuesConfig: Object.fromEntries(Object.entries(refusalCodes).map(([code, description]) => [code, { description }])),
});

export function payloadType(name: string, description: string, payload: Payload): Class {
  const type = namedClass(name);
  ObjectType(name, { description, simpleResolvers: true })(type);
  addField(type, "success", () => Boolean, "Whether it was done.", {});
  addField(type, "message", () => String, "What was done, or why nothing was and what to do about it.", {});
  addField(type, "code", () => RefusalCode, "Why nothing was done; null on success.");
  addField(type, "field", () => String, "The input field to blame; null on success or when it is no single one.");
  for (const [field, given] of Object.entries(payload)) {
    addField(type, field, thunkOf(given), given.description, { nullable: isSparse(given) ? "items" : !isMany(given) });
    if ("column" in given) connectionArguments(type, field, given.target.filter, given.target.order);
  }
  return type;
}

export const isSparse = (given: Given) => "token" in given && given.sparse === true;
const isMany = (given: Given) => "rows" in given || ("as" in given && given.as === "objects");

function thunkOf(given: Given): () => unknown {
  if ("token" in given) return given.token.thunk;
  if ("rows" in given) return () => [given.rows.type];
  if ("column" in given) return () => given.target.connection;
  const { target, as } = given;
  return () => ({ object: target.type, edge: target.edge, objects: [target.type] })[as];
}
