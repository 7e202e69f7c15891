import { sql } from "drizzle-orm";
import { boolean, index, integer, json, pgTable, text, uuid } from "drizzle-orm/pg-core";
import { apps, assets, effect } from "./app.js";
import { id, time, timeOfInsert } from "./columns.js";
import { containers } from "./container.js";
import { expose, json as jsonField } from "./expose.js";
import { playbookRuns, playbooks, runStatus } from "./playbook.js";
import { users } from "./user.js";

export const actionRuns = pgTable(
  "action_runs",
  {
    id: id(),
    containerId: integer()
      .notNull()
      .references(() => containers.id, { onDelete: "cascade" }),
    playbookRunId: integer().references(() => playbookRuns.id, { onDelete: "cascade" }),
    playbookId: integer().references(() => playbooks.id),
    action: text().notNull(),
    name: text().notNull(),
    type: text().notNull().default(""),
    targets: json().$type<unknown[]>().notNull().default([]),
    status: runStatus().notNull().default("pending"),
    message: text().notNull().default(""),
    cancelled: text(),
    comment: text().notNull().default(""),
    handle: text(),
    cbFn: text().notNull().default(""),
    creatorId: integer().references(() => users.id),
    ownerId: integer().references(() => users.id),
    createTime: timeOfInsert(),
    startTime: time(),
    assignTime: time(),
    dueTime: time(),
    updateTime: timeOfInsert(),
    closeTime: time(),
    execDelaySecs: integer().notNull().default(0),
    execOrder: integer().notNull().default(0),
    /** App runs that have not ended. */
    remaining: integer().notNull().default(0),
    /** Results of either kind, over all app runs that have ended. */
    succeeded: integer().notNull().default(0),
    failed: integer().notNull().default(0),
    /** What whoever asked wants back with the result, as it is. */
    filteredArtifacts: json().$type<unknown>(),
    filteredResults: json().$type<unknown>(),
    customFunction: json().$type<unknown>(),
    version: integer().notNull().default(1),
  },
  (t) => [
    index().on(t.containerId, t.id),
    index().on(t.playbookRunId, t.id),
    index().on(t.playbookId, t.id),
    index().on(t.status, t.id),
    index().on(t.createTime, t.id),
    index().on(t.updateTime, t.id),
    index().on(t.startTime, t.id),
    index().on(t.action, t.id),
    index().on(t.ownerId, t.id),
    index().on(t.creatorId, t.id),
  ],
);

export const ActionRun = expose(actionRuns, {
  name: "ActionRun",
  description: "An action that was asked for on a container: it runs once for each app and asset it is meant for.",
  one: "actionRun",
  many: "actionRuns",
  orderBy: ["createTime", "updateTime"],
  fields: {
    id: "SOAR's numeric id.",
    action: "The action, such as `geolocate ip`.",
    name: "What whoever asked calls it.",
    type: "What kind of action it is, such as `investigate`, `contain` or `manual`.",
    targets: jsonField("Where and with what it runs: `[{app_id, assets, parameters}]`."),
    status: "How far it is; failed only when it failed on all assets with all parameters.",
    message: "How it goes, or how it ended.",
    cancelled: "Why it was cancelled; null: it was not.",
    comment: "For a manual action, what is to be done.",
    handle: "What whoever asked wants back with the result; null: nothing.",
    cbFn: "The function that is called with the result, by name.",
    createTime: "When it was asked for.",
    startTime: "When it began; null: it has not.",
    assignTime: "For a manual action, when it was given to its owner.",
    dueTime: "When it has to be done: the time its SLA expires.",
    updateTime: "When it was last heard of.",
    closeTime: "When it ended; null: it has not.",
    execDelaySecs: "Seconds it waits before it runs.",
    execOrder: "Place among the actions that were asked for together.",
    version: "Version of this schema, always 1.",
  },
});

export const appRuns = pgTable(
  "app_runs",
  {
    id: id(),
    actionRunId: integer()
      .notNull()
      .references(() => actionRuns.id, { onDelete: "cascade" }),
    containerId: integer()
      .notNull()
      .references(() => containers.id, { onDelete: "cascade" }),
    playbookRunId: integer().references(() => playbookRuns.id, { onDelete: "cascade" }),
    appId: integer().references(() => apps.id),
    assetId: integer().references(() => assets.id),
    action: text().notNull(),
    appName: text().notNull().default(""),
    appVersion: text().notNull().default(""),
    assetName: text().notNull().default(""),
    /** What it runs with: one set for each result. */
    parameters: json().$type<Record<string, unknown>[]>().notNull().default([]),
    effect: effect().notNull().default("read"),
    status: runStatus().notNull().default("pending"),
    message: text().notNull().default(""),
    exceptionOccurred: boolean().notNull().default(false),
    resultSummary: json().$type<Record<string, unknown>>().notNull().default({}),
    extraData: json().$type<unknown[]>().notNull().default([]),
    log: text().notNull().default(""),
    /** From when on a worker may take it: at first its start, then the end of its lease; null: not yet, or not any more. */
    claimTime: time(),
    /** Proves whose it is while it runs; null while it runs: its worker handed it back. */
    leaseToken: uuid(),
    attempt: integer().notNull().default(0),
    /** Workers that did not come back from it. */
    deaths: integer().notNull().default(0),
    /** When an action that must not be done twice was about to be; null: it was not. */
    dispatchTime: time(),
    outcomeUnknown: boolean().notNull().default(false),
    effectiveUserId: integer().references(() => users.id),
    createTime: timeOfInsert(),
    startTime: time(),
    endTime: time(),
    version: integer().notNull().default(1),
  },
  (t) => [
    index().on(t.actionRunId, t.id),
    index().on(t.containerId, t.id),
    index().on(t.playbookRunId, t.id),
    index().on(t.appId, t.id),
    index().on(t.assetId, t.id),
    index().on(t.status, t.id),
    index().on(t.createTime, t.id),
    index().on(t.startTime, t.id),
    index().on(t.endTime, t.id),
    index().on(t.effectiveUserId, t.id),
    index("app_runs_claim").on(t.claimTime, t.id).where(sql`${t.claimTime} is not null`),
    index("app_runs_claim_on_asset").on(t.assetId, t.claimTime, t.id).where(sql`${t.claimTime} is not null`),
  ],
);

export const AppRun = expose(appRuns, {
  name: "AppRun",
  description: "An action on one asset by one app, with all parameters it was given.",
  one: "appRun",
  many: "appRuns",
  orderBy: ["createTime", "startTime"],
  fields: {
    id: "SOAR's numeric id.",
    action: "The action, such as `geolocate ip`.",
    appName: "Name of the app when it ran.",
    appVersion: "Version of the app when it ran.",
    assetName: "Name of the asset when it ran; empty: it needs none.",
    parameters: jsonField("What it runs with: one set of parameters for each result."),
    status: "How far it is; success when any of its results is.",
    message: "How it ended, parameter by parameter.",
    exceptionOccurred: "Whether the app broke down (`exception_occured` over REST).",
    resultSummary: "Figures over all results: `{total_objects, total_objects_successful}`.",
    extraData: jsonField("What the app told beyond its results."),
    log: "What the app logged.",
    attempt: "How many workers have taken it up.",
    outcomeUnknown:
      "True when nobody knows what it did: its worker or connector was lost, and it must not be done twice.",
    createTime: "When it was queued.",
    startTime: "When it began; null: it has not.",
    endTime: "When it ended; null: it has not.",
    version: "Version of this schema, always 1.",
  },
});

export const actionResults = pgTable(
  "action_results",
  {
    id: id(),
    appRunId: integer()
      .notNull()
      .references(() => appRuns.id, { onDelete: "cascade" }),
    containerId: integer()
      .notNull()
      .references(() => containers.id, { onDelete: "cascade" }),
    status: runStatus().notNull().default("pending"),
    message: text().notNull().default(""),
    parameter: json().$type<Record<string, unknown>>().notNull().default({}),
    data: json().$type<unknown[]>().notNull().default([]),
    summary: json().$type<Record<string, unknown>>().notNull().default({}),
  },
  (t) => [index().on(t.appRunId, t.id), index().on(t.containerId, t.id)],
);

export const ActionResult = expose(actionResults, {
  name: "ActionResult",
  description: "What an action gave for one set of parameters on one asset.",
  fields: {
    id: "SOAR's numeric id.",
    status: "How it ended.",
    message: "What it found, in a sentence.",
    parameter: "The parameters, with their context: where the values came from.",
    data: jsonField("What the product answered."),
    summary: "The answer in a few figures and words.",
  },
});

export const approvals = pgTable(
  "approvals",
  {
    id: id(),
    containerId: integer()
      .notNull()
      .references(() => containers.id, { onDelete: "cascade" }),
    actionRunId: integer()
      .notNull()
      .references(() => actionRuns.id, { onDelete: "cascade" }),
    assetId: integer().references(() => assets.id),
    approverId: integer().references(() => users.id),
    status: text({ enum: ["pending", "approved", "denied", "expired"] })
      .notNull()
      .default("pending"),
    comment: text().notNull().default(""),
    createTime: timeOfInsert(),
    dueTime: time(),
    responseTime: time(),
  },
  (t) => [
    index().on(t.actionRunId, t.id),
    index().on(t.containerId, t.id),
    index().on(t.status, t.id),
    index().on(t.approverId, t.status, t.id),
    index().on(t.assetId, t.id),
    index().on(t.createTime, t.id),
  ],
);

export const Approval = expose(approvals, {
  name: "Approval",
  description: "A question to somebody whether an action may run.",
  one: "approval",
  many: "approvals",
  orderBy: ["createTime"],
  fields: {
    id: "SOAR's numeric id.",
    status: "`pending`, `approved`, `denied` or `expired`.",
    comment: "What the approver said.",
    createTime: "When it was asked.",
    dueTime: "When an answer is needed; null: no limit.",
    responseTime: "When it was answered; null: it is not.",
  },
});
