import {
  type GraphQLFieldResolver,
  type GraphQLInterfaceType,
  type GraphQLObjectType,
  type GraphQLSchema,
  isObjectType,
  lexicographicSortSchema,
  printSchema,
} from "graphql";
import { Arg, buildSchema as build, Mutation, Resolver } from "type-graphql";
import type { Context } from "../context.js";
import type { Operation } from "../operation.js";
import type { ConnectionArguments } from "../reads/connection.js";
import { namedClass } from "../schema/classes.js";
import { columnOf, exposedTypes, Roots, type Row, rootFields, type Source } from "../schema/expose.js";
import { type Given, inputType, payloadType } from "../schema/operations.js";
import "../schema/relations.js";
import { actionRun } from "./action-run.js";
import { actions } from "./actions.js";
import { administration } from "./administration.js";
import { callbackFields } from "./callback.js";
import { EventLists, eventResolvers, Subscriptions } from "./events.js";
import { ListResolver } from "./lists.js";
import { NodeResolver } from "./nodes.js";
import { playbookApi } from "./playbook-api.js";
import { SettingsResolver } from "./settings.js";
import { ViewerResolver } from "./viewer.js";

type Resolve = GraphQLFieldResolver<Row, Context, never>;

/** Every mutation of the API. */
export const operations: readonly Operation[] = [...playbookApi, ...actions, ...administration];

let built: Promise<GraphQLSchema> | undefined;

/** The schema of the gateway with everything that answers it. */
export function gatewaySchema(): Promise<GraphQLSchema> {
  built ??= build({
    resolvers: [
      Roots,
      Mutations,
      Subscriptions,
      EventLists,
      NodeResolver,
      ListResolver,
      SettingsResolver,
      ViewerResolver,
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

const Mutations = namedClass("Mutations");
Resolver()(Mutations);
for (const { name, description, input, payload } of operations) {
  const title = name.charAt(0).toUpperCase() + name.slice(1);
  const [takes, gives] = [
    inputType(`${title}Input`, `What \`${name}\` takes.`, input),
    payloadType(`${title}Payload`, `What \`${name}\` answers.`, payload),
  ];
  Mutation(() => gives, { nullable: true, description })(Mutations.prototype, name, {});
  Arg("input", () => takes, { description: "What it takes." })(Mutations.prototype, name, 0);
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
  for (const [type, field, resolve] of eventResolvers) resolveBy(schema, type, field, resolve as Resolve);
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
  return shape && ((row, args) => shape(row[field], args));
}

function attachOperation(schema: GraphQLSchema, operation: Operation): void {
  const resolve: Resolve = async (_, { input }, context, info) => {
    const { result, once, ...outcome } = await operation.execute(context, input, String(info.path.key));
    return { ...result, ...once, ...outcome };
  };
  resolveBy(schema, "Mutation", operation.name, resolve);
  const payload = (schema.getMutationType()!.getFields()[operation.name]!.type as GraphQLObjectType).name;
  for (const [field, given] of Object.entries(operation.payload))
    resolveBy(schema, payload, field, resolverOfPayload(given));
}

function resolverOfPayload(given: Given): Resolve | undefined {
  if ("token" in given) return undefined;
  const { target, key, edge } = given;
  const column = columnOf(target.table, "id");
  return (outcome, _, { reads }, info) => {
    const id = (outcome[key] as number | undefined) ?? null;
    return edge ? reads.edge(id, target, info) : reads.one(id, { target, column }, info);
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
