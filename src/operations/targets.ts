import { randomUUID } from "node:crypto";
import { sql } from "drizzle-orm";
import { type Declared, mistakesIn, needsParameters, withDefaults } from "../actions/check.js";
import { visible } from "../auth/visible.js";
import { refuse } from "../errors.js";
import { mostAssets, mostSets } from "../limits.js";
import type { Work } from "../operation.js";
import { App, Asset, apps, assets } from "../schema/app.js";
import type { IdOrName } from "../schema/scalars.js";

/** What somebody wants an action to run on and with; absent is null. */
export interface Target {
  /** Null: every app that offers the action. */
  readonly app: IdOrName | null;
  readonly assets: readonly IdOrName[] | null;
  /** Only assets with one of these. */
  readonly tags?: readonly string[] | null;
  readonly parameters: readonly Record<string, unknown>[] | null;
}

/** What an app will run: on each of some assets, or once on none. */
export interface Planned {
  readonly app: Offer;
  readonly assets: readonly (AssetRow | null)[];
  readonly parameters: readonly Record<string, unknown>[];
}

type Offer = Declared & {
  id: number;
  appid: string;
  name: string;
  version: string;
  disabled: boolean;
  offered: boolean;
  /** Null: a connector outside the gateway has to take its app runs. */
  connector: string | null;
};

export interface AssetRow {
  id: number;
  name: string;
  appId: number | null;
  disabled: boolean;
  tags: string[];
  /** How many of its approvers have to agree, primary and secondary ones. */
  primaryVoting: number;
  secondaryVoting: number;
  actionWhitelist: Record<string, unknown>;
  approvers: { id: number; primary: boolean }[];
}

/** How many of the things that are wrong are told. */
const mostTold = 50;

/** Finds what a reference means. */
type Find<Row> = (reference: IdOrName) => Row | undefined;

/** What an action will run on; refused with the list of all that is wrong, where anything is, for which one field may be to blame. */
export async function planTargets(
  work: Work<unknown>,
  action: string,
  targets: readonly Target[],
  field?: string,
): Promise<Planned[]> {
  const named = targets.flatMap(({ app }) => (app === null ? [] : [app]));
  const offers = await offersOf(work, action, named);
  const set = await assetsOf(
    work,
    offers,
    targets.flatMap(({ assets }) => assets ?? []),
  );
  const mistakes: string[] = [];
  const findApp = finder(offers, "name", "appid", "id");
  const findAsset = finder(set, "name", "id");
  const planned = targets.flatMap((target) => {
    const chosen = appsOf(action, target, offers, findApp, mistakes);
    return planTarget(action, target, chosen, set, findAsset, mistakes);
  });
  const runs = planned.reduce((sum, { assets }) => sum + assets.length, 0);
  const sets = planned.reduce((sum, { parameters }) => sum + parameters.length, 0);
  if (runs > mostAssets) mistakes.push(`it would run on ${runs} assets, ${mostAssets} are the limit`);
  if (sets > mostSets) mistakes.push(`it has ${sets} sets of parameters, ${mostSets} are the limit`);
  if (mistakes.length) refuse("INVALID_VALUE", `Nothing was queued: ${listed(mistakes)}.`, field);
  return planned;
}

function listed(mistakes: readonly string[]): string {
  const all = [...new Set(mistakes)];
  const more = all.length > mostTold ? [`and ${all.length - mostTold} more`] : [];
  return [...all.slice(0, mostTold), ...more].join("; ");
}

/** Looks for references under one key of rows after the other: texts whatever their letter case, numbers however written. */
function finder<Key extends string, Row extends Record<Key, string | number>>(
  rows: readonly Row[],
  ...keys: Key[]
): Find<Row> {
  const known = keys.map((key) => new Map(rows.toReversed().map((row) => [lowerCase(row[key]), row])));
  return (reference) => {
    for (const rows of known) {
      const found = rows.get(lowerCase(reference)) ?? rows.get(numberOf(reference));
      if (found) return found;
    }
    return undefined;
  };
}

/** A text of digits alone may be an id; `0x1` and `1.0` are names. */
const numberOf = (reference: IdOrName) => (/^\d+$/.test(String(reference)) ? Number(reference) : Number.NaN);
const lowerCase = (given: string | number) => (typeof given === "string" ? given.toLowerCase() : given);

function planTarget(
  action: string,
  target: Target,
  chosen: readonly Offer[],
  set: readonly AssetRow[],
  findAsset: Find<AssetRow>,
  mistakes: string[],
): Planned[] {
  const given = target.assets ?? [];
  const parameters = target.parameters?.length ? target.parameters : null;
  const meant = given.flatMap((reference) => assetMeant(reference, chosen, findAsset, mistakes));
  return chosen.flatMap((app): Planned[] => {
    const on = (given.length ? meant : set).filter(
      (asset) => asset.appId === app.id && !asset.disabled && tagged(asset, target.tags),
    );
    const without = !on.length && !app.needsAsset && !given.length;
    if (target.app === null && !on.length && !without) return [];
    const asked = parameters ?? [{}];
    mistakes.push(...asked.flatMap((one, index) => wrongWith(app, one, index)));
    if (!given.length && !target.tags && !parameters && (app.needsAsset || needsParameters(app)))
      mistakes.push(`${quoted(action)} of ${app.name} needs assets or parameters, and neither was given`);
    const sets = asked.map((one) => prepared(app, one));
    if (on.length || without) return [{ app, assets: without ? [null] : [...new Set(on)], parameters: sets }];
    if (!given.length)
      mistakes.push(`${quoted(action)} of ${app.name} needs an asset, and no active one is set up for it`);
    return [];
  });
}

function appsOf(
  action: string,
  { app }: Target,
  offers: readonly Offer[],
  findApp: Find<Offer>,
  mistakes: string[],
): Offer[] {
  if (app === null) {
    const active = offers.filter(({ offered, disabled }) => offered && !disabled);
    if (!active.length)
      mistakes.push(`no active app has the action ${quoted(action)} (\`actions\` of \`apps\` tells theirs)`);
    return active;
  }
  const found = findApp(app);
  if (!found) mistakes.push(`there is no app ${quoted(app)}`);
  else if (found.disabled) mistakes.push(`the app ${found.name} is disabled`);
  else if (!found.offered) mistakes.push(`the app ${found.name} has no action ${quoted(action)}`);
  else return [found];
  return [];
}

function assetMeant(
  reference: IdOrName,
  chosen: readonly Offer[],
  findAsset: Find<AssetRow>,
  mistakes: string[],
): AssetRow[] {
  const found = findAsset(reference);
  if (!found) mistakes.push(`there is no asset ${quoted(reference)}`);
  else if (found.disabled) mistakes.push(`the asset ${found.name} is disabled`);
  else if (chosen.length && !chosen.some(({ id }) => id === found.appId))
    mistakes.push(`the asset ${found.name} is not set up for ${chosen.map(({ name }) => name).join(" or ")}`);
  else return [found];
  return [];
}

const tagged = ({ tags }: AssetRow, wanted: Target["tags"]) => !wanted || tags.some((tag) => wanted.includes(tag));
const quoted = (given: IdOrName) => JSON.stringify(given);

/** A set of parameters with its defaults and the context that goes with it to the callback. */
function prepared(app: Offer, { context, ...given }: Record<string, unknown>): Record<string, unknown> {
  const { artifactId = 0, parentActionRun = [], ...rest } = (context ?? {}) as Record<string, unknown>;
  return {
    ...withDefaults(app, given),
    context: { guid: randomUUID(), artifact_id: artifactId, parent_action_run: parentActionRun, ...rest },
  };
}

function wrongWith(app: Offer, parameters: Record<string, unknown>, index: number): string[] {
  return mistakesIn(app, withDefaults(app, parameters)).map(
    (mistake) => `${mistake.replace(/\.$/, "")} (parameters ${index + 1} for ${app.name})`,
  );
}

async function offersOf(
  { writer, context }: Work<unknown>,
  action: string,
  named: readonly IdOrName[],
): Promise<Offer[]> {
  const { rows } = await writer.execute<Offer & Record<string, unknown>>(sql`
    select apps.id, apps.appid, apps.name, apps.app_version as version, apps.disabled, apps.connector, a.id is not null as offered,
      coalesce(a.action, '') as action, coalesce(a.type, '') as type, coalesce(a.effect, 'read') as effect,
      coalesce(a.needs_asset, true) as "needsAsset", coalesce(a.parameters, '{}') as parameters
    from apps left join app_actions a on a.app_id = apps.id and lower(a.action) = lower(${action})
    where ${visible(App, apps, context.caller) ?? sql`true`} and (a.id is not null or ${among(sql`apps.id`, [sql`apps.appid`, sql`apps.name`], named)})
    order by apps.id`);
  return rows;
}

async function assetsOf(
  { writer, context }: Work<unknown>,
  offers: Offer[],
  named: readonly IdOrName[],
): Promise<AssetRow[]> {
  const { rows } = await writer.execute<AssetRow & Record<string, unknown>>(sql`
    select assets.id, assets.name, assets.app_id as "appId", assets.disabled, assets.tags,
      assets.primary_voting as "primaryVoting", assets.secondary_voting as "secondaryVoting", assets.action_whitelist as "actionWhitelist",
      (select coalesce(json_agg(json_build_object('id', user_id, 'primary', "primary")), '[]')
        from asset_approvers join users on users.id = user_id and users.is_active where asset_id = assets.id) as approvers
    from assets
    where ${visible(Asset, assets, context.caller) ?? sql`true`}
      and (assets.app_id = any(${sql.param(offers.map(({ id }) => id))}::int[]) or ${among(sql`assets.id`, [sql`assets.name`], named)})
    order by assets.id`);
  return rows;
}

function among(id: ReturnType<typeof sql>, names: ReturnType<typeof sql>[], references: readonly IdOrName[]) {
  const ids = references.map(numberOf).filter((number) => number <= 2147483647);
  const texts = sql.param(references.map(String));
  const byName = names.map((name) => sql`lower(${name}) = any(array(select lower(t) from unnest(${texts}::text[]) t))`);
  return sql`(${sql.join([sql`${id} = any(${sql.param(ids)}::int[])`, ...byName], sql` or `)})`;
}
