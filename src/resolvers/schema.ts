import {
  type GraphQLFieldResolver,
  type GraphQLInputObjectType,
  type GraphQLInterfaceType,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  isObjectType,
  lexicographicSortSchema,
  printSchema,
} from "graphql";
import { Arg, buildSchema as build, Mutation, Query, Resolver } from "type-graphql";
import type { Context } from "../context.js";
import type { Operation } from "../operation.js";
import type { ConnectionArguments } from "../reads/connection.js";
import { namedClass } from "../schema/classes.js";
import { type Arguments, columnOf, exposedTypes, Roots, type Row, rootFields, type Source } from "../schema/expose.js";
import { type Given, inputType, isSparse, oneOfTypes, type Payload, payloadType } from "../schema/operations.js";
import { records } from "../schema/record.js";
import "../schema/relations.js";
import { actionRun } from "./action-run.js";
import { actions } from "./actions.js";
import { administration } from "./administration.js";
import { callbackFields } from "./callback.js";
import { EventLists, eventResolvers, Subscriptions } from "./events.js";
import { ListResolver } from "./lists.js";
import { NodeResolver } from "./nodes.js";
import { beyondPlaybookApi, playbookApi } from "./playbook-api.js";
import { RunDataResolver } from "./run-data.js";
import { SettingsResolver } from "./settings.js";
import { SystemResolver } from "./system.js";
import { ViewerResolver } from "./viewer.js";
import { WidgetResolver, widgetResolvers } from "./widgets.js";

type Resolve = GraphQLFieldResolver<Row, Context, never>;

/** Every mutation of the API, and the queries that answer like one. */
export const operations: readonly Operation[] = [...playbookApi, ...beyondPlaybookApi, ...actions, ...administration];

let built: Promise<GraphQLSchema> | undefined;

/** The schema of the gateway with everything that answers it. */
export function gatewaySchema(): Promise<GraphQLSchema> {
  built ??= build({
    resolvers: [
      Roots,
      Operations,
      Subscriptions,
      EventLists,
      NodeResolver,
      ListResolver,
      RunDataResolver,
      SettingsResolver,
      SystemResolver,
      ViewerResolver,
      WidgetResolver,
    ],
    validate: false,
    pubSub: unused,
  }).then(attach);
  return built;
}

/** The schema as a document, sorted. */
export async function schemaDocument(): Promise<string> {
  return `${printSchema(lexicographicSortSchema(await gatewaySchema()))}\n`;
}

/** type-graphql insists on one, though every subscription says itself where its events come from. */
const unused = {
  publish: () => {},
  subscribe: () => {
    throw new Error("No subscription uses this");
  },
};

const Operations = namedClass("Operations");
Resolver()(Operations);
for (const { kind, name, description, input, payload } of operations) {
  const title = name.charAt(0).toUpperCase() + name.slice(1);
  const [takes, gives] = [
    inputType(`${title}Input`, `What \`${name}\` takes.`, input),
    payloadType(`${title}Payload`, `What \`${name}\` answers.`, payload),
  ];
  const field = kind === "query" ? Query : Mutation;
  field(() => gives, { nullable: true, description })(Operations.prototype, name, {});
  Arg("input", () => takes, { description: "What it takes." })(Operations.prototype, name, 0);
}

/** Gives each field that is derived its resolver; type-graphql knows only the types. */
function attach(schema: GraphQLSchema): GraphQLSchema {
  for (const { name, fields } of exposedTypes.values()) {
    for (const [field, source] of fields) resolveBy(schema, name, field, resolverOf(field, source));
  }
  for (const [field, { target, many }] of rootFields) {
    const column = columnOf(target.table, "id");
    const one: Resolve = (_, { id }, { reads }, info) => reads.one(id, { target, column }, info);
    const all: Resolve = (_, args, { reads }, info) => reads.all(target, args, info);
    resolveBy(schema, "Query", field, many ? all : one);
  }
  resolveBy(schema, "Query", "actionRun", actionRun as Resolve);
  for (const operation of operations) attachOperation(schema, operation);
  for (const [field, resolve] of widgetResolvers) resolveBy(schema, "WidgetData", field, resolve as Resolve);
  for (const { name, fields } of records.values()) {
    for (const [field, given] of Object.entries(fields))
      if ("target" in given) resolveBy(schema, name, field, resolverOfPayload(field, given));
  }
  for (const [type, field, resolve] of eventResolvers) resolveBy(schema, type, field, resolve as Resolve);
  // type-graphql does not know @oneOf; graphql-js enforces and prints what is set here.
  for (const name of oneOfTypes) (schema.getType(name) as GraphQLInputObjectType).isOneOf = true;
  for (const [field, resolve] of Object.entries(callbackFields))
    resolveBy(schema, "ActionCallback", field, resolve as unknown as Resolve);
  sortFields(schema.getQueryType()!);
  (schema.getType("Node") as GraphQLInterfaceType).resolveType = (row: Row) => row.__typename as string;
  return schema;
}

function resolverOf(field: string, source: Source): Resolve | undefined {
  if (source.by === "value") return (row, args) => source.value(row, args);
  if (source.by === "node") {
    return (row, _, { reads }, info) =>
      reads.node(row[source.typeKey] as string, row[source.key] as number | null, info);
  }
  if (source.by === "one")
    return (row, _, { reads }, info) => reads.one(row[source.key] as number | string | null, source, info);
  if (source.by === "many")
    return (row, args: ConnectionArguments, { reads }, info) =>
      reads.many(row[source.key] as number | string, source, args, info);
  const shape = source.by === "column" ? source.shape : undefined;
  return shape && ((row, args, context, info) => shape(row[field], withFormat(args, context, info)));
}

/** The form of times that a mutation asked for holds in its whole answer, but where a field says its own. */
function withFormat(args: Arguments, { timeFormats }: Context, { path, fieldNodes }: GraphQLResolveInfo): Arguments {
  if (timeFormats.size === 0 || fieldNodes[0]!.arguments?.length) return args;
  let root = path;
  while (root.prev) root = root.prev;
  return { ...args, format: timeFormats.get(String(root.key)) ?? args.format };
}

function attachOperation(schema: GraphQLSchema, operation: Operation): void {
  const resolve: Resolve = async (_, { input }, context, info) => {
    const responseName = String(info.path.key);
    const { result, once, ...outcome } = await operation.execute(context, input, responseName);
    if (typeof result.timeFormat === "string") context.timeFormats.set(responseName, result.timeFormat);
    return { ...result, ...once, ...outcome };
  };
  const root = operation.kind === "query" ? schema.getQueryType()! : schema.getMutationType()!;
  resolveBy(schema, root.name, operation.name, resolve);
  attachPayload(schema, (root.getFields()[operation.name]!.type as GraphQLObjectType).name, operation.payload);
}

function attachPayload(schema: GraphQLSchema, type: string, payload: Payload): void {
  for (const [field, given] of Object.entries(payload)) {
    resolveBy(schema, type, field, resolverOfPayload(field, given));
    if ("rows" in given) attachPayload(schema, given.rows.name, given.rows.payload);
  }
}

function resolverOfPayload(field: string, given: Given): Resolve | undefined {
  if ("rows" in given || isSparse(given)) return (outcome) => outcome[field] ?? [];
  if ("token" in given) return undefined;
  if ("column" in given) {
    const { target, key, column } = given;
    const source = { by: "many", key, target, column } as const;
    return (outcome, args: ConnectionArguments, { reads }, info) => {
      const value = outcome[key] as number | undefined;
      return value === undefined ? null : reads.many(value, source, args, info);
    };
  }
  const { target, key, as } = given;
  const column = columnOf(target.table, "id");
  if (as === "objects")
    return async (outcome, _, { reads }, info) => {
      const ids = (outcome[key] ?? []) as number[];
      const rows = await Promise.all(ids.map((id) => reads.one(id, { target, column }, info)));
      return rows.filter((row) => row !== null);
    };
  return (outcome, _, { reads }, info) => {
    const id = (outcome[key] as number | undefined) ?? null;
    return as === "edge" ? reads.edge(id, target, info) : reads.one(id, { target, column }, info);
  };
}

function resolveBy(schema: GraphQLSchema, typeName: string, field: string, resolve: Resolve | undefined): void {
  const type = schema.getType(typeName);
  const found = isObjectType(type) ? type.getFields()[field] : undefined;
  if (!found) throw new Error(`The schema has no ${typeName}.${field}`);
  found.resolve = resolve as GraphQLFieldResolver<unknown, unknown>;
}

/** Queries are found by their names; types keep the order in which their fields are declared. */
function sortFields(type: GraphQLObjectType): void {
  const fields = type.getFields();
  for (const [name, field] of Object.entries(fields).sort(([a], [b]) => a.localeCompare(b))) {
    delete fields[name];
    fields[name] = field;
  }
}
