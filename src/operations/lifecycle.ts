import { and, eq, sql } from "drizzle-orm";
import { personId } from "../auth/who.js";
import { refuse } from "../errors.js";
import { operation, type Work } from "../operation.js";
import { containers } from "../schema/container.js";
import { required, text } from "../schema/operations.js";
import { savedObjects } from "../schema/saved-object.js";
import { statuses } from "../schema/status.js";
import { statusChanges } from "../schema/status-change.js";
import { changeContainers } from "./changes.js";
import type { LockedContainer } from "./container.js";
import { anyOf, defaultStatus } from "./names.js";
import {
  answered,
  namedContainers,
  onContainers,
  onNamedContainers,
  severalContainers,
  severalPayload,
} from "./several.js";

export const close = operation({
  name: "close",
  description:
    "phantom.close: closes a container or several: sets the default status of type RESOLVED, whatever its name. Objects saved for it with autoDelete go. WRONG_STATE when no status of that type is the default.",
  decided: [
    "Closing a container that is resolved already succeeds and keeps the time it was first closed at.",
    "Who closed it is `closingOwner`; on behalf of a playbook run it is `closingRuleRun` instead.",
    "A closed container still accepts notes, pins, tasks and every other change.",
  ],
  may: "containers:edit",
  input: namedContainers,
  payload: severalPayload,
  on: onNamedContainers,
  async run(work, several) {
    const status = { name: await defaultStatus(work, "resolved"), statusType: "resolved" } as const;
    await enterStatus(work, several.locked, status);
    return answered(several, ({ id }) => `Container ${id} closed: its status is ${status.name}.`);
  },
});

export const setStatus = operation({
  name: "setStatus",
  description:
    "phantom.set_status: sets the status of a container or several, by the name of an active status in any letter case. INACTIVE when it is disabled.",
  decided: [
    "`resolved` means `closed` where no active status is named so; `closed` never means `resolved`.",
    "Entering a status of type RESOLVED sets `closeTime` and who closed it, leaving that type clears them; the first one of type OPEN sets `openTime`. Every change is kept in `statusChanges`.",
  ],
  may: "containers:edit",
  input: { ...severalContainers, status: required(text, "The name of an active status, whatever its letter case.") },
  payload: severalPayload,
  on: onContainers,
  async run(work, several) {
    const status = await activeStatus(work, work.input.status);
    await enterStatus(work, several.locked, status);
    return answered(several, ({ id }) => `The status of container ${id} is ${status.name}.`);
  },
});

type Status = Pick<typeof statuses.$inferSelect, "name" | "statusType">;

async function enterStatus(work: Work<unknown>, locked: readonly LockedContainer[], status: Status): Promise<void> {
  const ids = locked.map(({ id }) => id);
  await changeContainers(work, ids, statusFields(work, status));
  await recordStatus(work, locked, status);
}

/** What changes of a container that enters a status: it, and the times that hang on its type. */
export function statusFields({ context, run }: Work<unknown>, { name, statusType }: Status): Record<string, unknown> {
  if (statusType !== "resolved") {
    const opened = statusType === "open" ? { openTime: sql`coalesce(${containers.openTime}, clock_timestamp())` } : {};
    return { status: name, ...opened, closeTime: null, closingOwnerId: null, closingPlaybookRunId: null };
  }
  const was = sql`(select ${statuses.statusType} from ${statuses} where ${statuses.name} = ${containers.status}) = 'resolved'`;
  const unless = (column: unknown, value: unknown) => sql`case when ${was} then ${column} else ${value} end`;
  return {
    status: name,
    closeTime: unless(containers.closeTime, sql`clock_timestamp()`),
    closingOwnerId: unless(containers.closingOwnerId, sql`${run ? null : context.caller.id}::int`),
    closingPlaybookRunId: unless(containers.closingPlaybookRunId, sql`${run?.id ?? null}::int`),
  };
}

/** Keeps when locked containers entered a status, and removes what was saved until they are resolved. */
export async function recordStatus(
  { writer, context, run, trace }: Work<unknown>,
  locked: readonly LockedContainer[],
  { name, statusType }: Status,
): Promise<void> {
  const moved = locked.filter(({ status }) => status !== name);
  if (moved.length === 0) return;
  const ids = moved.map(({ id }) => id);
  const by = { status: name, userId: personId(context.caller), playbookRunId: run?.id };
  await writer
    .insert(statusChanges)
    .values(
      moved.map(({ id, status }) => ({ containerId: id, fromStatus: status, time: sql`clock_timestamp()`, ...by })),
    );
  if (statusType !== "resolved") return;
  const removed = await writer
    .delete(savedObjects)
    .where(and(anyOf(savedObjects.containerId, ids), eq(savedObjects.autoDelete, true)))
    .returning({ id: savedObjects.id });
  trace(`${removed.length} saved objects removed`);
}

/** The active status meant by a name in any letter case; where none is named `resolved`, that means `closed`. */
export async function activeStatus({ writer }: Work<unknown>, name: string): Promise<Status> {
  const all = await writer.select().from(statuses).orderBy(statuses.order, statuses.id);
  const named = (wanted: string) => all.find((status) => status.name.toLowerCase() === wanted.toLowerCase());
  const asked = named(name);
  if (asked && !asked.disabled) return asked;
  const retried = name.toLowerCase() === "resolved" ? named("closed") : undefined;
  if (retried && !retried.disabled) return retried;
  const active = all.filter(({ disabled }) => !disabled).map((status) => status.name);
  const choice = `Active ones: ${active.join(", ")}.`;
  if (asked) return refuse("INACTIVE", `The status ${JSON.stringify(asked.name)} is disabled. ${choice}`, "status");
  return refuse("NOT_FOUND", `There is no status ${JSON.stringify(name)}. ${choice}`, "status");
}
