import { expect, test } from "vitest";
import { openGateway } from "./support/gateway.js";
import { atOnce, call, newContainer, read } from "./support/operations.js";

const gateway = await openGateway();
const { pool } = gateway.database;
const count = async (table: string, where: string) =>
  Number((await pool.query(`select count(*) from ${table} where ${where}`)).rows[0].count);
const life = "status openTime closeTime closingOwner { username } closingRuleRun { id } revision";

test("a container's life is kept: when it was opened, closed and opened again, and by whom", async () => {
  const container = await newContainer(gateway);
  const enter = async (status: string) =>
    (await call(gateway, "setStatus", { container, status }, `container { ${life} }`)).container;
  const opened = await enter("OPEN");
  expect(opened).toMatchObject({ status: "open", openTime: expect.any(String), closeTime: null, revision: 2 });
  const closed = await enter("closed");
  expect(closed).toMatchObject({ closeTime: expect.any(String), closingOwner: { username: "admin" } });
  const again = await enter("triage");
  expect(again).toMatchObject({ openTime: opened.openTime, closeTime: null, closingOwner: null });
  const { statusChanges } = await read(
    gateway,
    container,
    "statusChanges { nodes { fromStatus status time user { username } playbookRun { id } } }",
  );
  expect(statusChanges.nodes.map(({ time: _, ...step }: { time: string }) => step)).toEqual(
    [
      ["new", "open"],
      ["open", "closed"],
      ["closed", "triage"],
    ].map(([fromStatus, status]) => ({ fromStatus, status, user: { username: "admin" }, playbookRun: null })),
  );
  const times = statusChanges.nodes.map(({ time }: { time: string }) => time);
  expect(times).toEqual([...times].sort());
});

test("the status it has already changes nothing, and closing twice keeps the first time", async () => {
  const container = await newContainer(gateway);
  await call(gateway, "close", { container });
  const before = await read(gateway, container, life);
  expect(await call(gateway, "close", { container })).toMatchObject({ success: true });
  expect(await call(gateway, "setStatus", { container, status: "resolved" })).toMatchObject({ success: true });
  expect(await read(gateway, container, life)).toEqual(before);
});

test("closing is refused, and closes nothing, while no resolved status is the default", async () => {
  const container = await newContainer(gateway);
  await pool.query("update statuses set is_default = false where name = 'closed'");
  expect(await call(gateway, "close", { container })).toMatchObject({ success: false, code: "WRONG_STATE" });
  await pool.query("update statuses set is_default = true where name = 'closed'");
  expect(await read(gateway, container, life)).toMatchObject({ status: "new", revision: 1 });
});

test("a disabled status stays on those that have it and cannot be given anew", async () => {
  await pool.query("insert into statuses (name, status_type) values ('parked', 'open')");
  const [had, other] = [await newContainer(gateway), await newContainer(gateway)];
  await call(gateway, "setStatus", { container: had, status: "parked" });
  await pool.query("update statuses set disabled = true where name = 'parked'");
  expect(await read(gateway, had, "status statusInfo { disabled }")).toEqual({
    status: "parked",
    statusInfo: { disabled: true },
  });
  const refused = await call(gateway, "setStatus", { container: other, status: "PARKED" });
  expect(refused).toMatchObject({ code: "INACTIVE", message: expect.stringContaining("closed") });
});

test("a hundred containers are closed at once in few statements", async () => {
  const containers = await atOnce(100, () => newContainer(gateway));
  const statements = await gateway.statements(async () => {
    const closed = await call(gateway, "close", { containers }, "results { success container { status } }");
    expect(closed.results).toEqual(containers.map(() => ({ success: true, container: { status: "closed" } })));
  });
  expect(statements.length).toBeLessThanOrEqual(10);
  expect(await count("status_changes", `container_id = any('{${containers}}')`)).toBe(100);
  expect(await count("audit_entries", `operation = 'close' and container_id = any('{${containers}}')`)).toBe(100);
});

test("while a hundred callers save objects a container is closed, and none is left to go", async () => {
  const container = await newContainer(gateway);
  const answers = await atOnce(101, (index) =>
    index === 50
      ? call(gateway, "close", { container })
      : call(gateway, "saveObject", { key: `key${index}`, value: { index }, container }),
  );
  expect(answers[50]).toMatchObject({ success: true });
  for (const answer of answers) if (!answer.success) expect(answer.code).toBe("WRONG_STATE");
  expect(await count("saved_objects", `container_id = ${container}`)).toBe(0);
});

test("a hundred callers close one container, which is closed once", async () => {
  const container = await newContainer(gateway);
  const answers = await atOnce(100, () => call(gateway, "close", { container }));
  expect(answers.filter(({ success }) => success)).toHaveLength(100);
  expect(await count("status_changes", `container_id = ${container}`)).toBe(1);
  expect(await read(gateway, container, "revision")).toEqual({ revision: 2 });
});

test("a closed container still accepts notes, pins and tasks", async () => {
  const container = await newContainer(gateway);
  await call(gateway, "close", { container });
  for (const [operation, input] of [
    ["addNote", { title: "t" }],
    ["pin", { data: "d" }],
    ["addTask", { name: "n" }],
  ] as const)
    expect(await call(gateway, operation, { container, ...input })).toMatchObject({ success: true });
});
