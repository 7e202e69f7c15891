import { and, eq, type SQL, sql } from "drizzle-orm";
import type { Writer } from "../database/pools.js";
import { refuse } from "../errors.js";
import { PlaybookRun, playbookRuns } from "../schema/playbook.js";
import { visible } from "./visible.js";
import type { Caller } from "./who.js";

/** The playbook run on whose behalf a request was made. */
export interface CurrentRun {
  readonly id: number;
  readonly containerId: number;
  readonly playbookId: number;
}

interface Request {
  readonly caller: Caller;
  readonly container: number | undefined;
  readonly playbookRun: number | undefined;
}

/**
 * The run of the `SOAR-Playbook-Run` header; refused unless the caller may see it, it has not ended, and is on the container
 * of the other header. For a change it is held first: it ends after what is done on its behalf, or before and nothing is.
 */
export async function currentRun(writer: Writer, request: Request, hold = false): Promise<CurrentRun | undefined> {
  const { caller, container, playbookRun: id } = request;
  if (id === undefined) return undefined;
  if (hold) await writer.execute(sql`select pg_advisory_xact_lock_shared(${runLock}, ${id})`);
  const [run] = await writer
    .select({
      containerId: playbookRuns.containerId,
      playbookId: playbookRuns.playbookId,
      status: playbookRuns.status,
    })
    .from(playbookRuns)
    .where(and(eq(playbookRuns.id, id), visible(PlaybookRun, playbookRuns, caller)));
  if (!run) return refuse("NOT_FOUND", `SOAR-Playbook-Run names ${id}; there is no such playbook run.`);
  const { status, ...rest } = run;
  if (container !== undefined && container !== run.containerId) {
    const message = `Playbook run ${id} works on another container than SOAR-Container names, ${container}; send one of the two headers.`;
    return refuse("CONTAINER_MISMATCH", message);
  }
  if (status === "pending" || status === "running") return { id, ...rest };
  return refuse("WRONG_STATE", `Playbook run ${id} has ended (${status}); nothing more is done on its behalf.`);
}

/*
 * The lock between what ends a run and what is done on its behalf. Not that of its row: whoever waits for a row is passed by
 * all who may share it, heartbeats would wait too, and so would whoever holds a container that another waits for.
 */
const runLock = 5_870_233;

/** Waits for what is done on behalf of a run, and lets no more begin, until the end of the transaction. */
export const endingRun = (id: number): SQL => sql`select pg_advisory_xact_lock(${runLock}, ${id})`;

/** Whether nothing is being done on behalf of a run; then the same. */
export const mayEndRun = (id: SQL): SQL => sql`pg_try_advisory_xact_lock(${runLock}, ${id})`;
