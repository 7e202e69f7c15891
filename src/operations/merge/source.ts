import { and, eq, sql } from "drizzle-orm";
import type { PgColumn, PgTable } from "drizzle-orm/pg-core";
import { visible } from "../../auth/visible.js";
import { refuse } from "../../errors.js";
import type { Work } from "../../operation.js";
import { actionRuns } from "../../schema/action-run.js";
import { artifacts } from "../../schema/artifact.js";
import { caseItems } from "../../schema/case-item.js";
import { containers } from "../../schema/container.js";
import { byTable } from "../../schema/expose.js";
import { type InputOf, int, nested, optional, required, text } from "../../schema/operations.js";
import { playbookRuns } from "../../schema/playbook.js";
import { parseTime } from "../../schema/scalars.js";
import { vaultItems } from "../../schema/vault.js";
import { isGiven } from "../names.js";
import type { Merge } from "./copying.js";
import { copyActionRun, copyArtifact, copyCefField, copyContainer, copyFile, copyPlaybookRun } from "./kinds.js";

const ioc = nested("MergeIoc", "One field of an artifact's CEF record.", {
  artifactId: required(int, "The artifact."),
  iocField: required(text, "The CEF key."),
});

/** What can be merged, of which a caller says one. */
export const alternatives = {
  containerId: optional(int, "A container with all that hangs on it."),
  artifactId: optional(int, "An artifact."),
  ioc: optional(ioc, "One CEF field of an artifact, as an artifact of its own."),
  playbookRunId: optional(int, "A finished playbook run with its log and its finished action runs."),
  actionRunId: optional(int, "A finished action run with its results."),
  vaultId: optional(int, "A file, by the id of its vault item."),
};

/** What is merged: the type, number and CEF key that its case item has, and how it is copied. */
export interface Source {
  type: string;
  id: number;
  iocField?: string;
  /** The container it belongs to, or is. */
  containerId: number;
  /** The table that it is copied into as a whole; a container is copied by its parts. */
  table?: typeof artifacts | typeof playbookRuns | typeof actionRuns | typeof vaultItems;
  /** How sentences call it. */
  called: string;
  copyInto(merge: Merge): Promise<void>;
}

/** Finds what the caller names and may see. */
export async function findSource(work: Work<unknown>, item: InputOf<typeof alternatives>): Promise<Source> {
  const { containerId, artifactId, ioc, playbookRunId, actionRunId, vaultId } = item;
  if (isGiven(containerId))
    return { ...(await find(work, containers, "container", containerId)), copyInto: copyContainer };
  if (isGiven(artifactId)) {
    const found = await find(work, artifacts, "artifact", artifactId);
    return { ...found, table: artifacts, copyInto: copyArtifact };
  }
  if (isGiven(ioc)) return findIoc(work, ioc);
  if (isGiven(playbookRunId)) {
    const found = await findFinished(work, playbookRuns, "playbook run", playbookRunId);
    return { ...found, table: playbookRuns, copyInto: (merge) => copyPlaybookRun(merge, playbookRunId) };
  }
  if (isGiven(actionRunId)) {
    const found = await findFinished(work, actionRuns, "action run", actionRunId);
    return { ...found, table: actionRuns, copyInto: copyActionRun };
  }
  const found = await find(work, vaultItems, "vault item", vaultId!);
  return { ...found, table: vaultItems, copyInto: copyFile };
}

async function findIoc(
  work: Work<unknown>,
  { artifactId, iocField }: { artifactId: number; iocField: string },
): Promise<Source> {
  const found = await find(work, artifacts, "artifact", artifactId);
  const [artifact] = await work.writer
    .select({ cef: artifacts.cef })
    .from(artifacts)
    .where(eq(artifacts.id, artifactId));
  const keys = Object.keys(artifact!.cef);
  if (!keys.includes(iocField)) {
    const known = keys.length ? `it has ${keys.slice(0, 50).join(", ")}` : "it has none";
    refuse("NOT_FOUND", `Artifact ${artifactId} has no CEF field ${JSON.stringify(iocField)}; ${known}.`, "item");
  }
  const called = `The ${iocField} of artifact ${artifactId}`;
  return { ...found, iocField, called, table: artifacts, copyInto: (merge) => copyCefField(merge, iocField) };
}

/** A run that has ended stays ended: no lock is needed. */
async function findFinished(
  work: Work<unknown>,
  table: typeof playbookRuns | typeof actionRuns,
  kind: string,
  id: number,
) {
  const found = await find(work, table, kind, id);
  const [run] = await work.writer
    .select({ status: table.status })
    .from(table as typeof playbookRuns)
    .where(eq(table.id, id));
  if (run!.status !== "pending" && run!.status !== "running") return found;
  const message = `The ${kind} ${id} is ${run!.status}; it can be merged when it has ended.`;
  return refuse("WRONG_STATE", message, "item");
}

async function find({ writer, context }: Work<unknown>, table: PgTable & { id: PgColumn }, kind: string, id: number) {
  const type = byTable.get(table)!;
  const [found] = await writer
    .select({ containerId: table === containers ? containers.id : (table as typeof artifacts).containerId })
    .from(table as typeof artifacts)
    .where(and(eq(table.id, id), visible(type, table, context.caller)));
  if (!found) return refuse("NOT_FOUND", `There is no ${kind} ${id}.`, "item");
  const called = `${kind.charAt(0).toUpperCase()}${kind.slice(1)} ${id}`;
  return { type: type.name, id, containerId: found.containerId, called };
}

/** Refuses what is in the case already, and names the first time. */
export async function refuseKnown(
  { writer }: Work<unknown>,
  into: number,
  { type, id, iocField, called }: Source,
): Promise<never> {
  const [first] = await writer
    .select({ id: caseItems.id, copyId: caseItems.copyId, createTime: caseItems.createTime })
    .from(caseItems)
    .where(
      and(
        eq(caseItems.containerId, into),
        eq(caseItems.sourceType, type),
        eq(caseItems.sourceId, id),
        sql`${caseItems.iocField} is not distinct from ${iocField ?? null}`,
      ),
    );
  const { id: caseItemId, copyId, createTime } = first!;
  const copy = copyId === null ? "" : `, as ${type} ${copyId}`;
  const message = `${called} is in case ${into} already: case item ${caseItemId}, since ${parseTime(createTime)}${copy}.`;
  return refuse("ALREADY_IN_CASE", message, "item", { containerId: into, caseItemId });
}
