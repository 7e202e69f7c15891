import { and, eq } from "drizzle-orm";
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
 * of the other header. For a change it is held: it ends after what is done on its behalf, or before and nothing is.
 */
export async function currentRun(writer: Writer, request: Request, hold = false): Promise<CurrentRun | undefined> {
  const { caller, container, playbookRun: id } = request;
  if (id === undefined) return undefined;
  const found = writer
    .select({
      containerId: playbookRuns.containerId,
      playbookId: playbookRuns.playbookId,
      status: playbookRuns.status,
    })
    .from(playbookRuns)
    .where(and(eq(playbookRuns.id, id), visible(PlaybookRun, playbookRuns, caller)));
  const [run] = await (hold ? found.for("share") : found);
  if (!run) return refuse("NOT_FOUND", `SOAR-Playbook-Run names ${id}; there is no such playbook run.`);
  const { status, ...rest } = run;
  if (container !== undefined && container !== run.containerId) {
    const message = `Playbook run ${id} works on another container than SOAR-Container names, ${container}; send one of the two headers.`;
    return refuse("CONTAINER_MISMATCH", message);
  }
  if (status === "pending" || status === "running") return { id, ...rest };
  return refuse("WRONG_STATE", `Playbook run ${id} has ended (${status}); nothing more is done on its behalf.`);
}
