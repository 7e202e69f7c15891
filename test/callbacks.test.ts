import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { endOf } from "../src/actions/end.js";
import { openGateway } from "./support/gateway.js";
import { overSocket } from "./support/live.js";

const { ask, database, statements, tokenOf, token, url } = await openGateway();

/** What the manual prints of a callback. */
const printed = JSON.parse(readFileSync(join(import.meta.dirname, "fixtures", "callback.json"), "utf8"));

const kwargsOf = async (id: number) =>
  (await ask("query ($id: Int!) { actionRun(id: $id) { callback { kwargs } } }", { id })).data.actionRun.callback
    ?.kwargs;

describe("a callback", () => {
  test("gets the results that the manual prints, to the letter", async () => {
    expect((await kwargsOf(11)).results).toEqual(printed.results);
  });

  test("gets the action and the container with the manual's keys, in its order", async () => {
    const kwargs = await kwargsOf(205);
    expect(kwargs.action).toEqual(printed.action);
    expect(Object.keys(kwargs.container)).toEqual(Object.keys(printed.container));
    const kinds = (object: object) =>
      Object.entries(object).map(([key, value]) => [key, Array.isArray(value) ? "list" : typeof value]);
    expect(kinds(kwargs.container)).toEqual(kinds(printed.container));
    expect(kwargs.container).toMatchObject({ id: 7, label: "incident", version: "1", name: "test", artifact_count: 1 });
    expect(kwargs.container.create_time).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?\+00$/);
    expect(Object.keys(kwargs)).toEqual([
      "action",
      "success",
      "container",
      "results",
      "handle",
      "filtered_artifacts",
      "filtered_results",
      "custom_function",
    ]);
  });

  test("has the same under GraphQL's names, and flat", async () => {
    const outcome = "status message data parameter summary";
    const { data } = await ask(`{ actionRun(id: 11) { callback {
      action { actionRunId actionName action name } success container { id } handle
      results { assetId status name app appId asset action message appRunId actionRunId summary actionResults { ${outcome} } }
      errors { appRunId } successes { asset assetId app appId action name appRunId actionRunId ${outcome} } } } }`);
    const [result] = printed.results;
    const { action_results, ...rest } = result;
    const { callback } = data.actionRun;
    expect(callback).toMatchObject({
      action: { actionRunId: 11, actionName: "geolocate ip", action: "geolocate ip", name: "geolocate_ip_1" },
      success: true,
      container: { id: 7 },
      handle: null,
      errors: [],
    });
    const upper = (object: { status: string }) => ({ ...object, status: object.status.toUpperCase() });
    const camel = Object.fromEntries(
      Object.entries(rest).map(([key, value]) => [key.replace(/_./g, (two) => two[1]!.toUpperCase()), value]),
    ) as { status: string };
    expect(callback.results).toEqual([{ ...upper(camel), actionResults: action_results.map(upper) }]);
    expect(callback.successes).toMatchObject([{ asset: "maxmind", appRunId: 51, ...upper(action_results[0]) }]);
  });

  test("is read for many runs by as many statements as for one", async () => {
    const read = (first: number) =>
      statements(() =>
        ask(`{ actionRuns(first: ${first}) { nodes { callback { kwargs errors { message } container { name } } } } }`),
      );
    const [one, many] = [await read(2), await read(100)];
    expect(many.length).toBe(one.length);
  });

  test("is not there before its action has ended", async () => {
    const { data } = await ask(
      "{ actionRuns(filter: { status: { in: [PENDING, RUNNING] } }) { nodes { callback { success } } } }",
    );
    expect(data.actionRuns.nodes.length).toBeGreaterThan(0);
    for (const { callback } of data.actionRuns.nodes) expect(callback).toBeNull();
  });

  test("does not name a container's asset to those who may not view assets", async () => {
    await database.pool.query("update containers set asset_id = 63 where id = 7");
    const nameFor = async (role: string) => {
      const headers = { authorization: `Bearer ${await tokenOf(role)}` };
      const { data } = await ask("{ actionRun(id: 11) { callback { kwargs } } }", {}, headers);
      return data.actionRun.callback.kwargs.container.asset_name;
    };
    await database.pool.query(
      "insert into roles (name, permissions) values ('Narrow', '{containers:view,cases:view}')",
    );
    expect(await nameFor("Observer")).toBe("maxmind");
    expect(await nameFor("Narrow")).toBe("");
  });

  test("comes once, when its action ends, with what was carried", async () => {
    const told = overSocket(
      url,
      token,
      "subscription { actionCallbacks(filter: { container: 7 }) { kind sequence status actionRun { callback { success handle filteredArtifacts filteredResults customFunction kwargs } } } }",
    );
    await told.until(({ events }) => events.length === 1);
    const carried = {
      handle: "h",
      filteredArtifacts: [1, { a: null }],
      filteredResults: "r",
      customFunction: { f: 1 },
    };
    const input = { container: 7, action: "call back", type: "manual", ...carried };
    const { data } = await ask(
      "mutation ($input: ActInput!) { act(input: $input) { actionRunId actionRun { type owner { username } assignTime } } }",
      { input },
    );
    expect(data.act.actionRun).toMatchObject({
      type: "manual",
      owner: { username: "admin" },
      assignTime: expect.any(String),
    });
    const complete =
      'mutation ($id: Int!) { completeActionRun(input: { actionRunId: $id, success: false, message: "no answer" }) { success code actionRun { status message } } }';
    const done = await ask(complete, { id: data.act.actionRunId });
    expect(done.data.completeActionRun).toMatchObject({
      success: true,
      actionRun: { status: "FAILED", message: "no answer" },
    });
    expect((await ask(complete, { id: data.act.actionRunId })).data.completeActionRun.code).toBe("WRONG_STATE");
    await told.until(({ events }) => events.length === 2);
    const [, event] = told.events;
    expect(event).toMatchObject({
      kind: "CHANGE",
      sequence: 2,
      status: "FAILED",
      actionRun: { callback: { success: false, ...carried } },
    });
    expect(event.actionRun.callback.kwargs).toMatchObject({
      handle: "h",
      filtered_artifacts: [1, { a: null }],
      custom_function: { f: 1 },
    });
    told.cut();
  });
});

describe("the message of an app run", () => {
  const answer = (message: string, success = true) => ({
    success,
    message,
    parameter: { domain: "example.com", context: { guid: "g" } },
    data: [],
    summary: {},
  });

  test("is the one that the manual prints", () => {
    const said =
      "Domain: example.com, Organization: Example, Inc., Name: Host, Example Inc., City: San Jose, Country: US";
    const run = { name: "user initiated whois domain action", assetName: "whois", parameters: [] };
    expect(endOf(run, [answer(said)]).message).toBe(
      `'user initiated whois domain action' on asset 'whois': 1 action succeeded. (1)For Parameter: {"domain":"example.com"} Message: "${said}"`,
    );
  });

  test("counts what failed too, and names no asset where there is none", () => {
    const run = { name: "n", assetName: "", parameters: [] };
    expect(endOf(run, [answer("a"), answer("b"), answer("c", false)])).toMatchObject({
      success: true,
      message: expect.stringMatching(/^'n': 2 actions succeeded, 1 action failed\. \(1\)For .* \(2\)For .* \(3\)For /),
    });
    expect(endOf(run, [answer("a", false)])).toMatchObject({ success: false });
  });
});
