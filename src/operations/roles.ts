import { eq } from "drizzle-orm";
import { everyPermission } from "../auth/permissions.js";
import { refuse } from "../errors.js";
import { labels } from "../schema/label.js";
import { flag, list, optional, required, text } from "../schema/operations.js";
import { tenants } from "../schema/tenant.js";
import { Role, roleLabels, roleTenants } from "../schema/user.js";
import { administer } from "./administration.js";
import { activeIds, plainName } from "./names.js";
import { keepAnAdministrator, ownsAll } from "./rights.js";

const roleInputs = {
  description: optional(text, "What its holders do."),
  permissions: optional(list(text), "What its holders may do, each as `area:verb`: these and nothing else."),
  grantedLabels: optional(
    list(text),
    "Labels it is granted. When any role of a user is granted a label, they see containers of granted labels alone.",
  ),
  grantedTenants: optional(
    list(text),
    "Tenants it is granted, by name. When any role of a user is granted a tenant, they see containers of granted tenants alone.",
  ),
};

export const administerRoles = administer({
  target: Role,
  noun: "role",
  area: "users",
  create: { name: required(text, "Its name, unique whatever the letter case."), ...roleInputs },
  change: { ...roleInputs, disabled: optional(flag, "Whether it gives its holders nothing any more.") },
  async columns(work, { grantedLabels: _, grantedTenants: __, name, ...input }, standing) {
    if (standing?.immutable) refuse("WRONG_STATE", `The role ${JSON.stringify(standing.name)} is built in.`, "id");
    const unknown = input.permissions?.find((permission) => !(everyPermission as string[]).includes(permission));
    if (unknown !== undefined)
      refuse(
        "INVALID_VALUE",
        `${JSON.stringify(unknown)} is no permission; there are ${everyPermission.join(", ")}.`,
        "permissions",
      );
    ownsAll(work, [...(input.permissions ?? []), ...((standing?.permissions as string[] | undefined) ?? [])]);
    return {
      ...input,
      ...(input.permissions ? { permissions: [...new Set(input.permissions)] } : {}),
      ...(name === undefined ? {} : { name: plainName(name) }),
    };
  },
  async after(work, roleId, { grantedLabels, grantedTenants }) {
    const { writer } = work;
    if (grantedLabels !== undefined) {
      const granted = await activeIds(work, labels, "label", "grantedLabels", grantedLabels ?? []);
      await writer.delete(roleLabels).where(eq(roleLabels.roleId, roleId));
      if (granted.length) await writer.insert(roleLabels).values(granted.map((labelId) => ({ roleId, labelId })));
    }
    if (grantedTenants !== undefined) {
      const granted = await activeIds(work, tenants, "tenant", "grantedTenants", grantedTenants ?? []);
      await writer.delete(roleTenants).where(eq(roleTenants.roleId, roleId));
      if (granted.length) await writer.insert(roleTenants).values(granted.map((tenantId) => ({ roleId, tenantId })));
    }
    await keepAnAdministrator(work);
  },
  async beforeRemoval(work, { immutable, name, permissions }) {
    if (immutable) refuse("WRONG_STATE", `The role ${JSON.stringify(name)} is built in.`, "id");
    ownsAll(work, permissions as string[]);
  },
});
