import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { pathsOf, rowsAlong } from "../src/operations/collect/along.js";
import { openGateway } from "./support/gateway.js";
import { call, newArtifact, newContainer } from "./support/operations.js";

/*
 * What playbooks read from artifacts, containers and action results along paths.
 */

const gateway = await openGateway();
const { database, ask } = gateway;

const collect = (input: object, headers?: Record<string, string>) => call(gateway, "collect", input, "rows", headers);
const collect2 = (input: object, headers?: Record<string, string>) => call(gateway, "collect2", input, "rows", headers);
const rows = async (input: object, headers?: Record<string, string>) => (await collect2(input, headers)).rows;
const onBehalf = (id: number) => ({ "soar-playbook-run": String(id) });

let made = 0;
const newPlaybook = async (): Promise<number> =>
  (await call(gateway, "createPlaybook", { name: `collects_${++made}` }, "playbook { id }")).playbook.id;
const start = async (container: number, playbook: number, fields: object = {}): Promise<number> => {
  const { playbookRunId } = await call(gateway, "runPlaybook", { playbook, container, ...fields }, "playbookRunId");
  await call(gateway, "claimPlaybookRuns", { limit: 100 });
  return playbookRunId;
};

describe("artifacts", () => {
  let container: number;
  const ids: number[] = [];
  beforeAll(async () => {
    container = await newContainer(gateway);
    for (const cefData of [
      { sourceAddress: "203.0.113.9", ports: [{ n: 22 }, { n: 80 }] },
      { sourceAddress: null, "dotted.key": 1 },
      { destinationAddress: "198.51.100.7", ports: [] },
    ])
      ids.push(await newArtifact(gateway, container, { cefData, rawData: { line: cefData }, name: `a${ids.length}` }));
  });

  test("give a row each, with a column for each path and null where there is no value", async () => {
    const datapath = ["artifact:*.cef.sourceAddress", "artifacts:*.cef.destinationAddress", "artifact:*.id"];
    expect(await rows({ container, datapath })).toEqual([
      ["203.0.113.9", null, ids[0]],
      [null, null, ids[1]],
      [null, "198.51.100.7", ids[2]],
    ]);
  });

  test("give a row for each item of a list in them, with what belongs together in one row", async () => {
    const datapath = ["artifact:*.name", "artifact:*.cef.ports.*.n", "artifact:*.cef.ports.1.n"];
    expect(await rows({ container, datapath })).toEqual([
      ["a0", 22, 80],
      ["a0", 80, 80],
      ["a1", null, null],
      ["a2", null, null],
    ]);
  });

  test("are cut at the limit that is given, and not at none", async () => {
    const datapath = ["artifact:*.name"];
    expect(await rows({ container, datapath, limit: 2 })).toEqual([["a0"], ["a1"]]);
    expect(await rows({ container, datapath, limit: 0 })).toHaveLength(3);
    await database.pool.query("update system_settings set row_limit = 2");
    const more = { success: false, code: "INVALID_VALUE", field: "limit" };
    expect(await collect2({ container, datapath, limit: 0 })).toMatchObject({
      ...more,
      message: "There are more than 2 rows, the setting `rowLimit`; give a limit, or collect less.",
    });
    expect(await collect2({ container, datapath, limit: 3 })).toMatchObject(more);
    await database.pool.query("update system_settings set row_limit = 10000");
    expect(await collect2({ container, datapath, limit: -1 })).toMatchObject(more);
  });

  test("are whole as the manual prints them", async () => {
    const printed = {
      create_time: 1462482222615,
      id: 122,
      severity: "high",
      label: "netflow",
      version: 1,
      type: "network",
      owner_id: 0,
      cef: { sourceAddress: "1.1.1.1" },
      update_time: 1462482222615,
      hash: "4cb608956567e4a95784382de5f81c1b",
      description: "",
      tags: [],
      cef_types: {},
      start_time: 1462482222615,
      container_id: 79,
      kill_chain: "",
      playbook_run_id: 25,
      data: {},
      name: "test_event",
      ingest_app_id: 0,
      source_data_identifier: "0617e876-7ca1-407d-bab4-b5c3acf644f3",
      end_time: 0,
    };
    const { rows } = await collect({ container, datapath: "artifacts:*", scope: "ALL" });
    expect(rows).toHaveLength(3);
    const { data } = await ask(`{ artifact(id: ${ids[0]}) { hash createTime sourceDataIdentifier owner { id } } }`);
    const time = Date.parse(data.artifact.createTime);
    expect(rows[0]).toEqual({
      ...printed,
      id: ids[0],
      create_time: time,
      update_time: time,
      start_time: time,
      owner_id: data.artifact.owner.id,
      hash: data.artifact.hash,
      cef: { sourceAddress: "203.0.113.9", ports: [{ n: 22 }, { n: 80 }] },
      data: { line: { sourceAddress: "203.0.113.9", ports: [{ n: 22 }, { n: 80 }] } },
      container_id: container,
      playbook_run_id: 0,
      name: "a0",
      source_data_identifier: data.artifact.sourceDataIdentifier,
    });
  });

  test("go with the fields of their container", async () => {
    const datapath = ["container:name", "artifact:*.name", "container:id"];
    expect(await rows({ container, datapath, limit: 1 })).toEqual([["Of a test", "a0", container]]);
    expect(await rows({ container, datapath: ["container:label", "container:artifact_count"] })).toEqual([
      ["events", 3],
    ]);
  });

  test.each([
    "artifact:*.nosuch",
    "artifact:*.name.first",
    "artifact:*.cef.",
    "artifact:name",
    "artifact:",
    "container:nosuch",
    "container:",
    "nonsense",
    "x:action_result.nosuch",
    "x:action_result",
  ])("are refused along %s, by its name", async (path) => {
    const refused = await collect2({ container, datapath: ["artifact:*.id", path] });
    expect(refused).toMatchObject({ success: false, code: "INVALID_VALUE", field: "datapath", rows: [] });
    expect(refused.message).toContain(JSON.stringify(path));
  });

  test("do not give what JavaScript adds to objects and lists", async () => {
    const datapath = ["cef.constructor", "cef.__proto__", "cef.ports.length", "cef.toString"].map(
      (p) => `artifact:*.${p}`,
    );
    expect(await rows({ container, datapath, limit: 1 })).toEqual([[null, null, null, null]]);
  });

  test("may have keys that JavaScript gives to lists", async () => {
    const of = await newContainer(gateway);
    await newArtifact(gateway, of, { cefData: { length: 7, at: { length: "long" } } });
    const datapath = ["artifact:*.cef.length", "artifact:*.cef.at.length"];
    expect(await rows({ container: of, datapath })).toEqual([[7, "long"]]);
  });

  test("are followed as deep as JSON goes, along as many paths as there may be", async () => {
    const of = await newContainer(gateway);
    const deep = (step: string, depth: number) => `artifact:*.cef.${Array(depth).fill(step).join(".")}`;
    const nested = (depth: number): unknown => (depth ? [nested(depth - 1), 0] : 1);
    const cefData = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`k${n}`, nested(55)]));
    await newArtifact(gateway, of, { cefData });
    const datapath = Object.keys(cefData).map((key) => `artifact:*.cef.${key}${".*".repeat(55)}`);
    expect(await rows({ container: of, datapath, limit: 1 })).toEqual([Array(50).fill(1)]);
    expect(await rows({ container: of, datapath: [deep("a", 63)] })).toEqual([[null]]);
    for (const path of [deep("a", 64), deep("*", 300_000)])
      expect(await collect2({ container: of, datapath: [path] })).toMatchObject({
        code: "TOO_LONG",
        field: "datapath",
      });
  });

  test("are refused where they are too many to be held in memory", async () => {
    const of = await newContainer(gateway);
    await database.pool.query(
      `insert into artifacts (container_id, name, label, severity, source_data_identifier, identified, hash, cef)
        select $1, 'big', 'event', 'low', n, false, n, json_build_object('n', n, 'pad', repeat('x', 1024 * 1024)) from generate_series(1, 65) n`,
      [of],
    );
    const refused = { success: false, code: "TOO_LONG", field: "limit", rows: [] };
    expect(await collect({ container: of, datapath: "artifact:*.cef.n" })).toMatchObject(refused);
    expect((await collect({ container: of, datapath: "artifact:*.cef.n", limit: 60 })).rows).toHaveLength(60);
    expect((await collect({ container: of, datapath: "artifact:*.name", limit: 0 })).rows).toHaveLength(65);
    const one = await newContainer(gateway);
    await newArtifact(gateway, one, { cefData: { n: Array(1000).fill(0), pad: "x".repeat(900_000) } });
    const datapath = ["artifact:*.cef.n.*", "artifact:*.cef.pad", "artifact:*.cef.n"];
    expect(await collect2({ container: one, datapath, limit: 0 })).toMatchObject(refused);
    expect(await rows({ container: one, datapath, limit: 5 })).toHaveLength(5);
  });

  test("need a path, not too many of them, a container, and a caller who sees it", async () => {
    expect(await collect2({ container, datapath: [] })).toMatchObject({ code: "INVALID_VALUE", field: "datapath" });
    const datapath = Array(51).fill("artifact:*.id");
    expect(await collect2({ container, datapath })).toMatchObject({ code: "INVALID_VALUE", field: "datapath" });
    expect(await collect2({ datapath: ["artifact:*.id"] })).toMatchObject({ code: "CONTAINER_REQUIRED" });
    const nobody = { authorization: `Bearer ${await gateway.tokenOf("Asset Owner")}` };
    expect(await collect2({ container: 999_999, datapath: ["artifact:*.id"] }, nobody)).toMatchObject({
      code: "NOT_FOUND",
    });
  });

  test("cost as many objects as there may be rows", async () => {
    const cost = async (limit?: number) => {
      const { headers } = await ask(
        'query ($container: Int, $limit: Int) { collect(input: { container: $container, datapath: "artifact:*.id", limit: $limit }) { rows } }',
        { container, limit },
      );
      return Number(headers.get("x-query-cost"));
    };
    expect([await cost(), await cost(7), await cost(0)]).toEqual([101, 8, 10_001]);
  });

  test("take the same number of statements however many there are", async () => {
    const datapath = ["artifact:*.id", "artifact:*.cef.sourceAddress", "container:name"];
    const one = await gateway.statements(() => collect2({ container, datapath, limit: 1 }));
    const all = await gateway.statements(() => collect2({ container, datapath, limit: 0 }));
    expect(all).toHaveLength(one.length);
    expect(one.length).toBeLessThanOrEqual(4);
    expect(one.filter((text) => text.includes(`"source_data_identifier"`))).toEqual([]);
  });
});

describe("the scope", () => {
  test("NEW of a run is what came since the playbook last ran, and nothing that comes later", async () => {
    const [container, playbook] = [await newContainer(gateway), await newPlaybook()];
    const seen = async (run: number, fields: object = {}) =>
      (await collect({ datapath: "artifact:*.name", ...fields }, onBehalf(run))).rows;
    await newArtifact(gateway, container, { name: "before" });
    const first = await start(container, playbook);
    await call(
      gateway,
      "addArtifact",
      { rawData: {}, cefData: {}, label: "event", name: "during", severity: "low", artifactType: "host" },
      "",
      onBehalf(first),
    );
    expect(await seen(first)).toEqual(["before"]);
    expect(await seen(first, { scope: "ALL" })).toEqual(["before", "during"]);
    expect(await seen(first, { noneIfFirst: true })).toEqual([]);

    const second = await start(container, playbook);
    expect(await seen(second)).toEqual(["during"]);
    expect(await seen(second, { noneIfFirst: true })).toEqual(["during"]);
    expect(await seen(await start(container, playbook, { scope: "ALL" }))).toEqual(["before", "during"]);
    expect(await seen(await start(container, await newPlaybook()))).toEqual(["before", "during"]);

    const third = await start(container, playbook);
    expect(await seen(third)).toEqual([]);
    const { data } = await ask(`{ container(id: ${container}) { artifacts { nodes { id } } } }`);
    const artifactIds = [data.container.artifacts.nodes[0].id];
    expect(await seen(await start(container, playbook, { artifactIds }))).toEqual(["before"]);
  });

  test("is all outside a run, and on another container than the run's", async () => {
    const [container, other] = [await newContainer(gateway), await newContainer(gateway)];
    const run = await start(container, await newPlaybook());
    await newArtifact(gateway, other, { name: "elsewhere" });
    await newArtifact(gateway, container, { name: "later" });
    expect((await collect({ container, datapath: "artifact:*.name" })).rows).toEqual(["later"]);
    expect((await collect({ datapath: "artifact:*.name" }, onBehalf(run))).rows).toEqual([]);
    expect((await collect({ container: other, datapath: "artifact:*.name" }, onBehalf(run))).rows).toEqual([
      "elsewhere",
    ]);
  });

  test("does not count a run that was cancelled before it began", async () => {
    const [container, playbook] = [await newContainer(gateway), await newPlaybook()];
    await newArtifact(gateway, container, { name: "a" });
    const { playbookRunId } = await call(gateway, "runPlaybook", { playbook, container }, "playbookRunId");
    await call(gateway, "cancelPlaybookRun", { playbookRunId });
    const run = await start(container, playbook);
    expect((await collect({ datapath: "artifact:*.name" }, onBehalf(run))).rows).toEqual(["a"]);
    expect((await collect({ datapath: "artifact:*.name", noneIfFirst: true }, onBehalf(run))).rows).toEqual([]);
  });
});

describe("action results", () => {
  let run: number;
  beforeAll(async () => {
    const container = await newContainer(gateway);
    run = await start(container, await newPlaybook());
    const { pool } = database;
    const action = async (name: string, results: [string, object, unknown[], object][]) => {
      const { rows } = await pool.query(
        `with a as (insert into action_runs (container_id, playbook_run_id, action, name) values ($1, $2, 'geolocate ip', $3) returning id)
        insert into app_runs (container_id, playbook_run_id, action_run_id, action) select $1, $2, id, 'geolocate ip' from a returning id`,
        [container, run, name],
      );
      for (const [status, parameter, data, summary] of results)
        await pool.query(
          `insert into action_results (container_id, app_run_id, status, message, parameter, data, summary)
            select container_id, id, $2, $3, $4, $5, $6 from app_runs where id = $1`,
          [
            rows[0].id,
            status,
            `It was a ${status}`,
            JSON.stringify(parameter),
            JSON.stringify(data),
            JSON.stringify(summary),
          ],
        );
    };
    await action("geolocate_ip_1", [
      [
        "success",
        { ip: "203.0.113.9", context: { artifact_id: 7 } },
        [{ country: "NO", at: { lat: 60 } }, { country: "SE" }],
        { total: 2 },
      ],
      ["failed", { ip: "198.51.100.7" }, [], {}],
    ]);
    await action("whois_1", [["success", { domain: "example.com" }, [{ registrar: "x" }], {}]]);
  });

  test("are read along their action's name, a row for each item of their data", async () => {
    const path = (rest: string) => `geolocate_ip_1:action_result.${rest}`;
    const datapath = [
      "status",
      "parameter.ip",
      "data.*.country",
      "data.*.at.lat",
      "summary.total",
      "message",
      "parameter.context.artifact_id",
      "data.0.country",
    ];
    expect(await rows({ datapath: datapath.map(path) }, onBehalf(run))).toEqual([
      ["success", "203.0.113.9", "NO", 60, 2, "It was a success", 7, "NO"],
      ["success", "203.0.113.9", "SE", null, 2, "It was a success", 7, "NO"],
      ["failed", "198.51.100.7", null, null, null, "It was a failed", null, null],
    ]);
    expect((await collect({ datapath: "whois_1:action_result.data.*.registrar" }, onBehalf(run))).rows).toEqual(["x"]);
  });

  test("of an action that did not run are none, and two lists are collected one after the other", async () => {
    expect(await rows({ datapath: ["other_1:action_result.status"] }, onBehalf(run))).toEqual([]);
    for (const other of ["whois_1:action_result.status", "artifact:*.id"])
      expect(await collect2({ datapath: ["geolocate_ip_1:action_result.status", other] }, onBehalf(run))).toMatchObject(
        {
          code: "INVALID_VALUE",
          message: `"geolocate_ip_1:action_result.status" and ${JSON.stringify(other)} lead into different lists; collect them one after the other.`,
        },
      );
  });

  test("need a current run", async () => {
    expect(await collect2({ container: 79, datapath: ["geolocate_ip_1:action_result.status"] })).toMatchObject({
      code: "INVALID_VALUE",
      message: expect.stringContaining("SOAR-Playbook-Run"),
    });
  });
});

test("rows along any paths have a column for each, and the first row what plain steps find", () => {
  const step = fc.constantFrom("a", "b", "0", "*");
  fc.assert(
    fc.property(
      fc.array(fc.array(step, { maxLength: 4 }), { minLength: 1, maxLength: 5 }),
      fc.jsonValue(),
      (paths, value) => {
        let seen = 0;
        for (const row of rowsAlong(pathsOf(paths), value)) {
          expect(row).toHaveLength(paths.length);
          expect(row.every((found) => found !== undefined)).toBe(true);
          if (++seen === 1000) break;
        }
        expect(seen).toBeGreaterThan(0);
      },
    ),
  );
  const wide = Array.from({ length: 300 }, (_, n) => n);
  const lists = pathsOf([
    ["a", "*"],
    ["b", "*"],
    ["c", "*"],
  ]);
  let seen = 0;
  for (const row of rowsAlong(lists, { a: wide, b: wide, c: wide })) {
    expect(row).toEqual([0, 0, seen]);
    if (++seen === 5) break;
  }
});
