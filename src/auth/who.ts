import { type SQL, sql } from "drizzle-orm";
import type { Database } from "../database/pools.js";
import { fixed } from "../database/session.js";
import { AppError } from "../errors.js";
import { labels } from "../schema/label.js";
import { roleLabels, roles, roleTenants, userRoles, users } from "../schema/user.js";
import type { Permission } from "./permissions.js";

/** Who is calling, what they may do and see. */
export interface Caller {
  readonly id: number;
  readonly username: string;
  /** `automation`, or how a person logs in. */
  readonly type: string;
  readonly defaultTenantId: number | null;
  readonly permissions: ReadonlySet<Permission>;
  /** The labels, in small letters, and the tenants whose containers they see; undefined: all. */
  readonly labels: readonly string[] | undefined;
  readonly tenants: readonly number[] | undefined;
}

/** Whom objects name as their author or owner: automation is nobody. */
export function personId({ id, type }: Caller): number | null {
  return type === "automation" ? null : id;
}

/** An active user with what decides whether a credential is theirs. */
export interface Account {
  readonly caller: Caller;
  readonly roles: readonly string[];
  readonly passwordHash: string | null;
  /** Of an automation, the addresses it may call from. */
  readonly allowedIps: readonly string[];
}

type HeldRole = [name: string, permissions: Permission[], labels: string[] | null, tenants: number[] | null];

const grantedLabels = sql`select array_agg(lower(${labels.name})) from ${roleLabels}
  join ${labels} on ${labels.id} = ${roleLabels.labelId} where ${roleLabels.roleId} = ${roles.id}`;
const grantedTenants = sql`select array_agg(${roleTenants.tenantId}) from ${roleTenants} where ${roleTenants.roleId} = ${roles.id}`;
const held = sql`select json_agg(json_build_array(${roles.name}, ${roles.permissions}, (${grantedLabels}), (${grantedTenants})) order by ${roles.name})
  from ${userRoles} join ${roles} on ${roles.id} = ${userRoles.roleId} and not ${roles.disabled} where ${userRoles.userId} = ${users.id}`;
const activeUsers = fixed(sql`
  select ${users.id}, ${users.username}, ${users.type}, ${users.defaultTenantId}, ${users.passwordHash},
    array_to_json(${users.allowedIps}), (${held}) from ${users} where ${users.isActive}`);

/** The active user that a condition on `users` finds, with the rights that all their active roles add up to. */
export async function findAccount(database: Database, which: SQL): Promise<Account | undefined> {
  const [row] = await database.read(sql`${activeUsers} and ${which}`);
  if (!row) return undefined;
  const [id, username, type, defaultTenantId, passwordHash, allowedIps, roleList] = row;
  const theirs: HeldRole[] = JSON.parse(roleList ?? "[]");
  const caller: Caller = {
    id: Number(id),
    username: username!,
    type: type!,
    defaultTenantId: defaultTenantId === null ? null : Number(defaultTenantId),
    permissions: new Set(theirs.flatMap(([, permissions]) => permissions)),
    labels: sum(theirs.map(([, , granted]) => granted)),
    tenants: sum(theirs.map(([, , , granted]) => granted)),
  };
  const names = theirs.map(([name]) => name);
  return { caller, roles: names, passwordHash: passwordHash!, allowedIps: JSON.parse(allowedIps!) };
}

/** What several roles are granted together; undefined when none of them is granted anything. */
function sum<T>(grants: (T[] | null)[]): T[] | undefined {
  const given = grants.filter((grant) => grant !== null);
  return given.length ? [...new Set(given.flat())].sort() : undefined;
}

export const named = (username: string) => sql`lower(${users.username}) = lower(${username})`;

/** The active user of that name, for commands given on the machine itself. */
export async function callerNamed(database: Database, username: string): Promise<Caller> {
  const account = await findAccount(database, named(username));
  if (account) return account.caller;
  throw new AppError("NOT_FOUND", `There is no active user ${JSON.stringify(username)}.`);
}
