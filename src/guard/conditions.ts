import { type OperationDefinitionNode, type ValueNode, valueFromASTUntyped } from "graphql";
import { limits } from "../limits.js";

type Values = Readonly<Record<string, unknown>>;

/** The values of an operation's variables, by default those that it says. */
export function valuesOf({ variableDefinitions = [] }: OperationDefinitionNode, variables: Values): Values {
  const defaults = variableDefinitions.map(({ variable, defaultValue }) => [
    variable.name.value,
    defaultValue && valueFromASTUntyped(defaultValue),
  ]);
  return { ...Object.fromEntries(defaults), ...variables };
}

/** So many ids or names of one list cost what a condition does. */
const listed = 250;

/**
 * Gives what counts the conditions of a filter: its objects, each of which becomes a piece of the statement, the texts
 * under `cef`, which are looked up one by one, and long lists by their length. It stops where they are too many.
 */
export function conditionCounter(given: Values): (filter: ValueNode) => number {
  // One variable may be the filter of many fields, and large.
  const known = { inCef: new Map<object, number>(), elsewhere: new Map<object, number>() };

  const count = (value: unknown, place: keyof typeof known): number => {
    if (typeof value !== "object" || value === null) return place === "inCef" ? 1 : 0;
    const before = known[place].get(value);
    if (before !== undefined) return before;
    let conditions = Array.isArray(value) ? Math.floor(value.length / listed) : 1;
    const add = (part: unknown, where: keyof typeof known) => {
      if (conditions <= limits.conditions.most) conditions += count(part, where);
    };
    if (Array.isArray(value)) for (const part of value) add(part, place);
    else for (const [name, part] of Object.entries(value)) add(part, name === "cef" ? "inCef" : place);
    known[place].set(value, conditions);
    return conditions;
  };

  return (filter) => count(valueFromASTUntyped(filter, given), "elsewhere");
}
