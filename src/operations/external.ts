import { and, eq, or } from "drizzle-orm";
import { claim } from "../actions/claim.js";
import { type Answered, endOf, withoutContext } from "../actions/end.js";
import { finish } from "../actions/finish.js";
import { dispatch, extension } from "../actions/lease.js";
import { refusal } from "../actions/refusal.js";
import { visible } from "../auth/visible.js";
import { refuse } from "../errors.js";
import { operation, type Work } from "../operation.js";
import { AppRun, actionRuns, appRuns } from "../schema/action-run.js";
import { App, apps } from "../schema/app.js";
import {
  defaulted,
  flag,
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
} from "../schema/operations.js";
import { record } from "../schema/record.js";
import type { IdOrName } from "../schema/scalars.js";
import { meant, within } from "./names.js";

/*
 * Connectors outside the gateway: they take app runs, hold them and report on them under the same rules as workers.
 */

const leaseSeconds = defaulted(int, 30, "How long they stay the caller's without a heartbeat, 5 to 3600 seconds.");
const leaseToken = required(text, "As `claimAppRuns` told it.");

const job = record("AppRunJob", "An app run that its taker has to do.", {
  appRunId: required(int, "Id of the app run."),
  leaseToken: required(text, "Proves whose it is, to hold it and to report on it."),
  attemptKey: required(text, "The same whenever it is taken: for products that know by a key what they have done."),
  action: required(text, "The action."),
  asset: required(text, "Name of the asset; empty: it needs none."),
  configuration: required(object, "The asset's settings, without its secrets."),
  parameters: required(list(object), "Sets of parameters, each of which needs a result."),
});

export const claimAppRuns = operation({
  name: "claimAppRuns",
  description:
    "Takes app runs of an app that are due, for a connector outside the gateway. Unsafe actions are taken once only.",
  may: "apps:execute",
  input: {
    app: required(idOrName, "The app: its number, GUID or name."),
    limit: defaulted(int, 10, "How many at most, 1 to 100."),
    leaseSeconds,
  },
  payload: { jobs: given(list(job), "What was taken; empty: nothing was due.") },
  async run(work) {
    const { writer, input, context } = work;
    const [most, seconds] = [within("limit", input.limit, 1, 100), within("leaseSeconds", input.leaseSeconds, 5, 3600)];
    const of = and(eq(appRuns.appId, await appId(work, input.app)), visible(AppRun, appRuns, context.caller))!;
    const { claimed, begun } = await claim(writer, { of, most, leaseSeconds: seconds });
    for (const run of begun) work.emitRun("actionRun", run);
    const jobs = claimed.filter((run) => !refusal(run));
    for (const run of claimed) {
      const ending = refusal(run);
      const changed = ending && (await finish(writer, run, ending));
      if (changed) work.emitRun("actionRun", changed);
    }
    const unsafe = jobs.filter(({ effect }) => effect === "unsafe");
    if (unsafe.length) await dispatch(writer, unsafe);
    const told = jobs.map(({ id, leaseToken, action, assetName, shown, parameters }) => ({
      appRunId: id,
      leaseToken,
      attemptKey: String(id),
      action,
      asset: assetName,
      configuration: shown,
      parameters: parameters.map(withoutContext),
    }));
    return { message: `${jobs.length} app runs were taken.`, result: { jobs: told } };
  },
});

const lease = nested("AppRunLeaseInput", "What proves that an app run is the caller's.", {
  appRunId: required(int, "Id of the app run."),
  leaseToken,
});

export const heartbeatAppRuns = operation({
  name: "heartbeatAppRuns",
  description:
    "Holds app runs that were taken. Those that are not the caller's any more, or were cancelled, are to be stopped.",
  may: "apps:execute",
  input: { leases: required(list(lease), "The app runs to hold."), leaseSeconds },
  payload: {
    held: given(list(int), "Ids of the app runs that are still the caller's."),
    lost: given(list(int), "Ids of those that are not."),
  },
  async run({ writer, input }) {
    const leases = input.leases.map(({ appRunId, leaseToken }) => ({ id: appRunId, leaseToken }));
    const seconds = within("leaseSeconds", input.leaseSeconds, 5, 3600);
    const { rows } = await writer.execute<{ id: number }>(extension(leases, seconds));
    const held = rows.map(({ id }) => id);
    const lost = leases.map(({ id }) => id).filter((id) => !held.includes(id));
    return { message: `${held.length} app runs are held, ${lost.length} are lost.`, result: { held, lost } };
  },
});

const outcome = nested("AppRunResultInput", "What one set of parameters gave.", {
  success: required(flag, "Whether it was done."),
  message: optional(text, "What was found, in a sentence."),
  data: optional(list(json), "What the product answered."),
  summary: optional(object, "The answer in a few figures and words."),
});

export const reportAppRun = operation({
  name: "reportAppRun",
  description: "Ends an app run that was taken, with a result for each set of its parameters.",
  may: "apps:execute",
  input: {
    appRunId: required(int, "Id of the app run."),
    leaseToken,
    success: required(flag, "Whether it was done; with `results`, whether those without a say of their own were."),
    message: optional(text, "What is to be said of all of it; left out where results say it."),
    results: optional(list(outcome), "One for each set of parameters, in their order; left out, all ended alike."),
  },
  payload: {
    appRunId: given(int, "Id of the app run."),
    appRun: found(AppRun, "appRunId", "The app run itself."),
  },
  on: (work) => takenRun(work, work.input.appRunId),
  async run(work, run) {
    const { writer, input, emitRun } = work;
    const { success, message, results } = input;
    if (results && results.length !== run.parameters.length)
      return refuse(
        "INVALID_VALUE",
        `App run ${run.id} has ${run.parameters.length} sets of parameters, and ${results.length} results were given.`,
        "results",
      );
    const answered = run.parameters.map((parameter, index): Answered => {
      const own = results?.[index];
      return {
        parameter,
        success: own?.success ?? success,
        message: own?.message ?? message ?? "",
        data: own?.data ?? [],
        summary: own?.summary ?? {},
      };
    });
    const changed = await finish(writer, { id: run.id, leaseToken: input.leaseToken }, endOf(run, answered));
    if (!changed)
      return refuse(
        "WRONG_STATE",
        `App run ${run.id} is not the caller's any more; what it did is not counted.`,
        "leaseToken",
      );
    emitRun("actionRun", changed);
    return { message: `App run ${run.id} was ended.`, result: { appRunId: run.id, containerId: changed.containerId } };
  },
});

async function appId({ writer, context }: Work<unknown>, reference: IdOrName): Promise<number> {
  const [app] = await writer
    .select({ id: apps.id })
    .from(apps)
    .where(
      and(or(eq(apps.appid, String(reference)), meant(apps, reference, apps.name)), visible(App, apps, context.caller)),
    );
  return app?.id ?? refuse("NOT_FOUND", `There is no app ${JSON.stringify(reference)}.`, "app");
}

async function takenRun({ writer, context }: Work<unknown>, id: number) {
  const { assetName, parameters } = appRuns;
  const [run] = await writer
    .select({ id: appRuns.id, assetName, parameters, name: actionRuns.name })
    .from(appRuns)
    .innerJoin(actionRuns, eq(actionRuns.id, appRuns.actionRunId))
    .where(and(eq(appRuns.id, id), visible(AppRun, appRuns, context.caller)));
  return run ?? refuse("NOT_FOUND", `There is no app run ${id}.`, "appRunId");
}
