import "reflect-metadata";
import { Arg, Field } from "type-graphql";

export type Class = new () => object;

/** A class with a name of its own, for type-graphql to hang a derived type on. */
export function namedClass(name: string): Class {
  return { [name]: class {} }[name]!;
}

/** Adds a field to a derived type, nullable unless said otherwise. */
export function addField(
  type: Class,
  field: string,
  thunk: () => unknown,
  description: string,
  options: { nullable?: boolean | "items"; defaultValue?: unknown } = { nullable: true },
): void {
  Field(thunk as () => never, { description, ...options })(type.prototype, field);
}

/** Adds arguments to a derived field; all of them may be left out. */
export function addArguments(
  owner: Class,
  field: string,
  list: readonly (readonly [name: string, thunk: () => unknown, description: string])[],
): void {
  for (const [index, [name, thunk, description]] of list.entries())
    Arg(name, thunk as () => never, { nullable: true, description })(owner.prototype, field, index);
}
