import { sql } from "drizzle-orm";
import {
  type AnyPgColumn,
  boolean,
  index,
  integer,
  json,
  pgEnum,
  pgTable,
  text,
  uniqueIndex,
} from "drizzle-orm/pg-core";
import { apps, assets } from "./app.js";
import { artifacts } from "./artifact.js";
import { id, revision, revisionText, time, timeOfInsert } from "./columns.js";
import { exposeEnum, TimeFormat } from "./enums.js";
import { computed, expose, named } from "./expose.js";
import { labels } from "./label.js";
import { playbookRuns } from "./playbook.js";
import { toPostgresTime } from "./scalars.js";
import { severities } from "./severity.js";
import { statuses } from "./status.js";
import { tenants } from "./tenant.js";
import { roles, users } from "./user.js";
import { phases, workbooks } from "./workbook.js";

export const containerType = pgEnum("container_type", ["default", "case"]);
exposeEnum(containerType, "ContainerType", "Whether a container is an event or a case.", {
  default: "An event, as it came in.",
  case: "A case: worked on by a workbook, gathers other containers.",
});

export const sensitivity = pgEnum("sensitivity", ["red", "amber", "green", "white"]);
exposeEnum(sensitivity, "Sensitivity", "With whom a container may be shared: the US-CERT Traffic Light Protocol.", {
  red: "With nobody else.",
  amber: "Within the organisation.",
  green: "Within the community.",
  white: "With everybody.",
});

export const containers = pgTable(
  "containers",
  {
    id: id(),
    name: text().notNull(),
    description: text().notNull().default(""),
    label: text()
      .notNull()
      .references(() => labels.name),
    containerType: containerType().notNull().default("default"),
    status: text()
      .notNull()
      .references(() => statuses.name),
    severity: text()
      .notNull()
      .references(() => severities.name),
    sensitivity: sensitivity().notNull().default("amber"),
    ownerId: integer().references(() => users.id),
    roleId: integer().references(() => roles.id),
    tenantId: integer()
      .notNull()
      .default(0)
      .references(() => tenants.id),
    createTime: timeOfInsert(),
    startTime: timeOfInsert(),
    endTime: time(),
    dueTime: time(),
    openTime: time(),
    closeTime: time(),
    artifactUpdateTime: timeOfInsert(),
    containerUpdateTime: timeOfInsert(),
    hash: text().notNull(),
    sourceDataIdentifier: text().notNull(),
    externalId: text(),
    tags: text().array().notNull().default(sql`'{}'`),
    killChain: text(),
    inCase: boolean().notNull().default(false),
    parentContainerId: integer().references((): AnyPgColumn => containers.id),
    closingOwnerId: integer().references(() => users.id),
    closingPlaybookRunId: integer().references((): AnyPgColumn => playbookRuns.id, { onDelete: "set null" }),
    assetId: integer().references((): AnyPgColumn => assets.id),
    ingestAppId: integer().references((): AnyPgColumn => apps.id),
    currentPhaseId: integer().references((): AnyPgColumn => phases.id, { onDelete: "set null" }),
    customFields: json().$type<Record<string, unknown>>().notNull().default({}),
    data: json().$type<Record<string, unknown>>().notNull().default({}),
    version: integer().notNull().default(1),
    revision: revision(),
  },
  (t) => [
    uniqueIndex("containers_source").on(t.tenantId, t.sourceDataIdentifier),
    index("containers_label").on(sql`lower(${t.label})`, t.id),
    index("containers_status").on(sql`lower(${t.status})`, t.id),
    index("containers_severity").on(sql`lower(${t.severity})`, t.id),
    index().on(t.ownerId, t.id),
    index().on(t.roleId, t.id),
    index().on(t.tenantId, t.id),
    index().on(t.closingOwnerId, t.id),
    index().on(t.closingPlaybookRunId, t.id),
    index().on(t.assetId, t.id),
    index().on(t.ingestAppId, t.id),
    index().on(t.currentPhaseId, t.id),
    index().on(t.parentContainerId, t.id),
    index().on(t.name, t.id),
    index().on(t.startTime, t.id),
    index().on(t.endTime, t.id),
    index().on(t.openTime, t.id),
    index().on(t.createTime, t.id),
    index().on(t.dueTime, t.id),
    index().on(t.closeTime, t.id),
    index().on(t.containerUpdateTime, t.id),
    index().on(t.artifactUpdateTime, t.id),
    index().using("gin", t.tags),
    index("containers_name_parts").using("gin", t.name.op("gin_trgm_ops")),
    index("containers_description_parts").using("gin", t.description.op("gin_trgm_ops")),
  ],
);

const times = {
  createTime: "When it came into the system.",
  startTime: "When what it is about began.",
  endTime: "When what it is about ended; null: unknown.",
  dueTime: "When it must be resolved: the time its SLA expires.",
  openTime: "When somebody first worked on it.",
  closeTime: "When it was resolved; null: it is not.",
  artifactUpdateTime: "When an artifact of it was last added or changed.",
  containerUpdateTime: "When a field of its own was last changed.",
};

export const Container = expose(containers, {
  name: "Container",
  description: "An event or a case: what an analyst works on. Evidence, notes, tasks and actions hang on it.",
  one: "container",
  many: "containers",
  orderBy: ["name", ...Object.keys(times)],
  fields: {
    id: "SOAR's numeric id.",
    name: "Its title.",
    description: "What it is about.",
    label: named("Name of its label."),
    containerType: "Event or case.",
    status: named("Name of its status."),
    severity: named("Name of its severity."),
    sensitivity: "With whom it may be shared.",
    ...Object.fromEntries(Object.entries(times).map(([field, description]) => [field, timeWithFormat(description)])),
    hash: "MD5 of what it was made of, 32 hex digits.",
    sourceDataIdentifier: "Its id where it came from, unique in its tenant; a UUID when none was given.",
    externalId: "Its id in another system, such as a ticket.",
    tags: "Words to find it by.",
    killChain: "Stage of the kill chain.",
    inCase: "True when it was merged into a case.",
    customFields: "Values of the fields an administrator added.",
    data: "What the source sent, as it was.",
    artifactCount: computed(
      "integer",
      false,
      (t) =>
        sql`(select count(*)::int from ${artifacts} where ${artifacts.containerId} = ${(t as typeof containers).id})`,
      "How many artifacts it has.",
    ),
    ownerName: computed(
      "text",
      true,
      (t) =>
        sql`(select trim(${users.firstName} || ' ' || ${users.lastName}) from ${users} where ${users.id} = ${(t as typeof containers).ownerId})`,
      "First and last name of its owner; null: it has none.",
    ),
    assetName: computed(
      "text",
      true,
      (t) => sql`(select ${assets.name} from ${assets} where ${assets.id} = ${(t as typeof containers).assetId})`,
      "Name of the asset it came from; null: it was made here, or the caller may not view assets.",
      "assets",
    ),
    workflowName: computed(
      "text",
      true,
      (t) =>
        sql`(select ${workbooks.name} from ${workbooks} where ${workbooks.containerId} = ${(t as typeof containers).id} order by ${workbooks.id} limit 1)`,
      "Name of its first workbook; null: it has none.",
    ),
    version: "Version of this schema, always 1.",
    revision: revisionText,
  },
});

function timeWithFormat(description: string) {
  return {
    description,
    shape: (time: unknown, { format }: Record<string, unknown>) =>
      time && format === "postgres" ? toPostgresTime(time as string) : time,
    arguments: {
      format: { type: () => TimeFormat, description: "How to write the time.", defaultValue: TimeFormat.ISO },
    },
  };
}
