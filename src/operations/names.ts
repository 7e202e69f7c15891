import { and, asc, eq, type SQL, sql } from "drizzle-orm";
import type { PgColumn, PgTable } from "drizzle-orm/pg-core";
import { visible } from "../auth/visible.js";
import { refuse } from "../errors.js";
import type { Look, Work } from "../operation.js";
import type { Exposed } from "../schema/expose.js";
import { Label } from "../schema/label.js";
import { Playbook, playbooks } from "../schema/playbook.js";
import type { IdOrName } from "../schema/scalars.js";
import { Severity, severities } from "../schema/severity.js";
import { statuses } from "../schema/status.js";
import { roles, users } from "../schema/user.js";

type Named = PgTable & { id: PgColumn; name: PgColumn; disabled: PgColumn };

/** The stored form of a severity's name given in any letter case; refused when it does not exist or is disabled. */
export const activeSeverity = (work: Work<unknown>, name: string) => active(work, Severity, "severity", name);
export const activeLabel = (work: Work<unknown>, name: string) => active(work, Label, "label", name);

async function active(work: Work<unknown>, target: Exposed, field: string, name: string): Promise<string> {
  const { writer, context } = work;
  const table = target.table as Named;
  const shown = visible(target, table, context.caller);
  const [found] = await writer
    .select({ name: table.name, disabled: table.disabled })
    .from(table as PgTable)
    .where(and(sql`lower(${table.name}) = lower(${name})`, shown));
  if (found && !found.disabled) return found.name as string;
  const known = await writer
    .select({ name: table.name })
    .from(table as PgTable)
    .where(and(eq(table.disabled, false), shown))
    .orderBy(asc(table.name))
    .limit(50);
  const names = known.map(({ name }) => name).join(", ");
  if (found)
    return refuse("INACTIVE", `The ${field} ${JSON.stringify(found.name)} is disabled. Active ones: ${names}.`, field);
  return refuse("NOT_FOUND", `There is no ${field} ${JSON.stringify(name)}. Active ones: ${names}.`, field);
}

/** The severity new containers get when none is given. */
export async function defaultSeverity({ writer }: Work<unknown>): Promise<string> {
  const [found] = await writer.select({ name: severities.name }).from(severities).where(eq(severities.isDefault, true));
  return found?.name ?? refuse("INVALID_VALUE", "No severity is the default one; give `severity`.", "severity");
}

/** The status containers get when they enter a stage. */
export async function defaultStatus({ writer }: Work<unknown>, type: "new" | "open" | "resolved"): Promise<string> {
  const [found] = await writer
    .select({ name: statuses.name })
    .from(statuses)
    .where(sql`${statuses.isDefault} and ${statuses.statusType} = ${type}`);
  return (
    found?.name ??
    refuse("WRONG_STATE", `No status of type ${type} is the default one; an administrator has to choose one.`)
  );
}

/** Where a row is the one a caller means: a number is its id; a text its name, or its id when no row has that name. */
export function meant(table: PgTable & { id: PgColumn }, reference: IdOrName, name: PgColumn): SQL {
  if (typeof reference === "number") return sql`${table.id} = ${reference}`;
  const byName = sql`lower(${name}) = lower(${reference})`;
  if (!/^\d{1,9}$/.test(reference)) return byName;
  return sql`case when exists (select from ${table} where ${byName}) then ${byName} else ${table.id} = ${Number(reference)} end`;
}

/** Where a column holds one of many values: one parameter, however many there are, so one prepared statement. */
export function anyOf(column: PgColumn, values: readonly (number | string)[]): SQL {
  return sql`${column} = any(${sql.param(values)}::${sql.raw(column.getSQLType())}[])`;
}

/** A text of at most so many characters; a longer one is refused. */
export function atMost(field: string, limit: number, given: string): string {
  if (given.length <= limit) return given;
  return refuse("TOO_LONG", `The ${field} has ${given.length} characters; ${limit} are the limit.`, field);
}

/** Refuses a number below the least that it may be. */
export function atLeast(field: string, least: number, given: number | null | undefined): void {
  if (isGiven(given) && given < least) refuse("INVALID_VALUE", `${field} is ${given}; ${least} is the least.`, field);
}

/** A number that may be from one to another. */
export function within(field: string, given: number, least: number, most: number): number {
  if (given >= least && given <= most) return given;
  return refuse("INVALID_VALUE", `\`${field}\` is ${given}; it can be ${least} to ${most}.`, field);
}

/** A title that has to have text. */
export function titled<T extends string | undefined>(field: string, given: T): T {
  return given?.trim() === "" ? refuse("INVALID_VALUE", `The ${field} needs text.`, field) : given;
}

/** A name without blanks around it. */
export function plainName(name: string): string {
  return atMost("name", 255, titled("name", name.trim()));
}

export const isGiven = <T>(value: T | null | undefined): value is T => value !== null && value !== undefined;

/** The id of the active user meant; null for none. */
export async function userId(
  { writer }: Work<unknown>,
  reference: IdOrName | null | undefined,
  field = "owner",
): Promise<number | null> {
  if (!isGiven(reference)) return null;
  const [user] = await writer
    .select({ id: users.id, isActive: users.isActive })
    .from(users)
    .where(meant(users, reference, users.username));
  if (!user) return refuse("NOT_FOUND", `There is no user ${JSON.stringify(reference)}.`, field);
  if (!user.isActive) return refuse("INACTIVE", `The user ${JSON.stringify(reference)} is disabled.`, field);
  return user.id;
}

/** The id of the role meant; null for none. */
export async function roleId(
  { writer }: Work<unknown>,
  reference: IdOrName | null | undefined,
  field = "role",
): Promise<number | null> {
  if (!isGiven(reference)) return null;
  const [role] = await writer
    .select({ id: roles.id, disabled: roles.disabled })
    .from(roles)
    .where(meant(roles, reference, roles.name));
  if (!role) return refuse("NOT_FOUND", `There is no role ${JSON.stringify(reference)}.`, field);
  if (role.disabled) return refuse("INACTIVE", `The role ${JSON.stringify(reference)} is disabled.`, field);
  return role.id;
}

/** The ids of active rows by their names; refused with the first name that there is not. */
export async function activeIds(
  { writer }: Work<unknown>,
  table: Named,
  noun: string,
  field: string,
  names: string[],
): Promise<number[]> {
  // Postgres and JavaScript do not agree on the small form of every letter: only one of them is asked.
  const { rows } = await writer.execute<{ id: number | null; given: string }>(sql`
    select ${table.id} as id, given from unnest(${sql.param(names)}::text[]) with ordinality u(given, n)
    left join ${table} on lower(${table.name}) = lower(given) and not ${table.disabled} order by n`);
  const missing = rows.find(({ id }) => id === null);
  if (missing) refuse("NOT_FOUND", `There is no active ${noun} ${JSON.stringify(missing.given)}.`, field);
  return [...new Set(rows.map(({ id }) => id!))];
}

/** The playbook meant by its id, its name, or its repository and name. */
export async function playbookMeant({ writer, context }: Look<unknown>, reference: IdOrName) {
  const fullName = sql<string>`${playbooks.scm} || '/' || ${playbooks.name}`;
  const name = typeof reference === "string" && reference.includes("/") ? fullName : playbooks.name;
  const { id, disabled, draftMode, playbookType, inputSpec } = playbooks;
  const rows = await writer
    .select({ id, disabled, draftMode, playbookType, inputSpec, fullName })
    .from(playbooks)
    .where(and(meant(playbooks, reference, name as PgColumn), visible(Playbook, playbooks, context.caller)))
    .orderBy(id);
  if (rows.length > 1) {
    const names = rows.map(({ fullName }) => fullName).join(", ");
    return refuse("AMBIGUOUS", `Several playbooks are named ${JSON.stringify(reference)}: ${names}.`, "playbook");
  }
  return rows[0] ?? refuse("NOT_FOUND", `There is no playbook ${JSON.stringify(reference)}.`, "playbook");
}
