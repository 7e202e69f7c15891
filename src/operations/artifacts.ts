import { createHash, randomUUID } from "node:crypto";
import { and, eq, inArray, sql } from "drizzle-orm";
import { personId } from "../auth/who.js";
import { refuse } from "../errors.js";
import { operation, type Work } from "../operation.js";
import { Artifact, artifacts } from "../schema/artifact.js";
import { Container } from "../schema/container.js";
import {
  defaulted,
  eachOf,
  flag,
  found,
  foundEdge,
  given,
  type InputOf,
  int,
  list,
  nested,
  object,
  optional,
  outcomes,
  required,
  text,
} from "../schema/operations.js";
import { startPlaybooks, withRuns } from "./automation.js";
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
  decided: [
    "Only an artifact with an identifier can be a duplicate: of one that the same caller added to the same container by the same operation with the same content, whatever the order of keys. Its hash is the MD5 of all that and never changes.",
    "A duplicate starts no playbooks. `runAutomation` is false unless given.",
    "On behalf of a playbook run, the run is the artifact's `playbookRun`.",
  ],
  may: "containers:edit",
  input: {
    container,
    ...artifactFields,
    artifactType: required(text, "Where it comes from, such as `host` or `network`."),
    runAutomation: defaulted(flag, false, "Also start active playbooks of the container's label."),
  },
  payload: {
    artifactId: given(int, "Id of the artifact: the new one, or on DUPLICATE the one that stands."),
    artifact: found(Artifact, "artifactId", "The artifact itself."),
    artifactEdge: foundEdge(Artifact, "artifactId", "The artifact with its cursor, for lists that a client keeps."),
  },
  on: onContainer,
  async run(work, { id }) {
    const [added] = await insertArtifacts(work, id, "addArtifact", [work.input]);
    const { artifactId, fresh } = added!;
    if (!fresh) return refuse("DUPLICATE", duplicate(id, work.input, artifactId), undefined, { artifactId });
    touchArtifacts(work, id);
    const runs = work.input.runAutomation ? await startPlaybooks(work, id) : [];
    return {
      message: `Artifact ${artifactId} added to container ${id}${withRuns(runs)}.`,
      result: { artifactId, containerId: id },
    };
  },
});

export const artifactInput = nested("ArtifactInput", "An artifact to add with others.", artifactFields);

const ArtifactResult = outcomes("ArtifactResult", "What became of one of several artifacts.", {
  artifactId: given(int, "Id of the artifact: the new one, or on DUPLICATE the one that stands."),
  artifact: found(Artifact, "artifactId", "The artifact itself."),
});

export const addArtifacts = operation({
  name: "addArtifacts",
  description:
    "Adds many artifacts to a container in one change, each as `addArtifact` would. Duplicates have an outcome of their own; anything else that is wrong with one refuses all.",
  decided: ["Playbooks are started once for all of them, and only when at least one is new."],
  may: "containers:edit",
  input: {
    container,
    artifacts: required(list(artifactInput), "The artifacts to add."),
    runAutomation: defaulted(flag, false, "Also start active playbooks of the container's label, once."),
  },
  payload: {
    results: eachOf(ArtifactResult, "What became of each artifact, in their order."),
    container: found(Container, "containerId", "The container they were added to."),
  },
  on: onContainer,
  async run(work, { id }) {
    const { artifacts: given, runAutomation } = work.input;
    const added = await insertArtifacts(work, id, "addArtifacts", given);
    const count = added.filter(({ fresh }) => fresh).length;
    if (count) touchArtifacts(work, id);
    const runs = count && runAutomation ? await startPlaybooks(work, id) : [];
    const results = added.map(({ artifactId, fresh }, index) =>
      fresh
        ? { success: true, code: null, message: `Artifact ${artifactId} added.`, artifactId }
        : { success: false, code: "DUPLICATE", message: duplicate(id, given[index]!, artifactId), artifactId },
    );
    return {
      message: `${count} of ${given.length} artifacts added to container ${id}${withRuns(runs)}.`,
      result: { results, containerId: id },
    };
  },
});

const duplicate = (containerId: number, { identifier }: ArtifactFields, artifactId: number) =>
  `Container ${containerId} already has this artifact, with identifier ${JSON.stringify(identifier)}, as ${artifactId}.`;

/** Rows that fit well below the 65,535 values one statement can carry. */
const rowsPerStatement = 1000;

export interface Added {
  artifactId: number;
  /** False for one that stood already. */
  fresh: boolean;
}

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
  const severities = new Map<string, string>();
  for (const name of new Set(added.map(({ severity }) => severity)))
    severities.set(name, await activeSeverity(work, name));
  const rows = added.map((artifact) => rowOf(work, containerId, path, artifact, severities.get(artifact.severity)!));
  const inserted = new Map<string, number>();
  for (let start = 0; start < rows.length; start += rowsPerStatement) {
    const fresh = await work.writer
      .insert(artifacts)
      .values(rows.slice(start, start + rowsPerStatement))
      .onConflictDoNothing({ target: [artifacts.containerId, artifacts.hash], where: sql`${artifacts.identified}` })
      .returning({ id: artifacts.id, identifier: artifacts.sourceDataIdentifier, hash: artifacts.hash });
    for (const { id, identifier, hash } of fresh) inserted.set(`${hash} ${identifier}`, id);
  }
  for (const id of inserted.values()) work.emit("ARTIFACT_ADDED", containerId, "Artifact", id);
  work.trace(`${inserted.size} of ${added.length} artifacts added to container ${containerId}`);
  return outcomesOf(work, containerId, rows, inserted);
}

/** Equal rows are one artifact: the first is the new one, if it is new, and the others its duplicates. */
async function outcomesOf(
  { writer }: Work<unknown>,
  containerId: number,
  rows: readonly (typeof artifacts.$inferInsert)[],
  inserted: ReadonlyMap<string, number>,
): Promise<Added[]> {
  const keyOf = ({ hash, sourceDataIdentifier }: { hash: string; sourceDataIdentifier: string }) =>
    `${hash} ${sourceDataIdentifier}`;
  const known = rows.filter((row) => !inserted.has(keyOf(row)));
  const standing = new Map(inserted);
  if (known.length) {
    const hashes = known.map(({ hash }) => hash);
    const found = await writer
      .select({
        id: artifacts.id,
        hash: artifacts.hash,
        sourceDataIdentifier: artifacts.sourceDataIdentifier,
      })
      .from(artifacts)
      .where(and(eq(artifacts.containerId, containerId), inArray(artifacts.hash, hashes), artifacts.identified));
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
): typeof artifacts.$inferInsert {
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
