import type { GraphQLFieldResolver } from "graphql";
import { ObjectType } from "type-graphql";
import { CallbackReads, camelCase, type EndedRun, flat } from "../actions/callback.js";
import type { Context } from "../context.js";
import { ActionRun } from "../schema/action-run.js";
import { addField, namedClass } from "../schema/classes.js";
import { Container, containers } from "../schema/container.js";
import { columnOf } from "../schema/expose.js";
import { flag, int, json, list, object, optional, required, text, word } from "../schema/operations.js";
import { runStatus } from "../schema/playbook.js";
import { record } from "../schema/record.js";

/*
 * What a playbook's callback is called with when its action has ended, as a field of the action run.
 */

const callback = namedClass("ActionCallback");
ObjectType("ActionCallback", { description: "What the callback of an action gets, once the action has ended." })(
  callback,
);

const where = {
  asset: required(text, "Name of the asset when it ran; empty: none."),
  app: required(text, "Name of the app when it ran."),
  action: required(text, "The action."),
  name: required(text, "What the action run is called."),
  appRunId: required(int, "Id of the app run."),
  actionRunId: required(int, "Id of the action run."),
};
const outcome = {
  status: required(word(runStatus), "How it ended."),
  message: required(text, "What was said about it."),
  parameter: required(object, "The parameters, with their context."),
  data: required(json, "What the product answered."),
  summary: required(object, "The answer in a few figures and words."),
};
const ids = { assetId: optional(int, "Id of the asset; null: none."), appId: optional(int, "Id of the app.") };

const result = record("ActionCallbackOutcome", "What one set of parameters gave on one asset.", outcome);
const flatResult = record("ActionCallbackFlatResult", "What one set of parameters gave, and where.", {
  ...where,
  ...outcome,
  ...ids,
});
const appResult = record("ActionCallbackResult", "What an app run gave on one asset.", {
  ...where,
  status: outcome.status,
  message: outcome.message,
  summary: required(object, "Figures over its results: `{total_objects, total_objects_successful}`."),
  actionResults: required(list(result), "What each set of parameters gave."),
  ...ids,
});
const calledAction = record("ActionCallbackAction", "Which action a callback is about.", {
  actionRunId: where.actionRunId,
  actionName: required(text, "The action; an older name of `action`."),
  action: where.action,
  name: where.name,
});

type Resolve = GraphQLFieldResolver<EndedRun, Context, never>;

/** The resolvers that type-graphql does not know: of which field each is. */
export const callbackFields: Record<string, Resolve> = {
  action: ({ id, action, name }) => ({ actionRunId: id, actionName: action, action, name }),
  success: ({ status }) => status === "success",
  container: ({ containerId }, _, { reads }, info) =>
    reads.one(containerId, { target: Container, column: columnOf(containers, "id") }, info),
  results: async ({ id }, _, context) => (await readsOf(context).results(id)).map((given) => camelCase(given)),
  kwargs: (run, _, context) => readsOf(context).kwargs(run),
  errors: async ({ id }, _, context) => flat(await readsOf(context).results(id), false),
  successes: async ({ id }, _, context) => flat(await readsOf(context).results(id), true),
};

const carried = "As whoever asked gave it.";
const never = { nullable: false };
addField(callback, "action", calledAction.thunk, "Which action it was.", never);
addField(
  callback,
  "success",
  flag.thunk,
  "False only when the action failed on all assets with all parameters.",
  never,
);
addField(callback, "container", () => Container.type, "The container it ran on.");
addField(callback, "results", list(appResult).thunk, "What each app run gave.", never);
addField(callback, "handle", text.thunk, carried);
for (const field of ["filteredArtifacts", "filteredResults", "customFunction"])
  addField(callback, field, json.thunk, carried);
addField(callback, "kwargs", object.thunk, "All of it under Python's names, for `callback(**kwargs)`.", never);
addField(callback, "errors", list(flatResult).thunk, "The results that failed, flat: `phantom.parse_errors`.", never);
addField(
  callback,
  "successes",
  list(flatResult).thunk,
  "The results that succeeded, flat: `phantom.parse_success`.",
  never,
);

const ended = new Set(["success", "failed", "cancelled"]);
addField(ActionRun.type, "callback", () => callback, "What its callback gets; null until it has ended.");
ActionRun.fields.set("callback", {
  by: "value",
  needs: [
    "containerId",
    "action",
    "name",
    "status",
    "handle",
    "filteredArtifacts",
    "filteredResults",
    "customFunction",
  ],
  value: (run) => (ended.has(run.status as string) ? run : null),
});

const reads = new WeakMap<Context, CallbackReads>();

function readsOf(context: Context): CallbackReads {
  const known = reads.get(context) ?? new CallbackReads(context.database, context.caller);
  reads.set(context, known);
  return known;
}
