import { isNotNull, sql } from "drizzle-orm";
import {
  boolean,
  index,
  integer,
  json,
  pgEnum,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";
import { artifacts } from "./artifact.js";
import { id, time, timeOfInsert } from "./columns.js";
import { containers } from "./container.js";
import { exposeEnum } from "./enums.js";
import { computed, expose, json as jsonField } from "./expose.js";
import { users } from "./user.js";

export const playbooks = pgTable(
  "playbooks",
  {
    id: id(),
    name: text().notNull(),
    scm: text().notNull().default("local"),
    description: text().notNull().default(""),
    active: boolean().notNull().default(false),
    disabled: boolean().notNull().default(false),
    draftMode: boolean().notNull().default(false),
    playbookType: text({ enum: ["automation", "data"] })
      .notNull()
      .default("automation"),
    category: text().notNull().default(""),
    labels: text().array().notNull().default(sql`'{}'`),
    tags: text().array().notNull().default(sql`'{}'`),
    inputSpec: json().$type<unknown[]>().notNull().default([]),
    python: text().notNull().default(""),
    version: integer().notNull().default(1),
    latestEditorId: integer().references(() => users.id),
    createTime: timeOfInsert(),
    updateTime: timeOfInsert(),
  },
  (t) => [
    uniqueIndex("playbooks_name").on(sql`lower(${t.scm})`, sql`lower(${t.name})`),
    index().using("gin", t.labels),
    index().using("gin", t.tags),
    index().on(t.updateTime, t.id),
    index().on(t.latestEditorId, t.id),
  ],
);

export const Playbook = expose(playbooks, {
  name: "Playbook",
  description: "A program that works on containers.",
  one: "playbook",
  many: "playbooks",
  area: "playbooks",
  orderBy: ["name", "updateTime"],
  fields: {
    id: "SOAR's numeric id.",
    name: "Its name, unique in its repository whatever the letter case.",
    scm: "The repository it is kept in.",
    fullName: computed(
      "text",
      false,
      (t) => sql`${(t as typeof playbooks).scm} || '/' || ${(t as typeof playbooks).name}`,
      "`repository/name`, by which it is run.",
    ),
    description: "What it does.",
    active: "Whether it runs by itself on new containers of its labels.",
    disabled: "True when it may not run.",
    draftMode: "True while it is being written; a draft cannot be active.",
    playbookType: "`automation`, or `data` for one that takes inputs.",
    category: "A heading to find it under.",
    labels: "Labels of the containers it is for; `*` stands for every label.",
    tags: "Words to find it by.",
    inputSpec: jsonField("The inputs it takes."),
    python: "Its code.",
    version: "How many times it was saved.",
    createTime: "When it was made.",
    updateTime: "When it was last changed.",
  },
});

export const runStatus = pgEnum("run_status", ["pending", "running", "success", "failed", "cancelled"]);
exposeEnum(runStatus, "RunStatus", "How far a run is.", {
  pending: "It waits to be taken up.",
  running: "It is under way.",
  success: "It ended well.",
  failed: "It ended badly.",
  cancelled: "It was ended before its time.",
});

export const scope = pgEnum("scope", ["new", "all"]);
exposeEnum(scope, "Scope", "Which artifacts a playbook run works on.", {
  new: "Those added since the playbook last ran on the container.",
  all: "All of the container's.",
});

export const playbookRuns = pgTable(
  "playbook_runs",
  {
    id: id(),
    containerId: integer()
      .notNull()
      .references(() => containers.id, { onDelete: "cascade" }),
    playbookId: integer()
      .notNull()
      .references(() => playbooks.id),
    ownerId: integer().references(() => users.id),
    effectiveUserId: integer().references(() => users.id),
    status: runStatus().notNull().default("pending"),
    message: text().notNull().default(""),
    cancelled: text(),
    scope: scope().notNull().default("new"),
    scopeArtifactIds: integer().array(),
    inputs: json().$type<Record<string, unknown>>().notNull().default({}),
    log: text().notNull().default(""),
    logLevel: integer().notNull().default(1),
    testMode: boolean().notNull().default(false),
    lastArtifactId: integer().references(() => artifacts.id, { onDelete: "set null" }),
    createTime: timeOfInsert(),
    startTime: time(),
    updateTime: timeOfInsert(),
    endTime: time(),
    /** From when on an engine may take it: at first its asking, then the end of its lease; null: not, or not any more. */
    claimTime: time(),
    /** Proves whose it is while it runs. */
    leaseToken: uuid(),
    /** Who took it last. */
    holderId: integer().references(() => users.id),
    /** How often it was taken. */
    attempt: integer().notNull().default(0),
    version: integer().notNull().default(1),
  },
  (t) => [
    index("playbook_runs_claim").on(t.claimTime, t.id).where(sql`${t.claimTime} is not null`),
    index().on(t.containerId, t.id),
    index().on(t.playbookId, t.id),
    index().on(t.status, t.id),
    index().on(t.createTime, t.id),
    index().on(t.updateTime, t.id),
    index().on(t.startTime, t.id),
    index().on(t.ownerId, t.id),
    index().on(t.effectiveUserId, t.id),
    index().on(t.lastArtifactId, t.id),
    index().on(t.holderId, t.id).where(isNotNull(t.holderId)),
  ],
);

/** What a run keeps for its own later steps, by key, until it ends. */
export const runData = pgTable(
  "run_data",
  {
    playbookRunId: integer()
      .notNull()
      .references(() => playbookRuns.id, { onDelete: "cascade" }),
    key: text().notNull(),
    value: json().$type<unknown>().notNull(),
  },
  (t) => [primaryKey({ columns: [t.playbookRunId, t.key] })],
);

export const PlaybookRun = expose(playbookRuns, {
  name: "PlaybookRun",
  description: "One run of a playbook on a container.",
  one: "playbookRun",
  many: "playbookRuns",
  orderBy: ["createTime", "updateTime"],
  fields: {
    id: "SOAR's numeric id.",
    status: "How far it is.",
    message: "How it goes, or how it ended.",
    cancelled: "Why it was cancelled; null: it was not.",
    scope: "Which artifacts it works on.",
    scopeArtifactIds: "The artifacts it works on, where they were named; null: those of its scope.",
    inputs: "What it was given, for a playbook that takes inputs.",
    log: "What it logged; empty while it runs.",
    logLevel: "How much it logs: 0 little, 1 all.",
    testMode: "True for a run from the editor.",
    createTime: "When it was asked for.",
    startTime: "When it began; null: it has not.",
    updateTime: "When it was last heard of.",
    endTime: "When it ended; null: it has not.",
    attempt: "How many engines took it: one again after the lease of another ran out.",
    version: "Version of this schema, always 1.",
  },
});
