import { and, eq, type SQL, sql } from "drizzle-orm";
import { getTableConfig, type PgColumn, type PgTable } from "drizzle-orm/pg-core";
import type { Permission } from "../auth/permissions.js";
import { refuse, sqlState } from "../errors.js";
import { type Operation, operation, type Work } from "../operation.js";
import { columnOf, type Exposed } from "../schema/expose.js";
import { found, given, type InputOf, type Inputs, int, required } from "../schema/operations.js";
import { propertyOf } from "../schema/relate.js";

type Values = Record<string, unknown>;
type AdministeredTable = PgTable & { id: PgColumn; disabled?: PgColumn };

interface Administered<Create extends Inputs, Change extends Inputs> {
  target: Exposed;
  /** What is called so in messages, such as `workbook template`. */
  noun: string;
  area: "settings" | "workbooks" | "apps" | "assets" | "playbooks" | "users";
  /** The column with its name; by default `name`. */
  named?: PgColumn;
  /** The column that says it is in use no more, or with `false` that it is; by default `disabled` where there is one. */
  retired?: { column: PgColumn; when: boolean };
  /** Where names are unique only within something, the column that holds it. */
  within?: PgColumn;
  create: Create;
  change: Change;
  /** The columns of an input; by default those of the same names. Refuses what must not be. */
  columns?(
    work: Work<unknown>,
    input: Partial<InputOf<Create & Change>>,
    standing: Values | undefined,
  ): Promise<Values>;
  /** What goes with the row: children, and what must hold afterwards. */
  after?(work: Work<unknown>, id: number, input: Partial<InputOf<Create & Change>>): Promise<void>;
  /** Refuses to disable or delete a row that has to stay. */
  beforeRemoval?(work: Work<unknown>, standing: Values): Promise<void>;
}

/**
 * The three operations that administer a kind of object. Creating a name that is disabled re-activates it. Deleting
 * disables where old rows may still use the name, which a table with a `disabled` column says.
 */
export function administer<Create extends Inputs, Change extends Inputs>(
  kind: Administered<Create, Change>,
): Operation[] {
  const { target, noun, area } = kind;
  const table = target.table as AdministeredTable;
  const name = propertyOf(kind.named ?? columnOf(table, "name"));
  const retired = kind.retired ?? (table.disabled && { column: table.disabled, when: true });
  const [retire, revive] = [retired?.when, !retired?.when].map((value) =>
    retired ? { [propertyOf(retired.column)]: value } : {},
  );
  const isRetired = (row: Values) => retired !== undefined && row[propertyOf(retired.column)] === retired.when;
  const object = target.name.charAt(0).toLowerCase() + target.name.slice(1);
  const key = `${object}Id`;
  const payload = { [key]: given(int, `Id of the ${noun}.`), [object]: found(target, key, `The ${noun} itself.`) };
  const id = required(int, `Id of the ${noun}.`);
  const [edit, remove] = [`${area}:edit`, area === "settings" ? "settings:edit" : `${area}:delete`] as [
    Permission,
    Permission,
  ];
  const columns = kind.columns ?? (async (_, input) => input as Values);
  const done = (rowId: number, called: unknown, verb: string) => ({
    message: `The ${noun} ${JSON.stringify(called)} was ${verb}.`,
    result: { [key]: rowId },
  });

  return [
    operation({
      name: `create${target.name}`,
      description: `Makes a ${noun}. A name that exists is refused as DUPLICATE; one that is disabled is used again.`,
      may: edit,
      input: kind.create,
      payload,
      async run(work) {
        const input = work.input as Partial<InputOf<Create & Change>>;
        const values = await columns(work, input, undefined);
        const standing = await conflicting(work, table, name, values, kind.within);
        const exists = `There is a ${noun} ${JSON.stringify(standing?.[name] ?? values[name])} already.`;
        if (standing && !isRetired(standing))
          return refuse("DUPLICATE", exists, name, { [key]: standing.id as number });
        const rowId = standing
          ? await change(work, table, noun, standing.id as number, { ...values, [name]: standing[name], ...revive })
          : ((await insert(work, table, values)) ?? refuse("DUPLICATE", exists, name));
        await kind.after?.(work, rowId, input);
        return done(rowId, values[name], standing ? "re-activated" : "created");
      },
    }),
    operation({
      name: `update${target.name}`,
      description: `Changes a ${noun}: only the fields given; null clears one.`,
      may: edit,
      input: { id, ...kind.change },
      payload,
      on: (work) => lock(work, table, noun, work.input.id as number),
      async run(work, standing) {
        const { id: rowId, ...input } = work.input as unknown as Values & { id: number };
        const values = await columns(work, input as Partial<InputOf<Create & Change>>, standing);
        if (isRetired(values)) await kind.beforeRemoval?.(work, standing);
        await change(work, table, noun, rowId, values);
        await kind.after?.(work, rowId, input as Partial<InputOf<Create & Change>>);
        return done(rowId, standing[name], "changed");
      },
    }),
    operation({
      name: `delete${target.name}`,
      description: retired ? `Disables a ${noun}: old objects keep it, new ones cannot have it.` : `Deletes a ${noun}.`,
      may: remove,
      input: { id },
      payload,
      on: (work) => lock(work, table, noun, work.input.id),
      async run(work, standing) {
        await kind.beforeRemoval?.(work, standing);
        if (retired) await change(work, table, noun, work.input.id, retire!);
        else await work.writer.delete(table).where(eq(table.id, work.input.id));
        await kind.after?.(work, work.input.id, {});
        return done(work.input.id, standing[name], retired ? "disabled" : "deleted");
      },
    }),
  ];
}

/** The row whose name, whatever its letter case, is the one about to be made. */
async function conflicting(
  { writer }: Work<unknown>,
  table: AdministeredTable,
  name: string,
  values: Values,
  within: PgColumn | undefined,
): Promise<Values | undefined> {
  const same = sql`lower(${columnOf(table, name)}) = lower(${values[name]})`;
  const inside = within && sql`lower(${within}) = lower(${values[propertyOf(within)]})`;
  const [row] = await writer
    .select()
    .from(table as PgTable)
    .where(and(same, inside))
    .for("update");
  return row;
}

/** The id of a new row; undefined when another transaction made one of that name meanwhile. */
async function insert(
  { writer }: Work<unknown>,
  table: AdministeredTable,
  values: Values,
): Promise<number | undefined> {
  const [row] = await writer
    .insert(table)
    .values(stored(table, values, false))
    .onConflictDoNothing()
    .returning({ id: table.id });
  return row?.id as number | undefined;
}

async function change(
  { writer }: Work<unknown>,
  table: AdministeredTable,
  noun: string,
  id: number,
  values: Values,
): Promise<number> {
  const set = { ...stored(table, values, true), ...("modifiedTime" in table ? { modifiedTime: sql`now()` } : {}) };
  if (Object.keys(set).length === 0) return id;
  try {
    await writer.update(table).set(set).where(eq(table.id, id));
  } catch (error) {
    if (values.name !== undefined && sqlState(error) === "23505")
      refuse("DUPLICATE", `There is a ${noun} ${JSON.stringify(values.name)} already.`, "name");
    throw error;
  }
  return id;
}

/** Only columns of the table; null clears a column, to its default where it cannot be null. */
function stored(table: AdministeredTable, values: Values, changing: boolean): Record<string, SQL> {
  const columns = new Set(getTableConfig(table).columns);
  const entries = Object.entries(values).filter(([name, value]) => {
    const column = (table as unknown as Record<string, PgColumn | undefined>)[name];
    return column && columns.has(column) && value !== undefined && (changing || value !== null);
  });
  return Object.fromEntries(
    entries.map(([name, value]) => [name, value === null && columnOf(table, name).notNull ? sql`default` : value]),
  ) as Record<string, SQL>;
}

async function lock({ writer }: Work<unknown>, table: AdministeredTable, noun: string, id: number): Promise<Values> {
  const [row] = await writer
    .select()
    .from(table as PgTable)
    .where(eq(table.id, id))
    .for("update");
  return (row as Values | undefined) ?? refuse("NOT_FOUND", `There is no ${noun} ${id}.`, "id");
}
