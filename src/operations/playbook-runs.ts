import { and, eq, inArray, type SQL, sql } from "drizzle-orm";
import { endingRun, mayEndRun } from "../auth/current-run.js";
import { visible } from "../auth/visible.js";
import { personId } from "../auth/who.js";
import { refuse } from "../errors.js";
import { operation, type Work } from "../operation.js";
import { artifacts } from "../schema/artifact.js";
import {
  defaulted,
  flag,
  found,
  given,
  idOrName,
  int,
  list,
  nested,
  object,
  optional,
  required,
  text,
  word,
} from "../schema/operations.js";
import { PlaybookRun, playbookRuns, playbooks, runData, scope } from "../schema/playbook.js";
import { record } from "../schema/record.js";
import { newestArtifact, told } from "./automation.js";
import { container, onContainer } from "./container.js";
import { anyOf, isGiven, playbookMeant, within } from "./names.js";
import { cancelActions } from "./runs.js";

/*
 * Playbook runs: asked for by people and playbooks, and done by automation engines outside the gateway, which take them,
 * hold them and end them.
 */

const playbookRunId = required(int, "Id of the playbook run.");
const shown = {
  playbookRunId: given(int, "Id of the playbook run."),
  playbookRun: found(PlaybookRun, "playbookRunId", "The playbook run itself."),
};

export const runPlaybook = operation({
  name: "runPlaybook",
  description: "Queues a run of a playbook on a container, for an automation engine to take.",
  decided: [
    "A playbook that is not active can be run, one that is disabled or a draft cannot. The container may be closed.",
    "Artifacts that come later belong to no scope of the run: it finds them with `ALL` only.",
  ],
  may: "playbooks:execute",
  input: {
    playbook: required(idOrName, "The playbook, by id, name or `repository/name`."),
    container,
    scope: optional(word(scope), "Which artifacts it works on; left out, `NEW`."),
    artifactIds: optional(list(int), "The artifacts it works on, instead of those of a scope."),
    inputs: optional(
      object,
      "What it is given: for a playbook of type `data` only, under the names of its `inputSpec`.",
    ),
  },
  payload: shown,
  on: onContainer,
  async run(work, { id: containerId }) {
    const { input, context } = work;
    const playbook = await playbookMeant(work, input.playbook);
    if (playbook.disabled) refuse("INACTIVE", `The playbook ${playbook.fullName} is disabled.`, "playbook");
    if (playbook.draftMode) refuse("WRONG_STATE", `The playbook ${playbook.fullName} is still a draft.`, "playbook");
    checkInputs(playbook, input.inputs);
    const [run] = await work.writer
      .insert(playbookRuns)
      .values({
        containerId,
        playbookId: playbook.id,
        ownerId: personId(context.caller),
        effectiveUserId: context.caller.id,
        scope: input.scope ?? "new",
        scopeArtifactIds: await artifactsMeant(work, containerId),
        inputs: input.inputs ?? {},
        lastArtifactId: newestArtifact(containerId),
        claimTime: sql`now()`,
      })
      .returning({ id: playbookRuns.id });
    told(work, containerId, [run!.id]);
    return {
      message: `Playbook ${playbook.fullName} queued on container ${containerId}.`,
      result: { playbookRunId: run!.id, containerId },
    };
  },
});

type Playbook = Awaited<ReturnType<typeof playbookMeant>>;

function checkInputs({ fullName, playbookType, inputSpec }: Playbook, inputs?: Record<string, unknown> | null): void {
  const names = Object.keys(inputs ?? {});
  if (!names.length) return;
  if (playbookType !== "data") refuse("INVALID_VALUE", `The playbook ${fullName} takes no inputs.`, "inputs");
  const known = (inputSpec as { name?: unknown }[]).map((one) => one?.name);
  const unknown = names.find((name) => known.length && !known.includes(name));
  if (unknown === undefined) return;
  const message = `The playbook ${fullName} has no input ${JSON.stringify(unknown)}; it takes ${known.join(", ")}.`;
  refuse("INVALID_VALUE", message, "inputs");
}

/** The artifacts that a run is to work on, once each; null: those of its scope. */
async function artifactsMeant(
  { writer, input }: Work<{ scope?: string | null; artifactIds?: number[] | null }>,
  containerId: number,
): Promise<number[] | null> {
  if (!input.artifactIds) return null;
  if (input.scope) refuse("INVALID_VALUE", "Give a scope, or the artifactIds to work on, not both.", "artifactIds");
  if (!input.artifactIds.length) refuse("INVALID_VALUE", "The list of artifactIds is empty.", "artifactIds");
  const ids = [...new Set(input.artifactIds)];
  const rows = await writer
    .select({ id: artifacts.id })
    .from(artifacts)
    .where(and(eq(artifacts.containerId, containerId), anyOf(artifacts.id, ids)));
  const standing = new Set(rows.map(({ id }) => id));
  const missing = ids.find((id) => !standing.has(id));
  if (missing === undefined) return ids;
  return refuse("NOT_FOUND", `Container ${containerId} has no artifact ${missing}.`, "artifactIds");
}

const leaseSeconds = defaulted(int, 60, "How long they stay the caller's without a heartbeat, 5 to 3600 seconds.");
const seconds = ({ leaseSeconds }: { leaseSeconds: number }) => within("leaseSeconds", leaseSeconds, 5, 3600);

const job = record("PlaybookRunJob", "A playbook run that its taker has to do.", {
  ...{ playbookRunId, playbookRun: shown.playbookRun },
  leaseToken: required(text, "Proves whose it is, to hold it and to end it."),
  attempt: required(int, "How often it was taken by now. What an earlier taker did before it was lost is done."),
});

/** How many engines may be lost over one run. */
const mostAttempts = 3;

export const claimPlaybookRuns = operation({
  name: "claimPlaybookRuns",
  description:
    "Takes playbook runs that are due, the longest waiting first, for an automation engine. It acts on their behalf with the header `SOAR-Playbook-Run`.",
  decided: [
    `A run whose lease runs out is given out again; after ${mostAttempts} engines were lost over it, it has failed.`,
    "Every engine takes runs of every playbook, on the containers that its user may see.",
    "Runs of a playbook that was disabled meanwhile wait until it is enabled again, or they are cancelled.",
  ],
  may: "playbooks:execute",
  ofEngines: true,
  input: { limit: defaulted(int, 10, "How many at most, 1 to 100."), leaseSeconds },
  payload: { jobs: given(list(job), "What was taken; empty: nothing was due.") },
  async run(work) {
    const { input, context } = work;
    const due = (more: SQL) => sql`
      select id from ${playbookRuns} where ${and(sql`claim_time <= now()`, visible(PlaybookRun, playbookRuns, context.caller), more)}
      order by claim_time, id limit ${within("limit", input.limit, 1, 100)} for update skip locked`;
    const lost = sql`select id from (${due(sql`attempt >= ${mostAttempts}`)}) due where ${mayEndRun(sql`id`)}`;
    const message = `Each of ${mostAttempts} engines took it, and none ended it.`;
    await end(work, sql`id = any(array(${lost}))`, sql`status = 'failed', message = ${message}`);
    const { rows } = await work.writer.execute<Row & { leaseToken: string; attempt: number }>(sql`
      update ${playbookRuns} set status = 'running', lease_token = gen_random_uuid(), holder_id = ${context.caller.id},
        claim_time = now() + make_interval(secs => ${seconds(input)}), attempt = attempt + 1,
        start_time = coalesce(start_time, now()), update_time = now()
      where id = any(array(${due(sql`attempt < ${mostAttempts}
        and not exists (select from ${playbooks} p where p.id = playbook_id and p.disabled)`)}))
      returning id, container_id as "containerId", status, lease_token as "leaseToken", attempt`);
    for (const row of rows) if (row.attempt === 1) work.emitRun("playbookRun", row);
    const jobs = rows
      .sort((a, b) => a.id - b.id)
      .map(({ id, leaseToken, attempt }) => ({ playbookRunId: id, leaseToken, attempt }));
    return { message: `${jobs.length} playbook runs were taken.`, result: { jobs } };
  },
});

const lease = nested("PlaybookRunLeaseInput", "What proves that a playbook run is the caller's.", {
  playbookRunId,
  leaseToken: required(text, "As `claimPlaybookRuns` told it."),
});

export const heartbeatPlaybookRuns = operation({
  name: "heartbeatPlaybookRuns",
  description:
    "Holds playbook runs that were taken. Those that are not the caller's any more, or were cancelled, are to be stopped.",
  may: "playbooks:execute",
  ofEngines: true,
  input: { leases: required(list(lease), "The playbook runs to hold."), leaseSeconds },
  payload: {
    held: given(list(int), "Ids of the playbook runs that are still the caller's."),
    lost: given(list(int), "Ids of those that are not."),
  },
  async run({ writer, input }) {
    const ids = input.leases.map(({ playbookRunId }) => playbookRunId);
    const tokens = input.leases.map(({ leaseToken }) => leaseToken);
    const { rows } = await writer.execute<{ id: number }>(sql`
      with mine as (
        select id from ${playbookRuns}
        where (id, lease_token::text) in (select * from unnest(${sql.param(ids)}::int[], ${sql.param(tokens)}::text[]))
        order by id for no key update
      )
      update ${playbookRuns} set claim_time = now() + make_interval(secs => ${seconds(input)}), update_time = now()
      where id in (select id from mine) returning id`);
    const held = rows.map(({ id }) => id).sort((a, b) => a - b);
    const lost = ids.filter((id) => !held.includes(id));
    return { message: `${held.length} playbook runs are held, ${lost.length} are lost.`, result: { held, lost } };
  },
});

export const finishPlaybookRun = operation({
  name: "finishPlaybookRun",
  description: "Ends a playbook run that was taken.",
  may: "playbooks:execute",
  ofEngines: true,
  input: {
    playbookRunId,
    success: required(flag, "Whether it ended well."),
    message: optional(text, "How it ended, in a sentence."),
    log: optional(text, "What it logged."),
    leaseToken: optional(text, "As `claimPlaybookRuns` told it; left out, the user who took it last may end it."),
  },
  payload: shown,
  on: (work) => runToEnd(work, work.input.playbookRunId),
  async run(work, { id, status }) {
    const { success, message, log, leaseToken } = work.input;
    const mine = isGiven(leaseToken)
      ? sql`lease_token::text = ${leaseToken}`
      : sql`lease_token is not null and holder_id = ${work.context.caller.id}`;
    const [ended] = await end(
      work,
      sql`id = ${id} and ${mine}`,
      sql`status = ${success ? "success" : "failed"}, message = ${message ?? ""}, log = ${log ?? ""}`,
    );
    if (ended)
      return {
        message: `Playbook run ${id} was ended.`,
        result: { playbookRunId: id, containerId: ended.containerId },
      };
    if (status === "pending")
      return refuse(
        "WRONG_STATE",
        `Playbook run ${id} was not taken yet; claimPlaybookRuns takes it.`,
        "playbookRunId",
      );
    if (status === "running")
      return refuse("WRONG_STATE", `Playbook run ${id} is not the caller's, or not any more.`, "leaseToken");
    return refuse("WRONG_STATE", `Playbook run ${id} has ended already (${status}).`, "playbookRunId");
  },
});

export const cancelPlaybookRun = operation({
  name: "cancelPlaybookRun",
  description: "Cancels a playbook run that is pending or running, and those of its actions that have not ended.",
  decided: ["Its engine learns of it by its next heartbeat, and nothing more is done on the run's behalf."],
  may: "playbooks:execute",
  ofEngines: true,
  input: { playbookRunId, reason: optional(text, "Why; left out, that the caller cancelled it.") },
  payload: { cancelled: given(flag, "Whether this ended it; false: it had ended before."), ...shown },
  on: (work) => runToEnd(work, work.input.playbookRunId),
  async run(work, { id, status }) {
    const reason = work.input.reason || `Cancelled by ${work.context.caller.username}.`;
    const how = sql`status = 'cancelled', cancelled = ${reason}, message = ${reason}`;
    const [ended] = await end(work, sql`id = ${id} and status in ('pending', 'running')`, how);
    if (!ended)
      return refuse("WRONG_STATE", `Playbook run ${id} has ended already (${status}).`, "playbookRunId", {
        cancelled: false,
        playbookRunId: id,
      });
    const actions = await cancelActions(work, sql`playbook_run_id = ${id}`, reason);
    return {
      message: `Playbook run ${id} was cancelled, and with it ${actions.length} actions.`,
      result: { cancelled: true, playbookRunId: id, containerId: ended.containerId },
    };
  },
});

type Row = { id: number; containerId: number; status: string };

/** Ends playbook runs, and gives those that had not ended. */
async function end({ writer, last, emitRun }: Work<unknown>, which: SQL, how: SQL): Promise<Row[]> {
  const { rows } = await writer.execute<Row>(sql`
    update ${playbookRuns} set ${how}, claim_time = null, lease_token = null, end_time = now(), update_time = now()
    where ${which} returning id, container_id as "containerId", status`);
  for (const row of rows) emitRun("playbookRun", row);
  const ids = rows.map(({ id }) => id);
  if (ids.length) last(sql`delete from ${runData} where ${inArray(runData.playbookRunId, ids)}`);
  return rows;
}

/** A run that the caller may see, as it stays until it is ended here. */
async function runToEnd({ writer, context }: Work<unknown>, id: number): Promise<{ id: number; status: string }> {
  await writer.execute(endingRun(id));
  const [run] = await writer
    .select({ id: playbookRuns.id, status: playbookRuns.status })
    .from(playbookRuns)
    .where(and(eq(playbookRuns.id, id), visible(PlaybookRun, playbookRuns, context.caller)));
  return run ?? refuse("NOT_FOUND", `There is no playbook run ${id}.`, "playbookRunId");
}
