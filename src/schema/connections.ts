import { Field, InputType, Int, ObjectType } from "type-graphql";
import { addArguments, addField, type Class, namedClass } from "./classes.js";
import { namedEnum, OrderDirection } from "./enums.js";

@ObjectType("PageInfo", {
  description: "Where a page lies in its list (Relay Cursor Connections).",
  simpleResolvers: true,
})
class PageInfo {
  @Field(() => Boolean, { description: "Whether more follows this page." })
  hasNextPage: boolean;

  @Field(() => Boolean, { description: "Whether something precedes this page." })
  hasPreviousPage: boolean;

  @Field(() => String, { nullable: true, description: "Cursor of the page's first object, for `before`." })
  startCursor?: string;

  @Field(() => String, { nullable: true, description: "Cursor of the page's last object, for `after`." })
  endCursor?: string;
}

/** The types of a list that is read page by page and counted. */
export function connectionOf(name: string, node: Class): { edge: Class; connection: Class } {
  const { edge, connection } = pagesOf(name, node, "`after` and `before`");
  addField(connection, "totalCount", () => Int, "How many objects the whole list has, counted up to 10000.", {});
  addField(connection, "totalCountExact", () => Boolean, "False when the list has more than `totalCount` says.", {});
  return { edge, connection };
}

/** The types of a list that is read page by page; `uses` says for what its cursors are. */
export function pagesOf(name: string, node: Class, uses: string): { edge: Class; connection: Class } {
  const edge = namedClass(`${name}Edge`);
  ObjectType(`${name}Edge`, { description: `One ${name} in a list, with its place there.`, simpleResolvers: true })(
    edge,
  );
  addField(edge, "node", () => node, `The ${name}.`, {});
  addField(edge, "cursor", () => String, `Its place in this list, for ${uses}.`, {});

  const connection = namedClass(`${name}Connection`);
  ObjectType(`${name}Connection`, { description: `A page of a list of ${name} objects.`, simpleResolvers: true })(
    connection,
  );
  addField(connection, "nodes", () => [node], "The objects of this page.", {});
  addField(connection, "edges", () => [edge], "The objects of this page with their cursors.", {});
  addField(connection, "pageInfo", () => PageInfo, "Where this page lies in the list.", {});
  return { edge, connection };
}

/** The input type that orders such a list by any of `fields`. */
export function orderOf(name: string, fields: readonly string[]): Class {
  const choices = namedEnum(
    `${name}OrderField`,
    `What a list of ${name} objects can be ordered by.`,
    Object.fromEntries(fields.map((field) => [field, `By \`${field}\`.`])),
  );
  const order = namedClass(`${name}Order`);
  InputType(`${name}Order`, {
    description: `One key of an ordering of ${name} objects; equal ones are ordered by id.`,
  })(order);
  addField(order, "field", () => choices, "What to order by.", {});
  addField(order, "direction", () => OrderDirection, "Which way.", { defaultValue: OrderDirection.ASC });
  return order;
}

/** The arguments of a field that answers a connection. */
export function connectionArguments(owner: Class, field: string, filter: Class, order: Class): void {
  addArguments(owner, field, [
    ["first", () => Int, "At most this many from the start, 0 to 100; 50 when neither `first` nor `last` is given."],
    ["after", () => String, "Start after this cursor."],
    ["last", () => Int, "At most this many from the end, 0 to 100; not together with `first`."],
    ["before", () => String, "End before this cursor."],
    ["filter", () => filter, "Only objects that match."],
    ["orderBy", () => [order], "Most significant key first; by id when absent."],
  ]);
}
