import { eq, sql } from "drizzle-orm";
import { operation } from "../operation.js";
import { Artifact, artifacts } from "../schema/artifact.js";
import { Container } from "../schema/container.js";
import { nodeIdOf } from "../schema/expose.js";
import { found, given, int, list, nodeId, object, optional, required, text } from "../schema/operations.js";
import { playbookRuns } from "../schema/playbook.js";
import { typesOf } from "./artifacts.js";
import { change, checkRevision, expectedRevision, kept } from "./changes.js";
import { lockContainerOf, touchArtifacts } from "./container.js";
import { activeSeverity } from "./names.js";
import { distinctTags } from "./tags.js";

export const updateArtifact = operation({
  name: "updateArtifact",
  description: "Changes the fields of an artifact that are given; null clears, an object or list replaces the whole.",
  decided: ["Its `hash` stays: what it was made of is a duplicate also after it was changed."],
  may: "containers:edit",
  input: {
    artifactId: required(int, "Id of the artifact."),
    name: optional(text, "Its title; cannot be cleared."),
    description: optional(text, "What it is about."),
    label: optional(text, "The class of artifact; cannot be cleared."),
    severity: optional(text, "The name of an active severity; cannot be cleared."),
    artifactType: optional(text, "Where it comes from, such as `host` or `network`."),
    cefData: optional(object, "The record in Common Event Format keys: these and no others."),
    rawData: optional(object, "The raw record: this and nothing else."),
    fieldMapping: optional(object, "What the values of CEF keys are: these and no others."),
    tags: optional(list(text), "Words to find it by: these and no others."),
    killChain: optional(text, "Stage of the kill chain."),
    expectedRevision,
  },
  payload: {
    artifactId: given(int, "Id of the artifact."),
    artifact: found(Artifact, "artifactId", "The artifact itself."),
  },
  on: (work) => lockContainerOf(work, artifacts, "artifact", work.input.artifactId),
  async run(work, { id }) {
    const { artifactId, severity, cefData, rawData, fieldMapping, tags, expectedRevision, ...input } = work.input;
    const [standing] = await work.writer
      .select({ revision: artifacts.revision })
      .from(artifacts)
      .where(eq(artifacts.id, artifactId));
    checkRevision(`Artifact ${artifactId}`, standing!.revision, expectedRevision);
    const named = kept("severity", severity);
    const [changed] = await change(work, artifacts, [artifactId], {
      name: kept("name", input.name),
      description: input.description,
      label: kept("label", input.label),
      severity: named === undefined ? undefined : await activeSeverity(work, named),
      type: input.artifactType,
      cef: cefData === null ? {} : cefData,
      data: rawData === null ? {} : rawData,
      cefTypes: fieldMapping === undefined ? undefined : typesOf(fieldMapping ?? {}),
      tags: tags === undefined ? undefined : distinctTags(tags),
      killChain: input.killChain,
    });
    if (changed !== undefined) {
      touchArtifacts(work, id);
      work.emit("ARTIFACT_CHANGED", id, "Artifact", artifactId);
    }
    return { message: `Artifact ${artifactId} changed.`, result: { artifactId, containerId: id } };
  },
});

export const deleteArtifact = operation({
  name: "deleteArtifact",
  description: "phantom.delete_artifact: deletes an artifact and the notes on it. Needs `containers:delete`.",
  decided: ["Users and automation need the same permission. A playbook that saw it does not take older ones for new."],
  may: "containers:delete",
  input: { artifactId: required(int, "Id of the artifact.") },
  payload: {
    artifactId: given(int, "Id of the deleted artifact."),
    deletedNodeId: given(nodeId, "Its `nodeId`, for lists that a client keeps."),
    container: found(Container, "containerId", "The container it belonged to."),
  },
  on: (work) => lockContainerOf(work, artifacts, "artifact", work.input.artifactId),
  async run(work, { id }) {
    const { artifactId } = work.input;
    const before = sql`(select max(a.id) from ${artifacts} a where a.container_id = ${id} and a.id < ${artifactId})`;
    await work.writer
      .update(playbookRuns)
      .set({ lastArtifactId: before })
      .where(eq(playbookRuns.lastArtifactId, artifactId));
    await work.writer.delete(artifacts).where(eq(artifacts.id, artifactId));
    touchArtifacts(work, id);
    work.emit("ARTIFACT_DELETED", id, "Artifact", artifactId);
    return {
      message: `Artifact ${artifactId} deleted.`,
      result: { artifactId, deletedNodeId: nodeIdOf("Artifact", artifactId), containerId: id },
    };
  },
});
