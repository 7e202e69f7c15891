import { type GraphQLInputType, isEnumType, isInputObjectType, isListType, isNonNullType } from "graphql";
import { gatewaySchema } from "../../src/resolvers/schema.js";
import { Container } from "../../src/schema/container.js";
import { exposedTypes } from "../../src/schema/expose.js";
import type { World } from "./worlds.js";

const schema = await gatewaySchema();

/** A call of an operation with no more input than it needs, on what a world has. */
export function callOn(operation: string, world?: World) {
  const change = schema.getMutationType()!.getFields()[operation];
  const field = change ?? schema.getQueryType()!.getFields()[operation]!;
  const input = field.args[0]!.type;
  const query = `${change ? "mutation" : "query"} ($input: ${input}) { ${operation}(input: $input) { success message code field } }`;
  return { query, variables: { input: inputFor(input, world) } };
}

function inputFor(type: GraphQLInputType, world: World | undefined): unknown {
  if (isNonNullType(type)) return inputFor(type.ofType, world);
  if (isListType(type)) return [inputFor(type.ofType, world)];
  if (isEnumType(type)) return type.getValues()[0]!.name;
  if (!isInputObjectType(type))
    return ({ Int: 1, Boolean: true, JSONObject: {}, IdOrName: 1 } as Record<string, unknown>)[String(type)] ?? "low";
  const fields = Object.values(type.getFields()).flatMap((field): [string, unknown][] => {
    const own = world && ownOf(field.name, world);
    if (own !== undefined) return [[field.name, own]];
    return isNonNullType(field.type) && field.defaultValue === undefined
      ? [[field.name, inputFor(field.type, world)]]
      : [];
  });
  if (!type.isOneOf) return Object.fromEntries(fields);
  const [first] = Object.values(type.getFields());
  return Object.fromEntries(fields.length ? fields.slice(0, 1) : [[first!.name, inputFor(first!.type, world)]]);
}

/** What of a world an input field of that name means. */
function ownOf(field: string, { ids }: World): unknown {
  const type = exposedTypes.get(field.charAt(0).toUpperCase() + field.slice(1).replace(/Id$/, ""));
  if (field === "container" || field === "case") return ids.get(Container.table);
  return field.endsWith("Id") && type ? ids.get(type.table) : undefined;
}
