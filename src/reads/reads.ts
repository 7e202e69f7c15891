import DataLoader from "dataloader";
import type { PgColumn } from "drizzle-orm/pg-core";
import type { FieldNode, GraphQLResolveInfo } from "graphql";
import type { Caller } from "../auth/who.js";
import type { Database } from "../database/pools.js";
import { columnOf, type Exposed, exposedTypes, type Row, type Source } from "../schema/expose.js";
import { Connection, type ConnectionArguments, pageOf } from "./connection.js";
import { writeCursor } from "./cursor.js";
import type { Level } from "./level.js";
import { objectsOf, readLevel } from "./objects.js";
import type { OrderKey } from "./order.js";
import { answerByPlan, type Query } from "./plan.js";
import { propertiesFor, selectedFields } from "./selection.js";

type Key = number | string;

const byId: readonly OrderKey[] = [{ property: "id", direction: "asc" }];

/**
 * The reads of one request. All parents at one place of a query share a loader, so each place costs one statement,
 * however many parents it has. graphql-js hands every sibling the same list of field nodes, which names the place;
 * only at an interface can it hold several types.
 */
export class Reads {
  readonly #loaders = new Map<readonly FieldNode[], Map<Exposed, DataLoader<Key, unknown>>>();

  constructor(
    readonly database: Database,
    readonly caller: Caller,
  ) {}

  /** The data of a query's answer as JSON; undefined: the resolvers have to answer. */
  answer(query: Query): Promise<string | undefined> {
    return answerByPlan(query, this);
  }

  /** The objects that the keys of some parents point at. */
  one(
    key: Key | null,
    { target, column }: { target: Exposed; column: PgColumn },
    info: GraphQLResolveInfo,
  ): Promise<Row | null> | null {
    if (key === null) return null;
    return this.#load(key, target, info, async (keys) => {
      const properties = propertiesFor(target, selectedFields(info, info.fieldNodes, target.name).keys());
      const found = await this.#rows({ target, properties, parents: { column, keys } });
      return keys.map((key) => found(key)[0] ?? null);
    });
  }

  /** One value of one object as it is now; undefined when there is none that the caller may see. */
  async value(id: number, target: Exposed, property: string): Promise<unknown> {
    const parents = { column: columnOf(target.table, "id"), keys: [id] };
    const found = await this.#rows({ target, properties: ["id", property], parents });
    return found(id)[0]?.[property];
  }

  /** The object of a type, by its id, that an interface stands for. */
  async node(typeName: string, id: number | null, info: GraphQLResolveInfo): Promise<Row | null> {
    const target = exposedTypes.get(typeName);
    const row = target && (await this.one(id, { target, column: columnOf(target.table, "id") }, info));
    return row ? { ...row, __typename: typeName } : null;
  }

  /** A page of what belongs to a parent. */
  many(
    key: Key,
    { target, column, through }: Source & { by: "many" },
    args: ConnectionArguments,
    info: GraphQLResolveInfo,
  ): Promise<Connection> {
    return this.#load(key, target, info, (keys) => this.#pages(target, args, info, { column, keys, through }));
  }

  /** A page of all objects of a type. */
  async all(target: Exposed, args: ConnectionArguments, info: GraphQLResolveInfo): Promise<Connection> {
    const [page] = await this.#pages(target, args, info);
    return page!;
  }

  /** A whole list without pages. */
  async list(target: Exposed, order: readonly OrderKey[], info: GraphQLResolveInfo): Promise<Row[]> {
    const properties = propertiesFor(target, selectedFields(info, info.fieldNodes, target.name).keys());
    const page = { order, limit: 10_000, backward: false, count: false };
    const found = await this.#rows({ target, properties, page });
    return found(0);
  }

  /** One object with its cursor in the list ordered by id. */
  async edge(
    id: number | null,
    target: Exposed,
    info: GraphQLResolveInfo,
  ): Promise<{ node: Row; cursor: string } | null> {
    if (id === null) return null;
    const node = selectedFields(info, info.fieldNodes, `${target.name}Edge`).get("node") ?? [];
    const properties = propertiesFor(target, selectedFields(info, node, target.name).keys());
    const parents = { column: columnOf(target.table, "id"), keys: [id] };
    const found = await this.#rows({ target, properties, parents });
    const [row] = found(id);
    return row ? { node: row, cursor: writeCursor(byId, [String(id)]) } : null;
  }

  async #pages(
    target: Exposed,
    args: ConnectionArguments,
    info: GraphQLResolveInfo,
    parents?: Level["parents"],
  ): Promise<Connection[]> {
    const fields = selectedFields(info, info.fieldNodes, `${target.name}Connection`);
    const page = pageOf(target, args, fields);
    const edges = selectedFields(info, fields.get("edges") ?? [], `${target.name}Edge`);
    const nodes = [...(fields.get("nodes") ?? []), ...(edges.get("node") ?? [])];
    const wanted = selectedFields(info, nodes, target.name).keys();
    const properties = [...new Set([...propertiesFor(target, wanted), ...page.order.map(({ property }) => property)])];
    const found = await this.#read({ target, properties, parents, page });
    const toObject = objectsOf(target, properties);
    return (parents?.keys ?? [0]).map((key) => new Connection(page, properties, found(key), toObject));
  }

  #read(level: Omit<Level, "caller">) {
    return readLevel(this.database, { ...level, caller: this.caller });
  }

  /** A level without pages, as objects. */
  async #rows(level: Omit<Level, "caller">): Promise<(key: Key) => Row[]> {
    const found = await this.#read(level);
    const toObject = objectsOf(level.target, level.properties);
    return (key) => {
      const { rows, from } = found(key);
      return rows.map((cells) => toObject(cells, from));
    };
  }

  #load<T>(
    key: Key,
    target: Exposed,
    { fieldNodes }: GraphQLResolveInfo,
    batch: (keys: readonly Key[]) => Promise<T[]>,
  ): Promise<T> {
    const here = this.#loaders.get(fieldNodes) ?? new Map<Exposed, DataLoader<Key, unknown>>();
    this.#loaders.set(fieldNodes, here);
    const loader = here.get(target) ?? new DataLoader<Key, unknown>(batch);
    here.set(target, loader);
    return loader.load(key) as Promise<T>;
  }
}
