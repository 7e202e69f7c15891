import { refuse } from "../errors.js";
import { operation, type Work } from "../operation.js";
import { found, idOrName, int, optional } from "../schema/operations.js";
import type { IdOrName } from "../schema/scalars.js";
import { Task, tasks } from "../schema/workbook.js";
import { change, changeContainers } from "./changes.js";
import { lockContainerOf } from "./container.js";
import { isGiven, roleId, userId } from "./names.js";
import { answered, onContainers, type Several, severalContainers, severalPayload } from "./several.js";

export const setOwner = operation({
  name: "setOwner",
  description:
    "phantom.set_owner: assigns a container, several, or a task to a user or to a role, which replaces whoever had it; with neither, or empty texts, nobody has it any more.",
  decided: [
    "A user and a role at once is refused: one of them has it.",
    "With `taskId` the task is assigned and its container stays as it is.",
  ],
  may: "containers:edit",
  input: {
    ...severalContainers,
    taskId: optional(int, "The task to assign instead of a container; decides the container."),
    user: optional(idOrName, "The user by id or name."),
    role: optional(idOrName, "The role by id or name."),
  },
  payload: { ...severalPayload, task: found(Task, "taskId", "The task, where one was assigned.") },
  on: onContainersOrTask,
  async run(work, several) {
    const { taskId } = work.input;
    const assignment = await assignee(work, work.input.user, work.input.role, "user");
    const to = assignment.ownerId || assignment.roleId ? "assigned" : "assigned to nobody";
    if (!isGiven(taskId)) {
      const ids = several.locked.map(({ id }) => id);
      await changeContainers(work, ids, assignment);
      return answered(several, ({ id }) => `Container ${id} ${to}.`);
    }
    const containerId = several.locked[0]!.id;
    const [changed] = await change(work, tasks, [taskId], assignment);
    if (changed !== undefined) work.emit("TASK_CHANGED", containerId, "Task", taskId);
    return { message: `Task ${taskId} ${to}.`, result: { taskId, containerId } };
  },
});

async function onContainersOrTask(
  work: Work<{ container?: number | null; containers?: number[] | null; taskId?: number | null }>,
): Promise<Several> {
  const { taskId, containers } = work.input;
  if (!isGiven(taskId)) return onContainers(work);
  if (isGiven(containers)) return refuse("INVALID_VALUE", "Give taskId or containers, not both.", "containers");
  return { locked: [await lockContainerOf(work, tasks, "task", taskId)], asked: undefined };
}

/** Who has something: a user or a role, whose absence is nobody. */
export async function assignee(
  work: Work<unknown>,
  user: IdOrName | null | undefined,
  role: IdOrName | null | undefined,
  userField = "owner",
): Promise<{ ownerId: number | null; roleId: number | null }> {
  if (isGiven(user) && isGiven(role)) refuse("INVALID_VALUE", `Give ${userField} or role, not both.`, "role");
  return { ownerId: await userId(work, user, userField), roleId: await roleId(work, role) };
}

/** The same for a change: what is absent stays, but a user replaces a role, and a role a user. */
export async function newAssignee(
  work: Work<unknown>,
  { owner, role }: { owner?: IdOrName | null; role?: IdOrName | null },
): Promise<{ ownerId?: number | null; roleId?: number | null }> {
  const { ownerId, roleId } = await assignee(work, owner, role);
  if (isGiven(owner) || isGiven(role)) return { ownerId, roleId };
  return { ...(owner === null ? { ownerId: null } : {}), ...(role === null ? { roleId: null } : {}) };
}
