import { z } from "zod";
import { AppError } from "../../errors.js";
import { numberOf } from "../context.js";
import { paged, pageFields, pageParameters } from "./paging.js";
import { type Asked, accepted, bodyOf, type Data, get, post, refuseUnknown, wholeNumber } from "./route.js";

const queueDocument = `mutation ($input: RunActionInput!) {
  runAction(input: $input) { success message code field actionRunId } }`;

const cancelDocument = `mutation ($input: CancelActionRunInput!) {
  cancelActionRun(input: $input) { success message code field cancelled } }`;

const runDocument = `query ($id: Int!, $wait: Int) {
  actionRun(id: $id, waitSeconds: $wait) { action assignTime cancelled cbFn closeTime comment createTime dueTime execDelaySecs execOrder
    handle id message name status targets type updateTime version
    container { id } creator { id } owner { id } playbook { id } playbookRun { id } } }`;

const appRunsDocument = `query ($id: Int!, $first: Int!, $after: String) {
  actionRun(id: $id) { appRuns(first: $first, after: $after) {
    nodes { id action appName appVersion endTime exceptionOccurred message startTime status version
      actionRun { id } asset { id } app { id } container { id } playbookRun { id } } ${pageFields} } } }`;

const numberOrName = z.union([z.int(), z.string().min(1)], "expected a number or a name");
// A misspelt `assets` would run the action on all of them.
const newRun = z.strictObject({
  action: z.string(),
  container_id: z.int(),
  name: z.string(),
  type: z.string().nullish(),
  targets: z.array(
    z.strictObject({
      app_id: numberOrName,
      assets: z.array(numberOrName).nullish(),
      parameters: z.array(z.record(z.string(), z.unknown())).nullish(),
    }),
  ),
});

export const queueAction = post("/action_run", async (asked) => {
  const { container_id: container, targets, ...given } = bodyOf(asked, newRun);
  const input = { ...given, container, targets: targets.map(targetOf) };
  const { runAction } = await asked.run(queueDocument, { input });
  const { actionRunId, message, success } = accepted(runAction);
  return { action_run_id: actionRunId, message, success };
});

/** An empty list is as good as none. */
const targetOf = ({ app_id: app, assets, parameters }: z.infer<typeof newRun>["targets"][number]) => ({
  app,
  assets: assets?.length ? assets : null,
  parameters: parameters?.length ? parameters : null,
});

export const cancelAction = post("/action_run/:id", async (asked) => {
  const id = idOf(asked);
  bodyOf(asked, z.object({ cancel: z.literal(true) }));
  const { cancelActionRun } = await asked.run(cancelDocument, { input: { actionRunId: id } });
  const { cancelled, message } = accepted(cancelActionRun);
  return { cancelled, message };
});

export const actionRun = get("/action_run/:id", async (asked) => {
  const id = idOf(asked);
  refuseUnknown(asked.search, ["wait"]);
  const wait = "wait" in asked.search ? wholeNumber("wait", asked.search.wait!) : null;
  const { actionRun: run } = await asked.run(runDocument, { id, wait });
  if (!run) throw notFound(id);
  return {
    action: run.action,
    assign_time: run.assignTime,
    cancelled: run.cancelled ?? "",
    cb_fn: run.cbFn,
    close_time: run.closeTime,
    comment: run.comment,
    container: run.container.id,
    create_time: run.createTime,
    creator: run.creator?.id ?? null,
    due_time: run.dueTime,
    exec_delay_secs: run.execDelaySecs,
    exec_order: run.execOrder,
    handle: run.handle ?? "",
    id: run.id,
    message: run.message,
    name: run.name,
    owner: run.owner?.id ?? null,
    playbook: run.playbook?.id ?? null,
    playbook_run: run.playbookRun?.id ?? null,
    status: statusOf(run),
    targets: run.targets,
    type: run.type,
    update_time: run.updateTime,
    version: run.version,
  };
});

export const appRuns = get("/action_run/:id/app_runs", async (asked) => {
  const id = idOf(asked);
  refuseUnknown(asked.search, pageParameters);
  const read = async (first: number, after: string | null) => {
    const { actionRun } = await asked.run(appRunsDocument, { id, first, after });
    if (!actionRun) throw notFound(id);
    return actionRun.appRuns;
  };
  return paged(asked, read, (run) => ({
    id: run.id,
    action: run.action,
    action_run: run.actionRun.id,
    asset: run.asset?.id ?? null,
    app: run.app?.id ?? null,
    app_name: run.appName,
    app_version: run.appVersion,
    container: run.container.id,
    end_time: run.endTime,
    exception_occured: run.exceptionOccurred,
    message: run.message,
    playbook_run: run.playbookRun?.id ?? null,
    start_time: run.startTime,
    status: statusOf(run),
    version: run.version,
  }));
});

/** REST knows no status for what was cancelled: it failed, and `cancelled` says why. */
const statusOf = ({ status }: Data) => (status === "CANCELLED" ? "failed" : status.toLowerCase());

const idOf = ({ params }: Asked) => numberOf("The action run", params.id);

const notFound = (id: number) => new AppError("NOT_FOUND", `There is no action run ${id}.`, { id });
