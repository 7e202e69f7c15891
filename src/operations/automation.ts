import { type SQL, sql } from "drizzle-orm";
import { personId } from "../auth/who.js";
import type { Work } from "../operation.js";
import { artifacts } from "../schema/artifact.js";
import { containers } from "../schema/container.js";
import { playbookRuns, playbooks } from "../schema/playbook.js";
import { statuses } from "../schema/status.js";

/**
 * Queues a run of every active playbook of a locked container's label, and gives their ids: after a change of label, new
 * artifacts, or its creation. None on a resolved container, and none of a playbook that already ran on it and would find
 * no newer artifact; a run that was cancelled before it began has seen none. Call it last, when the container and its artifacts stand as the runs are to find them.
 */
export async function startPlaybooks(work: Work<unknown>, containerId: number): Promise<number[]> {
  const { caller } = work.context;
  const newest = newestArtifact(containerId);
  const { rows } = await work.writer.execute<{ id: number }>(sql`
    insert into ${playbookRuns} (container_id, playbook_id, owner_id, effective_user_id, last_artifact_id, claim_time)
    select ${containers.id}, ${playbooks.id}, ${personId(caller)}::int, ${caller.id}::int, ${newest}, now()
    from ${containers}
    join ${statuses} on ${statuses.name} = ${containers.status} and ${statuses.statusType} <> 'resolved'
    join ${playbooks} on ${playbooks.labels} && array[${containers.label}, '*']
      and ${playbooks.active} and not ${playbooks.disabled} and not ${playbooks.draftMode}
      and ${playbooks.playbookType} = 'automation'
    where ${containers.id} = ${containerId} and not exists (
      select from ${playbookRuns} earlier where earlier.container_id = ${containerId}
      and earlier.playbook_id = ${playbooks.id} and (earlier.start_time is not null or earlier.status = 'pending')
      and coalesce(earlier.last_artifact_id, 0) >= coalesce(${newest}, 0))
    order by ${playbooks.id}
    returning id`);
  const ids = rows.map(({ id }) => id);
  told(work, containerId, ids);
  return ids;
}

/** The newest artifact of a container: the last that a run queued now is to work on. */
export const newestArtifact = (containerId: number): SQL =>
  sql`(select max(${artifacts.id}) from ${artifacts} where ${artifacts.containerId} = ${containerId})`;

/** Tells of runs that were queued on a locked container. */
export function told(work: Work<unknown>, containerId: number, ids: readonly number[]): void {
  for (const id of ids) {
    work.emit("PLAYBOOK_RUN_QUEUED", containerId, "PlaybookRun", id);
    work.emitRun("playbookRun", { id, containerId, status: "pending" });
  }
  work.trace(`${ids.length} playbook runs queued on container ${containerId}`);
}

/** What a message adds about queued runs. */
export function withRuns(ids: readonly number[]): string {
  return ids.length ? `; ${ids.length} playbook ${ids.length === 1 ? "run" : "runs"} queued` : "";
}
