import { createHash, randomUUID } from "node:crypto";
import { and, eq, sql } from "drizzle-orm";
import { refuse } from "../errors.js";
import { operation, type Work } from "../operation.js";
import { Artifact, artifacts } from "../schema/artifact.js";
import {
  defaulted,
  flag,
  found,
  foundEdge,
  given,
  type InputOf,
  int,
  object,
  optional,
  required,
  text,
} from "../schema/operations.js";
import { container, onContainer, touchArtifacts } from "./container.js";
import { activeSeverity, atMost } from "./names.js";

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

type ArtifactFields = InputOf<typeof artifactFields>;

export const addArtifact = operation({
  name: "addArtifact",
  description:
    "phantom.add_artifact: adds an artifact to a container. One that the same caller already added with the same identifier and content is refused as DUPLICATE and answered.",
  may: "containers:edit",
  input: {
    container,
    ...artifactFields,
    runAutomation: defaulted(flag, false, "Also start active playbooks of the container's label."),
  },
  payload: {
    artifactId: given(int, "Id of the artifact: the new one, or on DUPLICATE the one that stands."),
    artifact: found(Artifact, "artifactId", "The artifact itself."),
    artifactEdge: foundEdge(Artifact, "artifactId", "The artifact with its cursor, for lists that a client keeps."),
  },
  on: onContainer,
  async run(work, { id }) {
    const [artifactId] = await insertArtifacts(work, id, "addArtifact", [work.input]);
    if (artifactId === undefined) return refuseDuplicate(work, id);
    touchArtifacts(work, id);
    return { message: `Artifact ${artifactId} added to container ${id}.`, result: { artifactId, containerId: id } };
  },
});

/** Rows that fit well below the 65,535 values one statement can carry. */
const rowsPerStatement = 1000;

/**
 * Adds artifacts to a locked container and gives the ids of those that are new. `path` is the way they came in, which
 * is part of what makes two of them the same.
 */
export async function insertArtifacts(
  work: Work<unknown>,
  containerId: number,
  path: string,
  added: ArtifactFields[],
): Promise<number[]> {
  const severities = new Map<string, string>();
  for (const name of new Set(added.map(({ severity }) => severity)))
    severities.set(name, await activeSeverity(work, name));
  const rows = added.map((artifact) => rowOf(work, containerId, path, artifact, severities.get(artifact.severity)!));
  const ids: number[] = [];
  for (let start = 0; start < rows.length; start += rowsPerStatement) {
    const inserted = await work.writer
      .insert(artifacts)
      .values(rows.slice(start, start + rowsPerStatement))
      .onConflictDoNothing({ target: [artifacts.containerId, artifacts.hash], where: sql`${artifacts.identified}` })
      .returning({ id: artifacts.id });
    ids.push(...inserted.map(({ id }) => id));
  }
  for (const id of ids) work.emit("ARTIFACT_ADDED", containerId, "Artifact", id);
  work.trace(`${ids.length} of ${added.length} artifacts added to container ${containerId}`);
  return ids;
}

function rowOf(
  { context }: Work<unknown>,
  containerId: number,
  path: string,
  artifact: ArtifactFields,
  severity: string,
): typeof artifacts.$inferInsert {
  const { id: callerId, type } = context.caller;
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
    hash: artifactHash(callerId, path, artifact),
    ownerId: type === "automation" ? null : callerId,
  };
}

/** A CEF key has a list of types; a single one may stand alone. */
function typesOf(mapping: Record<string, unknown>): Record<string, string[]> {
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

async function refuseDuplicate({ writer, input, context }: Work<ArtifactFields>, containerId: number): Promise<never> {
  const hash = artifactHash(context.caller.id, "addArtifact", input);
  const [standing] = await writer
    .select({ id: artifacts.id })
    .from(artifacts)
    .where(and(eq(artifacts.containerId, containerId), eq(artifacts.hash, hash), artifacts.identified));
  const message = `Container ${containerId} already has this artifact, with identifier ${JSON.stringify(input.identifier)}, as ${standing?.id}.`;
  return refuse("DUPLICATE", message, undefined, { artifactId: standing!.id });
}
