import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isCompositeType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isListType,
  isObjectType,
  type OperationDefinitionNode,
  SchemaMetaFieldDef,
  type SelectionSetNode,
  TypeMetaFieldDef,
  TypeNameMetaFieldDef,
  type ValueNode,
  valueFromASTUntyped,
} from "graphql";
import { defaultPage, largestPage, longestWindow, plainList, schemaList } from "../limits.js";
import { conditionCounter, valuesOf } from "./conditions.js";

/** What an operation asks for, its fragments spread. Nothing is left out for `@skip`, types or fields named twice. */
export interface Weight {
  readonly depth: number;
  readonly fields: number;
  readonly aliases: number;
  readonly rootFields: number;
  readonly conditions: number;
  /** How many objects it may have to answer. */
  readonly cost: number;
  /** Whether any of this depends on variables. */
  readonly varies: boolean;
}

/** What a set of selections asks for. Its objects are `fixed`, and `each` for every item of the page that it selects from. */
interface Sum {
  depth: number;
  /** All fields, and those that are not below another. */
  fields: number;
  top: number;
  aliases: number;
  conditions: number;
  fixed: number;
  each: number;
}

const day = 24 * 60 * 60_000;

/** How many rows count where no limit is given. */
const mostRows = 10_000;

/** High enough to be refused, low enough that sums and products stay numbers. */
const saturated = 1e12;

/**
 * Weighs an operation without spreading its fragments: each is summed up once, however often and deep it is spread. The
 * document need not be valid; what is unknown weighs nothing.
 */
export function weigh(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  variables: Readonly<Record<string, unknown>>,
): Weight {
  const summed = new Map<string, Sum>();
  const given = valuesOf(operation, variables);
  const conditionsIn = conditionCounter(given);
  let varies = false;

  const sumOf = ({ selections }: SelectionSetNode, type: GraphQLNamedType | undefined): Sum => {
    const sum = nothing();
    for (const selection of selections) {
      if (selection.kind === "Field") add(sum, field(selection, type));
      if (selection.kind === "InlineFragment") {
        const condition = selection.typeCondition?.name.value;
        add(sum, sumOf(selection.selectionSet, condition ? schema.getType(condition) : type));
      }
      if (selection.kind === "FragmentSpread") add(sum, fragment(selection.name.value));
    }
    return sum;
  };

  const fragment = (name: string): Sum => {
    const known = summed.get(name);
    if (known) return known;
    // Also the answer to a fragment that contains itself, which validation refuses.
    summed.set(name, nothing());
    const definition = fragments.get(name);
    const sum = definition
      ? sumOf(definition.selectionSet, schema.getType(definition.typeCondition.name.value))
      : nothing();
    summed.set(name, sum);
    return sum;
  };

  const field = (node: FieldNode, parent: GraphQLNamedType | undefined): Sum => {
    const definition = definitionOf(schema, parent, node.name.value);
    const type = definition && getNamedType(definition.type);
    const sub = node.selectionSet ? sumOf(node.selectionSet, type) : nothing();
    const own = isCompositeType(type)
      ? within(1 + rowsOf(node, definition) + sub.fixed + sub.each * sizeOf(node, definition))
      : 0;
    const isList = definition !== undefined && isListType(getNullableType(definition.type));
    return {
      depth: 1 + sub.depth,
      aliases: sub.aliases + (node.alias ? 1 : 0),
      conditions: sub.conditions + conditionsOf(node),
      fields: 1 + sub.fields,
      top: 1,
      fixed: isList ? 0 : own,
      each: isList ? own : 0,
    };
  };

  const conditionsOf = (node: FieldNode): number => {
    const filter = node.arguments?.find(({ name }) => name.value === "filter");
    if (!filter) return 0;
    varies = true;
    return conditionsIn(filter.value);
  };

  /** How many items a page has: as many as are asked for, whichever way that is said. */
  const sizeOf = (node: FieldNode, definition: GraphQLField<unknown, unknown> | undefined): number => {
    if (definition?.args.some(({ name }) => name === "endTime")) return daysOf(node);
    if (definition?.args.some(({ name }) => name === "snapshots")) return Math.max(plainList, snapshotsOf(node));
    if (!definition?.args.some(({ name }) => name === "first"))
      return definition && isIntrospectionType(getNamedType(definition.type)) ? schemaList : plainList;
    const sizes = (node.arguments ?? []).filter(({ name }) => name.value === "first" || name.value === "last");
    const given = sizes.map(({ value }) => numberOf(value)).filter((size) => size !== undefined);
    return given.length ? Math.max(...given) : defaultPage;
  };

  /** How many rows the `limit` of an operation lets it answer that are no objects of the schema. */
  const rowsOf = (node: FieldNode, definition: GraphQLField<unknown, unknown> | undefined): number => {
    const type = definition && getNamedType(definition.args.find(({ name }) => name === "input")?.type);
    const limit = isInputObjectType(type) ? type.getFields().limit : undefined;
    if (!limit) return 0;
    varies = true;
    const input = node.arguments?.find(({ name }) => name.value === "input");
    const asked = input && (valueFromASTUntyped(input.value, given) as { limit?: unknown } | null | undefined)?.limit;
    const rows = asked ?? limit.defaultValue;
    return typeof rows === "number" && rows > 0 ? Math.min(rows, mostRows) : mostRows;
  };

  /** How many snapshots of each service are asked for. */
  const snapshotsOf = ({ arguments: words = [] }: FieldNode): number => {
    const value = words.find(({ name }) => name.value === "snapshots")?.value;
    if (value?.kind === "Variable") varies = true;
    const asked = value && valueFromASTUntyped(value, given);
    return typeof asked === "number" && asked >= 0 ? Math.min(asked, mostRows) : 0;
  };

  /** How many days a window has: lists within what is asked for of it may tell them one by one. */
  const daysOf = ({ arguments: words = [] }: FieldNode): number => {
    const [start, end] = ["startTime", "endTime"].map((name) => {
      const value = words.find((word) => word.name.value === name)?.value;
      if (value?.kind === "Variable") varies = true;
      return value && valueFromASTUntyped(value, given);
    });
    if (!start || !end) return plainList;
    const days = Math.ceil((Date.parse(String(end)) - Date.parse(String(start))) / day) + 1;
    // What is longer, or no window, is refused when it is read.
    return days >= 1 && days <= longestWindow ? days : longestWindow;
  };

  const numberOf = (value: ValueNode): number | undefined => {
    if (value.kind === "NullValue") return undefined;
    if (value.kind !== "Variable") return value.kind === "IntValue" ? bounded(Number(value.value)) : largestPage;
    varies = true;
    const name = value.name.value;
    const given = Object.hasOwn(variables, name) ? variables[name] : undefined;
    if (given !== undefined) return given === null ? undefined : bounded(given);
    const fallback = operation.variableDefinitions?.find(({ variable }) => variable.name.value === name)?.defaultValue;
    return fallback && numberOf(fallback);
  };

  const { depth, fields, top, aliases, conditions, fixed, each } = sumOf(
    operation.selectionSet,
    schema.getRootType(operation.operation) ?? undefined,
  );
  return { depth, fields, aliases, rootFields: top, conditions, cost: within(fixed + each * plainList), varies };
}

const nothing = (): Sum => ({ depth: 0, fields: 0, top: 0, aliases: 0, conditions: 0, fixed: 0, each: 0 });

function add(sum: Sum, more: Sum): void {
  sum.depth = Math.max(sum.depth, more.depth);
  sum.aliases = within(sum.aliases + more.aliases);
  sum.conditions = within(sum.conditions + more.conditions);
  sum.fields = within(sum.fields + more.fields);
  sum.top = within(sum.top + more.top);
  sum.fixed = within(sum.fixed + more.fixed);
  sum.each = within(sum.each + more.each);
}

const within = (size: number) => Math.min(size, saturated);

/** Larger pages, and what is no number, are refused when they are read. */
function bounded(size: unknown): number {
  return typeof size === "number" && size >= 0 ? Math.min(size, largestPage) : largestPage;
}

function definitionOf(
  schema: GraphQLSchema,
  parent: GraphQLNamedType | undefined,
  name: string,
): GraphQLField<unknown, unknown> | undefined {
  if (parent === schema.getQueryType()) {
    if (name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef;
    if (name === TypeMetaFieldDef.name) return TypeMetaFieldDef;
  }
  if (name === TypeNameMetaFieldDef.name) return TypeNameMetaFieldDef;
  return isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name] : undefined;
}
