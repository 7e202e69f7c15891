import { getTableConfig, type PgColumn, type PgTable } from "drizzle-orm/pg-core";
import { addField } from "./classes.js";
import { connectionArguments } from "./connections.js";
import { byTable } from "./expose.js";

type Named = [field: string, description: string];

/**
 * Declares a relation by its foreign key: `one` is the field from a row to what it points at, `many` the list back.
 * `column` is what it points at, where the database does not enforce it.
 */
export function relate(key: PgColumn, names: { one?: Named; many?: Named }, column = foreignColumn(key)): void {
  const from = byTable.get(key.table);
  const to = column && byTable.get(column.table);
  if (!from || !to) throw new Error(`${key.name} is no foreign key between exposed types`);
  if (names.one) {
    const [field, description] = names.one;
    addField(from.type, field, () => to.type, description, { nullable: !key.notNull || to.area !== undefined });
    addField(from.filter, field, () => to.filter, `Where that ${to.name} matches.`);
    from.fields.set(field, { by: "one", key: propertyOf(key), target: to, column });
  }
  if (names.many) {
    const [field, description] = names.many;
    addField(to.type, field, () => from.connection, description);
    connectionArguments(to.type, field, from.filter, from.order);
    addField(to.filter, field, () => from.filter, `Where at least one such ${from.name} matches.`);
    to.fields.set(field, { by: "many", key: propertyOf(column), target: from, column: key });
  }
}

/** Declares two lists over a table of pairs: from each type the objects of the other. */
export function relateThrough(pair: { from: PgColumn; to: PgColumn }, names: { from?: Named; to?: Named }): void {
  const ends = [pair.from, pair.to].map((key) => ({
    key,
    column: foreignColumn(key)!,
    type: byTable.get(foreignColumn(key)!.table)!,
  }));
  for (const [near, far, name] of [
    [ends[0]!, ends[1]!, names.from] as const,
    [ends[1]!, ends[0]!, names.to] as const,
  ]) {
    if (!name) continue;
    const [field, description] = name;
    addField(near.type.type, field, () => far.type.connection, description);
    connectionArguments(near.type.type, field, far.type.filter, far.type.order);
    addField(near.type.filter, field, () => far.type.filter, `Where at least one such ${far.type.name} matches.`);
    near.type.fields.set(field, {
      by: "many",
      key: propertyOf(near.column),
      target: far.type,
      column: far.column,
      through: { near: near.key, far: far.key },
    });
  }
}

/** The property under which a column's table holds it, which is also its GraphQL name. */
export function propertyOf(column: PgColumn): string {
  return Object.entries(column.table).find(([, candidate]) => candidate === column)![0];
}

/** The column that a foreign key of one column points at. */
export function foreignColumn(key: PgColumn): PgColumn | undefined {
  const references = getTableConfig(key.table as PgTable).foreignKeys.map((foreign) => foreign.reference());
  return references.find(({ columns }) => columns.length === 1 && columns[0] === key)?.foreignColumns[0];
}
