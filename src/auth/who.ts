import { and, type SQL, sql } from "drizzle-orm";
import type { Database } from "../database/pools.js";
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

/** An active user with what decides whether a credential is theirs. */
export interface Account {
  readonly caller: Caller;
  readonly roles: readonly string[];
  readonly passwordHash: string | null;
  /** Of an automation, the addresses it may call from. */
  readonly allowedIps: readonly string[];
}

/** The active user that a condition on `users` finds, with the rights that all their active roles add up to. */
export async function findAccount(database: Database, which: SQL): Promise<Account | undefined> {
  const held = sql`from ${userRoles} join ${roles} on ${roles.id} = ${userRoles.roleId} and not ${roles.disabled}`;
  const ofUser = sql`where ${userRoles.userId} = ${users.id}`;
  const [row] = await database.read(sql`
    select ${users.id}, ${users.username}, ${users.type}, ${users.defaultTenantId}, ${users.passwordHash}, array_to_json(${users.allowedIps}),
      (select json_agg(${roles.name} order by ${roles.name}) ${held} ${ofUser}),
      (select json_agg(distinct permission) ${held}, unnest(${roles.permissions}) permission ${ofUser}),
      (select json_agg(distinct lower(${labels.name})) ${held} join ${roleLabels} on ${roleLabels.roleId} = ${roles.id}
        join ${labels} on ${labels.id} = ${roleLabels.labelId} ${ofUser}),
      (select json_agg(distinct ${roleTenants.tenantId}) ${held} join ${roleTenants} on ${roleTenants.roleId} = ${roles.id} ${ofUser})
    from ${users} where ${and(sql`${users.isActive}`, which)}`);
  if (!row) return undefined;
  const [id, username, type, defaultTenantId, passwordHash, allowedIps, names, permissions, labelNames, tenantIds] =
    row;
  const caller: Caller = {
    id: Number(id),
    username: username!,
    type: type!,
    defaultTenantId: defaultTenantId === null ? null : Number(defaultTenantId),
    permissions: new Set<Permission>(list(permissions)),
    labels: labelNames === null ? undefined : list(labelNames),
    tenants: tenantIds === null ? undefined : list(tenantIds),
  };
  return { caller, roles: list(names), passwordHash: passwordHash!, allowedIps: list(allowedIps) };
}

const list = <T>(text: string | null | undefined): T[] => JSON.parse(text ?? "[]");

export const named = (username: string) => sql`lower(${users.username}) = lower(${username})`;

/** The active user of that name, for commands given on the machine itself. */
export async function callerNamed(database: Database, username: string): Promise<Caller> {
  const account = await findAccount(database, named(username));
  if (account) return account.caller;
  throw new AppError("NOT_FOUND", `There is no active user ${JSON.stringify(username)}.`);
}
