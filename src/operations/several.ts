import { AppError, refuse } from "../errors.js";
import type { Done, Work } from "../operation.js";
import { Container } from "../schema/container.js";
import { eachOf, found, int, list, optional, outcomes } from "../schema/operations.js";
import { container, type LockedContainer, lockContainers, onContainer } from "./container.js";
import { isGiven } from "./names.js";

const limit = 100;

const several = optional(
  list(int),
  `Up to ${limit} containers to act on instead of one; each has an outcome of its own in \`results\`.`,
);

/** The input of operations that act on one container or several at once. */
export const severalContainers = { container, containers: several };

/** The same for those in which the headers do not stand in. */
export const namedContainers = {
  container: optional(int, "The container to act on; needed unless `containers` is given, also with a header."),
  containers: several,
};

const ContainerResult = outcomes("ContainerResult", "What became of one of several containers.", {
  container: found(Container, "containerId", "The container; null when the caller may not see it."),
});

export const severalPayload = {
  container: found(Container, "containerId", "The container itself; null where several were given."),
  results: eachOf(ContainerResult, "What became of each container, where several were given."),
};

type Input = { container?: number | null; containers?: number[] | null };

export interface Several {
  locked: LockedContainer[];
  /** The ids given, if several were. */
  asked: number[] | undefined;
}

/** Locks the containers of the input, else the current one. */
export async function onContainers(work: Work<Input>): Promise<Several> {
  const { container, containers } = work.input;
  if (!isGiven(containers)) return { locked: [await onContainer(work)], asked: undefined };
  if (isGiven(container)) refuse("INVALID_VALUE", "Give container or containers, not both.", "containers");
  if (containers.length === 0) refuse("CONTAINER_REQUIRED", "containers is empty; name at least one.", "containers");
  if (containers.length > limit)
    throw new AppError("BAD_USER_INPUT", `${containers.length} containers are given; ${limit} are the limit.`, {
      limit,
    });
  const asked = [...new Set(containers)];
  return { locked: await lockContainers(work, asked), asked };
}

/** Locks the containers of the input; no header stands in. */
export async function onNamedContainers(work: Work<Input>): Promise<Several> {
  const { container, containers } = work.input;
  if (isGiven(container) || isGiven(containers)) return onContainers(work);
  return refuse("CONTAINER_REQUIRED", "Say which container: give `container` or `containers`.", "container");
}

/** The answer for one container, or for several with an outcome for each; refused when none of them was there. */
export function answered({ locked, asked }: Several, done: (container: LockedContainer) => string): Done {
  const [one] = locked;
  if (!asked) return { message: done(one!), result: { containerId: one!.id } };
  const byId = new Map(locked.map((container) => [container.id, container]));
  const results = asked.map((id) => {
    const container = byId.get(id);
    if (container) return { success: true, code: null, field: null, message: done(container), containerId: id };
    return { success: false, code: "NOT_FOUND", field: "containers", message: `There is no container ${id}.` };
  });
  const message = `Done for ${locked.length} of ${asked.length} containers.`;
  if (locked.length) return { message, result: { results, containerIds: [...byId.keys()] } };
  return refuse("NOT_FOUND", "None of the containers exists.", "containers", { results });
}
