import { and, eq, sql } from "drizzle-orm";
import type { Permission } from "../auth/permissions.js";
import { visible } from "../auth/visible.js";
import { refuse } from "../errors.js";
import type { Work } from "../operation.js";
import { Container, containers } from "../schema/container.js";
import { int, optional } from "../schema/operations.js";

/** What operations need to know of the container they work on; its row is locked. */
export interface LockedContainer {
  id: number;
  name: string;
  containerType: "default" | "case";
  /** The phase the work on it is in. */
  currentPhaseId: number | null;
}

/** The input of operations that may leave the container to the `SOAR-Container` header. */
export const container = optional(int, "The container to act on; left out, the one of the `SOAR-Container` header.");

/** Locks the container of the input, else the current one. */
export async function onContainer(work: Work<{ container?: number | null }>): Promise<LockedContainer> {
  const { input, context } = work;
  const id = input.container ?? context.container;
  if (id !== undefined) return lockContainer(work, id);
  return refuse(
    "CONTAINER_REQUIRED",
    "Say which container: give `container`, or send the header `SOAR-Container: <id>`.",
    "container",
  );
}

/** Locks a container that the caller may see. */
export async function lockContainer(work: Work<unknown>, id: number, field = "container"): Promise<LockedContainer> {
  const { writer, context, trace } = work;
  const { name, currentPhaseId, containerType } = containers;
  const [found] = await writer
    .select({ id: containers.id, name, currentPhaseId, containerType })
    .from(containers)
    .where(and(eq(containers.id, id), visible(Container, containers, context.caller)))
    .for("update");
  if (!found) return refuse("NOT_FOUND", `There is no container ${id}.`, field);
  if (found.containerType === "case") work.permit(onCase(work.may));
  trace(`container ${id} ${JSON.stringify(found.name)} locked`);
  return found;
}

/** What is allowed on containers is not by that allowed on cases. */
const onCase = (may: Permission) => may.replace(/^containers:/, "cases:") as Permission;

/** Notes that an artifact of the container changed. */
export function touchArtifacts({ last }: Work<unknown>, containerId: number): void {
  last(sql`update ${containers} set artifact_update_time = now() where ${containers.id} = ${containerId}`);
}
