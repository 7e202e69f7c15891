import type { PgColumn } from "drizzle-orm/pg-core";
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getArgumentValues,
  getNullableType,
  isLeafType,
  isNonNullType,
  Kind,
  type OperationDefinitionNode,
} from "graphql";
import { collectFields, collectSubfields } from "graphql/execution/collectFields.js";
import type { TextRow } from "../database/pools.js";
import { columnOf, type Exposed, rootFields, type Source, type Through } from "../schema/expose.js";
import type { Slice } from "./connection.js";
import { type Found, objectsOf } from "./objects.js";
import { encoderOf } from "./text.js";
import { kindOfProperty } from "./value.js";

/*
 * A document as a plan: which levels to read, and how their rows are written as JSON without becoming objects first. The
 * resolvers define what an answer is; what a plan does not know, or finds wrong, they answer.
 */

/** The answer is left to the resolvers. */
export class Unplanned extends Error {}

/** A level to read: the objects, or pages of objects, that belong to the rows of the level above. */
export interface Branch {
  readonly target: Exposed;
  /** What is read of its rows. */
  readonly properties: string[];
  /** Which property of the rows above holds the key, and what holds it here; undefined: all there are. */
  readonly parents?: { readonly key: number; readonly column: PgColumn; readonly through?: Through };
  /** The field whose arguments say which page, and which fields of the connection are asked for. */
  readonly list?: { readonly field: Field; readonly node: FieldNode; readonly asked: ReadonlySet<string> };
  readonly branches: Branch[];
}

/** What was read, by branch and by the key of the row above. */
export type Results = ReadonlyMap<Branch, ReadonlyMap<string, Found | Slice>>;

/** A field of the answer: the branch that holds it, and how it is written. */
export interface Root {
  readonly branch: Branch;
  /** For one object, the field whose argument is its id. */
  readonly one?: { readonly field: Field; readonly node: FieldNode };
  /** Its name and value; for one object by that key. */
  write(results: Results, key: string): string;
}

type Field = GraphQLField<unknown, unknown>;
type WriteRow = (cells: TextRow, from: number, results: Results) => string;
type WritePage = (slice: Slice, results: Results) => string;

/** The plan of a query: what stands in the way of one is thrown as `Unplanned`. */
export function compile(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Record<string, unknown>,
): Root[] {
  const fragments = Object.fromEntries(
    document.definitions.flatMap((one) => (one.kind === Kind.FRAGMENT_DEFINITION ? [[one.name.value, one]] : [])),
  );
  const type = schema.getQueryType()!;
  const compiler = new Compiler(schema, fragments, variables);
  const fields = collectFields(schema, fragments, variables, type, operation.selectionSet);
  return [...fields].map(([name, nodes]) => compiler.root(name, nodes, type));
}

class Compiler {
  constructor(
    readonly schema: GraphQLSchema,
    readonly fragments: Record<string, FragmentDefinitionNode>,
    readonly variables: Record<string, unknown>,
  ) {}

  root(name: string, nodes: readonly FieldNode[], type: GraphQLObjectType): Root {
    const node = nodes[0]!;
    const root = rootFields.get(node.name.value);
    // Waiting is more than reading.
    if (!root || node.arguments?.some(({ name }) => name.value === "waitSeconds")) throw new Unplanned();
    const field = type.getFields()[node.name.value]!;
    const { target, many } = root;
    if (many) {
      const { branch, write } = this.#pages(field, nodes, { target });
      return { branch, write: (results, key) => `${named(name)}${write(pageOf(results, branch, key), results)}` };
    }
    const parents = { key: -1, column: columnOf(target.table, "id") };
    const { branch, write } = this.#objects(nodes, { target, parents });
    return {
      branch,
      one: { field, node },
      write: (results, key) => `${named(name)}${one(results, branch, key, write) ?? "null"}`,
    };
  }

  /** Objects, one for each key. */
  #objects(nodes: readonly FieldNode[], from: Pick<Branch, "target" | "parents">): { branch: Branch; write: WriteRow } {
    const branch = { ...from, properties: ["id"], branches: [] };
    return { branch, write: this.#row(nodes, branch) };
  }

  /** Pages of objects, one for each key. */
  #pages(
    field: Field,
    nodes: readonly FieldNode[],
    from: Pick<Branch, "target" | "parents">,
  ): { branch: Branch; write: WritePage } {
    const selected = this.#selected(`${from.target.name}Connection`, nodes);
    const asked = new Set([...selected.values()].map(([node]) => node!.name.value));
    const branch = { ...from, list: { field, node: nodes[0]!, asked }, properties: ["id"], branches: [] };
    const parts = [...selected].map(([name, nodes]) => this.#pagePart(nodes, branch, name));
    return { branch, write: (slice, results) => object(parts.map((part) => part(slice, results))) };
  }

  #pagePart(nodes: readonly FieldNode[], branch: Branch, name: string): WritePage {
    const field = nodes[0]!.name.value;
    const begin = named(name);
    if (field === "__typename") return () => `${begin}"${branch.target.name}Connection"`;
    if (field === "totalCount" || field === "totalCountExact") return (slice) => `${begin}${slice[field]}`;
    if (field === "nodes") {
      const write = this.#row(nodes, branch);
      return ({ rows, from }, results) => `${begin}[${rows.map((cells) => write(cells, from, results)).join()}]`;
    }
    if (field === "edges") {
      const parts = [...this.#selected(`${branch.target.name}Edge`, nodes)].map(([name, nodes]) =>
        this.#edgePart(nodes, branch, name),
      );
      const write = (slice: Slice, cells: TextRow, results: Results) =>
        object(parts.map((part) => part(slice, cells, results)));
      return (slice, results) => `${begin}[${slice.rows.map((cells) => write(slice, cells, results)).join()}]`;
    }
    if (field !== "pageInfo") throw new Unplanned();
    const parts = [...this.#selected("PageInfo", nodes)].map(([name, [node]]) => [name, node!.name.value] as const);
    return ({ pageInfo }) =>
      `${begin}${object(
        parts.map(([name, field]) => {
          const value = field === "__typename" ? "PageInfo" : pageInfo[field as keyof typeof pageInfo];
          return `${named(name)}${JSON.stringify(value ?? null)}`;
        }),
      )}`;
  }

  #edgePart(
    nodes: readonly FieldNode[],
    branch: Branch,
    name: string,
  ): (slice: Slice, cells: TextRow, results: Results) => string {
    const field = nodes[0]!.name.value;
    const begin = named(name);
    if (field === "__typename") return () => `${begin}"${branch.target.name}Edge"`;
    if (field === "cursor") return (slice, cells) => `${begin}${JSON.stringify(slice.cursorOf(cells))}`;
    if (field !== "node") throw new Unplanned();
    const write = this.#row(nodes, branch);
    return ({ from }, cells, results) => `${begin}${write(cells, from, results)}`;
  }

  /** A row as an object; what it takes is added to the branch. */
  #row(nodes: readonly FieldNode[], branch: Branch): WriteRow {
    const type = this.schema.getType(branch.target.name) as GraphQLObjectType;
    const parts = [...this.#selected(branch.target.name, nodes)].map(([name, nodes]): WriteRow => {
      const [node] = nodes;
      const begin = named(name);
      if (node!.name.value === "__typename") return () => `${begin}"${type.name}"`;
      const field = type.getFields()[node!.name.value]!;
      const write = this.#value(field, nodes, branch);
      const required = isNonNullType(field.type);
      return (cells, from, results) => {
        const text = write(cells, from, results);
        if (text === null && required) throw new Unplanned();
        return `${begin}${text}`;
      };
    });
    return (cells, from, results) => object(parts.map((part) => part(cells, from, results)));
  }

  /** A field of a row; null where it has no value. */
  #value(
    field: Field,
    nodes: readonly FieldNode[],
    branch: Branch,
  ): (cells: TextRow, from: number, results: Results) => string | null {
    const { target } = branch;
    const source = target.fields.get(field.name);
    if (!source || source.by === "node") throw new Unplanned();
    if (source.by === "value") return this.#made(source, field, nodes[0]!, branch);
    if (source.by === "one" || source.by === "many") {
      const key = propertyOf(branch, source.key);
      const from = { target: source.target, parents: { key, column: source.column, through: throughOf(source) } };
      if (source.by === "many") {
        const { branch: below, write } = this.#pages(field, nodes, from);
        branch.branches.push(below);
        return (cells, from, results) => write(pageOf(results, below, cells[from + key]!), results);
      }
      const { branch: below, write } = this.#objects(nodes, from);
      branch.branches.push(below);
      return (cells, from, results) => one(results, below, cells[from + key]!, write);
    }
    if (source.by === "column" && source.shape) {
      const { shape } = source;
      return this.#made(
        { needs: [field.name], value: (row, args) => shape(row[field.name], args) },
        field,
        nodes[0]!,
        branch,
      );
    }
    const index = propertyOf(branch, field.name);
    const encode = encoderOf(kindOfProperty(target, field.name), field.type);
    return (cells, from) => {
      const text = cells[from + index]!;
      return text === null ? null : encode(text);
    };
  }

  /** A plain value that is made of the row as an object. */
  #made(
    { needs, value }: Pick<Source & { by: "value" }, "needs" | "value">,
    field: Field,
    node: FieldNode,
    branch: Branch,
  ): (cells: TextRow, from: number) => string | null {
    const leaf = getNullableType(field.type);
    if (!isLeafType(leaf) || node.arguments?.some(({ value }) => value.kind === Kind.VARIABLE)) throw new Unplanned();
    const args = getArgumentValues(field, node);
    const indexes = needs.map((property) => propertyOf(branch, property));
    const toObject = objectsOf(branch.target, needs);
    return (cells, from) => {
      const made =
        value(
          toObject(
            indexes.map((index) => cells[from + index]!),
            0,
          ),
          args,
        ) ?? null;
      return made === null ? null : JSON.stringify((leaf as GraphQLLeafType).serialize(made));
    };
  }

  #selected(typeName: string, nodes: readonly FieldNode[]): Map<string, readonly FieldNode[]> {
    const type = this.schema.getType(typeName) as GraphQLObjectType;
    return collectSubfields(this.schema, this.fragments, this.variables, type, nodes as FieldNode[]);
  }
}

const throughOf = (source: Source) => ("through" in source ? source.through : undefined);

/** Which of a branch's properties that is, from now on if it was none. */
function propertyOf({ properties }: Branch, property: string): number {
  const known = properties.indexOf(property);
  return known >= 0 ? known : properties.push(property) - 1;
}

const named = (name: string) => `"${name}":`;
const object = (parts: readonly string[]) => `{${parts.join()}}`;

function one(results: Results, branch: Branch, key: string | null, write: WriteRow): string | null {
  const found = key === null ? undefined : results.get(branch)!.get(key);
  const cells = found?.rows[0];
  return cells ? write(cells, found!.from, results) : null;
}

const pageOf = (results: Results, branch: Branch, key: string) => results.get(branch)!.get(key) as Slice;
