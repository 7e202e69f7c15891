import { eq, inArray, type SQL, sql } from "drizzle-orm";
import { everyPermission, type Permission } from "../auth/permissions.js";
import { AppError, refuse } from "../errors.js";
import type { Work } from "../operation.js";
import { systemSettings } from "../schema/system.js";
import { roles, userRoles, users } from "../schema/user.js";

/*
 * Who keeps users and roles could give themselves any right by way of another account. So nobody gives, or takes over,
 * what they do not have.
 */

/** Refuses callers who lack one of these permissions, or who see only part of the containers. */
export function ownsAll({ context, permit }: Work<unknown>, permissions: readonly string[]): void {
  const { username, labels, tenants } = context.caller;
  if (labels || tenants)
    throw new AppError("FORBIDDEN", `${username} sees only some labels or tenants, and cannot keep users and roles.`);
  for (const permission of permissions) permit(permission as Permission);
}

/** Refuses callers who have less rights than the user whose account they want to change or use. */
export async function ownsRightsOf(work: Work<unknown>, userId: number): Promise<void> {
  const held = work.writer.select({ id: userRoles.roleId }).from(userRoles).where(eq(userRoles.userId, userId));
  ownsAll(work, await permissionsOf(work, inArray(roles.id, held)));
}

/** What some roles allow together. */
export async function permissionsOf({ writer }: Work<unknown>, which: SQL): Promise<string[]> {
  const found = await writer.select({ permissions: roles.permissions }).from(roles).where(which);
  return found.flatMap(({ permissions }) => permissions);
}

/** Refuses a change after which no active user may do everything: nobody could give the lost rights again. */
export async function keepAnAdministrator({ writer }: Work<unknown>): Promise<void> {
  // The lock lets one change of users after another count.
  await writer.select().from(systemSettings).for("update");
  const [left] = await writer
    .select({ id: users.id })
    .from(users)
    .innerJoin(userRoles, eq(userRoles.userId, users.id))
    .innerJoin(roles, eq(roles.id, userRoles.roleId))
    .where(sql`${users.isActive} and not ${roles.disabled} and ${roles.permissions} @> ${sql.param(everyPermission)}`)
    .limit(1);
  if (!left)
    refuse("WRONG_STATE", "No active user would be left whose role allows everything; give it to another one first.");
}
