import { and, eq, sql } from "drizzle-orm";
import { patience, type Tested } from "../actions/tester.js";
import { visible } from "../auth/visible.js";
import type { Writer } from "../database/pools.js";
import { refuse } from "../errors.js";
import { type Look, type Operation, operation } from "../operation.js";
import { Asset, apps, assets } from "../schema/app.js";
import { AppStatus, appStatuses } from "../schema/app-status.js";
import { flag, found, given, idOrName, int, object, optional, required } from "../schema/operations.js";
import type { IdOrName } from "../schema/scalars.js";
import { systemSettings } from "../schema/system.js";
import { meant } from "./names.js";

type Context = Look<unknown>["context"];
type Testable = { id: number; name: string; appId: number; appName: string };

const asset = required(idOrName, "The asset: its number or name.");

/** Keeps what a test found; without that what is refused anyway. */
const keepTest = operation({
  name: "testAsset",
  description: "Asks an asset's product whether it can be reached and lets us in, and keeps the answer.",
  may: "assets:edit",
  input: { asset, tested: optional(object, "What the test found.") },
  payload: {
    passed: given(flag, "Whether it can be reached; `message` says how, or why not."),
    assetId: given(int, "Id of the asset."),
    asset: found(Asset, "assetId", "The asset."),
    appStatusId: given(int, "Id of what is kept of the test."),
    appStatus: found(AppStatus, "appStatusId", "What is kept of the test."),
  },
  on: (work) => testable(work, work.input.asset),
  async run({ writer, input }, { id, name, appId, appName }) {
    if (!input.tested) return refuse("NOT_FOUND", `The asset ${name} could not be tested a moment ago; try again.`);
    const tested = input.tested as unknown as Tested;
    const appStatusId = await keep(writer, { id, name, appId, appName }, tested);
    return { message: tested.message, result: { passed: tested.passed, assetId: id, appStatusId } };
  },
});

/** Keeps the last test of an asset. */
async function keep(writer: Writer, asset: Testable, { passed, message }: Tested): Promise<number> {
  const { id: assetId, name, appId, appName } = asset;
  const kept = {
    appId,
    status: passed ? ("success" as const) : ("failed" as const),
    message: `Testing asset connectivity for '${name}' using app '${appName}' ${message}`,
  };
  const [status] = await writer
    .insert(appStatuses)
    .values({ assetId, ...kept })
    .onConflictDoUpdate({ target: appStatuses.assetId, set: { ...kept, createTime: sql`now()` } })
    .returning({ id: appStatuses.id });
  return status!.id;
}

/** Other machines are asked before the transaction that keeps what they say. */
export const testAsset: Operation = {
  ...keepTest,
  input: Object.fromEntries(Object.entries(keepTest.input).filter(([field]) => field !== "tested")),
  execute: async (context, given, responseName) => {
    const tested = await test(context, given.asset as IdOrName);
    return keepTest.execute(context, { ...given, tested }, responseName);
  },
};

async function test(context: Context, reference: IdOrName): Promise<Tested | undefined> {
  if (!context.caller.permissions.has(keepTest.may) || !context.tester) return undefined;
  const found = await testable({ writer: context.database.writer, context }, reference).catch(() => undefined);
  if (!found) return undefined;
  const { tester, ending } = context;
  const stop = new AbortController();
  ending?.extend(patience);
  const over = ending?.begin(() => stop.abort());
  return tester.test(found.connector, found.settings, stop.signal).finally(over);
}

const settings = sql<Record<string, unknown>>`${assets.configuration}::jsonb || ${assets.secrets}::jsonb`;

async function testable({ writer, context }: Pick<Look<unknown>, "writer" | "context">, reference: IdOrName) {
  const [found] = await writer
    .select({
      id: assets.id,
      name: assets.name,
      appId: apps.id,
      appName: apps.name,
      connector: apps.connector,
      settings,
    })
    .from(assets)
    .leftJoin(apps, eq(apps.id, assets.appId))
    .where(and(meant(assets, reference, assets.name), visible(Asset, assets, context.caller)));
  if (!found) return refuse("NOT_FOUND", `There is no asset ${JSON.stringify(reference)}.`, "asset");
  const { appId, appName, connector } = found;
  if (appId === null || appName === null)
    return refuse("WRONG_STATE", `The asset ${found.name} is set up for no app.`, "asset");
  if (connector === null)
    return refuse("WRONG_STATE", `The app ${appName} is run by a connector outside, which has to test it.`, "asset");
  return { ...found, appId, appName, connector };
}

/** Tests the assets that are due by the settings, one after the other; each is taken by one gateway alone. */
export async function testDueAssets(
  writer: Writer,
  test: (connector: string, settings: Record<string, unknown>) => Promise<Tested>,
): Promise<void> {
  for (let asset = await takeDue(writer); asset; asset = await takeDue(writer))
    await keep(writer, asset, await test(asset.connector, asset.settings));
}

type Due = Testable & { connector: string; settings: Record<string, unknown> };

async function takeDue(writer: Writer): Promise<Due | undefined> {
  const { rows } = await writer.execute<Due>(sql`
    update ${assets} set test_time = now() from ${apps} where ${apps.id} = ${assets.appId} and ${assets.id} = (
      select a.id from ${assets} a join ${apps} p on p.id = a.app_id, ${systemSettings}
      where not a.disabled and not p.disabled and p.connector is not null and connectivity_minutes > 0
        and (a.test_time is null or a.test_time <= now() - make_interval(mins => connectivity_minutes))
      order by a.test_time nulls first, a.id limit 1 for update of a skip locked)
    returning ${assets.id}, ${assets.name}, ${apps.id} as "appId", ${apps.name} as "appName", ${apps.connector},
      ${settings} as settings`);
  return rows[0];
}
