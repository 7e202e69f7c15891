import type { GraphQLFieldResolver } from "graphql";
import { ObjectType } from "type-graphql";
import { CallbackReads, camelCase, type EndedRun, flat } from "../actions/callback.js";
import type { Context } from "../context.js";
import { ActionRun } from "../schema/action-run.js";
import { addField, type Class, namedClass } from "../schema/classes.js";
import { Container, containers } from "../schema/container.js";
import { columnOf } from "../schema/expose.js";
import { flag, int, json, list, object, shaped, type Token, text, word } from "../schema/operations.js";
import { runStatus } from "../schema/playbook.js";

/*
 * What a playbook's callback is called with when its action has ended, as a field of the action run.
 */

const callback = namedClass("ActionCallback");
ObjectType("ActionCallback", { description: "What the callback of an action gets, once the action has ended." })(
  callback,
);

const described = (token: Token<unknown>, description: string) => ({ token, description });

const where = {
  asset: described(text, "Name of the asset when it ran; empty: none."),
  app: described(text, "Name of the app when it ran."),
  action: described(text, "The action."),
  name: described(text, "What the action run is called."),
  appRunId: described(int, "Id of the app run."),
  actionRunId: described(int, "Id of the action run."),
};
const outcome = {
  status: described(word(runStatus), "How it ended."),
  message: described(text, "What was said about it."),
  parameter: described(object, "The parameters, with their context."),
  data: described(json, "What the product answered."),
  summary: described(object, "The answer in a few figures and words."),
};
const ids = { assetId: [int, "Id of the asset; null: none."], appId: [int, "Id of the app."] } as const;

const result = shaped("ActionCallbackOutcome", "What one set of parameters gave on one asset.", outcome);
const flatResult = shaped("ActionCallbackFlatResult", "What one set of parameters gave, and where.", {
  ...where,
  ...outcome,
});
const appResult = shaped("ActionCallbackResult", "What an app run gave on one asset.", {
  ...where,
  status: outcome.status,
  message: outcome.message,
  summary: described(object, "Figures over its results: `{total_objects, total_objects_successful}`."),
  actionResults: described(list(result), "What each set of parameters gave."),
});
for (const type of [flatResult, appResult])
  for (const [field, [token, description]] of Object.entries(ids))
    addField(type.thunk() as Class, field, token.thunk, description);
const calledAction = shaped("ActionCallbackAction", "Which action a callback is about.", {
  actionRunId: where.actionRunId,
  actionName: described(text, "The action; an older name of `action`."),
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
