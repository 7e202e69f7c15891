import { once } from "node:events";
import { readFileSync, statfsSync } from "node:fs";
import { hostname } from "node:os";
import { sql } from "drizzle-orm";
import { describe, expect, inject, test, vi } from "vitest";
import { appStatuses } from "../src/schema/app-status.js";
import { serviceSnapshots } from "../src/schema/service-snapshot.js";
import { takeSnapshot, watchService } from "../src/system/snapshots.js";
import { openGateway } from "./support/gateway.js";
import { call } from "./support/operations.js";
import { startGateway, urlOf } from "./support/processes.js";

const gateway = await openGateway();
const { ask, database, tokenOf } = gateway;
const { writer } = database;

const health = async (snapshots = 10) => {
  const { data } = await ask(
    `query ($snapshots: Int) { health(snapshots: $snapshots) {
    allRunning lastSnapshotTime loadData { time load } memoryData { label value } swapData { label value }
    dbData { label value } vaultData { label value }
    services { name status snapshots { id name host pid numInstances rsKb vmKb utime stime time } } } }`,
    { snapshots },
  );
  return data.health;
};

test("a day of snapshots costs what it may have to tell, and twenty of them too much", async () => {
  const cost = async (given: string) => {
    const { headers } = await ask(`{ health${given} { services { snapshots { time } } } }`);
    return Number(headers.get("x-query-cost"));
  };
  expect([await cost(""), await cost("(snapshots: 0)"), await cost("(snapshots: 2880)")]).toEqual([111, 111, 31_681]);
  const many = Array.from(
    { length: 20 },
    (_, n) => `a${n}: health(snapshots: 2880) { services { snapshots { time } } }`,
  );
  const { errors } = await ask(`{ ${many.join(" ")} }`);
  expect(errors).toMatchObject([{ extensions: { code: "QUERY_TOO_COMPLEX", limitName: "cost" } }]);
});

type Service = { name: string; status: string; snapshots: Record<string, unknown>[] };
const serviceOf = (found: { services: Service[] }, name: string) => found.services.find((one) => one.name === name);

test("the version is the product's own", async () => {
  const { data } = await ask("{ version }");
  expect(data.version).toBe(JSON.parse(readFileSync("package.json", "utf8")).version);
});

test("address and time zone are those of the settings, and every caller may ask", async () => {
  await call(gateway, "updateSystemSettings", { baseUrl: "https://soar.example.com", timeZone: "Europe/Zurich" });
  const headers = { authorization: `Bearer ${await tokenOf()}` };
  const { data } = await ask("{ version systemInfo { baseUrl timeZone } health { allRunning } }", {}, headers);
  expect(data.systemInfo).toEqual({ baseUrl: "https://soar.example.com", timeZone: "Europe/Zurich" });
  expect(data.health).toEqual({ allRunning: true });
  await call(gateway, "updateSystemSettings", { baseUrl: null, timeZone: null });
});

describe("the licence", () => {
  const query = `{ license { status
    licenseInfo { caseManagement issueDate expirationDate maximumApps maximumUsers maximumAssets maximumActionsPerDay
      maximumContainers contactInformation companyName licenseNumber licenseType }
    currentUsage { recentPlaybookRunCount recentAppRunCount recentDebugRunCount } } }`;

  test("limits nothing until an administrator sets one", async () => {
    const { data } = await ask(query);
    expect(data.license).toMatchObject({
      status: "valid",
      licenseInfo: { caseManagement: true, issueDate: null, expirationDate: null, maximumApps: 0, companyName: "" },
    });
  });

  test("tells what the settings hold, and that it has expired", async () => {
    const license = {
      case_management: false,
      issue_date: 1490227200000,
      expiration_date: 1521763200000,
      maximum_containers: 5,
      company_name: "example",
      maximum_users: "many",
    };
    await call(gateway, "updateSystemSettings", { license });
    const { data } = await ask(query);
    expect(data.license.status).toBe("expired");
    expect(data.license.licenseInfo).toMatchObject({
      caseManagement: false,
      issueDate: "2017-03-23T00:00:00.000000Z",
      expirationDate: "2018-03-23T00:00:00.000000Z",
      maximumContainers: 5,
      maximumUsers: 0,
      companyName: "example",
    });
    await call(gateway, "updateSystemSettings", { license: null });
  });

  test("counts what was asked for in the last day, of what the caller sees", async () => {
    const before = (await ask(query)).data.license.currentUsage;
    expect(before).toEqual({ recentPlaybookRunCount: 0, recentAppRunCount: 0, recentDebugRunCount: 0 });
    await writer.execute(
      sql`update playbook_runs set create_time = now() - interval '23 hours' where id in (select id from playbook_runs order by id limit 3)`,
    );
    await writer.execute(sql`update playbook_runs set test_mode = true where id = (select min(id) from playbook_runs)`);
    await writer.execute(
      sql`update app_runs set create_time = now() - interval '23 hours' where id in (select id from app_runs order by id limit 4)`,
    );
    await writer.execute(
      sql`update app_runs set create_time = now() - interval '25 hours' where id in (select id from app_runs order by id desc limit 4)`,
    );
    const after = { recentPlaybookRunCount: 3, recentAppRunCount: 4, recentDebugRunCount: 1 };
    expect((await ask(query)).data.license.currentUsage).toEqual(after);
    const headers = { authorization: `Bearer ${await tokenOf()}` };
    expect((await ask(query, {}, headers)).data.license.currentUsage).toEqual(before);
  });
});

describe("health", () => {
  test("tells how gateway and database are, by what the system says of their processes", async () => {
    const found = await health();
    expect(found.allRunning).toBe(true);
    expect(found.services.map(({ name, status }: Service) => [name, status])).toEqual([
      ["gateway", "RUNNING"],
      ["postgres", "RUNNING"],
    ]);
    const [own] = serviceOf(found, "gateway")!.snapshots as [Record<string, number | string>];
    expect(own).toMatchObject({ host: hostname(), pid: process.pid, numInstances: 1 });
    const resident = process.memoryUsage.rss() / 1024;
    expect(own.rsKb).toBeGreaterThan(resident / 4);
    expect(own.rsKb).toBeLessThan(resident * 2);
    expect(Number(own.vmKb)).toBeGreaterThan(Number(own.rsKb));
    const { user, system } = process.cpuUsage();
    // Ticks are hundredths of a second, and time has gone on since.
    expect(own.utime).toBeGreaterThan(0);
    expect(Number(own.utime)).toBeLessThanOrEqual(user / 10_000 + 1);
    expect(Number(own.stime)).toBeLessThanOrEqual(system / 10_000 + 1);
    const [database] = serviceOf(found, "postgres")!.snapshots as [Record<string, number | string>];
    expect(database).toMatchObject({ host: "", pid: 0 });
    expect(database.numInstances).toBeGreaterThan(4);
    expect(found.lastSnapshotTime).toBe(own.time);
  });

  test("tells memory, load and disks of the machine", async () => {
    const found = await health();
    const amounts = (list: { label: string; value: number }[]) =>
      Object.fromEntries(list.map(({ label, value }) => [label, value]));
    const total = Number(/MemTotal: +(\d+)/.exec(readFileSync("/proc/meminfo", "utf8"))![1]) / 1024;
    const { Free, Used, Cached } = amounts(found.memoryData) as Record<string, number>;
    expect(Math.abs(Free! + Used! + Cached! - total)).toBeLessThan(3);
    expect(found.loadData.map(({ time }: { time: string }) => time)).toEqual(["1 minute", "5 minutes", "15 minutes"]);
    const { bsize, blocks, bfree } = statfsSync(gateway.vault.dataDir);
    const used = ((blocks - bfree) * bsize) / 1024 / 1024;
    for (const disk of [found.dbData, found.vaultData]) expect(Math.abs(amounts(disk).Used! - used)).toBeLessThan(200);
    expect(Object.keys(amounts(found.swapData))).toEqual(["Free", "Used"]);
  });

  test("keeps one snapshot of a process in half a minute, for a day, and tells as many as are asked for", async () => {
    await Promise.all(Array.from({ length: 100 }, () => takeSnapshot(database, "gateway", false)));
    const { rows } = await writer.execute(
      sql`select count(*)::int as rows, count(distinct (name, host, pid, period))::int as periods from service_snapshots`,
    );
    expect(rows[0]!.rows).toBe(rows[0]!.periods);
    const old = { name: "gateway", host: "elsewhere", pid: 7, period: 1 };
    await writer.insert(serviceSnapshots).values([
      { ...old, time: "2020-01-01T00:00Z" },
      { ...old, period: 2, time: sql`now() - interval '2 hours'` as never },
    ]);
    await takeSnapshot(database, "gateway", false);
    const all = serviceOf(await health(100), "gateway")!.snapshots;
    expect(all.filter(({ host }) => host === "elsewhere")).toHaveLength(1);
    expect(serviceOf(await health(1), "gateway")!.snapshots).toHaveLength(1);
    expect(serviceOf(await health(0), "gateway")!.snapshots).toEqual([]);
    const { errors } = await ask("{ health(snapshots: 2881) { allRunning } }");
    expect(errors).toMatchObject([{ extensions: { code: "BAD_USER_INPUT", limit: 2880 } }]);
    await writer.execute(sql`delete from service_snapshots where host = 'elsewhere'`);
  });

  test("says that a service stopped: by its own word, or when it was not heard of for a minute and a half", async () => {
    await takeSnapshot(database, "worker", false);
    expect(serviceOf(await health(), "worker")!.status).toBe("RUNNING");
    await writer.execute(sql`update service_snapshots set time = now() - interval '2 minutes' where name = 'worker'`);
    const silent = await health();
    expect([serviceOf(silent, "worker")!.status, silent.allRunning]).toEqual(["STOPPED", false]);
    await takeSnapshot(database, "worker", false);
    expect((await health()).allRunning).toBe(true);
    await takeSnapshot(database, "worker", true);
    expect(serviceOf(await health(), "worker")!.status).toBe("STOPPED");
    await writer.execute(sql`delete from service_snapshots where name = 'worker'`);
  });
});

test("the last word of a service is that it stops, also when it was about to tell how it is", async () => {
  await writer.execute(sql`create table said (id int generated always as identity, stopped boolean)`);
  await writer.execute(sql`create function say() returns trigger language plpgsql as
    $$ begin insert into said (stopped) values (new.stopped); return null; end $$`);
  await writer.execute(sql`create trigger say after insert or update on service_snapshots
    for each row when (new.name = 'worker') execute function say()`);
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  const wrong: unknown[] = [];
  for (let times = 0; times < 100; times++) {
    const stop = await watchService(database, "worker", (error) => wrong.push(error));
    vi.advanceTimersByTime(30_000);
    await stop();
  }
  vi.useRealTimers();
  const { rows } = await writer.execute(sql`select stopped from said order by id`);
  await writer.execute(sql`drop trigger say on service_snapshots`);
  await writer.execute(sql`delete from service_snapshots where name = 'worker'`);
  expect(wrong).toEqual([]);
  expect(rows.map(({ stopped }) => stopped)).toEqual(Array(100).fill([false, false, true]).flat());
});

test("a gateway that is told to stop says so on its way out", async () => {
  const [[name]] = (await database.read(sql`select current_database()`)) as [[string]];
  const { child } = await startGateway(urlOf(inject("postgres").connection, name), gateway.token, {
    ACCEPT_DATA_LOSS: "true",
  });
  const told = async () => {
    const { rows } = await writer.execute(
      sql`select stopped from service_snapshots where pid = ${child.pid} order by time desc limit 1`,
    );
    return rows[0]?.stopped;
  };
  expect(await told()).toBe(false);
  child.kill("SIGTERM");
  await once(child, "exit");
  expect(await told()).toBe(true);
});

describe("the statuses of apps", () => {
  test("are those of the last test of each asset, page by page, and found from the asset", async () => {
    const { data } = await ask(
      "{ appStatuses(first: 2) { totalCount nodes { id status message createTime app { name } asset { name appStatuses { nodes { id } } } } pageInfo { hasNextPage } } }",
    );
    // One of each product that the sample has.
    expect(data.appStatuses.totalCount).toBe(6);
    const [first] = data.appStatuses.nodes;
    expect(first).toMatchObject({
      status: "SUCCESS",
      message: `Testing asset connectivity for '${first.asset.name}' using app '${first.app.name}' 1 action succeeded.`,
    });
    expect(first.asset.appStatuses.nodes).toEqual([{ id: first.id }]);
    const [{ assetId }] = (await writer.select().from(appStatuses)) as [typeof appStatuses.$inferSelect];
    await expect(
      writer.insert(appStatuses).values({ assetId, appId: 4, status: "failed", message: "" }),
    ).rejects.toThrow();
  });

  test("are hidden from who may not view assets", async () => {
    const { data } = await ask("{ appStatuses { totalCount } }", {}, { authorization: `Bearer ${await tokenOf()}` });
    expect(data.appStatuses.totalCount).toBe(0);
  });
});
