import { sql } from "drizzle-orm";
import { boolean, index, integer, json, pgEnum, pgTable, primaryKey, text, uniqueIndex } from "drizzle-orm/pg-core";
import { id, time, timeOfInsert } from "./columns.js";
import { exposeEnum } from "./enums.js";
import { expose, json as jsonField } from "./expose.js";
import { users } from "./user.js";

export const apps = pgTable(
  "apps",
  {
    id: id(),
    appid: text().notNull().unique(),
    connector: text(),
    name: text().notNull(),
    description: text().notNull().default(""),
    appVersion: text().notNull().default("1.0.0"),
    productName: text().notNull().default(""),
    productVendor: text().notNull().default(""),
    publisher: text().notNull().default(""),
    type: text().notNull().default(""),
    directory: text().notNull().default(""),
    pythonVersion: text().notNull().default(""),
    draftMode: boolean().notNull().default(false),
    immutable: boolean().notNull().default(false),
    disabled: boolean().notNull().default(false),
    /** The settings its assets take: name to `{data_type, required, description, default}`. */
    configuration: json().$type<Record<string, { data_type?: string }>>().notNull().default({}),
    createTime: timeOfInsert(),
  },
  (t) => [uniqueIndex("apps_name").on(sql`lower(${t.name})`), index().on(t.createTime, t.id)],
);

export const App = expose(apps, {
  name: "App",
  description: "A connector: what lets actions run on a product.",
  one: "app",
  many: "apps",
  area: "apps",
  orderBy: ["name", "createTime"],
  fields: {
    id: "SOAR's numeric id.",
    appid: "Its GUID, the same on every system.",
    connector:
      "GUID of the gateway's connector that runs its actions; null: one outside takes them, by `claimAppRuns`.",
    name: "Its name, unique whatever the letter case.",
    description: "What it does.",
    appVersion: "Its version.",
    productName: "The product it works with.",
    productVendor: "Who makes that product.",
    publisher: "Who wrote the app.",
    type: "What kind of product it is for, such as `reputation` or `email`.",
    directory: "The folder its code is in.",
    pythonVersion: "The Python it needs; empty: none.",
    draftMode: "True while it is being written.",
    immutable: "True when it may not be changed.",
    disabled: "True when no action runs on it.",
    configuration: "The settings its assets take, each with data type, description and whether it is required.",
    createTime: "When it was installed.",
  },
});

export const effect = pgEnum("effect", ["read", "keyed", "unsafe"]);
exposeEnum(effect, "Effect", "What happens when an action is done twice.", {
  read: "Nothing: it only reads.",
  keyed: "Nothing: the product knows by a key that it did it already.",
  unsafe: "Harm: it is never sent again once it may have been done.",
});

export const appActions = pgTable(
  "app_actions",
  {
    id: id(),
    appId: integer()
      .notNull()
      .references(() => apps.id, { onDelete: "cascade" }),
    action: text().notNull(),
    identifier: text().notNull(),
    type: text().notNull().default(""),
    description: text().notNull().default(""),
    readOnly: boolean().notNull().default(true),
    effect: effect().notNull().default("read"),
    needsAsset: boolean().notNull().default(true),
    parameters: json().$type<Record<string, unknown>>().notNull().default({}),
    output: json().$type<unknown[]>().notNull().default([]),
  },
  (t) => [
    uniqueIndex("app_actions_action").on(t.appId, sql`lower(${t.action})`),
    index("app_actions_name").on(sql`lower(${t.action})`),
  ],
);

export const AppAction = expose(appActions, {
  name: "AppAction",
  description: "An action that an app offers.",
  area: "apps",
  orderBy: ["action"],
  fields: {
    id: "SOAR's numeric id.",
    action: "Its name, such as `geolocate ip`.",
    identifier: "Its name in code, such as `geolocate_ip`.",
    type: "What kind of action it is, such as `investigate` or `contain`.",
    description: "What it does.",
    readOnly: "Whether it changes nothing at the product.",
    effect: "What happens when it is done twice.",
    needsAsset: "Whether it runs only on an asset.",
    parameters: "What it takes: name to data type, description, whether it is required, and what it contains.",
    output: jsonField("What its results have, path by path."),
  },
});

export const assets = pgTable(
  "assets",
  {
    id: id(),
    name: text().notNull(),
    appId: integer().references(() => apps.id),
    description: text().notNull().default(""),
    productName: text().notNull().default(""),
    productVendor: text().notNull().default(""),
    appVersion: text(),
    type: text().notNull().default(""),
    configuration: json().$type<Record<string, unknown>>().notNull().default({}),
    /** The settings that are secrets: used by connectors, never answered. */
    secrets: json().$type<Record<string, unknown>>().notNull().default({}),
    disabled: boolean().notNull().default(false),
    tags: text().array().notNull().default(sql`'{}'`),
    concurrencyLimit: integer(),
    /** When it was last taken to be tested by the schedule. */
    testTime: time(),
    primaryVoting: integer().notNull().default(0),
    secondaryVoting: integer().notNull().default(0),
    actionWhitelist: json().$type<Record<string, unknown>>().notNull().default({}),
    ingest: json().$type<Record<string, unknown>>().notNull().default({}),
    automationBroker: text(),
    webhook: text(),
    version: integer().notNull().default(1),
    createTime: timeOfInsert(),
  },
  (t) => [
    uniqueIndex("assets_name").on(sql`lower(${t.name})`),
    index().on(t.appId),
    index().on(t.createTime, t.id),
    index().using("gin", t.tags),
  ],
);

export const Asset = expose(assets, {
  name: "Asset",
  description: "A product as it is set up here: where actions run and data comes from.",
  one: "asset",
  many: "assets",
  area: "assets",
  orderBy: ["name", "createTime"],
  fields: {
    id: "SOAR's numeric id.",
    name: "Its name in small letters, unique.",
    description: "What it is for.",
    productName: "The product.",
    productVendor: "Who makes the product.",
    appVersion: "The version of its app that it was set up for.",
    type: "What kind of product it is.",
    configuration: "Its settings; each secret one is shown as `********`.",
    disabled: "True when no action runs on it.",
    tags: "Words to find it by.",
    concurrencyLimit: "How many actions may run on it at once; null: any number.",
    primaryVoting: "How many of its primary approvers must agree before an action runs; 0: none.",
    secondaryVoting: "How many of its secondary approvers must agree before an action runs; 0: none.",
    actionWhitelist: "Actions that run without approval.",
    ingest: "How data is polled from it: label, interval and whether.",
    automationBroker: "The broker it is reached through; null: directly.",
    webhook: "The webhook that feeds it; null: none.",
    version: "Version of this schema, always 1.",
    createTime: "When it was made.",
  },
});

/** Who must agree before an action runs on an asset. */
export const assetApprovers = pgTable(
  "asset_approvers",
  {
    assetId: integer()
      .notNull()
      .references(() => assets.id, { onDelete: "cascade" }),
    userId: integer()
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    primary: boolean().notNull().default(true),
  },
  (t) => [primaryKey({ columns: [t.assetId, t.userId] }), index().on(t.userId)],
);
