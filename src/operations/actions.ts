import { sql } from "drizzle-orm";
import { refuse } from "../errors.js";
import { type Done, operation, type Work } from "../operation.js";
import { ActionRun, actionRuns, appRuns, approvals } from "../schema/action-run.js";
import {
  found,
  given,
  idOrName,
  int,
  json,
  list,
  nested,
  object,
  optional,
  required,
  text,
  time,
} from "../schema/operations.js";
import { atContainer, container, type FoundContainer } from "./container.js";
import { atMost, userId } from "./names.js";
import { type AssetRow, type Planned, planTargets, type Target } from "./targets.js";

const payload = {
  actionRunId: given(int, "Id of the new action run."),
  actionRun: found(ActionRun, "actionRunId", "The action run itself."),
};

const action = required(text, "The action, such as `geolocate ip`.");
const type = optional(text, "What kind of action it is; left out, what its app says.");
const parameters = optional(
  list(object),
  "Sets of parameters, each of which gives a result; left out, one set without any. A `context` among them is carried to the callback.",
);
const everyAsset = "left out, every active one";

const target = nested("ActionTargetInput", "An app, and what the action runs on and with there.", {
  app: required(idOrName, "The app that runs it: its number, GUID or name."),
  assets: optional(list(idOrName), `Assets of that app to run on; ${everyAsset}.`),
  parameters,
});

export const runAction = operation({
  name: "runAction",
  description:
    "POST /rest/action_run: queues an action on apps, assets and parameters. What is wrong is told at once, and nothing queued.",
  may: "apps:execute",
  input: {
    container,
    action,
    name: required(text, "What to call this run."),
    type,
    targets: required(list(target), "Where and with what it runs."),
  },
  payload,
  on: atContainer,
  async run(work, { id }) {
    const { input } = work;
    if (!input.targets.length) return refuse("INVALID_VALUE", "The list of targets is empty.", "targets");
    if (isManual(input))
      return refuse("INVALID_VALUE", "What a person does has no targets: use `act`, or give another type.", "type");
    const targets = input.targets.map(({ app, assets, parameters }) => ({
      app,
      assets: assets ?? null,
      parameters: parameters ?? null,
    }));
    return queue(work, id, { ...input, planned: await planTargets(work, input.action, targets, "targets") });
  },
});

export const act = operation({
  name: "act",
  description: "phantom.act: queues an action on the assets that offer it, and carries what its callback is to get.",
  may: "apps:execute",
  input: {
    container,
    action,
    parameters,
    assets: optional(list(idOrName), `Assets to run on; ${everyAsset} of every app that has the action.`),
    app: optional(idOrName, "The only app to run it by: its number, GUID or name."),
    tags: optional(list(text), "Only assets that have one of these tags."),
    name: optional(text, "What to call this run; left out, `user initiated <action> action`."),
    type: optional(text, `${type.description} \`manual\` is done by a person, who needs no app.`),
    handle: optional(text, "A text that comes back with the result."),
    startTime: optional(time, "When to begin; left out or in the past, at once."),
    reviewer: optional(idOrName, "A user who has to approve it first; a manual action is given to them."),
    filteredArtifacts: optional(json, "Comes back with the result as it is."),
    filteredResults: optional(json, "Comes back with the result as it is."),
    customFunction: optional(json, "Comes back with the result as it is."),
  },
  payload,
  on: atContainer,
  async run(work, container) {
    const { input } = work;
    const reviewer = await userId(work, input.reviewer, "reviewer");
    const name = input.name || `user initiated ${input.action} action`;
    checkStart(input.startTime);
    if (isManual(input)) {
      const untold = (["parameters", "assets", "app", "tags"] as const).find((it) => [input[it] ?? []].flat().length);
      if (untold) return refuse("INVALID_VALUE", `A person does it without ${untold}: say all of it in name.`, untold);
      return queueManual(work, container, { ...input, name }, reviewer);
    }
    const target: Target = {
      app: input.app ?? null,
      assets: input.assets?.length ? input.assets : null,
      tags: input.tags?.length ? input.tags : null,
      parameters: input.parameters ?? null,
    };
    const planned = await planTargets(work, input.action, [target]);
    if (!planned.length)
      return refuse("INVALID_VALUE", `No active asset offers ${JSON.stringify(input.action)}.`, "assets");
    return queue(work, container.id, { ...input, name, planned, reviewer });
  },
});

const isManual = ({ type }: { type?: string | null }) => type?.toLowerCase() === "manual";

/** The most seconds that an action can wait, some 63 years; the clocks of this machine and the database may differ. */
const longestDelay = 2_000_000_000;

function checkStart(startTime: string | null | undefined): void {
  if (!startTime || Date.parse(startTime) - Date.now() < longestDelay * 1000) return;
  const message = `The startTime ${startTime} is too far ahead; ${longestDelay} seconds are the limit.`;
  refuse("INVALID_VALUE", message, "startTime");
}

/** What is asked for, whichever way. */
interface Asked {
  action: string;
  name: string;
  type?: string | null;
  handle?: string | null;
  startTime?: string | null;
  filteredArtifacts?: unknown;
  filteredResults?: unknown;
  customFunction?: unknown;
}

type Held = Asked & { planned: readonly Planned[]; reviewer?: number | null };

async function queue(
  work: Work<unknown>,
  containerId: number,
  { planned, reviewer = null, ...asked }: Held,
): Promise<Done> {
  const runs = planned.flatMap(({ assets, ...rest }) =>
    assets.map((asset) => ({ ...rest, asset, approvers: approversOf(asset, asked.action) })),
  );
  const actionRunId = await insertRun(work, containerId, {
    ...columnsOf(work, asked),
    type: asked.type ?? planned[0]!.app.type,
    targets: planned.map(targetOf),
    remaining: runs.length,
  });
  const held = (approvers: readonly number[]) => reviewer !== null || approvers.length > 0;
  await work.writer.insert(appRuns).values(
    runs.map(({ app, asset, approvers, parameters }) => ({
      actionRunId,
      containerId,
      playbookRunId: work.run?.id,
      appId: app.id,
      assetId: asset?.id,
      action: app.action,
      appName: app.name,
      appVersion: app.version,
      assetName: asset?.name,
      parameters: [...parameters],
      effect: app.effect,
      message: waits(held(approvers), app),
      effectiveUserId: work.context.caller.id,
      claimTime: held(approvers) ? null : begins(asked.startTime),
    })),
  );
  // Once for each asset: who is asked about several app runs on it would count as several who agree.
  const byAsset = new Map(runs.map(({ asset, approvers }) => [asset?.id, approvers]));
  const questions = [...byAsset].flatMap(([assetId, approvers]) =>
    approvers.map((approverId) => ({ assetId, approverId })),
  );
  if (reviewer !== null) questions.push({ assetId: undefined, approverId: reviewer });
  if (questions.length)
    await work.writer
      .insert(approvals)
      .values(questions.map((question) => ({ ...question, containerId, actionRunId })));
  return queued(work, containerId, actionRunId);
}

/** What an app run waits for beside its turn. */
function waits(held: boolean, { name, connector }: Planned["app"]): string {
  if (held) return "Waits for approval.";
  return connector === null ? waitsOutside(name) : "";
}

/** What an app run says that nobody here can do. */
export const waitsOutside = (app: string) => `Waits for a connector of ${app} outside the gateway.`;

/** A manual action waits for a person, who completes it. */
async function queueManual(
  work: Work<unknown>,
  { id }: FoundContainer,
  asked: Asked,
  reviewer: number | null,
): Promise<Done> {
  const actionRunId = await insertRun(work, id, {
    ...columnsOf(work, asked),
    type: "manual",
    ownerId: reviewer ?? work.context.caller.id,
    assignTime: sql`now()`,
  });
  return queued(work, id, actionRunId);
}

type Columns = Omit<typeof actionRuns.$inferInsert, "containerId">;

async function insertRun(
  { writer }: Work<unknown>,
  containerId: number,
  columns: Columns | Record<string, unknown>,
): Promise<number> {
  const [run] = await writer
    .insert(actionRuns)
    .values({ containerId, ...(columns as Columns) })
    .returning({ id: actionRuns.id });
  return run!.id;
}

function columnsOf({ context: { caller }, run }: Work<unknown>, asked: Asked) {
  const { action, name, handle, startTime, filteredArtifacts, filteredResults, customFunction } = asked;
  return {
    action,
    name: atMost("name", 255, name),
    handle,
    playbookRunId: run?.id,
    playbookId: run?.playbookId,
    creatorId: caller.type === "automation" ? null : caller.id,
    execDelaySecs: sql`greatest(0, ceil(extract(epoch from ${begins(startTime)} - now())))::int`,
    filteredArtifacts,
    filteredResults,
    customFunction,
  };
}

const begins = (startTime: string | null | undefined) => sql`greatest(now(), ${startTime ?? null}::timestamptz)`;

function queued(work: Work<unknown>, containerId: number, actionRunId: number): Done {
  work.emitRun("actionRun", { id: actionRunId, containerId, status: "pending" });
  return { message: "New action queued.", result: { actionRunId, containerId } };
}

/** A target with the numbers of what was meant, as SOAR keeps it. */
function targetOf({ app, assets, parameters }: Planned): unknown {
  const ids = assets.flatMap((asset) => (asset ? [asset.id] : []));
  return { app_id: app.id, assets: ids, parameters: parameters.map(({ context: _, ...given }) => given) };
}

/** The users who are asked before an action runs on an asset; nobody, where it lets the action run without. */
function approversOf(asset: AssetRow | null, action: string): number[] {
  if (!asset || letsThrough(asset, action)) return [];
  const { name, approvers, primaryVoting, secondaryVoting } = asset;
  const [primary, secondary] = [true, false].map((one) => approvers.filter((approver) => approver.primary === one));
  if (primary!.length < primaryVoting || secondary!.length < secondaryVoting)
    refuse(
      "WRONG_STATE",
      `The asset ${name} asks for more approvals than it has approvers; set up more, or ask for fewer.`,
    );
  return [...(primaryVoting > 0 ? primary! : []), ...(secondaryVoting > 0 ? secondary! : [])].map(({ id }) => id);
}

const letsThrough = ({ actionWhitelist }: AssetRow, action: string) =>
  Object.entries(actionWhitelist).some(([name, is]) => is === true && name.toLowerCase() === action.toLowerCase());
