import { randomUUID } from "node:crypto";
import { and, eq } from "drizzle-orm";
import { refuse } from "../errors.js";
import type { Work } from "../operation.js";
import { App, Asset, appActions, apps, assetApprovers, effect } from "../schema/app.js";
import { flag, idOrName, int, list, nested, object, optional, required, text, word } from "../schema/operations.js";
import type { IdOrName } from "../schema/scalars.js";
import { administer } from "./administration.js";
import { atLeast, atMost, isGiven, meant, plainName, userId } from "./names.js";

const appActionInput = nested("AppActionInput", "An action that an app offers.", {
  action: required(text, "Its name, such as `geolocate ip`."),
  identifier: optional(text, "Its name in code; left out, the action with _ for blanks."),
  type: optional(text, "What kind of action it is, such as `investigate` or `contain`."),
  description: optional(text, "What it does."),
  readOnly: optional(flag, "Whether it changes nothing at the product; left out, true."),
  effect: optional(
    word(effect),
    "What happens when it is done twice; left out, nothing when it changes nothing, else harm.",
  ),
  needsAsset: optional(flag, "Whether it runs only on an asset; left out, true."),
  parameters: optional(
    object,
    "What it takes: name to data type, description, whether it is required, and what it contains.",
  ),
  output: optional(list(object), "What its results have, path by path."),
});

const appInputs = {
  description: optional(text, "What it does."),
  appVersion: optional(text, "Its version."),
  productName: optional(text, "The product it works with."),
  productVendor: optional(text, "Who makes that product."),
  publisher: optional(text, "Who wrote the app."),
  type: optional(text, "What kind of product it is for."),
  directory: optional(text, "The folder its code is in."),
  pythonVersion: optional(text, "The Python it needs."),
  draftMode: optional(flag, "Whether it is being written."),
  configuration: optional(
    object,
    "The settings its assets take: name to `{data_type, required, description}`; data type `password` is a secret.",
  ),
  actions: optional(list(appActionInput), "The actions it offers: these and no others."),
};

export const administerApps = administer({
  target: App,
  noun: "app",
  area: "apps",
  create: {
    name: required(text, "Its name, unique whatever the letter case."),
    appid: optional(text, "Its GUID; left out, a new one."),
    ...appInputs,
  },
  change: { ...appInputs, disabled: optional(flag, "Whether no action may run on it.") },
  columns: async (_, { actions, ...input }, standing) =>
    standing ? input : { ...input, name: atMost("name", 255, input.name!), appid: input.appid || randomUUID() },
  async after({ writer }, appId, { actions }) {
    if (!isGiven(actions)) return;
    const names = actions.map(({ action }) => action.toLowerCase());
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice) refuse("INVALID_VALUE", `The action ${JSON.stringify(twice)} is given twice.`, "actions");
    await writer.delete(appActions).where(eq(appActions.appId, appId));
    if (actions.length === 0) return;
    await writer.insert(appActions).values(
      actions.map((action) => ({
        appId,
        action: action.action,
        identifier: action.identifier ?? action.action.replaceAll(" ", "_"),
        type: action.type ?? "",
        description: action.description ?? "",
        readOnly: action.readOnly ?? true,
        effect: action.effect ?? (action.readOnly === false ? "unsafe" : "read"),
        needsAsset: action.needsAsset ?? true,
        parameters: action.parameters ?? {},
        output: action.output ?? [],
      })),
    );
  },
});

const assetInputs = {
  description: optional(text, "What it is for."),
  app: optional(idOrName, "The app it is set up for."),
  productName: optional(text, "The product; left out, the app's."),
  productVendor: optional(text, "Who makes the product; left out, the app's."),
  type: optional(text, "What kind of product it is; left out, the app's."),
  configuration: optional(
    object,
    "All its settings. Secrets are kept and never answered; `********` leaves one as it is.",
  ),
  tags: optional(list(text), "Words to find it by."),
  concurrencyLimit: optional(int, "How many actions may run on it at once; null: any number."),
  approvers: optional(list(idOrName), "Users who are asked before an action runs on it: its primary approvers."),
  primaryVoting: optional(int, "How many of them must agree before an action runs; 0: none."),
  secondaryApprovers: optional(list(idOrName), "Users who are asked as well; nobody can be both."),
  secondaryVoting: optional(int, "How many of those must agree too; 0: none."),
  actionWhitelist: optional(object, "Actions that run without approval."),
  ingest: optional(object, "How data is polled from it: label, interval and whether."),
};

export const administerAssets = administer({
  target: Asset,
  noun: "asset",
  area: "assets",
  create: { name: required(text, "Its name, unique; kept in small letters."), ...assetInputs },
  change: { ...assetInputs, disabled: optional(flag, "Whether no action may run on it.") },
  async columns(
    work,
    { app: reference, approvers: _, secondaryApprovers: __, configuration, name, ...input },
    standing,
  ) {
    atLeast("concurrencyLimit", 1, input.concurrencyLimit);
    atLeast("primaryVoting", 0, input.primaryVoting);
    atLeast("secondaryVoting", 0, input.secondaryVoting);
    const app = await appOf(work, reference, standing);
    const fromApp =
      app && !standing
        ? { productName: app.productName, productVendor: app.productVendor, type: app.type, appVersion: app.appVersion }
        : {};
    return {
      ...fromApp,
      ...Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)),
      ...(name === undefined ? {} : { name: plainName(name).toLowerCase() }),
      ...(reference === undefined ? {} : { appId: app?.id ?? null }),
      ...(configuration === undefined
        ? {}
        : split(configuration ?? {}, app?.configuration ?? {}, (standing?.secrets ?? {}) as Settings)),
    };
  },
  async after(work, assetId, { approvers, secondaryApprovers }) {
    const lists = [
      { field: "approvers", primary: true, users: approvers },
      { field: "secondaryApprovers", primary: false, users: secondaryApprovers },
    ].filter(({ users }) => users !== undefined);
    for (const { primary } of lists)
      await work.writer
        .delete(assetApprovers)
        .where(and(eq(assetApprovers.assetId, assetId), eq(assetApprovers.primary, primary)));
    for (const list of lists) await addApprovers(work, assetId, list);
  },
});

async function addApprovers(
  work: Work<unknown>,
  assetId: number,
  { field, primary, users }: { field: string; primary: boolean; users?: IdOrName[] | null },
): Promise<void> {
  const ids = new Set<number>();
  for (const user of users ?? []) {
    const id = await userId(work, user, field);
    if (id === null || ids.has(id)) continue;
    ids.add(id);
    const added = await work.writer
      .insert(assetApprovers)
      .values({ assetId, userId: id, primary })
      .onConflictDoNothing()
      .returning();
    if (!added.length)
      refuse("INVALID_VALUE", `The user ${JSON.stringify(user)} cannot be a primary and a secondary approver.`, field);
  }
}

async function appOf(
  { writer }: Work<unknown>,
  reference: IdOrName | null | undefined,
  standing: Settings | undefined,
) {
  const meantApp = reference === undefined ? ((standing?.appId as number | null | undefined) ?? null) : reference;
  if (meantApp === null) return undefined;
  const [app] = await writer
    .select()
    .from(apps)
    .where(meant(apps, meantApp, apps.name));
  return app ?? refuse("NOT_FOUND", `There is no app ${JSON.stringify(meantApp)}.`, "app");
}

type Settings = Record<string, unknown>;

/** What stands for a secret in answers. */
const hidden = "********";
const secretName = /pass(word|phrase|wd)?$|secret|token|api_?key|private_?key|credential/i;

/** Parts the settings of an asset into those that may be shown and the secrets. */
function split(
  given: Settings,
  declared: Record<string, { data_type?: string }>,
  kept: Settings,
): { configuration: Settings; secrets: Settings } {
  const configuration: Settings = {};
  const secrets: Settings = {};
  for (const [name, value] of Object.entries(given)) {
    const declaredType = Object.hasOwn(declared, name) ? declared[name]?.data_type : undefined;
    const secret = declaredType === "password" || secretName.test(name);
    if (!secret) configuration[name] = value;
    else if (value !== null && value !== "") {
      configuration[name] = hidden;
      secrets[name] = value === hidden && Object.hasOwn(kept, name) ? kept[name] : value;
    }
  }
  return { configuration, secrets };
}
