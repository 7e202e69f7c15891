import { createHash, randomUUID } from "node:crypto";
import { and, eq, sql } from "drizzle-orm";
import { personId } from "../auth/who.js";
import { insertOf } from "../database/insert.js";
import { Refusal, refuse } from "../errors.js";
import type { Work } from "../operation.js";
import { artifacts } from "../schema/artifact.js";
import { type InputOf, nested, object, optional, required, text } from "../schema/operations.js";
import { activeSeverity, anyOf, atMost } from "./names.js";

/** What describes an artifact wherever one is added. */
export const artifactFields = {
  rawData: required(object, "The raw record, stored as it is; may be empty."),
  cefData: required(object, "The record in Common Event Format keys; may be empty."),
  label: required(text, "The class of artifact, in any words, such as `event` or `netflow`."),
  name: required(text, "Its title."),
  severity: required(text, "The name of an active severity, whatever its letter case."),
  identifier: optional(
    text,
    "Its id where it came from. Left out: a UUID, and the artifact is never taken for a duplicate.",
  ),
  artifactType: optional(text, "Where it comes from, such as `host` or `network`."),
  fieldMapping: optional(object, 'What the values of CEF keys are, such as `{"user_hash": ["md5"]}`.'),
};

export type ArtifactFields = InputOf<typeof artifactFields>;

export const artifactInput = nested("ArtifactInput", "An artifact to add with others.", artifactFields);

export interface Added {
  artifactId: number;
  /** False for one that stood already. */
  fresh: boolean;
}

type Row = typeof artifacts.$inferInsert;

/**
 * Adds artifacts to a locked container and tells for each what it is now; a duplicate is the one that stands. `path` is
 * the way they came in, which is part of what makes two of them the same.
 */
export async function insertArtifacts(
  work: Work<unknown>,
  containerId: number,
  path: string,
  added: ArtifactFields[],
): Promise<Added[]> {
  const rows = await rowsOf(work, containerId, path, added);
  for (const row of rows) if (!isRow(row)) throw row;
  return insertRows(work, containerId, rows.filter(isRow));
}

export const isRow = (row: Row | Refusal): row is Row => !(row instanceof Refusal);

/** The rows of artifacts, or why there is none. */
export async function rowsOf(
  work: Work<unknown>,
  containerId: number,
  path: string,
  added: ArtifactFields[],
): Promise<(Row | Refusal)[]> {
  const severities = new Map<string, string | Refusal>();
  for (const name of new Set(added.map(({ severity }) => severity)))
    severities.set(name, await activeSeverity(work, name).catch(refusalOf));
  return added.map((artifact) => {
    const severity = severities.get(artifact.severity)!;
    if (severity instanceof Refusal) return severity;
    try {
      return rowOf(work, containerId, path, artifact, severity);
    } catch (error) {
      return refusalOf(error);
    }
  });
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  throw error;
}

/** Adds the rows of artifacts to a locked container, or finds those that stand. */
export async function insertRows(work: Work<unknown>, containerId: number, rows: Row[]): Promise<Added[]> {
  if (!rows.length) return [];
  const { rows: fresh } = await work.writer.execute<Keyed>(sql`
    ${insertOf(artifacts, rows)} on conflict (container_id, hash) where identified do nothing
    returning id, hash, source_data_identifier as "sourceDataIdentifier"`);
  const inserted = new Map(fresh.map((row) => [keyOf(row), row.id]));
  for (const id of inserted.values()) work.emit("ARTIFACT_ADDED", containerId, "Artifact", id);
  work.trace(`${inserted.size} of ${rows.length} artifacts added to container ${containerId}`);
  return outcomesOf(work, containerId, rows, inserted);
}

/** What tells a row before it has an id: the hash, and for one that is no duplicate ever its own UUID. */
const keyed = { id: artifacts.id, hash: artifacts.hash, sourceDataIdentifier: artifacts.sourceDataIdentifier };
type Keyed = { id: number; hash: string; sourceDataIdentifier: string };
const keyOf = ({ hash, sourceDataIdentifier }: Omit<Keyed, "id">) => `${hash} ${sourceDataIdentifier}`;

/** Equal rows are one artifact: the first is the new one, if it is new, and the others its duplicates. */
async function outcomesOf(
  { writer }: Work<unknown>,
  containerId: number,
  rows: readonly Row[],
  inserted: ReadonlyMap<string, number>,
): Promise<Added[]> {
  const known = rows.filter((row) => !inserted.has(keyOf(row)));
  const standing = new Map(inserted);
  if (known.length) {
    const hashes = known.map(({ hash }) => hash);
    const found = await writer
      .select(keyed)
      .from(artifacts)
      .where(and(eq(artifacts.containerId, containerId), anyOf(artifacts.hash, hashes), artifacts.identified));
    for (const row of found) standing.set(keyOf(row), row.id);
  }
  const told = new Set<string>();
  return rows.map((row) => {
    const key = keyOf(row);
    const fresh = inserted.has(key) && !told.has(key);
    told.add(key);
    return { artifactId: standing.get(key)!, fresh };
  });
}

function rowOf(
  { context, run }: Work<unknown>,
  containerId: number,
  path: string,
  artifact: ArtifactFields,
  severity: string,
): Row {
  return {
    containerId,
    name: artifact.name,
    label: artifact.label,
    severity,
    type: artifact.artifactType,
    cef: artifact.cefData,
    cefTypes: typesOf(artifact.fieldMapping ?? {}),
    data: artifact.rawData,
    identified: isIdentified(artifact),
    sourceDataIdentifier: isIdentified(artifact) ? atMost("identifier", 512, artifact.identifier!) : randomUUID(),
    hash: artifactHash(context.caller.id, path, artifact),
    ownerId: personId(context.caller),
    playbookRunId: run?.id,
  };
}

/** A CEF key has a list of types; a single one may stand alone. */
export function typesOf(mapping: Record<string, unknown>): Record<string, string[]> {
  const entries = Object.entries(mapping).map(([key, given]) => {
    const types = [given].flat();
    if (types.every((type) => typeof type === "string")) return [key, types];
    return refuse(
      "INVALID_VALUE",
      `fieldMapping gives ${JSON.stringify(key)} the types ${JSON.stringify(given)}; it takes a list of texts.`,
      "fieldMapping",
    );
  });
  return Object.fromEntries(entries);
}

const isIdentified = ({ identifier }: ArtifactFields) =>
  identifier !== null && identifier !== undefined && identifier !== "";

/** S4: the hash covers the whole of what was posted, and with it who posted and by which way. */
export function artifactHash(callerId: number, path: string, artifact: ArtifactFields): string {
  const { rawData, cefData, label, name, severity, identifier, artifactType, fieldMapping } = artifact;
  const body = {
    callerId,
    path,
    rawData,
    cefData,
    label,
    name,
    severity: severity.toLowerCase(),
    identifier,
    artifactType,
    fieldMapping,
  };
  return createHash("md5").update(canonical(body)).digest("hex");
}

/** JSON with the keys of every object sorted, so that equal content has equal text. */
export function canonical(value: unknown): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value ?? null);
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join(",")}}`;
}
