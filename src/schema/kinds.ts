import { is } from "drizzle-orm";
import { PgArray, type PgColumn, PgEnumColumn } from "drizzle-orm/pg-core";
import { Float, Int } from "type-graphql";
import { enumOf } from "./enums.js";
import { BigIntScalar, DateTime, GraphQLJSONObject } from "./scalars.js";

/** What kind of value a field holds: decides its GraphQL type, the lookups a filter offers and how its text is read. */
export type Kind =
  | "id"
  | "integer"
  | "bigint"
  | "number"
  | "boolean"
  | "text"
  | "name"
  | "title"
  | "time"
  | "json"
  | "tags"
  | "ids"
  | "enum";

const kinds: Record<string, Kind> = {
  PgInteger: "integer",
  PgBigInt53: "bigint",
  PgDoublePrecision: "number",
  PgBoolean: "boolean",
  PgText: "text",
  PgTimestampString: "time",
  PgJson: "json",
};

const titles = new Set(["name", "title", "description"]);

/** The kind of a column; `name`, for text an administrator defines, has to be said. */
export function kindOf(column: PgColumn, field: string): Kind {
  if (column.primary) return "id";
  if (is(column, PgArray)) return column.baseColumn.columnType === "PgInteger" ? "ids" : "tags";
  if (is(column, PgEnumColumn)) return "enum";
  const kind = kinds[column.columnType];
  if (!kind) throw new Error(`${column.name}: ${column.columnType} cannot be exposed`);
  return kind === "text" && titles.has(field) ? "title" : kind;
}

/** The GraphQL type of a kind, as type-graphql takes it. */
export function outputType(kind: Kind, column?: PgColumn): unknown {
  if (kind === "enum") return enumOf(column!.enumValues!);
  return types[kind];
}

const types: Record<Exclude<Kind, "enum">, unknown> = {
  id: Int,
  integer: Int,
  bigint: BigIntScalar,
  number: Float,
  boolean: Boolean,
  text: String,
  name: String,
  title: String,
  time: DateTime,
  json: GraphQLJSONObject,
  tags: [String],
  ids: [Int],
};
