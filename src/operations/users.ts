import { eq, inArray } from "drizzle-orm";
import { isRange } from "../auth/addresses.js";
import { hashPassword } from "../auth/passwords.js";
import { endSessions } from "../auth/secrets.js";
import { refuse } from "../errors.js";
import type { Work } from "../operation.js";
import { flag, idOrName, list, optional, required, text } from "../schema/operations.js";
import { tenants } from "../schema/tenant.js";
import { roles, User, userRoles, users } from "../schema/user.js";
import { administer } from "./administration.js";
import { activeIds, activeLabel, atMost, isGiven, meant } from "./names.js";
import { keepAnAdministrator, ownsAll, ownsRightsOf, permissionsOf } from "./rights.js";

const userInputs = {
  password: optional(text, "What they log in with, 12 to 256 characters; null: they cannot. It ends their sessions."),
  email: optional(text, "E-mail address."),
  firstName: optional(text, "First name."),
  lastName: optional(text, "Last name."),
  title: optional(text, "Job title."),
  location: optional(text, "Where they are."),
  timeZone: optional(text, "Their time zone, by its IANA name."),
  roles: optional(list(text), "The names of the roles they hold: these and no others."),
  allowedIps: optional(
    list(text),
    "Addresses and ranges, such as `10.0.0.0/8`, that an automation may call from; `any` stands for all, none for nowhere.",
  ),
  defaultLabel: optional(text, "Label of containers an automation makes without naming one."),
  defaultTenant: optional(idOrName, "Tenant of containers they make without naming one."),
};

const userTypes = ["normal", "automation", "openid"];

export const administerUsers = administer({
  target: User,
  noun: "user",
  area: "users",
  named: users.username,
  retired: { column: users.isActive, when: false },
  create: {
    username: required(text, "What they log in with, unique whatever the letter case."),
    type: optional(
      text,
      "`normal`, `automation` for a program that calls with tokens, or `openid` for whom an identity provider knows.",
    ),
    ...userInputs,
  },
  change: { ...userInputs, isActive: optional(flag, "Whether they may log in.") },
  async columns(work, { roles: _, password, defaultTenant, ...input }, standing) {
    if (standing) await ownsRightsOf(work, standing.id as number);
    else ownsAll(work, []);
    const type = input.type ?? (standing?.type as string | undefined) ?? "normal";
    if (!standing && !userTypes.includes(type))
      refuse("INVALID_VALUE", `${JSON.stringify(type)} is no type of user; there are ${userTypes.join(", ")}.`, "type");
    const range = input.allowedIps?.find((text) => !isRange(text));
    if (range !== undefined)
      refuse(
        "INVALID_VALUE",
        `${JSON.stringify(range)} is no address, no range such as 10.0.0.0/8, and not any.`,
        "allowedIps",
      );
    return {
      ...input,
      ...(input.username === undefined ? {} : { username: loginName(input.username) }),
      ...(password === undefined ? {} : { passwordHash: password && (await hashPassword(fit(password, type))) }),
      ...(isGiven(input.defaultLabel) ? { defaultLabel: await activeLabel(work, input.defaultLabel) } : {}),
      ...(defaultTenant === undefined ? {} : { defaultTenantId: await tenantId(work, defaultTenant) }),
    };
  },
  async after(work, userId, { roles: names, password }) {
    if (password !== undefined) await endSessions(work.writer, userId);
    if (names !== undefined) await hold(work, userId, names ?? []);
    await keepAnAdministrator(work);
  },
  async beforeRemoval(work, { id, username }) {
    await ownsRightsOf(work, id as number);
    if (id === work.context.caller.id)
      refuse("WRONG_STATE", `${JSON.stringify(username)} is you; another administrator can do that.`, "id");
  },
});

/** Without the sign that ends it in Basic credentials, and without what cannot be told apart by eye. */
function loginName(given: string): string {
  const name = atMost("username", 150, given.trim());
  if (/^[^\s:\p{C}]+( [^\s:\p{C}]+)*$/u.test(name)) return name;
  return refuse(
    "INVALID_VALUE",
    `${JSON.stringify(given)} is no user name: it needs a letter, and has no : or line break.`,
    "username",
  );
}

function fit(password: string, type: string): string {
  if (type !== "normal") return refuse("INVALID_VALUE", `A user of type ${type} has no password here.`, "password");
  if (password.length >= 12 && password.length <= 256) return password;
  return refuse("INVALID_VALUE", `The password has ${password.length} characters; it takes 12 to 256.`, "password");
}

async function tenantId({ writer }: Work<unknown>, reference: string | number | null): Promise<number | null> {
  if (reference === null) return null;
  const [found] = await writer
    .select({ id: tenants.id })
    .from(tenants)
    .where(meant(tenants, reference, tenants.name));
  return found?.id ?? refuse("NOT_FOUND", `There is no tenant ${JSON.stringify(reference)}.`, "defaultTenant");
}

/** Gives a user these roles and no others. */
async function hold(work: Work<unknown>, userId: number, names: string[]): Promise<void> {
  const wanted = await activeIds(work, roles, "role", "roles", names);
  ownsAll(work, await permissionsOf(work, inArray(roles.id, wanted)));
  await work.writer.delete(userRoles).where(eq(userRoles.userId, userId));
  if (wanted.length) await work.writer.insert(userRoles).values(wanted.map((roleId) => ({ userId, roleId })));
}
