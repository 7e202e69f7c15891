import { SQL, type Table } from "drizzle-orm";
import { getTableConfig, type PgColumn, type PgTable } from "drizzle-orm/pg-core";
import { Arg, Field, ID, Int, InterfaceType, ObjectType, Query, Resolver } from "type-graphql";
import { addField, type Class, namedClass } from "./classes.js";
import { connectionArguments, connectionOf, orderOf } from "./connections.js";
import { addLookups, filterOf } from "./filters.js";
import { type Kind, kindOf, outputType } from "./kinds.js";
import { GraphQLJSON } from "./scalars.js";

/*
 * The public types are derived from the tables. A column's type, nullability and default are said in its table; that it
 * is public, and what it means, in one line of `expose`; a relation in one line of `relate`. Filters, orderings,
 * connections, root fields and the SQL that answers them all follow from that.
 */

/** A row as resolvers see it: the fields asked for, by their GraphQL names. */
export type Row = Record<string, unknown>;
export type Arguments = Record<string, unknown>;

/** Where a field of an exposed type comes from. */
export type Source =
  | { by: "column"; column: PgColumn; kind: Kind; shape?: Shape; area?: string }
  | { by: "sql"; sql: (table: PgTable) => SQL; kind: Kind; area?: string }
  | { by: "value"; needs: string[]; value: (row: Row, args: Arguments) => unknown }
  | { by: "one"; key: string; target: Exposed; column: PgColumn }
  | { by: "many"; key: string; target: Exposed; column: PgColumn; through?: Through }
  /** An object of the type that one field names, by the id in another. */
  | { by: "node"; typeKey: string; key: string };

/** A table of pairs that joins two types: its column `near` holds the key of the parent, `far` what `column` holds. */
export interface Through {
  near: PgColumn;
  far: PgColumn;
}

type Shape = (value: unknown, args: Arguments) => unknown;

/** A table that is public under a name. */
export interface Exposed {
  readonly name: string;
  readonly table: PgTable;
  /** The area of permissions a caller must be allowed to view; undefined: no special one. */
  readonly area?: string;
  /** The type-graphql class, for `() => Container.type`. */
  readonly type: Class;
  readonly edge: Class;
  readonly connection: Class;
  readonly filter: Class;
  readonly order: Class;
  readonly fields: Map<string, Source>;
}

interface Exposure {
  name: string;
  description: string;
  /** Root query fields, if it has any: one object by id, and the list of all. */
  one?: string;
  many?: string;
  /** The area of permissions that it belongs to: seen by those who may view it. */
  area?: string;
  /** What its lists can be ordered by, besides the id. */
  orderBy?: string[];
  /** A plain text is the description of the column of that name. */
  fields: Record<string, string | FieldRule>;
}

interface FieldRule {
  description: string;
  kind?: Kind;
  source?: Source;
  shape?: Shape;
  /** The area of permissions whose viewers alone are told it; it is null for all others. */
  area?: string;
  type?: () => unknown;
  nullable?: boolean;
  arguments?: Record<string, { type: () => unknown; description: string; defaultValue: unknown }>;
}

/** The exposed type of each table. */
export const byTable = new Map<Table, Exposed>();

/** Every exposed type, by its GraphQL name. */
export const exposedTypes = new Map<string, Exposed>();

/** The root query fields that exposed types declare, by name. */
export const rootFields = new Map<string, { target: Exposed; many: boolean }>();

@InterfaceType("Node", { description: "An object that `node(nodeId:)` finds again, whatever its type." })
export abstract class Node {
  @Field(() => ID, { description: "Opaque, and unique among the objects of all types." })
  nodeId: string;
}

export const nodeIdOf = (type: string, id: unknown) => Buffer.from(`${type}:${id}`).toString("base64url");

/** Makes a table a public type. Columns that are not listed stay private. */
export function expose(table: PgTable, exposure: Exposure): Exposed {
  const { name, description, orderBy = [] } = exposure;
  const type = namedClass(name);
  ObjectType(name, { description, implements: Node, simpleResolvers: true })(type);
  const exposed: Exposed = {
    name,
    table,
    area: exposure.area,
    type,
    ...connectionOf(name, type),
    filter: filterOf(name),
    order: orderOf(name, ["id", ...orderBy]),
    fields: new Map([["nodeId", { by: "value", needs: ["id"], value: (row) => nodeIdOf(name, row.id) }]]),
  };
  for (const [field, rule] of Object.entries(exposure.fields))
    addExposure(exposed, field, typeof rule === "string" ? { description: rule } : rule);
  byTable.set(table, exposed);
  exposedTypes.set(name, exposed);
  addRoots(exposed, exposure);
  return exposed;
}

/** A name that an administrator defined: compared whatever its letter case. */
export function named(description: string): FieldRule {
  return { description, kind: "name" };
}

/** A column with JSON of any form; the others hold objects. */
export function json(description: string): FieldRule {
  return { description, type: () => GraphQLJSON };
}

/** An object of any type: one field of the row holds its type, another its id. */
export function nodeField(typeKey: string, key: string, description: string): FieldRule {
  return { description, type: () => Node, source: { by: "node", typeKey, key } };
}

/** A field that Postgres computes from the row. */
export function computed(
  kind: Kind,
  nullable: boolean,
  sql: (table: PgTable) => SQL,
  description: string,
  area?: string,
): FieldRule {
  return { description, nullable, source: { by: "sql", sql, kind, area } };
}

/** A field made of other fields of the row. */
export function made(
  type: () => unknown,
  needs: string[],
  value: (row: Row) => unknown,
  description: string,
): FieldRule {
  return { description, type, nullable: false, source: { by: "value", needs, value } };
}

function addExposure(exposed: Exposed, field: string, rule: FieldRule): void {
  const source = rule.source ?? columnSource(exposed.table, field, rule);
  const column = source.by === "column" ? source.column : undefined;
  const kind = "kind" in source ? source.kind : undefined;
  const nullable = rule.nullable ?? (rule.area !== undefined || !column?.notNull);
  addField(exposed.type, field, rule.type ?? (() => outputType(kind!, column)), rule.description, { nullable });
  for (const [index, [name, argument]] of Object.entries(rule.arguments ?? {}).entries()) {
    const { type, description, defaultValue } = argument;
    Arg(name, type as () => never, { nullable: true, description, defaultValue: defaultValue as never })(
      exposed.type.prototype,
      field,
      index,
    );
  }
  exposed.fields.set(field, source);
  if (kind) addLookups(exposed.filter, field, kind, column, grows(exposed) ? indexesOn(column) : undefined);
}

/** Whether a table grows with the number of containers, so that reading all of it is no way to find something. */
const grows = ({ table, name }: Exposed) => name === "Container" || name === "AuditEntry" || "containerId" in table;

/** Whether an index finds the rows of a type by what a field holds; in a table that does not grow, reading it does as well. */
export function isIndexed(type: Exposed, source: Source): boolean {
  if (!grows(type)) return true;
  const column =
    source.by === "one" ? columnOf(type.table, source.key) : "column" in source ? source.column : undefined;
  return source.by === "many" || (column !== undefined && (column.primary || indexesOn(column).size > 0));
}

const methods = new WeakMap<PgColumn, ReadonlySet<string>>();

/** The methods of the indexes that begin with a column, or with its small letters. */
function indexesOn(column: PgColumn | undefined): ReadonlySet<string> {
  if (!column) return new Set();
  const known = methods.get(column);
  if (known) return known;
  const leading = getTableConfig(column.table as PgTable).indexes.filter(({ config }) =>
    begins(config.columns[0], column),
  );
  const found = new Set(leading.map(({ config }) => config.method ?? "btree"));
  methods.set(column, found);
  return found;
}

function begins(first: unknown, column: PgColumn): boolean {
  const parts = first instanceof SQL ? first.queryChunks : [first];
  return parts.some((part) => (part as { name?: string }).name === column.name);
}

function columnSource(table: PgTable, field: string, { kind, shape, area }: FieldRule): Source {
  const column = columnOf(table, field);
  return { by: "column", column, kind: kind ?? kindOf(column, field), shape, area };
}

/** The column a table holds under that property, which is also the GraphQL name. */
export function columnOf(table: PgTable, property: string): PgColumn {
  const column = (table as unknown as Record<string, PgColumn | undefined>)[property];
  if (!column) throw new Error(`${getTableConfig(table).name} has no column ${property}`);
  return column;
}

export const Roots = namedClass("Roots");
Resolver()(Roots);

function addRoots(exposed: Exposed, { one, many }: Exposure): void {
  if (one) {
    addRoot(
      one,
      exposed,
      false,
      () => exposed.type,
      `One ${exposed.name} by its id; null when there is none that the caller may see.`,
    );
    Arg("id", () => Int, { description: "SOAR's numeric id." })(Roots.prototype, one, 0);
  }
  if (many) {
    addRoot(many, exposed, true, () => exposed.connection, `All ${exposed.name} objects that the caller may see.`);
    connectionArguments(Roots, many, exposed.filter, exposed.order);
  }
}

function addRoot(field: string, target: Exposed, many: boolean, type: () => unknown, description: string): void {
  Query(type as () => never, { nullable: true, description })(Roots.prototype, field, {});
  rootFields.set(field, { target, many });
}
