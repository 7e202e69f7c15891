import { expect, test } from "vitest";
import { openGateway } from "./support/gateway.js";
import { atOnce, call, newContainer, read } from "./support/operations.js";

const gateway = await openGateway();
const { pool } = gateway.database;
const update = (container: number, changes: object, more = {}, selection = "") =>
  call(gateway, "update", { container, changes, ...more }, selection);
const everything =
  "name description label status severity sensitivity owner { username } role { name } dueTime startTime endTime tags customFields data externalId killChain revision";

test("changes every field it is given, once, and nulls clear", async () => {
  const container = await newContainer(gateway);
  const given = {
    name: "n",
    description: "d",
    label: "Phishing",
    status: "Open",
    severity: "LOW",
    sensitivity: "RED",
    dueTime: "2026-01-02T03:04:05.123456+01:00",
    startTime: "2026-01-01T00:00:00Z",
    endTime: "2026-01-01 00:00:00.5+00",
    tags: ["b", "a", "b"],
    data: { a: [1, null] },
    externalId: "T-1",
    killChain: "Delivery",
  };
  const set = await update(container, { ...given, owner: "admin" }, {}, `container { ${everything} }`);
  expect(set.container).toEqual({
    ...given,
    label: "phishing",
    status: "open",
    severity: "low",
    dueTime: "2026-01-02T02:04:05.123456Z",
    startTime: "2026-01-01T00:00:00.000000Z",
    endTime: "2026-01-01T00:00:00.500000Z",
    tags: ["b", "a"],
    owner: { username: "admin" },
    role: null,
    customFields: {},
    revision: 2,
  });
  const nothing = ["description", "owner", "dueTime", "endTime", "tags", "data", "externalId", "killChain"];
  const cleared = await update(
    container,
    Object.fromEntries(nothing.map((name) => [name, null])),
    {},
    `container { ${everything} }`,
  );
  expect(cleared.container).toMatchObject({
    description: "",
    owner: null,
    dueTime: null,
    endTime: null,
    tags: [],
    data: {},
    externalId: null,
    killChain: null,
    name: "n",
    revision: 3,
  });
});

test("the empty update, and one that says what is so, succeed and change nothing", async () => {
  const container = await newContainer(gateway, { data: { b: 1, a: { d: 2, c: 3 } } });
  const before = await read(gateway, container, `${everything} containerUpdateTime`);
  expect(await update(container, {})).toMatchObject({ success: true, message: `Container ${container} is as it was.` });
  const { name, severity } = before;
  expect(await update(container, { name, severity, tags: [], data: { b: 1, a: { d: 2, c: 3 } } })).toMatchObject({
    success: true,
  });
  expect(await read(gateway, container, `${everything} containerUpdateTime`)).toEqual(before);
});

test.each([
  ["a name that is cleared", { name: null }, "INVALID_VALUE", "name"],
  ["a name without text", { name: " " }, "INVALID_VALUE", "name"],
  ["a label that does not exist", { label: "none" }, "NOT_FOUND", "label"],
  ["a status that does not exist", { status: "none" }, "NOT_FOUND", "status"],
  ["a severity that is cleared", { severity: null }, "INVALID_VALUE", "severity"],
  ["an owner nobody knows", { owner: "nobody" }, "NOT_FOUND", "owner"],
  ["a role nobody knows", { role: 4711 }, "NOT_FOUND", "role"],
  ["an owner and a role", { owner: "admin", role: "Observer" }, "INVALID_VALUE", "role"],
  ["a custom field nobody defined", { customFields: { none: 1 } }, "INVALID_VALUE", "customFields"],
  ["a tag without text", { tags: [""] }, "INVALID_VALUE", "tags"],
])("refuses %s, and every other change with it", async (_, changes, code, field) => {
  const container = await newContainer(gateway);
  const before = await read(gateway, container, everything);
  expect(await update(container, { description: "lost", ...changes })).toMatchObject({ success: false, code, field });
  expect(await read(gateway, container, everything)).toEqual(before);
});

test("custom fields are checked, and the required ones must stay", async () => {
  const container = await newContainer(gateway);
  await pool.query("insert into custom_fields (name, field_type) values ('Score', 'number'), ('Site', 'text')");
  expect(await update(container, { customFields: { Score: "high" } })).toMatchObject({ code: "INVALID_VALUE" });
  const set = await update(container, { customFields: { Score: 7, Site: "Zug" } }, {}, "container { customFields }");
  expect(set.container.customFields).toEqual({ Score: 7, Site: "Zug" });
  await pool.query("update custom_fields set required = true where name = 'Site'");
  expect(await update(container, { customFields: { Score: 8, Site: " " } })).toMatchObject({
    code: "INVALID_VALUE",
    message: 'The custom field "Site" is required.',
  });
  expect(await update(container, { customFields: { Score: 8 } })).toMatchObject({
    code: "INVALID_VALUE",
    field: "customFields",
  });
  await pool.query("delete from custom_fields");
});

test("a user replaces a role and a role a user; clearing one leaves the other", async () => {
  const container = await newContainer(gateway);
  const owned = async (changes: object) =>
    (await update(container, changes, {}, "container { owner { username } role { name } }")).container;
  expect(await owned({ role: "Observer" })).toEqual({ owner: null, role: { name: "Observer" } });
  expect(await owned({ owner: null })).toEqual({ owner: null, role: { name: "Observer" } });
  expect(await owned({ owner: "admin" })).toEqual({ owner: { username: "admin" }, role: null });
  expect(await owned({ role: null })).toEqual({ owner: { username: "admin" }, role: null });
});

test("a hundred callers who change different fields all get their way", async () => {
  const container = await newContainer(gateway);
  const fields = ["description", "externalId", "killChain", "name"];
  const answers = await atOnce(100, (index) =>
    update(container, { [fields[index % 4]!]: `${index}`, ...(index === 99 ? { tags: ["kept"] } : {}) }),
  );
  expect(answers.filter(({ success }) => success)).toHaveLength(100);
  const after = await read(gateway, container, "description externalId killChain name tags revision");
  fields.forEach((field, at) => {
    expect(Number(after[field]) % 4).toBe(at);
  });
  expect(after).toMatchObject({ tags: ["kept"], revision: 101 });
});

test("of a hundred callers who expect the same revision one wins", async () => {
  const container = await newContainer(gateway);
  const answers = await atOnce(100, (index) => update(container, { name: `${index}` }, { expectedRevision: 1 }));
  const winners = answers.flatMap(({ success }, index) => (success ? [index] : []));
  expect(winners).toHaveLength(1);
  expect(answers.filter(({ code }) => code === "REVISION_CONFLICT")).toHaveLength(99);
  expect(await read(gateway, container, "name revision")).toEqual({ name: String(winners[0]), revision: 2 });
});

test("no column that is no field of the changes can be written", async () => {
  const { ask } = gateway;
  for (const field of ["id", "hash", "createTime", "closeTime", "revision", "inCase", "containerType", "tenant"]) {
    const { errors } = await ask(`mutation { update(input: { container: 7, changes: { ${field}: 1 } }) { success } }`);
    expect(errors, field).toHaveLength(1);
  }
});

test("notes, artifacts and tasks refuse a lost race too, and say which revision they are at", async () => {
  const container = await newContainer(gateway);
  const { noteId } = await call(gateway, "addNote", { container, title: "t" }, "noteId");
  const { taskId } = await call(gateway, "addTask", { container }, "taskId");
  const { artifactId } = await call(
    gateway,
    "addArtifact",
    { container, rawData: {}, cefData: {}, label: "l", name: "n", severity: "low", artifactType: "host" },
    "artifactId",
  );
  for (const [operation, id, change] of [
    ["updateNote", { noteId }, { title: "new" }],
    ["updateTask", { taskId }, { name: "new" }],
    ["updateArtifact", { artifactId }, { name: "new" }],
  ] as const) {
    const object = operation.slice(6).toLowerCase();
    const answers = await atOnce(100, () =>
      call(gateway, operation, { ...id, ...change, expectedRevision: 1 }, `${object} { revision }`),
    );
    expect(answers.filter(({ success }) => success)).toEqual([expect.objectContaining({ [object]: { revision: 2 } })]);
    expect(answers.find(({ success }) => !success)).toMatchObject({
      code: "REVISION_CONFLICT",
      field: "expectedRevision",
      message: expect.stringContaining("is at revision 2, not 1"),
    });
  }
  expect(await read(gateway, container, "revision")).toEqual({ revision: 1 });
});

test("a text that Postgres cannot store is the caller's mistake, not a fault", async () => {
  const { ask } = gateway;
  const nul = "\0";
  for (const [mutation, variables] of [
    ["($v: String!) { comment(input: { container: 7, comment: $v }) { success } }", { v: nul }],
    [
      '($v: JSONObject!) { addArtifact(input: { container: 7, rawData: {}, cefData: $v, label: "l", name: "n", severity: "low", artifactType: "host" }) { success } }',
      { v: { a: nul } },
    ],
  ] as const) {
    const { errors } = await ask(`mutation ${mutation}`, variables);
    expect(errors).toMatchObject([{ message: expect.stringContaining("NUL"), extensions: { code: "BAD_USER_INPUT" } }]);
  }
});
