import { expect, test } from "vitest";
import { openGateway } from "./support/gateway.js";
import { atOnce, call, newContainer, read } from "./support/operations.js";

const gateway = await openGateway();

test("a note is changed field by field and keeps who wrote it and when", async () => {
  const container = await newContainer(gateway);
  const { noteId, note } = await call(
    gateway,
    "addNote",
    { container, title: "t", content: "c" },
    "noteId note { createTime }",
  );
  const set = async (more: object) =>
    (
      await call(
        gateway,
        "updateNote",
        { noteId, ...more },
        "note { title content noteFormat revision createTime modifiedTime author { username } }",
      )
    ).note;
  expect(await set({ content: "new" })).toEqual({
    title: "t",
    content: "new",
    noteFormat: "MARKDOWN",
    revision: 2,
    createTime: note.createTime,
    modifiedTime: expect.any(String),
    author: { username: "admin" },
  });
  expect(await set({ title: null, noteFormat: "HTML" })).toMatchObject({ title: "", noteFormat: "HTML", revision: 3 });
  expect(await call(gateway, "updateNote", { noteId, noteFormat: null })).toMatchObject({ code: "INVALID_VALUE" });
});

test("a hundred callers change and one deletes a note: who came too late is told", async () => {
  const container = await newContainer(gateway);
  const { noteId } = await call(gateway, "addNote", { container }, "noteId");
  const answers = await atOnce(101, (index) =>
    index === 50 ? call(gateway, "deleteNote", { noteId }) : call(gateway, "updateNote", { noteId, title: `${index}` }),
  );
  expect(answers[50]).toMatchObject({ success: true });
  for (const answer of answers)
    if (!answer.success) expect(answer).toMatchObject({ code: "NOT_FOUND", field: "noteId" });
  expect(await read(gateway, container, "notes { totalCount }")).toEqual({ notes: { totalCount: 0 } });
});

test("two hundred callers pin and delete one name: whatever stands is one pin", async () => {
  const container = await newContainer(gateway);
  const pinned = await atOnce(200, (index) =>
    call(gateway, "pin", { container, name: "p", data: `${index}` }, "pinId"),
  );
  expect(new Set(pinned.map(({ pinId }) => pinId)).size).toBe(1);
  const { pinId } = pinned[0];
  const answers = await atOnce(200, (index) =>
    index % 2 ? call(gateway, "updatePin", { pinId, data: `${index}` }) : call(gateway, "deletePin", { pinId }),
  );
  expect(answers.filter(({ success }, index) => success && index % 2 === 0)).toHaveLength(1);
  for (const answer of answers) if (!answer.success) expect(answer.code).toBe("NOT_FOUND");
  expect(await read(gateway, container, "pins { totalCount }")).toEqual({ pins: { totalCount: 0 } });
});

test("what automation writes names no author", async () => {
  const container = await newContainer(gateway);
  const automation = { authorization: `Bearer ${await gateway.tokenOf("Automation", "automation")}` };
  const { note } = await call(gateway, "addNote", { container }, "note { author { username } }", automation);
  expect(note).toEqual({ author: null });
});

test("whoever may not view containers finds neither them nor what hangs on them", async () => {
  const container = await newContainer(gateway);
  const { noteId } = await call(gateway, "addNote", { container }, "noteId");
  const nobody = { authorization: `Bearer ${await gateway.tokenOf()}` };
  await expect(call(gateway, "getNotes", { container }, "", nobody)).rejects.toThrow("containers:view");
  await expect(call(gateway, "deleteNote", { noteId }, "", nobody)).rejects.toThrow("containers:edit");
});

test("questions leave no audit entry, lock nothing and take few statements", async () => {
  const container = await newContainer(gateway, { containerType: "CASE" });
  const { pool } = gateway.database;
  const entries = async () => (await pool.query("select count(*) from audit_entries")).rows[0].count;
  const before = await entries();
  const client = await pool.connect();
  await client.query("begin");
  await client.query("select from containers where id = $1 for update", [container]);
  const statements = await gateway.statements(async () => {
    const { tasks } = await call(gateway, "getTasks", { container }, "tasks { name notes { nodes { title } } }");
    expect(tasks.length).toBeGreaterThan(3);
  });
  await client.query("rollback");
  client.release();
  expect(statements.length).toBeLessThanOrEqual(4);
  expect(await entries()).toBe(before);
});

test("an object is kept for each key, container and playbook, and the last one saved counts", async () => {
  const container = await newContainer(gateway);
  await gateway.database.pool.query(
    "insert into playbooks (name, scm) values ('keeper', 'local'), ('keeper', 'other')",
  );
  const places = [{}, { container }, { playbook: "local/keeper" }, { container, playbook: "OTHER/keeper" }];
  for (const [index, place] of places.entries())
    for (const round of [1, 2])
      expect(await call(gateway, "saveObject", { key: "k", value: { index, round }, ...place }, "key")).toMatchObject({
        success: true,
        key: "k",
      });
  for (const [index, place] of places.entries())
    expect((await call(gateway, "getObject", { key: "k", ...place }, "value")).value).toEqual({ index, round: 2 });
  expect(await call(gateway, "clearObject", { key: "k", container })).toMatchObject({ success: true });
  expect(await call(gateway, "clearObject", { key: "k", container })).toMatchObject({
    code: "NOT_FOUND",
    field: "key",
  });
  expect(await call(gateway, "getObject", { key: "k" }, "value")).toMatchObject({ success: true });
  expect(await call(gateway, "getObject", { key: "k", playbook: "keeper" })).toMatchObject({
    code: "AMBIGUOUS",
    field: "playbook",
  });
  expect(await call(gateway, "getObject", { key: "k", playbook: "none" })).toMatchObject({
    code: "NOT_FOUND",
    field: "playbook",
  });
});

test("a hundred callers who save under one key leave one object", async () => {
  const answers = await atOnce(100, (index) => call(gateway, "saveObject", { key: "raced", value: { index } }));
  expect(answers.filter(({ success }) => success)).toHaveLength(100);
  const { rows } = await gateway.database.pool.query("select count(*)::int from saved_objects where key = 'raced'");
  expect(rows).toEqual([{ count: 1 }]);
});
