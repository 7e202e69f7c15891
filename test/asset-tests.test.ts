import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { testDueAssets } from "../src/operations/asset-tests.js";
import { openGateway } from "./support/gateway.js";
import { type GatewayProcess, startGateway, urlOf } from "./support/processes.js";
import { testConnector } from "./support/worker.js";

/*
 * Assets are tested by a gateway that is a process of its own, for connectors run in processes that it starts.
 */

const { ask, database, token } = await openGateway("empty");
let gateway: GatewayProcess;
let asset: number;

beforeAll(async () => {
  const { rows } = await database.pool.query("select current_database() as name");
  const settings = { CONNECTORS: testConnector, WORKER: "false" };
  gateway = await startGateway(urlOf(inject("postgres").connection, rows[0].name), "administrator's-token", settings);
  const { data } = await ask('{ assets(filter: { name: { eq: "tester" } }) { nodes { id } } }');
  asset = data.assets.nodes[0].id;
});
afterAll(() => gateway.kill());

async function tested(asset: number | string) {
  const query = `mutation ($asset: IdOrName!) { testAsset(input: { asset: $asset }) {
    success message code field passed asset { name } appStatus { id status message createTime app { name } asset { name } } } }`;
  const answer = await fetch(`${gateway.url}/graphql`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ query, variables: { asset } }),
  });
  const { data, errors } = (await answer.json()) as Awaited<ReturnType<typeof ask>>;
  expect(errors).toBeUndefined();
  return data.testAsset;
}

const setUp = (server: string) =>
  ask("mutation ($id: Int!, $c: JSONObject) { updateAsset(input: { id: $id, configuration: $c }) { success } }", {
    id: asset,
    c: { server, password: "open sesame" },
  });

describe("testAsset", () => {
  test("says whether the product lets us in, and keeps it under one number for each asset", async () => {
    await setUp("here");
    const first = await tested("Tester");
    expect(first).toMatchObject({
      success: true,
      passed: true,
      message: "Reached here.",
      asset: { name: "tester" },
      appStatus: {
        status: "SUCCESS",
        message: "Testing asset connectivity for 'tester' using app 'Tester' Reached here.",
        app: { name: "Tester" },
        asset: { name: "tester" },
      },
    });
    await setUp("silent");
    expect(await tested(asset)).toMatchObject({ success: true, passed: true, message: "" });
    await setUp("nowhere");
    const second = await tested(asset);
    expect(second).toMatchObject({
      success: true,
      passed: false,
      message: "nobody answers at nowhere",
      appStatus: { id: first.appStatus.id, status: "FAILED" },
    });
    expect(second.appStatus.createTime > first.appStatus.createTime).toBe(true);
    const { data } = await ask("{ appStatuses(filter: { status: { eq: FAILED } }) { nodes { id asset { name } } } }");
    expect(data.appStatuses.nodes).toEqual([{ id: first.appStatus.id, asset: { name: "tester" } }]);
  });

  test("keeps one of a hundred tests at once", async () => {
    await setUp("here");
    const all = await Promise.all(Array.from({ length: 100 }, () => tested(asset)));
    expect(all.every(({ passed }) => passed)).toBe(true);
    expect(new Set(all.map(({ appStatus }) => appStatus.id)).size).toBe(1);
    const { rows } = await database.pool.query("select count(*)::int as count from app_statuses");
    expect(rows).toEqual([{ count: 1 }]);
  });

  test("tests what the gateway itself comes with", async () => {
    expect(await tested("geolocate")).toMatchObject({ passed: true, message: expect.stringMatching(/^Reads .*DB-IP/) });
  });

  test("refuses what it cannot test, and says why", async () => {
    await ask(`mutation { createApp(input: { name: "Outside" }) { success }
      a: createAsset(input: { name: "outside", app: "Outside" }) { success }
      b: createAsset(input: { name: "bare" }) { success } }`);
    expect(await tested("nothing")).toMatchObject({ success: false, code: "NOT_FOUND", field: "asset", passed: null });
    expect(await tested("outside")).toMatchObject({ code: "WRONG_STATE", message: expect.stringContaining("Outside") });
    expect(await tested("bare")).toMatchObject({
      code: "WRONG_STATE",
      message: "The asset bare is set up for no app.",
    });
  });
});

describe("the schedule", () => {
  const kept = async () =>
    (await database.pool.query("select status, message, create_time from app_statuses where asset_id = $1", [asset]))
      .rows;
  const seen: string[] = [];
  const due = () => testDueAssets(database.writer, tell);
  const tell: Parameters<typeof testDueAssets>[1] = async (connector, { server }) => {
    seen.push(connector);
    return { passed: server === "here", message: `Reached ${server}.` };
  };
  const every = (minutes: number) =>
    ask("mutation ($minutes: Int) { updateSystemSettings(input: { connectivityMinutes: $minutes }) { success } }", {
      minutes,
    });

  test("tests nothing unless the settings say how often", async () => {
    await setUp("here");
    await database.pool.query("delete from app_statuses");
    await due();
    expect(await kept()).toEqual([]);
  });

  test("tests each asset once in the time that the settings give, whoever asks how often", async () => {
    await every(30);
    await Promise.all(Array.from({ length: 100 }, due));
    const { rows } = await database.pool.query(
      "select count(*)::int from assets join apps on apps.id = app_id where connector is not null",
    );
    expect(seen).toHaveLength(rows[0].count);
    expect(await kept()).toMatchObject([{ status: "success", message: expect.stringContaining("Reached here.") }]);
    await database.pool.query("update assets set test_time = now() - interval '31 minutes' where id = $1", [asset]);
    await setUp("nowhere");
    await due();
    expect(seen).toHaveLength(rows[0].count + 1);
    expect(await kept()).toMatchObject([{ status: "failed" }]);
  });

  test("leaves disabled assets alone", async () => {
    await database.pool.query("update assets set test_time = null, disabled = true where id = $1", [asset]);
    const before = seen.length;
    await due();
    await database.pool.query("update assets set disabled = false where id = $1", [asset]);
    expect(seen).toHaveLength(before);
  });

  test("is kept by a gateway from its start on", async () => {
    await database.pool.query("delete from app_statuses");
    await setUp("here");
    const { rows } = await database.pool.query("select current_database() as name");
    const settings = { CONNECTORS: testConnector, WORKER: "false", ACCEPT_DATA_LOSS: "true" };
    const other = await startGateway(
      urlOf(inject("postgres").connection, rows[0].name),
      "administrator's-token",
      settings,
    );
    await expect.poll(kept, { timeout: 15_000 }).toMatchObject([{ status: "success" }]);
    await other.kill();
    await every(0);
  });
});
