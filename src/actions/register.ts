import { sql } from "drizzle-orm";
import type { Connector, Manifest } from "../connectors/connector.js";
import type { Database, Writer } from "../database/pools.js";

/** Any number, the same in every release: gateways that start together register one after the other. */
const lock = 7_450_235;

/**
 * Makes the connectors of this gateway apps of the system, with the actions of their manifests, unless they run other
 * apps already. An app of a connector's name is that connector from then on: assets that are set up for it go on working.
 * A new app whose settings may all be left out gets an asset, so that its actions can run at once.
 */
export async function registerConnectors(database: Database, connectors: readonly Connector[]): Promise<void> {
  await database.transaction(async (writer) => {
    await writer.execute(sql`select pg_advisory_xact_lock(${lock})`);
    for (const { manifest } of connectors) await register(writer, manifest);
  });
}

async function register(writer: Writer, manifest: Manifest): Promise<void> {
  const { appid, name, version, description, product, type } = manifest;
  const configuration = JSON.stringify(snakeCase(manifest.configuration));
  await writer.execute(sql`
    update apps set appid = ${appid} where lower(name) = lower(${name}) and not exists (select from apps where appid = ${appid})`);
  const { rows } = await writer.execute<{ id: number; added: boolean }>(sql`
    insert into apps (appid, connector, name, app_version, description, product_name, product_vendor, publisher, type, configuration, immutable)
    select ${appid}, ${appid}, ${name}, ${version}, ${description}, ${product.name}, ${product.vendor}, 'soar-graphql', ${type}, ${configuration}, true
    where exists (select from apps where appid = ${appid}) or not exists (select from apps where connector = ${appid})
    on conflict (appid) do update set connector = excluded.connector, app_version = excluded.app_version, description = excluded.description,
      product_name = excluded.product_name, product_vendor = excluded.product_vendor, publisher = excluded.publisher,
      type = excluded.type, configuration = excluded.configuration, immutable = true
    returning id, xmax = 0 as added`);
  if (!rows[0]) return;
  const { id, added } = rows[0];
  await keepActions(writer, id, manifest);
  if (added && !Object.values(manifest.configuration).some(({ required }) => required)) await addAsset(writer, id);
}

async function keepActions(writer: Writer, appId: number, { actions }: Manifest): Promise<void> {
  const rows = actions.map(({ action, type, description, effect, needsAsset, parameters, output }) => ({
    action,
    identifier: action.replaceAll(" ", "_"),
    type,
    description,
    read_only: effect === "read",
    effect,
    needs_asset: needsAsset,
    parameters: snakeCase(parameters),
    output: output.map(({ dataPath, dataType, contains }) => ({ data_path: dataPath, data_type: dataType, contains })),
  }));
  await writer.execute(sql`
    with offered as (
      select * from json_to_recordset(${JSON.stringify(rows)}::json) as a(action text, identifier text, type text,
        description text, read_only boolean, effect effect, needs_asset boolean, parameters json, output json)
    ), gone as (
      delete from app_actions where app_id = ${appId} and lower(action) not in (select lower(action) from offered)
    )
    insert into app_actions (app_id, action, identifier, type, description, read_only, effect, needs_asset, parameters, output)
    select ${appId}, * from offered
    on conflict (app_id, lower(action)) do update set identifier = excluded.identifier, type = excluded.type,
      description = excluded.description, read_only = excluded.read_only, effect = excluded.effect,
      needs_asset = excluded.needs_asset, parameters = excluded.parameters, output = excluded.output`);
}

async function addAsset(writer: Writer, appId: number): Promise<void> {
  await writer.execute(sql`
    insert into assets (name, app_id, description, product_name, product_vendor, type, app_version)
    select lower(name), id, description, product_name, product_vendor, type, app_version from apps where id = ${appId}
    on conflict do nothing`);
}

/** Settings and parameters as apps of SOAR declare them. */
function snakeCase(declared: Readonly<Record<string, object>>): Record<string, object> {
  return Object.fromEntries(
    Object.entries(declared).map(([name, rules]) => [
      name,
      Object.fromEntries(
        Object.entries(rules).map(([rule, value]) => [
          rule.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
          value,
        ]),
      ),
    ]),
  );
}
