import { isNotNull, sql } from "drizzle-orm";
import { type AnyPgColumn, boolean, index, integer, json, pgTable, text, uniqueIndex } from "drizzle-orm/pg-core";
import { Field, ObjectType } from "type-graphql";
import { apps } from "./app.js";
import { id, revision, revisionText, time, timeOfInsert } from "./columns.js";
import { containers } from "./container.js";
import { computed, expose, made, named } from "./expose.js";
import { notes } from "./note.js";
import { playbookRuns } from "./playbook.js";
import { GraphQLJSON } from "./scalars.js";
import { severities } from "./severity.js";
import { users } from "./user.js";

export const artifacts = pgTable(
  "artifacts",
  {
    id: id(),
    containerId: integer()
      .notNull()
      .references(() => containers.id, { onDelete: "cascade" }),
    name: text().notNull(),
    description: text(),
    label: text().notNull(),
    severity: text()
      .notNull()
      .references(() => severities.name),
    type: text(),
    cef: json().$type<Record<string, unknown>>().notNull().default({}),
    cefTypes: json().$type<Record<string, string[]>>().notNull().default({}),
    data: json().$type<Record<string, unknown>>().notNull().default({}),
    tags: text().array().notNull().default(sql`'{}'`),
    sourceDataIdentifier: text().notNull(),
    /** Whether the caller gave the identifier: only then are equal artifacts taken for the same (S4). */
    identified: boolean().notNull(),
    hash: text().notNull(),
    createTime: timeOfInsert(),
    updateTime: timeOfInsert(),
    startTime: timeOfInsert(),
    endTime: time(),
    killChain: text(),
    ownerId: integer().references(() => users.id),
    playbookRunId: integer().references((): AnyPgColumn => playbookRuns.id, { onDelete: "set null" }),
    ingestAppId: integer().references((): AnyPgColumn => apps.id),
    inCase: boolean().notNull().default(false),
    parentContainerId: integer().references(() => containers.id, { onDelete: "set null" }),
    parentArtifactId: integer().references((): AnyPgColumn => artifacts.id, { onDelete: "set null" }),
    version: integer().notNull().default(1),
    revision: revision(),
  },
  (t) => [
    uniqueIndex("artifacts_same").on(t.containerId, t.hash).where(sql`${t.identified}`),
    index().on(t.containerId, t.id),
    index().on(t.createTime, t.id),
    index().on(t.updateTime, t.id),
    index().on(t.name, t.id),
    index("artifacts_severity").on(sql`lower(${t.severity})`, t.id),
    index().on(t.hash),
    index().on(t.sourceDataIdentifier),
    // Most artifacts have none of these.
    ...[t.ownerId, t.playbookRunId, t.ingestAppId, t.parentContainerId, t.parentArtifactId].map((column) =>
      index().on(column, t.id).where(isNotNull(column)),
    ),
    index().using("gin", t.tags),
    index("artifacts_name_parts").using("gin", t.name.op("gin_trgm_ops")),
    index("artifacts_cef").using("gin", sql`(${t.cef}::jsonb) jsonb_path_ops`),
  ],
);

@ObjectType("CefField", { description: "One field of a CEF record.", simpleResolvers: true })
class CefField {
  @Field(() => String, { description: "Name of the field, such as `sourceAddress`." })
  key: string;

  @Field(() => GraphQLJSON, { nullable: true, description: "Its value." })
  value: unknown;

  @Field(() => [String], {
    description: "What the value is, such as `ip` or `md5`: the types given for this artifact.",
  })
  contains: string[];
}

export const Artifact = expose(artifacts, {
  name: "Artifact",
  description: "A piece of evidence in a container: a normalised CEF record and the raw data it came from.",
  one: "artifact",
  many: "artifacts",
  orderBy: ["name", "createTime", "updateTime"],
  fields: {
    id: "SOAR's numeric id.",
    name: "Its title.",
    description: "What it is about.",
    label: "What class of artifact it is, in the source's own words, such as `event` or `netflow`.",
    severity: named("Name of its severity."),
    type: "Where it comes from, such as `network` or `host`.",
    cef: "The data normalised to Common Event Format keys.",
    cefFields: made(
      () => [CefField],
      ["cef", "cefTypes"],
      ({ cef, cefTypes }) =>
        Object.entries(cef as object).map(([key, value]) => ({
          key,
          value,
          contains: own(cefTypes as Record<string, string[]>, key) ?? [],
        })),
      "The CEF record as a list, with what each value is.",
    ),
    cefTypes: "What the values of CEF keys are, such as `md5`, where the keys do not say it themselves.",
    data: "The raw data, as the source sent it.",
    tags: "Words to find it by.",
    sourceDataIdentifier: "Its id where it came from; a UUID when none was given.",
    hash: "MD5 of what was posted, 32 hex digits; the same forever, also after edits.",
    createTime: "When it was added.",
    updateTime: "When it was last changed.",
    startTime: "When it was first seen at its source.",
    endTime: "When it was last seen at its source; null: unknown.",
    killChain: "Stage of the kill chain.",
    inCase: "True when it was copied into a case.",
    hasNote: computed(
      "boolean",
      false,
      (t) => sql`exists (select from ${notes} where ${notes.artifactId} = ${(t as typeof artifacts).id})`,
      "Whether a note is attached to it.",
    ),
    version: "Version of this schema, always 1.",
    revision: revisionText,
  },
});

/** A caller's key may be `constructor` or `__proto__`. */
const own = <T>(record: Record<string, T>, key: string): T | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined;
