import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { eq, sql } from "drizzle-orm";
import { beforeAll, describe, expect, inject, test } from "vitest";
import { hashPassword } from "../src/auth/passwords.js";
import { actionRuns } from "../src/schema/action-run.js";
import { appStatuses } from "../src/schema/app-status.js";
import { users } from "../src/schema/user.js";
import { openGateway } from "./support/gateway.js";
import { call } from "./support/operations.js";
import { startGateway, urlOf } from "./support/processes.js";

/*
 * What the manuals print is kept as data in `fixtures/rest`: the samples of answers, of which every live answer must have
 * the keys and types, and the lines for curl, which must work as they are printed.
 */

// biome-ignore lint/suspicious/noExplicitAny: answers of every shape
type Json = any;

const gateway = await openGateway();
const { url, database, tokenOf, token } = gateway;
const { writer } = database;
const sample = (name: string): Json =>
  JSON.parse(readFileSync(join(import.meta.dirname, "fixtures", "rest", `${name}.json`), "utf8"));

async function get(path: string, headers: Record<string, string> = {}) {
  const answer = await fetch(`${url}/rest/${path}`, { headers: { authorization: `Bearer ${token}`, ...headers } });
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Json };
}

async function post(path: string, body: Json, headers: Record<string, string> = {}) {
  const answer = await fetch(`${url}/rest/${path}`, {
    method: "POST",
    // As `curl -d` sends it.
    headers: { authorization: `Bearer ${token}`, "content-type": "application/x-www-form-urlencoded", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return { status: answer.status, body: (await answer.json()) as Json };
}

/** Fails unless a live value has the form of the sample; null may stand where the other has a value, for lack of one. */
function expectForm(live: Json, printed: Json, path = "answer"): void {
  if (live === null || printed === null) return;
  if (Array.isArray(printed)) {
    expect(Array.isArray(live), path).toBe(true);
    const positional = printed.length > 0 && printed.every((item) => typeof item !== "object" || item === null);
    if (positional) expect(live, path).toHaveLength(printed.length);
    for (const [index, item] of live.entries())
      if (printed.length) expectForm(item, printed[positional ? index : 0], `${path}[${index}]`);
    return;
  }
  expect(typeof live, path).toBe(typeof printed);
  if (typeof printed !== "object") return;
  expect(Object.keys(live).sort(), path).toEqual(Object.keys(printed).sort());
  for (const key of Object.keys(printed)) expectForm(live[key], printed[key], `${path}.${key}`);
}

beforeAll(async () => {
  await writer
    .update(users)
    .set({ passwordHash: await hashPassword("changeme") })
    .where(eq(users.username, "admin"));
  await writer.insert(users).values({ username: "uname", passwordHash: await hashPassword("pwd") });
  await writer.execute(
    sql`insert into user_roles select u.id, r.id from users u, roles r where u.username = 'uname' and r.name = 'Observer'`,
  );
});

describe("the curl lines of the manuals", () => {
  test.each(sample("curl") as string[])("%s", async (line) => {
    // The run that the manual cancels has not ended yet.
    await writer.execute(sql`alter table action_runs disable trigger user`);
    await writer.update(actionRuns).set({ status: "pending" }).where(eq(actionRuns.id, 2));
    await writer.execute(sql`alter table action_runs enable trigger user`);
    const here = line.replace("https://localhost", url).replace("curl ", "curl -s --fail-with-body ");
    const { stdout } = await promisify(execFile)("bash", ["-c", here]);
    expect(JSON.parse(stdout)).not.toHaveProperty("failed");
  });
});

describe("system information", () => {
  test("has the form of the manual's version and system_info", async () => {
    expectForm((await get("version")).body, sample("version"));
    await call(gateway, "updateSystemSettings", { baseUrl: "https://phantom.example.com" });
    expect((await get("system_info")).body).toEqual(sample("system_info"));
    await call(gateway, "updateSystemSettings", { baseUrl: null });
    expect((await get("system_info")).body).toEqual({ base_url: "", time_zone: "UTC" });
  });

  test("tells the licence of the settings as it is printed, with times in milliseconds", async () => {
    const printed = sample("license");
    await call(gateway, "updateSystemSettings", { license: printed.license_info });
    const { body } = await get("license");
    expectForm(body, printed);
    expect(body.license_info).toEqual(printed.license_info);
    expect(body.status).toBe("expired");
    const expiration_date = Date.now() + 60_000;
    await call(gateway, "updateSystemSettings", { license: { ...printed.license_info, expiration_date } });
    expect((await get("license")).body).toMatchObject({ status: "valid", license_info: { expiration_date } });
    await call(gateway, "updateSystemSettings", { license: null });
  });

  test("tells the health of this product's services in the printed form", async () => {
    const { services: printedServices, status: printedStatus, ...printed } = sample("health");
    const { services, status, ...figures } = (await get("health")).body;
    expectForm(figures, printed);
    expect(Object.keys(services).sort()).toEqual(["gateway", "postgres"]);
    expect(status).toEqual({ gateway: printedStatus.actiond, postgres: printedStatus.postgres });
    for (const snapshots of Object.values(services)) expectForm(snapshots, printedServices.actiond);
    expect(services.gateway[0].pid).toBe(process.pid);
    expect(services.postgres[0].pid).toBe(0);
    expect(figures.all_running).toBe(true);
    for (const name of ["db_data", "swap_data", "vault_data", "memory_data"])
      expect(figures[name].map(({ label }: Json) => label)).toEqual(printed[name].map(({ label }: Json) => label));
  });
});

describe("app_status", () => {
  test("has the form of the manual, and with ?pretty the names beside the numbers", async () => {
    expectForm((await get("app_status")).body, sample("app_status"));
    await writer.execute(sql`update app_statuses set create_time = now() - interval '13 minutes' where asset_id = 5`);
    const { data } = (await get("app_status?pretty&_filter_asset=5")).body;
    expectForm({ count: 1, data, num_pages: 1 }, sample("app_status_pretty"));
    expect(data[0]).toMatchObject({
      _pretty_app: "WHOIS",
      _pretty_asset: "whois",
      _pretty_create_time: "13 minutes ago",
      app: 190,
      asset: 5,
    });
  });

  test("goes by pages from 0, of 10 unless said otherwise, all with 0", async () => {
    const ids = (path: string) => get(path).then(({ body }) => body.data.map(({ id }: Json) => id));
    const all = await ids("app_status?page_size=0");
    expect(all.length).toBeGreaterThan(4);
    expect(await ids("app_status")).toEqual(all.slice(0, 10));
    expect(await ids("app_status?page_size=2&page=1")).toEqual(all.slice(2, 4));
    const { body } = await get("app_status?page_size=2");
    expect(body).toMatchObject({ count: all.length, num_pages: Math.ceil(all.length / 2) });
    const past = await get(`app_status?page_size=2&page=${body.num_pages}`);
    expect([past.status, past.body.failed, past.body.message]).toEqual([
      404,
      true,
      expect.stringContaining("That page contains no results"),
    ]);
    expect((await get("app_status?page=-1")).status).toBe(400);
    expect((await get("app_status?page=0&page=1")).body.message).toMatch(/given twice/);
  });

  test("counts and reads past the ten thousand that GraphQL counts", async () => {
    await writer.execute(sql`with made as (insert into assets (name, app_id) select 'many-' || n, 190 from generate_series(1, 10250) n returning id)
      insert into app_statuses (asset_id, app_id, status, message) select id, 190, 'failed', 'Testing' from made`);
    const find = async (page: number) =>
      (await get(`app_status?_filter_status=failed&page_size=5000&page=${page}`)).body;
    const [first, last, past] = [await find(0), await find(2), await find(3)];
    const all = (await get("app_status?_filter_status=failed&page_size=0")).body;
    await writer.execute(sql`delete from assets where name like 'many-%'`);
    expect([first.count, first.num_pages, last.count, last.data.length]).toEqual([10_250, 3, 10_250, 250]);
    expect([all.count, all.data.length]).toEqual([10_250, 10_250]);
    expect(past.message).toBe("That page contains no results: page is 3, and the last of 3 is 2.");
  });

  test("reads past the hundred objects that GraphQL answers at once", async () => {
    await writer.execute(sql`with made as (insert into assets (name, app_id) select 'many-' || n, 190 from generate_series(1, 250) n returning id)
      insert into app_statuses (asset_id, app_id, status, message) select id, 190, 'failed', 'Testing' from made`);
    const one = (await get("app_status?_filter_status='failed'&page_size=120&page=1")).body;
    expect([one.count, one.num_pages, one.data.length]).toEqual([250, 3, 120]);
    const all = (await get("app_status?_filter_status=%22failed%22&page_size=0")).body;
    expect(new Set(all.data.map(({ id }: Json) => id)).size).toBe(250);
    expect(one.data).toEqual(all.data.slice(120, 240));
    await writer.execute(sql`delete from assets where name like 'many-%'`);
  });

  test.each([
    ["_filter_asset=5", [5]],
    ["_filter_asset_id=5", [5]],
    ["_filter_asset__in=[5,119]&sort=id&order=desc", [5, 119]],
    ['_filter_asset__name="whois"', [5]],
    ["_filter_asset__name='whois'", [5]],
    ["_filter_app__name__icontains=whois&sort=id&order=desc", [5, 119]],
    ["_exclude_asset__in=[5,119]&_filter_app__name__icontains='whois'", []],
    ["_filter_status='failed'", []],
    ["_filter_create_time__lt='2020-01-01T00:00:00Z'", []],
    ["_filter_message__isnull=True", []],
    ['_filter_asset__name__in=["whois"]', [5]],
    ["_filter_create_time__lt=2020-01-01", []],
    ["_filter_create_time__lt='2020-01-01T00:00'", []],
    ["_filter_asset=5&_filter_create_time__gt=2020-01-01 00:00:00+02", [5]],
  ])("filters by %s", async (filter, assets) => {
    const { body } = await get(`app_status?${filter}`);
    expect(body.data.map(({ asset }: Json) => asset)).toEqual(assets);
  });

  test.each([
    ["_filter_asset__name='o\\'brien \"x\"'", 'o\'brien "x"'],
    ["_filter_asset__name='o'brien \"x\"'", 'o\'brien "x"'],
    ['_filter_asset__name="o\'brien"', "o'brien"],
    ["_filter_asset__name=404", "404"],
    ["_filter_asset__name__in=[404,'none']", "404"],
  ])("finds by %s the asset of that name", async (filter, name) => {
    await writer.execute(sql`update assets set name = ${name} where id = 5`);
    const { body } = await get(`app_status?${filter}`);
    await writer.execute(sql`update assets set name = 'whois' where id = 5`);
    expect(body.data).toMatchObject([{ asset: 5 }]);
  });

  test.each([
    ["_filter_asset__name=None", /_filter_asset__name is None, which equals nothing\.$/],
    ["_exclude_message=null", /_exclude_message is null, which equals nothing; ask for _filter_message__isnull\.$/],
    ["_filter_=1", /There is no filter _filter_: there are id, app/],
    ["_filter_status__='failed'", /status offers exact, in/],
    ["_filter_status='lost'", /_filter_status is "lost"; it can be failed, pending, running, success\./],
    ["_filter_status__in=['failed','lost']", /_filter_status__in is "lost"; it can be/],
    ["filter_status=failed", /"filter_status" is no parameter here; there are page, page_size, sort, order\./],
    ["pagesize=5", /"pagesize" is no parameter here/],
    ["page=2147483648", /page is "2147483648"; it takes a whole number from 0 to 2147483647\./],
    ["_filter_colour=1", /There is no filter _filter_colour: there are id, app/],
    ["_filter_message__regex=a", /message offers exact, in, isnull/],
    ["_filter_constructor=1", /There is no filter/],
    ["_filter_asset=five", /"five"/],
    ["sort=message", /sort is "message"; it can be id or create_time/],
    ["order=up", /order is "up"/],
  ])("refuses %s and says what there is", async (search, message) => {
    const { status, body } = await get(`app_status?${search}`);
    expect([status, body]).toEqual([400, { failed: true, message: expect.stringMatching(message) }]);
  });
});

describe("widget_data", () => {
  test("has the printed keys and rows, and all 17 widgets", async () => {
    const printed = sample("widget_data");
    const { body } = await get("widget_data?start_time=2026-10-25T00:00:00Z&end_time=2026-11-01T00:00:00Z");
    expect(Object.keys(body)).toHaveLength(17);
    for (const name of Object.keys(printed)) expectForm(body[name], printed[name], name);
    expect(body.artifact_stats.length).toBeGreaterThan(0);
    expect(body.top_playbooks_actions.actions.length).toBeGreaterThan(0);
    expect(body.container_stats.groups.map(({ name }: Json) => name)).toContain("severity");
    expect(JSON.stringify(body)).not.toMatch(/"[a-z]+[A-Z][A-Za-z]*":/);
  });

  test("tells each widget alone what it tells among all, and takes the parameters of the manual", async () => {
    const { body: all } = await get("widget_data");
    for (const name of Object.keys(all).filter((name) => name !== "containers_open"))
      expect((await get(`widget_data/${name}`)).body, name).toEqual(all[name]);
    const window = "start_time=2026-10-01T02:00:00+02:00&end_time=2026-10-03T00:00:00Z";
    const { body } = await get(`widget_data/containers_new?${window}&label=PHISHING&user_id=2`);
    expect(body.map(({ date }: Json) => date)).toEqual(["2026-10-01", "2026-10-02"]);
    const { data } = await gateway.ask(`{ widgetData { containersNew(startTime: "2026-10-01T00:00:00Z",
      endTime: "2026-10-03T00:00:00Z", label: "phishing", userId: 2) { date count } } }`);
    expect(body).toEqual(data.widgetData.containersNew);
    expect(
      (await get("widget_data/top_playbooks_actions?action_filter=manual&playbook_category=Enrichment")).status,
    ).toBe(200);
    expect((await get("widget_data/containers_open?sla=100")).body.containers[0]).toMatchObject({ breached: true });
  });

  test("takes times of ISO 8601 with offset, without, and without a time of the day", async () => {
    const days = async (start: string, end: string) => {
      const { body } = await get(`widget_data/containers_new?start_time=${start}&end_time=${end}`);
      return body.map(({ date }: Json) => date);
    };
    const two = ["2026-10-01", "2026-10-02"];
    expect(await days("2026-10-01", "2026-10-03")).toEqual(two);
    expect(await days("2026-10-01T00:00:00", "2026-10-02T23:59:59.999999")).toEqual(two);
    expect(await days("2026-10-01T02:00:00%2B02:00", "2026-10-03 00:00:00")).toEqual(two);
    expect(await days("2026-10-01T02:00+02", "2026-10-02T23:59")).toEqual(two);
    expect(await days("2026-10-01T00:00Z", "2026-10-02T22:00-01:30")).toEqual(two);
  });

  test("tells open containers also while some of them leave the caller's sight", async () => {
    await writer.execute(sql`with role as (insert into roles (name, permissions) values ('phishing', '{containers:view}') returning id)
      insert into role_labels select role.id, labels.id from role, labels where labels.name = 'phishing'`);
    const headers = { authorization: `Bearer ${await tokenOf("phishing")}` };
    const { rows } = await writer.execute(sql`select id from containers where label = 'phishing'`);
    const ids = sql.param(rows.map(({ id }) => id));
    const move = (label: string) =>
      writer.execute(sql`update containers set label = ${label} where id = any(${ids}::int[])`);
    let done = false;
    const moving = (async () => {
      while (!done) {
        await move("malware");
        await move("phishing");
      }
    })();
    const statuses = new Set<number>();
    for (let times = 0; times < 200; times++)
      statuses.add((await get("widget_data/containers_open?label=phishing", headers)).status);
    done = true;
    await moving;
    expect([...statuses]).toEqual([200]);
  });

  test.each([
    ["widget_data/colours", 404, /There is no widget "colours"; there are playbook_stats, /],
    ["widget_data/constructor", 404, /There is no widget/],
    [
      "widget_data/containers_new?start_time=2026-10-01T00:00:00Z",
      400,
      /only the start, 2026-10-01T00:00:00.000000Z, is given/,
    ],
    ["widget_data/containers_new?start_time=yesterday&end_time=today", 400, /"yesterday"/],
    ["widget_data/containers_new?user_id=alice", 400, /user_id is "alice"/],
    ["widget_data/containers_open?sla=", 400, /sla is ""; it takes a number of percent/],
    ["widget_data/containers_open?sla=0x10", 400, /sla is "0x10"/],
    ["widget_data/containers_new?constructor=1", 400, /"constructor" is no parameter here/],
    ["widget_data/containers_new?__proto__=1", 400, /"__proto__" is no parameter here/],
    ["widget_data/playbook_stats?user_id=2", 400, /"user_id" is no parameter here; there is label/],
    [
      "widget_data/top_playbooks_actions?action_filter=none",
      400,
      /action_filter is "none"; it can be manual, automated/,
    ],
    ["widget_data/playbook_stats?labels=events", 400, /"labels" is no parameter here; there is label\./],
  ])("refuses %s", async (path, status, message) => {
    expect(await get(path)).toMatchObject({ status, body: { failed: true, message: expect.stringMatching(message) } });
  });
});

describe("action_run", () => {
  test("has the form of the manual, and its app runs", async () => {
    for (const id of [2, 47]) expectForm((await get(`action_run/${id}`)).body, sample("action_run"));
    expectForm((await get("action_run/2/app_runs")).body, sample("app_runs"));
    expect((await get("action_run/2/app_runs")).body).toMatchObject({
      count: 1,
      num_pages: 1,
      data: [{ action_run: 2 }],
    });
  });

  test("tells a cancelled run as failed, with the reason", async () => {
    const [run] = await writer.select().from(actionRuns).where(eq(actionRuns.status, "cancelled")).limit(1);
    expect((await get(`action_run/${run!.id}`)).body).toMatchObject({ status: "failed", cancelled: run!.cancelled });
  });

  test("that is not there, or not seen, is a 404", async () => {
    const nobody = { authorization: `Bearer ${await tokenOf()}` };
    for (const [path, headers] of [
      ["action_run/999999", {}],
      ["action_run/999999/app_runs", {}],
      ["action_run/2", nobody],
      ["action_run/2/app_runs", nobody],
    ] as const)
      expect((await get(path, headers)).status, path).toBe(404);
    expect(await get("action_run/two")).toMatchObject({ status: 400, body: { failed: true } });
  });
});

describe("running an action", () => {
  const asked = {
    action: "file reputation",
    container_id: 42,
    name: "my action",
    targets: [
      {
        assets: ["my_reversinglabs_asset"],
        parameters: [{ hash: "98dbaeb6d46bd09eca002e1f2b6f3e76fd3222cd" }],
        app_id: 12,
      },
    ],
    type: "investigative",
  };

  test("queues it by the mutation, and answers as printed", async () => {
    const { status, body } = await post("action_run", asked);
    expectForm(body, sample("action_run_post"));
    expect([status, body]).toEqual([
      200,
      { action_run_id: body.action_run_id, message: "New action queued.", success: true },
    ]);
    const run = (await get(`action_run/${body.action_run_id}`)).body;
    // Its parameters are the caller's own.
    expectForm({ ...run, targets: null }, sample("action_run"));
    expect(run).toMatchObject({
      targets: [{ app_id: 12, assets: [11], parameters: asked.targets[0]!.parameters }],
      action: "file reputation",
      cancelled: "",
      container: 42,
      creator: 1,
      handle: "",
      name: "my action",
      status: "pending",
      type: "investigative",
    });
    const { data } = (await get(`action_run/${body.action_run_id}/app_runs`)).body;
    expectForm(data, sample("app_runs").data);
    expect(data).toMatchObject([{ action_run: body.action_run_id, app: 12, asset: 11, status: "pending" }]);
  });

  test("takes numbers in quotes, and empty lists as none", async () => {
    const targets = [{ app_id: "12", assets: [], parameters: [{ hash: "a" }] }];
    const { body } = await post("action_run", { ...asked, targets });
    expect((await get(`action_run/${body.action_run_id}/app_runs`)).body.data).toMatchObject([{ app: 12, asset: 11 }]);
  });

  test("is done once under one Idempotency-Key", async () => {
    const send = () => post("action_run", asked, { "idempotency-key": "once" });
    const [first, second] = [await send(), await send()];
    expect(second.body).toEqual(first.body);
  });

  test.each([
    [{ ...asked, container_id: 999_999 }, 404, /There is no container 999999/],
    [{ ...asked, container_id: "42" }, 400, /container_id: /],
    [{ ...asked, targets: undefined }, 400, /targets: /],
    [{ ...asked, targets: [{ assets: [] }] }, 400, /targets\.0\.app_id: /],
    [{ ...asked, targets: [{ app_id: 12, assets: ["nowhere"] }] }, 400, /nowhere/],
    [{ ...asked, targets: [{ app_id: 12, asset: ["my_reversinglabs_asset"] }] }, 400, /targets\.0: .*"asset"/],
    [{ ...asked, target: [] }, 400, /"target"/],
    [{ ...asked, targets: [{ app_id: "" }] }, 400, /targets\.0\.app_id: Too small/],
    [[], 400, /the body: /],
  ])("refuses %j", async (body, status, message) => {
    expect(await post("action_run", body)).toMatchObject({
      status,
      body: { failed: true, message: expect.stringMatching(message) },
    });
  });

  test("tells some of many mistakes", async () => {
    const { status, body } = await post("action_run", { targets: Array.from({ length: 1_000 }, () => ({})) });
    expect([status, body.message.split(";").length]).toEqual([400, 5]);
  });

  test("refuses a body that is no JSON, and pages of other sites", async () => {
    expect(await post("action_run", "action=x")).toMatchObject({ status: 400, body: { failed: true } });
    for (const headers of [{ origin: "https://evil.example" }, { "sec-fetch-site": "cross-site" }] as Record<
      string,
      string
    >[])
      expect(await post("action_run", asked, headers)).toMatchObject({ status: 403, body: { failed: true } });
  });

  test("is refused to who may not execute apps", async () => {
    const headers = { authorization: `Bearer ${await tokenOf("Observer")}` };
    const { status, body } = await post("action_run", asked, headers);
    expect([status, body]).toEqual([403, { failed: true, message: expect.stringContaining("apps:execute") }]);
  });

  test("can be cancelled, once", async () => {
    const { action_run_id: id } = (await post("action_run", asked)).body;
    const { status, body } = await post(`action_run/${id}`, { cancel: true });
    expectForm(body, sample("cancelled"));
    expect([status, body]).toEqual([200, { cancelled: true, message: `Action run ${id} was cancelled.` }]);
    expect((await get(`action_run/${id}`)).body).toMatchObject({ status: "failed", cancelled: "Cancelled by admin." });
    const again = await post(`action_run/${id}`, { cancel: true });
    expectForm(again.body, sample("failed"));
    expect(again).toMatchObject({
      status: 409,
      body: { failed: true, message: `Action run ${id} has ended already.` },
    });
    expect((await post(`action_run/${id}`, { cancel: false })).status).toBe(400);
    expect((await post("action_run/999999", { cancel: true })).status).toBe(404);
  });

  test("is waited for with ?wait", async () => {
    const { action_run_id: id } = (await post("action_run", asked)).body;
    const waiting = get(`action_run/${id}?wait=30`);
    expect((await get(`action_run/${id}?wait=0`)).body.status).toBe("pending");
    await post(`action_run/${id}`, { cancel: true });
    expect((await waiting).body.cancelled).toBe("Cancelled by admin.");
    expect(await get(`action_run/${id}?wait=31`)).toMatchObject({ status: 400, body: { failed: true } });
    expect(await get(`action_run/${id}?wait=long`)).toMatchObject({ status: 400, body: { failed: true } });
    expect(await get(`action_run/${id}?waits=30`)).toMatchObject({ status: 400, body: { failed: true } });
    expect((await get(`action_run/${id}/app_runs?_filter_status='failed'`)).body.message).toBe(
      '"_filter_status" is no parameter here; there are page, page_size.',
    );
  });
});

describe("every endpoint", () => {
  const paths = ["version", "system_info", "license", "health", "app_status", "widget_data", "widget_data/sla_stats"];

  test("needs a caller, and asks curl for a password", async () => {
    for (const path of [...paths, "action_run/2"]) {
      const answer = await fetch(`${url}/rest/${path}`);
      expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([401, 'Basic realm="soar-graphql"']);
      expect(await answer.json()).toEqual({ failed: true, message: expect.any(String) });
    }
  });

  test("of system information needs no permission, and cannot be posted to", async () => {
    const nobody = { authorization: `Bearer ${await tokenOf()}` };
    for (const path of paths) {
      expect((await get(path, nobody)).status, path).toBe(200);
      const answer = await fetch(`${url}/rest/${path}`, { method: "POST", headers: nobody, body: "no=json" });
      expect([answer.status, answer.headers.get("allow"), await answer.json()]).toEqual([
        405,
        "GET",
        { failed: true, message: `POST is not for /rest/${path}; use GET.` },
      ]);
    }
  });

  test("tells what it cost, and hides what the caller may not see", async () => {
    const { headers } = await get("widget_data");
    expect(Number(headers.get("x-query-cost"))).toBeGreaterThan(1);
    const nobody = { authorization: `Bearer ${await tokenOf()}` };
    expect((await get("app_status", nobody)).body).toEqual({ count: 0, data: [], num_pages: 1 });
    const known = await writer.select().from(appStatuses);
    expect((await get("app_status")).body.count).toBe(known.length);
  });

  test("answers also where callers may send no documents but those that are kept", async () => {
    const [[name]] = (await database.read(sql`select current_database()`)) as [[string]];
    const folder = mkdtempSync(join(tmpdir(), "soar-kept-"));
    const settings = {
      PERSISTED_OPERATIONS: folder,
      PERSISTED_ONLY: "true",
      ACCEPT_DATA_LOSS: "true",
      WORKER: "false",
    };
    const other = await startGateway(urlOf(inject("postgres").connection, name), token, settings);
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const own = await fetch(`${other.url}/graphql`, { method: "POST", headers, body: '{"query":"{ version }"}' });
    expect(await own.json()).toMatchObject({ errors: [{ extensions: { code: "FORBIDDEN" } }] });
    const answer = await fetch(`${other.url}/rest/version`, { headers });
    expect(await answer.json()).toEqual((await get("version")).body);
    await other.kill();
    rmSync(folder, { recursive: true });
  });

  test("elsewhere is nothing", async () => {
    expect(await get("container/1")).toMatchObject({
      status: 404,
      body: { failed: true, message: "There is nothing at /rest/container/1." },
    });
  });
});
