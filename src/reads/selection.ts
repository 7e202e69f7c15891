import {
  type FieldNode,
  GraphQLIncludeDirective,
  type GraphQLResolveInfo,
  GraphQLSkipDirective,
  getDirectiveValues,
  isInterfaceType,
  isObjectType,
  type SelectionSetNode,
} from "graphql";
import type { Exposed, Source } from "../schema/expose.js";

type Selected = Map<string, FieldNode[]>;

/** The fields selected below some fields of the named type, by name: fragments spread, skipped ones left out. */
export function selectedFields(info: GraphQLResolveInfo, nodes: readonly FieldNode[], typeName: string): Selected {
  const selected: Selected = new Map();
  for (const { selectionSet } of nodes) if (selectionSet) collect(info, selectionSet, typeName, selected);
  return selected;
}

function collect(info: GraphQLResolveInfo, { selections }: SelectionSetNode, typeName: string, into: Selected): void {
  for (const selection of selections) {
    if (getDirectiveValues(GraphQLSkipDirective, selection, info.variableValues)?.if === true) continue;
    if (getDirectiveValues(GraphQLIncludeDirective, selection, info.variableValues)?.if === false) continue;
    if (selection.kind === "Field") {
      into.set(selection.name.value, [...(into.get(selection.name.value) ?? []), selection]);
      continue;
    }
    const fragment = selection.kind === "FragmentSpread" ? info.fragments[selection.name.value]! : selection;
    if (applies(info, fragment.typeCondition?.name.value, typeName))
      collect(info, fragment.selectionSet, typeName, into);
  }
}

function applies({ schema }: GraphQLResolveInfo, condition: string | undefined, typeName: string): boolean {
  if (!condition || condition === typeName) return true;
  const [wider, type] = [schema.getType(condition), schema.getType(typeName)];
  return !!wider && !!type && isInterfaceType(wider) && isObjectType(type) && schema.isSubType(wider, type);
}

/** What must be read of a row to answer these fields. */
export function propertiesFor(target: Exposed, fields: Iterable<string>): string[] {
  const properties = new Set(["id"]);
  for (const field of fields) for (const property of needs(field, target.fields.get(field))) properties.add(property);
  return [...properties];
}

function needs(field: string, source: Source | undefined): string[] {
  if (!source) return [];
  if (source.by === "value") return source.needs;
  if (source.by === "node") return [source.typeKey, source.key];
  return [source.by === "one" || source.by === "many" ? source.key : field];
}
