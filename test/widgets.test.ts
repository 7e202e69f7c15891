import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, test } from "vitest";
import { createToken } from "../src/auth/secrets.js";
import { actionRuns, approvals } from "../src/schema/action-run.js";
import { artifacts } from "../src/schema/artifact.js";
import { containers } from "../src/schema/container.js";
import { playbookRuns, playbooks } from "../src/schema/playbook.js";
import { statusChanges } from "../src/schema/status-change.js";
import { roleLabels, roles, userRoles, users } from "../src/schema/user.js";
import { widgets } from "../src/widgets/index.js";
import { openGateway } from "./support/gateway.js";

/*
 * Seven containers and what ran on them in the first days of March: few enough to count by hand. The window is of three
 * days, of which the second is quiet.
 */

const gateway = await openGateway("empty");
const { ask, database, statements } = gateway;
const { writer } = database;

const window = { startTime: "2026-03-02T00:00:00Z", endTime: "2026-03-05T00:00:00Z" };
const [alice, bob] = [101, 102];

const selections: Record<string, string> = {
  playbookStats: "{ total active }",
  slaTrend:
    "{ days { date resolved averageMinutes metPercent } severities { severity slaMinutes resolved averageMinutes metPercent } }",
  containersNew: "{ date count }",
  containerStats: "{ groups { name parts { name value } } }",
  labelStats: "{ label total days { date count } }",
  containersOpen:
    "{ total breached breachedPercent containers { containerId breached slaPercent container { name owner { username } } } }",
  containersWorkload: "{ userId count user { username } }",
  pendingApprovals: "{ userId count overdue oldest user { username } }",
  containersFilteredByStatus: "{ resolved { name value } unresolved { name value } all { name value } }",
  topPlaybooksActions:
    "{ actions { actionName total averageDuration } playbooks { playbookName total averageDuration } }",
  playbooksActionsStats: "{ date playbooks actions }",
  containersResolved: "{ date count }",
  roiSummary: "{ playbooks actions minutesSaved moneySaved }",
  roiStats: "{ date playbooks actions minutesSaved moneySaved }",
  slaStats: "{ date breaches }",
  containersPerformance: "{ resolved triage resolution dwell }",
  artifactStats: "{ count name containerId percent container { name } }",
};

const query = (name: string, given: Record<string, unknown>) => {
  const takes = widgets.find((widget) => widget.name === name)!.takes;
  const fits = Object.entries(given).filter(([argument]) => argument in takes);
  const words = fits.map(([argument, value]) =>
    argument === "actionFilter" ? `${argument}: ${value}` : `${argument}: ${JSON.stringify(value)}`,
  );
  return `{ widgetData { ${name}${words.length ? `(${words.join(", ")})` : ""} ${selections[name]} } }`;
};

/** The answer of a widget on those three days, unless said otherwise. */
async function figures(name: string, given: Record<string, unknown> = {}, headers?: Record<string, string>) {
  const { data, errors } = await ask(query(name, { ...window, ...given }), {}, headers);
  if (errors) throw new Error(JSON.stringify(errors));
  return data.widgetData[name];
}

/** Rows of the three days, from one list of figures for each column. */
const daily = (columns: Record<string, (number | null)[]>, days = ["2026-03-02", "2026-03-03", "2026-03-04"]) =>
  days.map((date, index) => ({
    date,
    ...Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, values[index]])),
  }));

const parts = (values: Record<string, number>) => Object.entries(values).map(([name, value]) => ({ name, value }));

/** What a widget answers where there is nothing, by its name. */
const nothing: Record<string, unknown> = {};

beforeAll(async () => {
  // The ids below are given by hand.
  for (const table of ["containers", "playbooks", "playbook_runs", "action_runs"])
    await writer.execute(sql.raw(`alter table ${table} alter id restart with 1000`));
  for (const { name } of widgets) nothing[name] = await figures(name);
  await writer.insert(users).values([
    { id: alice, username: "alice" },
    { id: bob, username: "bob" },
  ]);
  const container = (
    id: number,
    [label, severity, sensitivity, status]: string[],
    createTime: string,
    more: Partial<typeof containers.$inferInsert>,
  ) => ({
    id,
    name: `c${id}`,
    label: label!,
    severity: severity!,
    sensitivity: sensitivity as "red",
    status: status!,
    createTime,
    startTime: createTime,
    hash: String(id),
    sourceDataIdentifier: String(id),
    ...more,
  });
  await writer.insert(containers).values([
    container(1, ["events", "high", "red", "new"], "2026-03-02T10:00Z", {
      ownerId: alice,
      dueTime: "2026-03-02T11:00Z",
    }),
    container(2, ["events", "medium", "amber", "closed"], "2026-03-02T12:00Z", {
      ownerId: alice,
      openTime: "2026-03-02T12:30Z",
      closeTime: "2026-03-02T14:00Z",
      dueTime: "2026-03-03T00:00Z",
    }),
    container(3, ["incident", "high", "amber", "closed"], "2026-03-02T23:30Z", {
      ownerId: bob,
      startTime: "2026-03-02T22:30Z",
      closeTime: "2026-03-04T01:30Z",
      dueTime: "2026-03-03T00:30Z",
    }),
    container(4, ["events", "low", "green", "open"], "2026-03-04T08:00Z", {
      ownerId: bob,
      openTime: "2026-03-04T09:00Z",
    }),
    container(5, ["events", "medium", "white", "open"], "2026-03-04T23:59:59.999999Z", {
      containerType: "case",
      dueTime: "2099-01-01T00:00Z",
    }),
    container(6, ["events", "medium", "white", "new"], "2026-03-05T00:00Z", {
      ownerId: alice,
      dueTime: "2099-01-01T00:00Z",
    }),
    container(7, ["incident", "medium", "amber", "closed"], "2026-02-20T00:00Z", {
      ownerId: alice,
      openTime: "2026-02-20T01:00Z",
      closeTime: "2026-03-03T10:00Z",
      dueTime: "2026-03-03T12:00Z",
    }),
  ]);
  await writer.insert(playbooks).values([
    { id: 1, name: "triage", labels: ["events"], active: true, category: "Enrichment" },
    { id: 2, name: "contain", labels: ["*"], category: "Containment" },
    { id: 3, name: "old", labels: ["events"], disabled: true },
  ]);
  const run = { createTime: "2026-03-02T12:00Z", startTime: "2026-03-02T12:00Z" };
  await writer.insert(playbookRuns).values([
    {
      id: 1,
      playbookId: 1,
      containerId: 2,
      ownerId: alice,
      status: "success",
      ...run,
      endTime: "2026-03-02T12:00:10Z",
    },
    { id: 2, playbookId: 1, containerId: 3, status: "failed", ...run, endTime: "2026-03-02T12:00:20Z" },
    { id: 3, playbookId: 2, containerId: 4, ownerId: bob, createTime: "2026-03-04T10:00Z" },
  ]);
  const [first, third] = ["2026-03-02T12:00:01Z", "2026-03-04T09:00:00Z"];
  await writer.insert(actionRuns).values([
    {
      id: 1,
      containerId: 2,
      playbookRunId: 1,
      ownerId: alice,
      action: "geolocate ip",
      name: "x",
      status: "success",
      createTime: first,
      startTime: first,
      closeTime: "2026-03-02T12:00:04Z",
    },
    {
      id: 2,
      containerId: 4,
      creatorId: bob,
      action: "geolocate ip",
      name: "x",
      status: "success",
      createTime: third,
      startTime: third,
      closeTime: "2026-03-04T09:00:05Z",
    },
    { id: 3, containerId: 3, creatorId: alice, action: "whois ip", name: "x", createTime: "2026-03-03T08:00Z" },
    { id: 4, containerId: 4, creatorId: alice, action: "block ip", name: "x", createTime: "2026-02-03T08:00Z" },
  ]);
  await writer.insert(approvals).values([
    {
      containerId: 3,
      actionRunId: 3,
      approverId: alice,
      createTime: "2026-03-02T08:00Z",
      dueTime: "2026-03-02T09:00Z",
    },
    {
      containerId: 4,
      actionRunId: 4,
      approverId: alice,
      createTime: "2026-03-03T08:00Z",
      dueTime: "2099-01-01T00:00Z",
    },
    { containerId: 4, actionRunId: 4, approverId: bob, createTime: "2026-03-03T08:00Z", status: "approved" },
    { containerId: 4, actionRunId: 4, createTime: "2026-03-04T08:00Z" },
    { containerId: 4, actionRunId: 4, approverId: bob, createTime: "2026-02-04T08:00Z" },
    // Of an action that has ended.
    { containerId: 4, actionRunId: 2, approverId: bob, createTime: "2026-03-03T08:00Z" },
  ]);
  const artifact = (containerId: number, name: string, day: number, index: number) => ({
    containerId,
    name,
    label: "event",
    severity: "low",
    sourceDataIdentifier: `${containerId}-${index}`,
    identified: false,
    hash: `${containerId}-${index}`,
    createTime: `2026-03-0${day}T12:00Z`,
  });
  await writer
    .insert(artifacts)
    .values([
      ...[1, 2, 3].map((index) => artifact(1, "Malicious URL", 2, index)),
      ...[1, 2].map((index) => artifact(3, "Malicious URL", 3, index)),
      artifact(4, "Login", 4, 1),
      artifact(4, "Login", 5, 2),
    ]);
  await writer.execute(sql`update system_settings set
    roi = '{"analyst_hourly_cost": 90, "minutes_per_action": 7.7, "minutes_per_playbook": 30}'`);
});

/** For each widget: what it answers to some arguments. */
const cases: [name: string, given: Record<string, unknown>, answer: unknown][] = [
  ["playbookStats", {}, { total: 2, active: 1 }],
  ["playbookStats", { label: "Incident" }, { total: 1, active: 0 }],
  ["playbookStats", { label: "EVENTS" }, { total: 2, active: 1 }],
  [
    "slaTrend",
    {},
    {
      days: daily({ resolved: [1, 1, 1], averageMinutes: [120, 16440, 1560], metPercent: [100, 100, 0] }),
      severities: [
        { severity: "high", slaMinutes: 60, resolved: 1, averageMinutes: 1560, metPercent: 0 },
        { severity: "medium", slaMinutes: 720, resolved: 2, averageMinutes: 8280, metPercent: 100 },
        { severity: "low", slaMinutes: 1440, resolved: 0, averageMinutes: null, metPercent: null },
      ],
    },
  ],
  [
    "slaTrend",
    { label: "events", userId: alice },
    {
      days: daily({ resolved: [1, 0, 0], averageMinutes: [120, null, null], metPercent: [100, null, null] }),
      severities: [
        { severity: "high", slaMinutes: 60, resolved: 0, averageMinutes: null, metPercent: null },
        { severity: "medium", slaMinutes: 720, resolved: 1, averageMinutes: 120, metPercent: 100 },
        { severity: "low", slaMinutes: 1440, resolved: 0, averageMinutes: null, metPercent: null },
      ],
    },
  ],
  ["containersNew", {}, daily({ count: [3, 0, 2] })],
  ["containersNew", { label: "Events" }, daily({ count: [2, 0, 2] })],
  ["containersNew", { userId: alice }, daily({ count: [2, 0, 0] })],
  ["containersResolved", {}, daily({ count: [1, 1, 1] })],
  ["containersResolved", { label: "events" }, daily({ count: [1, 0, 0] })],
  ["containersResolved", { userId: bob }, daily({ count: [0, 0, 1] })],
  [
    "containerStats",
    {},
    {
      groups: [
        { name: "severity", parts: parts({ high: 2, medium: 2, low: 1 }) },
        { name: "sensitivity", parts: parts({ red: 1, amber: 2, green: 1, white: 1 }) },
        { name: "status", parts: parts({ new: 1, open: 2, closed: 2 }) },
        { name: "type", parts: parts({ default: 4, case: 1 }) },
        { name: "closed", parts: parts({ open: 3, closed: 2 }) },
      ],
    },
  ],
  [
    "containerStats",
    { label: "incident", userId: bob },
    {
      groups: [
        { name: "severity", parts: parts({ high: 1, medium: 0, low: 0 }) },
        { name: "sensitivity", parts: parts({ red: 0, amber: 1, green: 0, white: 0 }) },
        { name: "status", parts: parts({ new: 0, open: 0, closed: 1 }) },
        { name: "type", parts: parts({ default: 1, case: 0 }) },
        { name: "closed", parts: parts({ open: 0, closed: 1 }) },
      ],
    },
  ],
  [
    "labelStats",
    {},
    [
      { label: "events", total: 4, days: daily({ count: [2, 0, 2] }) },
      { label: "incident", total: 1, days: daily({ count: [1, 0, 0] }) },
    ],
  ],
  ["labelStats", { label: "INCIDENT" }, [{ label: "incident", total: 1, days: daily({ count: [1, 0, 0] }) }]],
  [
    "labelStats",
    { userId: bob },
    [
      { label: "events", total: 1, days: daily({ count: [0, 0, 1] }) },
      { label: "incident", total: 1, days: daily({ count: [1, 0, 0] }) },
    ],
  ],
  [
    "containersOpen",
    { sla: 100 },
    {
      total: 1,
      breached: 1,
      breachedPercent: 100,
      containers: [
        {
          containerId: 1,
          breached: true,
          slaPercent: expect.any(Number),
          container: { name: "c1", owner: { username: "alice" } },
        },
      ],
    },
  ],
  ["containersOpen", { label: "incident" }, { total: 0, breached: 0, breachedPercent: 0, containers: [] }],
  [
    "containersWorkload",
    {},
    [
      { userId: alice, count: 2, user: { username: "alice" } },
      { userId: bob, count: 1, user: { username: "bob" } },
    ],
  ],
  ["containersWorkload", { userId: bob }, [{ userId: bob, count: 1, user: { username: "bob" } }]],
  ["containersWorkload", { label: "incident" }, []],
  [
    "pendingApprovals",
    {},
    [
      { userId: alice, count: 2, overdue: 1, oldest: "2026-03-02T08:00:00.000000Z", user: { username: "alice" } },
      { userId: null, count: 1, overdue: 0, oldest: "2026-03-04T08:00:00.000000Z", user: null },
    ],
  ],
  ["pendingApprovals", { userId: bob }, []],
  [
    "containersFilteredByStatus",
    {},
    {
      resolved: parts({ high: 1, medium: 1, low: 0 }),
      unresolved: parts({ high: 1, medium: 1, low: 1 }),
      all: parts({ high: 2, medium: 2, low: 1 }),
    },
  ],
  [
    "containersFilteredByStatus",
    { label: "events", userId: alice },
    {
      resolved: parts({ high: 0, medium: 1, low: 0 }),
      unresolved: parts({ high: 1, medium: 0, low: 0 }),
      all: parts({ high: 1, medium: 1, low: 0 }),
    },
  ],
  [
    "topPlaybooksActions",
    {},
    {
      actions: [
        { actionName: "geolocate ip", total: 2, averageDuration: 4 },
        { actionName: "whois ip", total: 1, averageDuration: null },
      ],
      playbooks: [
        { playbookName: "triage", total: 2, averageDuration: 15 },
        { playbookName: "contain", total: 1, averageDuration: null },
      ],
    },
  ],
  [
    "topPlaybooksActions",
    { actionFilter: "AUTOMATED", playbookCategory: "enrichment" },
    {
      actions: [{ actionName: "geolocate ip", total: 1, averageDuration: 3 }],
      playbooks: [{ playbookName: "triage", total: 2, averageDuration: 15 }],
    },
  ],
  [
    "topPlaybooksActions",
    { actionFilter: "MANUAL", userId: bob },
    {
      actions: [{ actionName: "geolocate ip", total: 1, averageDuration: 5 }],
      playbooks: [{ playbookName: "contain", total: 1, averageDuration: null }],
    },
  ],
  [
    "topPlaybooksActions",
    { label: "incident" },
    {
      actions: [{ actionName: "whois ip", total: 1, averageDuration: null }],
      playbooks: [{ playbookName: "triage", total: 1, averageDuration: 20 }],
    },
  ],
  ["playbooksActionsStats", {}, daily({ playbooks: [2, 0, 1], actions: [1, 1, 1] })],
  ["playbooksActionsStats", { label: "events" }, daily({ playbooks: [1, 0, 1], actions: [1, 0, 1] })],
  ["roiSummary", {}, { playbooks: 1, actions: 2, minutesSaved: 45, moneySaved: 68 }],
  ["roiSummary", { userId: bob }, { playbooks: 0, actions: 1, minutesSaved: 7, moneySaved: 11 }],
  ["roiSummary", { label: "incident" }, { playbooks: 0, actions: 0, minutesSaved: 0, moneySaved: 0 }],
  [
    "roiStats",
    {},
    daily({ playbooks: [1, 0, 0], actions: [1, 0, 1], minutesSaved: [37.7, 0, 7.7], moneySaved: [56.55, 0, 11.55] }),
  ],
  [
    "roiStats",
    { userId: alice, label: "events" },
    daily({ playbooks: [1, 0, 0], actions: [1, 0, 0], minutesSaved: [37.7, 0, 0], moneySaved: [56.55, 0, 0] }),
  ],
  ["slaStats", {}, daily({ breaches: [1, 1, 0] })],
  ["slaStats", { label: "events" }, daily({ breaches: [1, 0, 0] })],
  ["containersPerformance", {}, { resolved: 3, triage: 33_000, resolution: 362_400, dwell: 363_600 }],
  ["containersPerformance", { label: "events" }, { resolved: 1, triage: 1800, resolution: 7200, dwell: 7200 }],
  ["containersPerformance", { userId: bob }, { resolved: 1, triage: 93_600, resolution: 93_600, dwell: 97_200 }],
  [
    "artifactStats",
    {},
    [
      { count: 3, name: "Malicious URL", containerId: 1, percent: 100, container: { name: "c1" } },
      { count: 2, name: "Malicious URL", containerId: 3, percent: 66.67, container: { name: "c3" } },
      { count: 1, name: "Login", containerId: 4, percent: 33.33, container: { name: "c4" } },
    ],
  ],
  [
    "artifactStats",
    { label: "incident" },
    [{ count: 2, name: "Malicious URL", containerId: 3, percent: 100, container: { name: "c3" } }],
  ],
  [
    "artifactStats",
    { userId: alice },
    [{ count: 3, name: "Malicious URL", containerId: 1, percent: 100, container: { name: "c1" } }],
  ],
];

describe("the widget", () => {
  test.each(cases)("%s, asked for %j, tells what counting by hand gives", async (name, given, answer) => {
    expect(await figures(name, given)).toEqual(answer);
  });

  test.each(widgets.map(({ name }) => name))("%s is one statement", async (name) => {
    const plain = query(name, window).replace(/(container|user) \{[^{}]*(\{[^{}]*\}[^{}]*)?\}/g, "");
    expect(await statements(() => ask(plain))).toHaveLength(1);
  });

  test("containersOpen tells the most pressing first, and those never due last", async () => {
    const { total, breached, breachedPercent, containers } = await figures("containersOpen");
    expect({ total, breached, breachedPercent }).toEqual({ total: 4, breached: 1, breachedPercent: 25 });
    const ids = containers.map(({ containerId }: { containerId: number }) => containerId);
    expect([ids[0], ids[3]]).toEqual([1, 4]);
    expect(containers[3].slaPercent).toBeNull();
  });
});

describe("at the edges", () => {
  /** A container that is there during one test, with some times as they are so far from now. */
  async function withContainer(columns: Partial<typeof containers.$inferInsert>, look: (id: number) => Promise<void>) {
    const [made] = await writer
      .insert(containers)
      .values({
        name: "c8",
        label: "incident",
        severity: "low",
        status: "new",
        hash: "",
        sourceDataIdentifier: "8",
        ...columns,
      })
      .returning();
    const { id } = made!;
    await look(id).finally(() => writer.execute(sql`delete from containers where id = ${id}`));
  }
  const ago = (interval: string) => sql`now() - ${interval}::interval` as never;

  test("containersOpen breaches no container a moment early, however long it may take", async () => {
    await withContainer({ createTime: ago("60 days"), dueTime: ago("-30 seconds") }, async (containerId) => {
      expect(await figures("containersOpen", { label: "incident", sla: 100 })).toMatchObject({ total: 0 });
      const { containers } = await figures("containersOpen", { label: "incident", sla: 99.99 });
      expect(containers).toMatchObject([{ containerId, breached: false, slaPercent: 100 }]);
    });
  });

  test("containersOpen tells what was due before it came in as breached at once", async () => {
    await withContainer({ createTime: ago("0 seconds"), dueTime: ago("1 hour") }, async (containerId) => {
      const { breached, containers } = await figures("containersOpen", { label: "incident", sla: 100 });
      expect([breached, containers]).toEqual([1, [expect.objectContaining({ containerId, breached: true })]]);
      expect(containers[0].slaPercent).toBeGreaterThanOrEqual(100);
    });
  });

  test("containersPerformance takes the first time that a container was resolved for its triage", async () => {
    const times = { createTime: "2026-03-02T10:00Z", startTime: "2026-03-02T10:00Z", closeTime: "2026-03-04T10:00Z" };
    await withContainer(
      { ...times, openTime: "2026-03-03T10:00Z", status: "closed", ownerId: bob },
      async (containerId) => {
        const steps: [string, string, string][] = [
          ["new", "closed", "2026-03-02T10:01Z"],
          ["closed", "open", "2026-03-03T10:00Z"],
          ["open", "closed", "2026-03-04T10:00Z"],
        ];
        await writer
          .insert(statusChanges)
          .values(steps.map(([fromStatus, status, time]) => ({ containerId, fromStatus, status, time })));
        const found = await figures("containersPerformance", { startTime: "2026-03-04T10:00:00Z" });
        expect(found).toEqual({ resolved: 1, triage: 60, resolution: 172_800, dwell: 172_800 });
      },
    );
  });

  test("topPlaybooksActions counts what never began, and takes no time from it", async () => {
    await withContainer({}, async (containerId) => {
      const run = { containerId, createTime: "2026-03-02T08:00Z", status: "cancelled" } as const;
      const ended = { action: "rare", name: "x", ...run, closeTime: "2026-03-04T08:00Z" };
      await writer
        .insert(actionRuns)
        .values([
          ended,
          { ...ended, startTime: "2026-03-04T07:59:50Z", status: "success" },
          { ...ended, action: "by hand", type: "manual", status: "success", closeTime: "2026-03-02T08:01Z" },
        ]);
      await writer.insert(playbookRuns).values({ playbookId: 2, ...run, endTime: "2026-03-04T08:00Z" });
      const { actions, playbooks } = await figures("topPlaybooksActions", { label: "incident" });
      expect(actions).toEqual([
        { actionName: "rare", total: 2, averageDuration: 10 },
        { actionName: "by hand", total: 1, averageDuration: 60 },
        { actionName: "whois ip", total: 1, averageDuration: null },
      ]);
      expect(playbooks).toContainEqual({ playbookName: "contain", total: 1, averageDuration: null });
    });
  });

  test("topPlaybooksActions tells ten actions, of those as frequent as each other by their names", async () => {
    await withContainer({}, async (containerId) => {
      const names = Array.from({ length: 11 }, (_, index) => `action ${String.fromCharCode(107 - index)} "'é`);
      await writer
        .insert(actionRuns)
        .values(names.map((action) => ({ containerId, action, name: "x", createTime: "2026-03-04T23:59:59.999Z" })));
      const { actions } = await figures("topPlaybooksActions", { startTime: "2026-03-04T12:00:00Z" });
      const told = actions.map(({ actionName }: { actionName: string }) => actionName);
      expect(told).toEqual(names.sort().slice(0, 10));
    });
  });

  test("labels and categories are found in the letters that Postgres takes for the same", async () => {
    await writer.execute(sql`insert into labels (name) values ('ΑΣ')`);
    await writer.execute(sql`insert into playbooks (name, labels, category) values ('greek', '{ΑΣ}', 'ΟΔΟΣ')`);
    await withContainer({ label: "ΑΣ", createTime: "2026-03-02T10:00Z" }, async (containerId) => {
      await writer.insert(playbookRuns).values({
        containerId,
        createTime: "2026-03-02T10:00Z",
        playbookId: sql`(select id from playbooks where name = 'greek')` as never,
      });
      expect(await figures("containersNew", { label: "ΑΣ" })).toEqual(daily({ count: [1, 0, 0] }));
      expect(await figures("labelStats", { label: "ΑΣ" })).toMatchObject([{ total: 1 }]);
      expect(await figures("playbookStats", { label: "ΑΣ" })).toMatchObject({ total: 2 });
      expect(await figures("topPlaybooksActions", { playbookCategory: "ΟΔΟΣ" })).toMatchObject({
        playbooks: [{ total: 1 }],
      });
    });
    await writer.execute(sql`delete from playbooks where name = 'greek'`);
    await writer.execute(sql`delete from labels where name = 'ΑΣ'`);
  });

  test.each([
    "{}",
    '{"analyst_hourly_cost": "90", "minutes_per_action": null, "minutes_per_playbook": [30]}',
  ])("roiSummary and roiStats save nothing by %s", async (roi) => {
    await writer.execute(sql`update system_settings set roi = ${roi}`);
    const [summary, days] = [await figures("roiSummary"), await figures("roiStats")];
    await writer.execute(sql`update system_settings set
        roi = '{"analyst_hourly_cost": 90, "minutes_per_action": 7.7, "minutes_per_playbook": 30}'`);
    expect(summary).toEqual({ playbooks: 1, actions: 2, minutesSaved: 0, moneySaved: 0 });
    expect(days[0]).toMatchObject({ playbooks: 1, actions: 1, minutesSaved: 0, moneySaved: 0 });
  });
});

describe("where there is nothing", () => {
  const none = daily({ count: [0, 0, 0] });
  const noSeverities = parts({ high: 0, medium: 0, low: 0 });
  const noRuns = daily({ playbooks: [0, 0, 0], actions: [0, 0, 0] });
  test.each<[string, unknown]>([
    ["playbookStats", { total: 0, active: 0 }],
    [
      "slaTrend",
      {
        days: daily({ resolved: [0, 0, 0], averageMinutes: [null, null, null], metPercent: [null, null, null] }),
        severities: [
          ["high", 60],
          ["medium", 720],
          ["low", 1440],
        ].map(([severity, slaMinutes]) => ({
          severity,
          slaMinutes,
          resolved: 0,
          averageMinutes: null,
          metPercent: null,
        })),
      },
    ],
    ["containersNew", none],
    ["containersResolved", none],
    [
      "containerStats",
      {
        groups: [
          { name: "severity", parts: noSeverities },
          { name: "sensitivity", parts: parts({ red: 0, amber: 0, green: 0, white: 0 }) },
          { name: "status", parts: parts({ new: 0, open: 0, closed: 0 }) },
          { name: "type", parts: parts({ default: 0, case: 0 }) },
          { name: "closed", parts: parts({ open: 0, closed: 0 }) },
        ],
      },
    ],
    ["labelStats", ["events", "incident"].map((label) => ({ label, total: 0, days: none }))],
    ["containersOpen", { total: 0, breached: 0, breachedPercent: 0, containers: [] }],
    ["containersWorkload", []],
    ["pendingApprovals", []],
    ["containersFilteredByStatus", { resolved: noSeverities, unresolved: noSeverities, all: noSeverities }],
    ["topPlaybooksActions", { actions: [], playbooks: [] }],
    ["playbooksActionsStats", noRuns],
    ["roiSummary", { playbooks: 0, actions: 0, minutesSaved: 0, moneySaved: 0 }],
    ["roiStats", noRuns.map((day) => ({ ...day, minutesSaved: 0, moneySaved: 0 }))],
    ["slaStats", daily({ breaches: [0, 0, 0] })],
    ["containersPerformance", { resolved: 0, triage: null, resolution: null, dwell: null }],
    ["artifactStats", []],
  ])("%s answers zeros and empty lists", async (name, answer) => {
    expect(nothing[name]).toEqual(answer);
  });
});

describe("the window", () => {
  test("is the same whatever the offset it is written with", async () => {
    const given = { startTime: "2026-03-02T05:45:00+05:45", endTime: "2026-03-04 19:00:00-05:00" };
    for (const { name, takes } of widgets)
      if ("startTime" in takes) expect(await figures(name, given), name).toEqual(await figures(name));
  });

  test("begins with its start and ends before its end, to the microsecond", async () => {
    const given = { startTime: "2026-03-04T23:59:59.999999Z", endTime: "2026-03-05T00:00:00.000001Z" };
    expect(await figures("containersNew", given)).toEqual(daily({ count: [1, 1] }, ["2026-03-04", "2026-03-05"]));
  });

  test("is of the last seven days when none is given", async () => {
    const now = await ask("{ widgetData { containersNew { date count } artifactStats { count } } }");
    const days = now.data.widgetData.containersNew;
    expect(days).toHaveLength(8);
    expect(days.at(-1).date).toBe(new Date().toISOString().slice(0, 10));
    expect(now.data.widgetData.artifactStats).toEqual([]);
    await writer.insert(containers).values(
      [7 * 24 * 60 - 1, 7 * 24 * 60 + 1].map((minutes) => ({
        id: minutes,
        name: "recent",
        label: "incident",
        severity: "low",
        status: "new",
        hash: "",
        sourceDataIdentifier: `recent-${minutes}`,
        createTime: sql`now() - make_interval(mins => ${minutes}::int)`,
      })),
    );
    const { data } = await ask('{ widgetData { containersNew(label: "incident") { count } } }');
    await writer.execute(sql`delete from containers where name = 'recent'`);
    const counts: number[] = data.widgetData.containersNew.map(({ count }: { count: number }) => count);
    expect(counts.reduce((sum, count) => sum + count)).toBe(1);
  });

  test.each([
    [
      'startTime: "2026-03-02T00:00:00Z"',
      "Of the window only the start, 2026-03-02T00:00:00.000000Z, is given; give both, or neither for the last 7 days.",
    ],
    [
      'endTime: "2026-03-02T00:00:00Z"',
      "Of the window only the end, 2026-03-02T00:00:00.000000Z, is given; give both, or neither for the last 7 days.",
    ],
    [
      'startTime: "2026-03-02T00:00:00Z", endTime: "2026-03-02T01:00:00+01:00"',
      "The window ends at 2026-03-02T00:00:00.000000Z, which is not after its start, 2026-03-02T00:00:00.000000Z.",
    ],
    [
      'startTime: "1990-01-01T00:00:00Z", endTime: "2026-01-01T00:00:00Z"',
      "From 1990-01-01T00:00:00.000000Z to 2026-01-01T00:00:00.000000Z are more than 3660 days; ask for fewer.",
    ],
  ])("is refused with %s", async (given, message) => {
    const { data, errors } = await ask(`{ widgetData { containersNew(${given}) { count } playbookStats { total } } }`);
    expect(errors).toMatchObject([{ message, extensions: { code: "BAD_USER_INPUT" } }]);
    expect(data.widgetData).toEqual({ containersNew: null, playbookStats: { total: 2 } });
  });

  test("costs what it may have to tell, day by day", async () => {
    const years = '(startTime: "2016-12-25T00:00:00Z", endTime: "2026-12-25 00:00:00+00")';
    const days = (names: string[], given: string) =>
      names.map((name) => `${name}: labelStats${given} { days { count } }`).join(" ");
    const many = Array.from({ length: 20 }, (_, index) => `a${index}`);
    const cost = async (query: string, variables?: Record<string, unknown>) =>
      Number((await ask(query, variables)).headers.get("x-query-cost"));
    expect(await cost(`{ widgetData { ${days(["a"], "")} } }`)).toBe(1 + 10 * (1 + 10));
    expect(await cost(`{ widgetData { ${days(["a"], years)} } }`)).toBeGreaterThan(10 * 3_652);
    const { errors } = await ask(`{ widgetData { ${days(many, years)} } }`);
    expect(errors).toMatchObject([{ extensions: { code: "QUERY_TOO_COMPLEX", limitName: "cost" } }]);
    const asDefaults = '($s: DateTime = "2016-12-25T00:00:00Z", $e: DateTime)';
    const byVariables = `query ${asDefaults} { widgetData { ${days(many, "(startTime: $s, endTime: $e)")} } }`;
    expect((await ask(byVariables, { e: "2026-12-25T00:00:00Z" })).errors).toMatchObject([
      { extensions: { limitName: "cost" } },
    ]);
    expect(await cost(byVariables, { e: "2016-12-26T00:00:00Z" })).toBe(1 + 10 * 20 * (1 + 2));
  });

  test.each([
    ["America/New_York", "2026-03-07T05:00:00Z", "2026-03-10T04:00:00Z", "2026-03-09T04:00:00Z"],
    // Where the clocks go forward at midnight, so that the day begins at one o'clock.
    ["America/Havana", "2026-03-07T05:00:00Z", "2026-03-10T04:00:00Z", "2026-03-08T05:00:00Z"],
    ["America/New_York", "2026-10-31T04:00:00Z", "2026-11-03T05:00:00Z", "2026-11-02T05:00:00Z"],
  ])("has every day once where the clocks change, in %s from %s", async (timeZone, startTime, endTime, midnight) => {
    await writer.execute(sql`update system_settings set time_zone = ${timeZone}`);
    const at = [sql`${midnight}::timestamptz - interval '1 microsecond'`, sql`${midnight}::timestamptz`];
    await writer.insert(containers).values(
      at.map((createTime, index) => ({
        name: "clocks",
        label: "events",
        severity: "low",
        status: "new",
        hash: "",
        sourceDataIdentifier: `clocks-${index}`,
        createTime: createTime as never,
      })),
    );
    const days = await figures("containersNew", { startTime, endTime });
    await writer.execute(sql`delete from containers where name = 'clocks'`);
    await writer.execute(sql`update system_settings set time_zone = default`);
    const first = new Date(startTime.slice(0, 10)).getTime();
    const dates = [0, 1, 2].map((day) => new Date(first + day * 86_400_000).toISOString().slice(0, 10));
    expect(days.map(({ date }: { date: string }) => date)).toEqual(dates);
    const counts: number[] = days.map(({ count }: { count: number }) => count);
    expect(counts.filter((count) => count === 1)).toHaveLength(2);
  });

  test("has the days of the system's time zone", async () => {
    await writer.execute(sql`update system_settings set time_zone = 'America/New_York'`);
    const days = ["2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04"];
    const [came, breached] = [await figures("containersNew"), await figures("slaStats")];
    await writer.execute(sql`update system_settings set time_zone = default`);
    expect(came).toEqual(daily({ count: [0, 3, 0, 2] }, days));
    // Half past midnight in London is the evening before in New York.
    expect(breached).toEqual(daily({ breaches: [0, 2, 0, 0] }, days));
  });
});

describe("a caller", () => {
  const asRole = async (name: string, permissions: string[], label?: string) => {
    const [user] = await writer.insert(users).values({ username: name }).returning();
    const [role] = await writer.insert(roles).values({ name, permissions }).returning();
    await writer.insert(userRoles).values({ userId: user!.id, roleId: role!.id });
    if (label)
      await writer.execute(sql`insert into ${roleLabels} select ${role!.id}, id from labels where name = ${label}`);
    return { authorization: `Bearer ${await createToken(writer, name)}` };
  };

  test("who is granted a label counts what it has and nothing else", async () => {
    const headers = await asRole("granted", ["containers:view", "playbooks:view", "cases:view"], "incident");
    for (const { name, takes } of widgets) {
      if (!("label" in takes) || name === "playbookStats") continue;
      const alone = await figures(name, {}, headers);
      const labelled = await figures(name, { label: "incident" });
      expect(alone, name).toEqual(labelled);
    }
    expect(await figures("pendingApprovals", {}, headers)).toMatchObject([{ userId: alice, count: 1 }]);
  });

  test("who may see nothing counts nothing", async () => {
    const headers = await asRole("nobody", []);
    for (const { name } of widgets) expect(await figures(name, {}, headers), name).toEqual(nothing[name]);
  });

  test("who may not view cases, or playbooks, counts none", async () => {
    const headers = await asRole("plain", ["containers:view"]);
    expect(await figures("containersNew", {}, headers)).toEqual(daily({ count: [3, 0, 1] }));
    expect(await figures("topPlaybooksActions", {}, headers)).toMatchObject({ actions: [{}, {}], playbooks: [] });
  });
});
