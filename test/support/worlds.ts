import { getTableName, is } from "drizzle-orm";
import { toSnakeCase } from "drizzle-orm/casing";
import { getTableConfig, PgArray, type PgColumn, PgEnumColumn, type PgTable } from "drizzle-orm/pg-core";
import type pg from "pg";
import { containers } from "../../src/schema/container.js";
import { columnOf, type Exposed, exposedTypes } from "../../src/schema/expose.js";
import { labels } from "../../src/schema/label.js";
import "../../src/schema/relations.js";
import { tenants } from "../../src/schema/tenant.js";

/*
 * Worlds to tell what a caller sees: a container of some nature with a row of every table below it, and with the rows of
 * other tables that they need, with marks in every text. They are made from the tables: a new type joins by itself.
 */

export interface World {
  readonly name: string;
  readonly nature: Nature;
  /** The world that its references lead to. */
  readonly beyond: World | undefined;
  /** The ids of its rows, by table. */
  readonly ids: Map<PgTable, number>;
}

/** What the container of a world has that others do not. */
export type Nature = { label?: true; tenant?: true; case?: true };

export const markOfWorld = (name: string) => `CANARY-WORLD-${name}-`;
/** In the name of a world's own label or tenant. */
export const markOfName = (name: string) => `CANARY-NAME-${name}-`;
export const markOfArea = (area: string) => `CANARY-AREA-${area}-`;

const belongs = ({ table }: Exposed) => table === containers || "containerId" in table;

/** The types of which not everybody sees every row. */
export const hideable = [...exposedTypes.values()].filter((type) => type.area || belongs(type));
const typeOf = new Map<PgTable, Exposed>(hideable.map((type) => [type.table, type]));

/** Fills a world; every reference that may be missing leads `beyond` it, if there is such a place. */
export async function addWorld(pool: pg.Pool, name: string, nature: Nature, beyond?: World): Promise<World> {
  const world: World = { name, nature, beyond, ids: new Map() };
  const called = markOfName(name);
  if (nature.label) world.ids.set(labels, await insert(pool, labels, new Map([[labels.name, called]])));
  if (nature.tenant) world.ids.set(tenants, await insert(pool, tenants, new Map([[tenants.name, called]])));
  for (const type of inOrder()) world.ids.set(type.table, await insert(pool, type.table, rowOf(type, world)));
  for (const [table, column, target] of references()) {
    const to = (beyond ?? world).ids.get(target);
    const [own, where] = [world.ids.get(table), getTableName(table)];
    await pool.query(`update ${where} set ${nameOf(column)} = $1 where id = $2`, [to, own]);
  }
  return world;
}

/** Types after those that their rows cannot do without. */
function inOrder(): Exposed[] {
  const ordered = new Set<Exposed>();
  const visit = (type: Exposed) => {
    for (const column of getTableConfig(type.table).columns) {
      const target = typeOf.get(targetOf(column)!);
      if (target && target !== type && column.notNull) visit(target);
    }
    ordered.add(type);
  };
  for (const type of hideable) visit(type);
  return [...ordered];
}

/** The references that may be missing, from and to such tables. */
function references(): [PgTable, PgColumn, PgTable][] {
  return hideable.flatMap(({ table }) =>
    getTableConfig(table).columns.flatMap((column): [PgTable, PgColumn, PgTable][] => {
      const target = targetOf(column);
      return target && !column.notNull && typeOf.has(target) ? [[table, column, target]] : [];
    }),
  );
}

function targetOf(column: PgColumn): PgTable | undefined {
  const keys = getTableConfig(column.table as PgTable).foreignKeys.map((key) => key.reference());
  return keys.find(({ columns }) => columns.length === 1 && columns[0] === column)?.foreignTable as PgTable | undefined;
}

/** Every text of a row. */
export function textOf(type: Exposed, { name, beyond }: World): string {
  const mark = (belongs(type) ? markOfWorld(name) : "") + (type.area ? markOfArea(type.area) : "");
  return `${mark}${name}-${beyond?.name}-${getTableName(type.table)}`;
}

function rowOf(type: Exposed, world: World): Map<PgColumn, unknown> {
  const { table } = type;
  const unique = textOf(type, world);
  const row = new Map<PgColumn, unknown>();
  for (const column of getTableConfig(table).columns) {
    const value = targetOf(column) ? referenceOf(column, world) : contentOf(column, unique);
    if (value !== undefined) row.set(column, value);
  }
  if ("containerId" in table) row.set(columnOf(table, "containerId"), world.ids.get(containers));
  if (table === containers) row.set(containers.containerType, world.nature.case ? "case" : "default");
  return row;
}

/** Users, roles, severities and statuses are everybody's: those that come with the migrations will do. */
function referenceOf(column: PgColumn, { ids, name, nature }: World): unknown {
  if (!column.notNull) return undefined;
  const target = targetOf(column)!;
  if (target === labels) return nature.label ? markOfName(name) : "events";
  if (target === tenants) return ids.get(tenants) ?? 0;
  const names: Record<string, unknown> = { severities: "low", statuses: "new" };
  return ids.get(target) ?? names[getTableName(target)] ?? 1;
}

function contentOf(column: PgColumn, text: string): unknown {
  if (column.primary) return undefined;
  if (is(column, PgArray)) return column.baseColumn.getSQLType() === "text" ? [text] : undefined;
  if (is(column, PgEnumColumn) || column.enumValues?.length) return column.enumValues![0];
  const type = column.getSQLType();
  if (type === "text") return text;
  if (type === "json") return JSON.stringify(Array.isArray(column.default) ? [{ text }] : { text: [text] });
  if (!column.notNull || column.hasDefault) return undefined;
  return type === "boolean" ? false : 1;
}

const nameOf = (column: PgColumn) => `"${toSnakeCase(column.name)}"`;

async function insert(pool: pg.Pool, table: PgTable, row: Map<PgColumn, unknown>): Promise<number> {
  const places = [...row].map((_, index) => `$${index + 1}`);
  const { rows } = await pool.query(
    `insert into ${getTableName(table)} (${[...row.keys()].map(nameOf)}) values (${places}) returning id`,
    [...row.values()],
  );
  return Number(rows[0].id);
}
