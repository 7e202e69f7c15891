import { expect, test } from "vitest";
import { openGateway } from "./support/gateway.js";
import { atOnce, call, newContainer, read } from "./support/operations.js";

const gateway = await openGateway();
const { pool } = gateway.database;
const { rows } = await pool.query("select id from workbook_templates where is_default");
const template: number = rows[0].id;
const plan = await pool.query(
  `select p.name, count(t.id)::int as tasks from phase_templates p left join task_templates t on t.phase_id = p.id
   where p.template_id = $1 group by p.id order by p."order"`,
  [template],
);
const outline = (container: number) =>
  read(
    gateway,
    container,
    "containerType revision workbooks { nodes { phases { nodes { name tasks { totalCount } } } } }",
  );
const asPlanned = {
  phases: { nodes: plan.rows.map(({ name, tasks }) => ({ name, tasks: { totalCount: tasks } })) },
};

test("of a hundred callers who promote a container one makes a case of it, with one workbook", async () => {
  const container = await newContainer(gateway);
  const answers = await atOnce(100, () => call(gateway, "promote", { container }));
  expect(answers.filter(({ success }) => success)).toHaveLength(1);
  expect(answers.filter(({ code }) => code === "ALREADY_A_CASE")).toHaveLength(99);
  expect(await outline(container)).toEqual({ containerType: "CASE", revision: 2, workbooks: { nodes: [asPlanned] } });
});

test("a hundred callers who add a workbook add a hundred, each whole, and the container enters one phase", async () => {
  const container = await newContainer(gateway);
  const answers = await atOnce(100, () => call(gateway, "addWorkbook", { container, workbookId: template }));
  expect(answers.filter(({ success }) => success)).toHaveLength(100);
  const counted = await pool.query(
    `select (select count(*)::int from workbooks where container_id = $1) as workbooks,
      (select count(*)::int from phases where container_id = $1) as phases,
      (select count(*)::int from tasks where container_id = $1) as tasks`,
    [container],
  );
  const tasks = plan.rows.reduce((sum, phase) => sum + phase.tasks, 0);
  expect(counted.rows[0]).toEqual({ workbooks: 100, phases: 100 * plan.rows.length, tasks: 100 * tasks });
  expect(await read(gateway, container, "revision currentPhase { name }")).toEqual({
    revision: 2,
    currentPhase: { name: plan.rows[0].name },
  });
});

test("a disabled template cannot be added", async () => {
  const disabled = await pool.query(
    "insert into workbook_templates (name, disabled) values ('old', true) returning id",
  );
  const container = await newContainer(gateway);
  expect(await call(gateway, "addWorkbook", { container, workbookId: disabled.rows[0].id })).toMatchObject({
    code: "INACTIVE",
    field: "workbookId",
  });
});

test("a task of a template is given to nobody when its user or role was disabled", async () => {
  const { rows } = await pool.query(
    `with template as (insert into workbook_templates (name) values ('staffed') returning id),
      phase as (insert into phase_templates (template_id, name, "order") select id, 'one', 1 from template returning id, template_id),
      gone as (insert into users (username, is_active) values ('gone', false) returning id),
      closed as (insert into roles (name, disabled) values ('closed', true) returning id)
    insert into task_templates (phase_id, name, "order", owner_id, role_id)
    select phase.id, name, n, owner, role from phase, lateral (values
      ('a', 1, (select id from gone), null::int), ('b', 2, null, (select id from closed)),
      ('c', 3, (select id from users where username = 'admin'), null)) t(name, n, owner, role)
    returning (select template_id from phase)`,
  );
  const container = await newContainer(gateway);
  const { workbook } = await call(
    gateway,
    "addWorkbook",
    { container, workbookId: rows[0].template_id },
    "workbook { phases { nodes { tasks { nodes { name owner { username } role { name } } } } } }",
  );
  expect(workbook.phases.nodes[0].tasks.nodes).toEqual([
    { name: "a", owner: null, role: null },
    { name: "b", owner: null, role: null },
    { name: "c", owner: { username: "admin" }, role: null },
  ]);
});

test("a hundred tasks added at once stand in a hundred places of the current phase, else of the first, else of none", async () => {
  const container = await newContainer(gateway);
  const add = async (name: string) =>
    (await call(gateway, "addTask", { container, name }, "task { order phase { name } }")).task;
  expect(await add("without a phase")).toEqual({ order: 1, phase: null });
  await call(gateway, "addWorkbook", { container, workbookId: template });
  const { phases } = await read(gateway, container, "phases { nodes { id name tasks { totalCount } } }");
  await call(gateway, "setPhase", { container, phase: phases.nodes[1].id });
  const before = phases.nodes[1].tasks.totalCount;
  const added = await atOnce(100, (index) => add(`task ${index}`));
  expect(new Set(added.map(({ order }) => order))).toEqual(
    new Set(Array.from({ length: 100 }, (_, index) => before + index + 1)),
  );
  expect(new Set(added.map(({ phase }) => phase.name))).toEqual(new Set([phases.nodes[1].name]));
  await pool.query("update containers set current_phase_id = null where id = $1", [container]);
  expect((await add("in the first")).phase).toEqual({ name: phases.nodes[0].name });
});

test("a task goes from NOT_STARTED to IN_PROGRESS to COMPLETE and no other way", async () => {
  const container = await newContainer(gateway);
  const { taskId } = await call(gateway, "addTask", { container, name: "n" }, "taskId");
  const go = (status: string | null) =>
    call(gateway, "updateTask", { taskId, status }, "task { status startTime endTime revision }");
  expect(await go("COMPLETE")).toMatchObject({
    code: "WRONG_STATE",
    field: "status",
    message: expect.stringContaining("IN_PROGRESS next"),
  });
  expect((await go("IN_PROGRESS")).task).toEqual({
    status: "IN_PROGRESS",
    startTime: expect.any(String),
    endTime: null,
    revision: 2,
  });
  expect((await go("IN_PROGRESS")).task).toMatchObject({ revision: 2 });
  expect(await go("NOT_STARTED")).toMatchObject({ code: "WRONG_STATE" });
  expect((await go("COMPLETE")).task).toMatchObject({ status: "COMPLETE", endTime: expect.any(String), revision: 3 });
  expect(await go("IN_PROGRESS")).toMatchObject({ code: "WRONG_STATE", message: expect.stringContaining("stays so") });
  expect(await go(null)).toMatchObject({ code: "INVALID_VALUE", field: "status" });
});

test("a task that needs a note is completed together with one", async () => {
  const container = await newContainer(gateway);
  const { taskId } = await call(gateway, "addTask", { container, name: "n" }, "taskId");
  await pool.query("update tasks set is_note_required = true, status = 'in_progress' where id = $1", [taskId]);
  const complete = (more: object) =>
    call(
      gateway,
      "updateTask",
      { taskId, status: "COMPLETE", ...more },
      "note { title content noteFormat task { id } } task { status }",
    );
  expect(await complete({})).toMatchObject({ code: "INVALID_VALUE", field: "note", note: null });
  expect(await complete({ note: "Done.", noteTitle: "End", noteFormat: "HTML" })).toMatchObject({
    success: true,
    note: { title: "End", content: "Done.", noteFormat: "HTML", task: { id: taskId } },
    task: { status: "COMPLETE" },
  });
});

test("a task has a name with text, and a note where one has text", async () => {
  const container = await newContainer(gateway);
  const { taskId, task } = await call(gateway, "addTask", { container, name: " " }, "taskId task { name }");
  expect(task).toEqual({ name: "New task" });
  const selection = "noteId task { status notes { totalCount } }";
  expect(await call(gateway, "updateTask", { taskId, status: "IN_PROGRESS", note: " " }, selection)).toMatchObject({
    noteId: null,
    task: { status: "IN_PROGRESS", notes: { totalCount: 0 } },
  });
  const note = { noteTitle: "End", note: "" };
  expect(await call(gateway, "updateTask", { taskId, status: "COMPLETE", ...note }, selection)).toMatchObject({
    code: "INVALID_VALUE",
    field: "note",
  });
});

test("a task's fields change one by one, and another owner takes the place of a role", async () => {
  const container = await newContainer(gateway);
  const { taskId } = await call(gateway, "addTask", { container, name: "n", role: "Observer" }, "taskId");
  const set = async (more: object) =>
    (
      await call(
        gateway,
        "updateTask",
        { taskId, ...more },
        "task { name description owner { username } role { name } }",
      )
    ).task;
  expect(await set({ description: "d" })).toEqual({
    name: "n",
    description: "d",
    owner: null,
    role: { name: "Observer" },
  });
  expect(await set({ owner: "admin" })).toEqual({
    name: "n",
    description: "d",
    owner: { username: "admin" },
    role: null,
  });
  expect(await set({ description: null, owner: null })).toMatchObject({ description: "", owner: null });
  expect(await call(gateway, "updateTask", { taskId: 999_999, name: "x" })).toMatchObject({
    code: "NOT_FOUND",
    field: "taskId",
  });
});
