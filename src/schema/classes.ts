import "reflect-metadata";
import { Field } from "type-graphql";

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
  options: { nullable?: boolean; defaultValue?: unknown } = { nullable: true },
): void {
  Field(thunk as () => never, { description, ...options })(type.prototype, field);
}
