import { and, asc, eq, sql } from "drizzle-orm";
import type { PgColumn, PgTable } from "drizzle-orm/pg-core";
import type { Permission } from "../auth/permissions.js";
import { visible } from "../auth/visible.js";
import { refuse } from "../errors.js";
import type { Look, Work } from "../operation.js";
import { Container, containers } from "../schema/container.js";
import { int, optional } from "../schema/operations.js";
import { anyOf } from "./names.js";

/** What operations need to know of the container they work on. */
export interface FoundContainer {
  id: number;
  name: string;
  containerType: "default" | "case";
  label: string;
  status: string;
  /** The phase the work on it is in. */
  currentPhaseId: number | null;
  revision: number;
}

/** A container whose row is locked: what is known of it stays true until the end of the operation. */
export type LockedContainer = FoundContainer;

const known = {
  id: containers.id,
  name: containers.name,
  containerType: containers.containerType,
  label: containers.label,
  status: containers.status,
  currentPhaseId: containers.currentPhaseId,
  revision: containers.revision,
};

/** The input of operations that may leave the container to the headers. */
export const container = optional(
  int,
  "The container to act on; left out, the one of the `SOAR-Container` or `SOAR-Playbook-Run` header.",
);

/** Locks the container of the input, else the current one. */
export async function onContainer(work: Work<{ container?: number | null }>): Promise<LockedContainer> {
  return lockContainer(work, containerMeant(work));
}

/** Finds the container of the input, else the current one, for a question. */
export async function atContainer(look: Look<{ container?: number | null }>): Promise<FoundContainer> {
  return findContainer(look, containerMeant(look));
}

/** Finds a container that the caller may see. */
export async function findContainer(look: Look<unknown>, id: number): Promise<FoundContainer> {
  const [found] = await rows(look, [id]);
  return found ?? refuse("NOT_FOUND", `There is no container ${id}.`, "container");
}

function containerMeant({ input, context, run }: Look<{ container?: number | null }>): number {
  return (
    input.container ??
    run?.containerId ??
    context.container ??
    refuse(
      "CONTAINER_REQUIRED",
      "Say which container: give `container`, or send the header `SOAR-Container: <id>`.",
      "container",
    )
  );
}

/** Locks a container that the caller may see. */
export async function lockContainer(work: Work<unknown>, id: number, field = "container"): Promise<LockedContainer> {
  const [found] = await lockContainers(work, [id]);
  return found ?? refuse("NOT_FOUND", `There is no container ${id}.`, field);
}

/** Locks those of some containers that the caller may see, always in the same order, so that no two callers wait for each other. */
export async function lockContainers(work: Work<unknown>, ids: readonly number[]): Promise<LockedContainer[]> {
  const found = await rows(work, ids).for("update");
  for (const one of found) permitOn(work, one);
  for (const { id, name } of found) work.trace(`container ${id} ${JSON.stringify(name)} locked`);
  return found;
}

/** Refuses what is allowed on containers where it is not by that allowed: on cases. */
export function permitOn(work: Work<unknown>, { containerType }: Pick<FoundContainer, "containerType">): void {
  if (containerType === "case") work.permit(work.may.replace(/^containers:/, "cases:") as Permission);
}

const rows = ({ writer, context }: Look<unknown>, ids: readonly number[]) =>
  writer
    .select(known)
    .from(containers)
    .where(and(anyOf(containers.id, ids), visible(Container, containers, context.caller)))
    .orderBy(asc(containers.id));

type Belonging = PgTable & { id: PgColumn; containerId: PgColumn };
/** An object of a container: where it is kept, what it is called, its id, and the input field that gave it. */
export type Subject = readonly [table: Belonging, noun: string, id: number, field?: string];

/** Locks the container that an object belongs to, by the object's id; one that is named too must be the same. */
export async function lockContainerOf(work: Work<unknown>, ...subject: Subject): Promise<LockedContainer> {
  const locked = await lockContainer(work, await containerOf(work, ...subject));
  // Whoever held the lock may have deleted the object.
  await containerOf(work, ...subject);
  return locked;
}

/** Finds the container that an object belongs to, for a question. */
export async function atContainerOf(look: Look<unknown>, ...subject: Subject): Promise<FoundContainer> {
  return findContainer(look, await containerOf(look, ...subject));
}

async function containerOf(
  { writer, context, input }: Look<unknown>,
  ...[table, noun, id, field = `${noun}Id`]: Subject
): Promise<number> {
  const [found] = await writer
    .select({ containerId: table.containerId })
    .from(table as PgTable)
    .innerJoin(containers, eq(containers.id, table.containerId))
    .where(and(eq(table.id, id), visible(Container, containers, context.caller)));
  if (!found) return refuse("NOT_FOUND", `There is no ${noun} ${id}.`, field);
  const containerId = found.containerId as number;
  const { container } = input as { container?: number | null };
  if ((container ?? containerId) === containerId) return containerId;
  const message = `The ${noun} ${id} belongs to another container than ${container}; leave container out.`;
  return refuse("CONTAINER_MISMATCH", message, "container");
}

/** Notes that an artifact of the container changed. */
export function touchArtifacts({ last }: Work<unknown>, containerId: number): void {
  last(sql`update ${containers} set artifact_update_time = clock_timestamp() where ${containers.id} = ${containerId}`);
}
