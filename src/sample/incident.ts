import { createHash } from "node:crypto";
import { and, eq } from "drizzle-orm";
import type { Writer } from "../database/pools.js";
import { artifactHash } from "../operations/artifacts.js";
import { keepContent } from "../operations/vault.js";
import { artifacts } from "../schema/artifact.js";
import { comments } from "../schema/comment.js";
import { containers } from "../schema/container.js";
import { notes } from "../schema/note.js";
import { pins } from "../schema/pin.js";
import { statusChanges } from "../schema/status-change.js";
import { vaultItems } from "../schema/vault.js";
import { phases, tasks, workbooks } from "../schema/workbook.js";
import type { Vault } from "../vault.js";
import type { Background } from "./background.js";
import type { Random } from "./random.js";
import type { Rows } from "./rows.js";
import type { Evidence, Incident } from "./stories.js";

/** An incident with its number and how it stands. */
export interface Told extends Omit<Incident, "artifacts"> {
  id: number;
  status: string;
  identifier: string;
  isCase: boolean;
  tenantId: number;
  artifacts: (Evidence & { id?: number; identifier?: string })[];
}

/** What later rows need to know of an incident. */
export interface Written {
  told: Told;
  owner: number | null;
  artifactIds: number[];
  opened: string | null;
  closed: string | null;
  /** A moment so many minutes after it came in. */
  at(minutes: number): string;
}

const minute = 60_000;
const minutesToResolve: Record<string, number> = { high: 60, medium: 720, low: 1440 };

/** Keeps the rows of an incident and of what analysts added to it. */
export function addIncident(
  rows: Rows,
  random: Random,
  told: Told,
  created: Date,
  { admin, analysts, template, phases: plan }: Background,
): Written {
  const at = (minutes: number) =>
    new Date(created.getTime() + Math.round(minutes * minute))
      .toISOString()
      .replace("Z", `${String(random.between(0, 999)).padStart(3, "0")}Z`);
  const owner = told.id === 7 ? admin : told.status === "new" ? null : random.pick(analysts);
  const limit = minutesToResolve[told.severity]!;
  const minutesToClose = told.status === "closed" ? random.between(15, limit * 1.3) : undefined;
  const closed = minutesToClose ? at(minutesToClose) : null;
  const { artifacts: evidence, notes: written, pins: pinned, comments: said, identifier, isCase, ...fields } = told;
  if (isCase) addWorkbook(rows, told, owner, at, template, plan);
  const begun = at(-random.between(1, 30));
  const opened = told.status === "new" ? null : at(random.between(3, 14));
  rows.add(containers, {
    ...fields,
    containerType: isCase ? "case" : "default",
    sourceDataIdentifier: identifier,
    hash: createHash("md5").update(identifier).digest("hex"),
    ownerId: owner,
    createTime: at(0),
    startTime: begun,
    dueTime: at(limit),
    openTime: opened,
    closeTime: closed,
    closingOwnerId: closed ? owner : null,
    artifactUpdateTime: at(2),
    containerUpdateTime: closed ?? at(3),
  });
  const artifactIds = evidence.map((artifact, index) => addEvidence(rows, random, told, artifact, index, at(1)));
  for (const [index, { title, content, about }] of written.entries()) {
    const artifactId = about === undefined ? null : artifactIds[about];
    const noteType = about === undefined ? "general" : "artifact";
    rows.number(notes, {
      containerId: told.id,
      title,
      content,
      noteType,
      artifactId,
      authorId: owner,
      createTime: at(15 + index * 20),
    });
  }
  for (const [index, { style, type, ...pin }] of pinned.entries()) {
    rows.number(pins, {
      ...pin,
      containerId: told.id,
      pinStyle: style,
      pinType: type,
      order: index,
      authorId: owner,
      createTime: at(20 + index),
    });
  }
  for (const [index, comment] of said.entries()) {
    rows.number(comments, { containerId: told.id, comment, authorId: owner, createTime: at(25 + index * 11) });
  }
  return { told, owner, artifactIds, opened, closed, at };
}

/** Keeps the statuses an incident went through; the first step was taken by a playbook run, if one ran. */
export function addStatusChanges(rows: Rows, { told, owner, opened, closed }: Written, playbookRunId?: number): void {
  if (opened === null) return;
  const entered = told.status === "closed" ? "open" : told.status;
  const by = playbookRunId === undefined ? { userId: owner } : { playbookRunId };
  rows.number(statusChanges, { containerId: told.id, fromStatus: "new", status: entered, time: opened, ...by });
  if (closed === null) return;
  const step = { fromStatus: "open", status: "closed", time: closed, userId: owner };
  rows.number(statusChanges, { containerId: told.id, ...step });
}

function addEvidence(
  rows: Rows,
  random: Random,
  { id: containerId }: Told,
  given: Told["artifacts"][number],
  index: number,
  time: string,
): number {
  const { id, identifier, cefTypes, ...artifact } = given;
  const sourceDataIdentifier = identifier ?? random.uuid();
  const body = {
    ...artifact,
    cefData: artifact.cef,
    rawData: {},
    identifier: sourceDataIdentifier,
    artifactType: artifact.type,
    fieldMapping: cefTypes,
  };
  // Numbers below 1000 are left to the artifacts that the manuals number.
  const number = id ?? 1000 + containerId * 10 + index;
  rows.add(artifacts, {
    ...artifact,
    id: number,
    containerId,
    cefTypes: (cefTypes ?? {}) as Record<string, string[]>,
    sourceDataIdentifier,
    identified: true,
    hash: artifactHash(1, "sample", body),
    createTime: time,
    updateTime: time,
    startTime: time,
  });
  return number;
}

/** Copies the template into a case: the first phase done, the second under way. */
function addWorkbook(
  rows: Rows,
  { id: containerId }: Told,
  owner: number | null,
  at: (minutes: number) => string,
  templateId: number,
  plan: Background["phases"],
): void {
  const name = "Incident response";
  const workbookId = rows.number(workbooks, {
    containerId,
    templateId,
    name,
    description: "From the first look to the report.",
    createTime: at(10),
  });
  for (const [index, phase] of plan.entries()) {
    const phaseId = rows.number(phases, { containerId, workbookId, name: phase.name, order: index + 1 });
    for (const [place, { name, description, actions }] of phase.tasks.entries()) {
      const status = index === 0 ? "complete" : index === 1 && place === 0 ? "in_progress" : "not_started";
      const taskId = rows.number(tasks, {
        containerId,
        phaseId,
        name,
        description,
        order: place + 1,
        status,
        ownerId: status === "not_started" ? null : owner,
        suggestions: { actions, playbooks: [] },
        createTime: at(10),
        startTime: status === "not_started" ? null : at(12 + place * 10),
        endTime: status === "complete" ? at(20 + place * 10) : null,
      });
      if (status === "complete") {
        rows.number(notes, {
          containerId,
          taskId,
          phaseId,
          noteType: "task",
          title: name,
          content: "Done, see the evidence.",
          authorId: owner,
          createTime: at(20 + place * 10),
        });
      }
    }
  }
}

/** Keeps a small text file of a container, its bytes in the vault. */
export async function addFile(
  rows: Rows,
  writer: Writer,
  vault: Vault,
  { told, owner, at }: Written,
  name: string,
  content: string,
): Promise<void> {
  const arrived = await vault.receive([Buffer.from(content)]);
  await keepContent(writer, vault, arrived);
  const { hash, sha1, md5, size } = arrived;
  rows.number(vaultItems, {
    containerId: told.id,
    userId: owner,
    name,
    hash,
    sha1,
    md5,
    size,
    mimeType: "text/plain",
    contains: ["vault id"],
    createTime: at(18),
  });
}

/** A container points at a phase and a phase at its container: the current phase, the second one, is set last. */
export async function enterPhases(writer: Writer): Promise<void> {
  await writer
    .update(containers)
    .set({ currentPhaseId: phases.id })
    .from(phases)
    .where(and(eq(phases.containerId, containers.id), eq(phases.order, 2)));
}

export const incidentTables = [containers, workbooks, phases, tasks, artifacts, notes, pins, comments, vaultItems];
