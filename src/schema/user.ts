import { sql } from "drizzle-orm";
import { boolean, index, integer, pgTable, primaryKey, text, uniqueIndex } from "drizzle-orm/pg-core";
import { id, timeOfInsert } from "./columns.js";
import { computed, expose, named } from "./expose.js";
import { labels } from "./label.js";
import { tenants } from "./tenant.js";

export const users = pgTable(
  "users",
  {
    id: id(),
    username: text().notNull(),
    firstName: text().notNull().default(""),
    lastName: text().notNull().default(""),
    email: text().notNull().default(""),
    title: text().notNull().default(""),
    location: text().notNull().default(""),
    timeZone: text().notNull().default("UTC"),
    type: text({ enum: ["normal", "automation", "ldap", "openid", "saml2"] })
      .notNull()
      .default("normal"),
    isActive: boolean().notNull().default(true),
    /** Argon2id in its own text form; null: cannot log in by password. */
    passwordHash: text(),
    allowedIps: text().array().notNull().default(sql`'{any}'`),
    defaultLabel: text().references(() => labels.name),
    defaultTenantId: integer().references(() => tenants.id),
    createTime: timeOfInsert(),
  },
  (t) => [uniqueIndex("users_username").on(sql`lower(${t.username})`)],
);

export const User = expose(users, {
  name: "User",
  description: "A person, or an automation that calls the API with a token.",
  one: "user",
  many: "users",
  orderBy: ["username"],
  fields: {
    id: "SOAR's numeric id.",
    username: "What they log in with, unique whatever the letter case.",
    name: computed(
      "text",
      false,
      (t) => sql`trim(${(t as typeof users).firstName} || ' ' || ${(t as typeof users).lastName})`,
      "First and last name.",
    ),
    firstName: "First name.",
    lastName: "Last name.",
    email: "E-mail address.",
    title: "Job title.",
    location: "Where they are.",
    timeZone: "Their time zone, by its IANA name.",
    type: "`normal`, `automation`, or how they log in elsewhere: `ldap`, `openid`, `saml2`.",
    isActive: "False when they may not log in.",
    allowedIps: {
      description:
        "For an automation, the addresses and ranges it may call from; `any` stands for all. Null: the caller may not view users.",
      area: "users",
    },
    defaultLabel: named("Label of containers this automation makes without naming one."),
    createTime: "When the account was made.",
  },
});

export const roles = pgTable(
  "roles",
  {
    id: id(),
    name: text().notNull(),
    description: text().notNull().default(""),
    immutable: boolean().notNull().default(false),
    disabled: boolean().notNull().default(false),
    permissions: text().array().notNull().default(sql`'{}'`),
  },
  (t) => [uniqueIndex("roles_name").on(sql`lower(${t.name})`)],
);

export const Role = expose(roles, {
  name: "Role",
  description: "A set of permissions that users are given.",
  one: "role",
  many: "roles",
  orderBy: ["name"],
  fields: {
    id: "SOAR's numeric id.",
    name: "Its name, unique whatever the letter case.",
    description: "What its holders do.",
    immutable: "True for the roles the system ships.",
    disabled: "True when it was deleted.",
    permissions: "What its holders may do, each as `area:verb`, such as `containers:edit`.",
  },
});

export const userRoles = pgTable(
  "user_roles",
  {
    userId: integer()
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    roleId: integer()
      .notNull()
      .references(() => roles.id, { onDelete: "cascade" }),
  },
  (t) => [primaryKey({ columns: [t.userId, t.roleId] }), index().on(t.roleId)],
);

/** The labels a role is granted, by name; users none of whose roles is granted one see the containers of all. */
export const roleLabels = pgTable(
  "role_labels",
  {
    roleId: integer()
      .notNull()
      .references(() => roles.id, { onDelete: "cascade" }),
    labelId: integer()
      .notNull()
      .references(() => labels.id, { onDelete: "cascade" }),
  },
  (t) => [primaryKey({ columns: [t.roleId, t.labelId] }), index().on(t.labelId)],
);

/** The tenants a role is granted; users none of whose roles is granted one see the containers of all. */
export const roleTenants = pgTable(
  "role_tenants",
  {
    roleId: integer()
      .notNull()
      .references(() => roles.id, { onDelete: "cascade" }),
    tenantId: integer()
      .notNull()
      .references(() => tenants.id, { onDelete: "cascade" }),
  },
  (t) => [primaryKey({ columns: [t.roleId, t.tenantId] }), index().on(t.tenantId)],
);
