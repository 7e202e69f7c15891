import { ObjectType } from "type-graphql";
import { addField, type Class, namedClass } from "./classes.js";
import type { found, Taken, Token } from "./operations.js";

/** A field of a record: a value, or an object read anew by an id that the record holds. */
export type RecordField = Taken<unknown> | ReturnType<typeof found>;

/** A type of answers that is no row of a table. */
export interface RecordType extends Token<unknown> {
  readonly name: string;
  readonly fields: Record<string, RecordField>;
}

/** Every record, by its GraphQL name. */
export const records = new Map<string, RecordType>();

export function record(name: string, description: string, fields: Record<string, RecordField>): RecordType {
  const type: Class = namedClass(name);
  ObjectType(name, { description, simpleResolvers: true })(type);
  for (const [field, given] of Object.entries(fields)) {
    if ("token" in given) addField(type, field, given.token.thunk, given.description, { nullable: !given.required });
    else addField(type, field, () => given.target.type, given.description);
  }
  const made: RecordType = { name, fields, thunk: () => type };
  records.set(name, made);
  return made;
}
