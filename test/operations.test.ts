import { describe, expect, test } from "vitest";
import { readConfig } from "../src/config.js";
import { createServer } from "../src/server.js";
import { openGateway, told } from "./support/gateway.js";

const gateway = await openGateway();
const { ask, database } = gateway;

const artifactFields =
  'rawData: {}, cefData: { sourceAddress: "203.0.113.9" }, label: "netflow", name: "Address", severity: "HIGH"';
const add = (more: string, headers?: Record<string, string>) =>
  ask(
    `mutation { addArtifact(input: { ${artifactFields}, ${more.includes("artifactType") ? more : `${more}, artifactType: "network"`} }) { success message code field artifactId artifact { id severity } artifactEdge { cursor node { name } } } }`,
    {},
    headers,
  );
const count = async (table: string, where = "true") =>
  Number((await database.pool.query(`select count(*) from ${table} where ${where}`)).rows[0].count);

describe("addArtifact", () => {
  test("adds an artifact with everything it was given", async () => {
    const { data } = await ask(`mutation { addArtifact(input: {
      container: 7, rawData: { line: "raw" }, cefData: { user_hash: "c8e5" }, label: "netflow", name: "test_event", severity: "High",
      artifactType: "network", fieldMapping: { user_hash: ["md5"] } }) {
        success message code field artifact { label name severity type cef cefTypes data sourceDataIdentifier hash version revision owner { username } container { id } } } }`);
    expect(data.addArtifact).toMatchObject({
      success: true,
      code: null,
      field: null,
      artifact: {
        label: "netflow",
        name: "test_event",
        severity: "high",
        type: "network",
        cef: { user_hash: "c8e5" },
        cefTypes: { user_hash: ["md5"] },
        data: { line: "raw" },
        sourceDataIdentifier: expect.stringMatching(/^[0-9a-f-]{36}$/),
        hash: expect.stringMatching(/^[0-9a-f]{32}$/),
        version: 1,
        revision: 1,
        owner: { username: "admin" },
        container: { id: 7 },
      },
    });
  });

  test("refuses the same artifact with the same identifier and answers the one that stands", async () => {
    const first = (await add('container: 7, identifier: "same"')).data.addArtifact;
    const second = (await add('container: 7, identifier: "same"')).data.addArtifact;
    expect(first).toMatchObject({ success: true, artifactEdge: { node: { name: "Address" } } });
    expect(second).toMatchObject({
      success: false,
      code: "DUPLICATE",
      artifactId: first.artifactId,
      artifact: { id: first.artifactId },
      artifactEdge: first.artifactEdge,
    });
  });

  test("takes for another artifact what differs in body, container or caller, and whatever has no identifier", async () => {
    const other = await gateway.tokenOf("Automation", "automation");
    const added = [
      await add('container: 7, identifier: "other"'),
      await add('container: 7, identifier: "other", artifactType: "host"'),
      await add('container: 24, identifier: "other"'),
      await add('container: 7, identifier: "other"', { authorization: `Bearer ${other}` }),
      await add("container: 7"),
      await add("container: 7, identifier: null"),
    ];
    expect(added.map(({ data }) => data.addArtifact.success)).toEqual(added.map(() => true));
  });

  test("adds one for a hundred equal calls at once, and tells all of them its id", async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, () => add('container: 79, identifier: "race"')));
    const given = answers.map(({ data }) => data.addArtifact);
    expect(given.filter(({ success }) => success)).toHaveLength(1);
    expect(new Set(given.map(({ artifactId }) => artifactId)).size).toBe(1);
    expect(await count("artifacts", "source_data_identifier = 'race'")).toBe(1);
  });

  test("moves the container's artifactUpdateTime, not its revision", async () => {
    const read = async () =>
      (await ask("{ container(id: 24) { artifactUpdateTime revision artifactCount } }")).data.container;
    const before = await read();
    await add("container: 24");
    const after = await read();
    expect(after.artifactUpdateTime > before.artifactUpdateTime).toBe(true);
    expect(after).toMatchObject({ revision: before.revision, artifactCount: before.artifactCount + 1 });
  });

  test.each([
    ["a container that does not exist", "container: 5000", "NOT_FOUND", "container"],
    ["no container at all", "identifier: null", "CONTAINER_REQUIRED", "container"],
    ["a severity that does not exist", 'container: 7, severity: "dire"', "NOT_FOUND", "severity"],
    ["types that are no texts", "container: 7, fieldMapping: { a: 1 }", "INVALID_VALUE", "fieldMapping"],
    ["an identifier that is too long", `container: 7, identifier: "${"x".repeat(513)}"`, "TOO_LONG", "identifier"],
  ])("refuses %s and changes nothing", async (_, more, code, field) => {
    const before = await count("artifacts");
    const input = more.includes("severity") ? artifactFields.replace(', severity: "HIGH"', "") : artifactFields;
    const { data, errors } = await ask(
      `mutation { addArtifact(input: { ${input}, artifactType: "network", ${more} }) { success message code field artifact { id } } }`,
    );
    expect(errors).toBeUndefined();
    expect(data.addArtifact).toMatchObject({ success: false, code, field, artifact: null });
    expect(await count("artifacts")).toBe(before);
  });

  test("refuses a disabled severity and names the active ones", async () => {
    await database.pool.query("insert into severities (name, disabled) values ('dreadful', true)");
    const { data } = await ask(
      `mutation { addArtifact(input: { container: 7, rawData: {}, cefData: {}, label: "l", name: "n", severity: "Dreadful", artifactType: "host" }) { code message } }`,
    );
    expect(data.addArtifact).toEqual({
      code: "INACTIVE",
      message: 'The severity "dreadful" is disabled. Active ones: high, low, medium.',
    });
  });
});

describe("the current container", () => {
  test("comes from the header, unless the input names one", async () => {
    const header = { "soar-container": "24" };
    const current = await ask(
      'mutation { comment(input: { comment: "hello" }) { comment { container { id } } } }',
      {},
      header,
    );
    const named = await ask(
      'mutation { comment(input: { comment: "hello", container: 7 }) { comment { container { id } } } }',
      {},
      header,
    );
    expect([current, named].map(({ data }) => data.comment.comment.container.id)).toEqual([24, 7]);
  });

  test("must be a number", async () => {
    const { status, errors } = await ask("{ viewer { user { id } } }", {}, { "soar-container": "seven" });
    expect({ status, errors }).toMatchObject({
      status: 400,
      errors: [{ message: expect.stringContaining("seven"), extensions: { code: "BAD_REQUEST" } }],
    });
  });
});

describe("addNote", () => {
  test("about a task is written in the phase the container is in", async () => {
    const { rows } = await database.pool.query(
      "insert into phases (container_id, name, \"order\") values (42, 'Triage', 1) returning id",
    );
    await database.pool.query(`update containers set current_phase_id = ${rows[0].id} where id = 42`);
    const task = await database.pool.query(
      `insert into tasks (container_id, phase_id, name) values (42, ${rows[0].id}, 'Look') returning id`,
    );
    const { data } = await ask(
      `mutation { addNote(input: { taskId: ${task.rows[0].id}, content: "done" }) { success note { noteType task { name notes { totalCount } } phase { name } container { id } } } }`,
    );
    expect(data.addNote.note).toEqual({
      noteType: "TASK",
      task: { name: "Look", notes: { totalCount: 1 } },
      phase: { name: "Triage" },
      container: { id: 42 },
    });
  });

  test("is general, or about the artifact given, which decides the container", async () => {
    const { data } = await ask(`mutation {
      general: addNote(input: { container: 7, title: "T", content: "*c*" }) { success note { noteType noteFormat title content author { username } container { id } } }
      artifact: addNote(input: { artifactId: 122, noteFormat: HTML }) { success noteId note { noteType noteFormat title artifact { id hasNote } container { id } } }
    }`);
    expect(data.general.note).toEqual({
      noteType: "GENERAL",
      noteFormat: "MARKDOWN",
      title: "T",
      content: "*c*",
      author: { username: "admin" },
      container: { id: 7 },
    });
    expect(data.artifact.note).toEqual({
      noteType: "ARTIFACT",
      noteFormat: "HTML",
      title: "",
      artifact: { id: 122, hasNote: true },
      container: { id: 79 },
    });
  });

  test.each([
    ["a type that needs an artifact without one", "container: 7, noteType: ARTIFACT", "INVALID_VALUE", "artifactId"],
    ["a type that contradicts the artifact", "artifactId: 122, noteType: GENERAL", "INVALID_VALUE", "noteType"],
    ["an artifact of another container", "artifactId: 122, container: 7", "CONTAINER_MISMATCH", "container"],
    ["an artifact that does not exist", "artifactId: 5", "NOT_FOUND", "artifactId"],
    ["a task that does not exist", "taskId: 50000", "NOT_FOUND", "taskId"],
    ["an artifact and a task at once", "artifactId: 122, taskId: 1", "INVALID_VALUE", "taskId"],
  ])("refuses %s", async (_, input, code, field) => {
    const { data } = await ask(`mutation { addNote(input: { ${input} }) { success code field noteId note { id } } }`);
    expect(data.addNote).toEqual({ success: false, code, field, noteId: null, note: null });
  });
});

describe("pin", () => {
  const pin = async (input: string) =>
    (
      await ask(
        `mutation { pin(input: { ${input} }) { success code field message pinId pin { name message data pinType pinStyle } } }`,
      )
    ).data.pin;

  test("pins with S0's sample and defaults", async () => {
    expect(
      await pin(
        'container: 42, data: "192.168.1.7", message: "This is a malicious IP", pinType: CARD_SMALL, pinStyle: WHITE',
      ),
    ).toMatchObject({
      success: true,
      pin: {
        name: null,
        message: "This is a malicious IP",
        data: "192.168.1.7",
        pinType: "CARD_SMALL",
        pinStyle: "WHITE",
      },
    });
    expect(await pin('container: 42, data: "x"')).toMatchObject({
      pin: { message: null, pinType: "DATA", pinStyle: "GREY" },
    });
  });

  test("changes the pin of the same name in the container", async () => {
    const first = await pin('container: 42, name: "ip", data: "1.1.1.1", message: "first"');
    const second = await pin('container: 42, name: "ip", data: "2.2.2.2", pinStyle: RED');
    const elsewhere = await pin('container: 24, name: "ip", data: "3.3.3.3"');
    expect(second).toMatchObject({ pinId: first.pinId, pin: { message: "first", data: "2.2.2.2", pinStyle: "RED" } });
    expect(elsewhere.pinId).not.toBe(first.pinId);
  });

  test("of one name by 200 callers at once is one pin", async () => {
    const pinned = await Promise.all(
      Array.from({ length: 200 }, (_, index) => pin(`container: 42, name: "race", data: "${index}"`)),
    );
    expect(pinned.every(({ success }) => success)).toBe(true);
    expect(new Set(pinned.map(({ pinId }) => pinId)).size).toBe(1);
    expect(await count("pins", "name = 'race'")).toBe(1);
  });

  test("cuts what is too long to whole characters, or refuses it and says the limit", async () => {
    const long = `${"x".repeat(1023)}😀😀`;
    const cut = await pin(`container: 42, data: "${long}"`);
    expect(cut.pin.data).toBe(`${"x".repeat(1023)}😀`);
    const before = await count("pins");
    expect(await pin(`container: 42, data: "${long}", truncate: false`)).toMatchObject({
      success: false,
      code: "TOO_LONG",
      field: "data",
      message: expect.stringContaining("1024"),
    });
    expect(await count("pins")).toBe(before);
  });

  test("needs message or data", async () => {
    expect(await pin("container: 42")).toMatchObject({ success: false, code: "INVALID_VALUE" });
    expect(await pin('container: 42, message: "", data: ""')).toMatchObject({ success: false, code: "INVALID_VALUE" });
  });
});

describe("comment", () => {
  test("needs text", async () => {
    const { data } = await ask('mutation { comment(input: { container: 7, comment: "  " }) { success code field } }');
    expect(data.comment).toEqual({ success: false, code: "INVALID_VALUE", field: "comment" });
  });
});

describe("createContainer", () => {
  const create = async (input: string, headers?: Record<string, string>) =>
    (
      await ask(
        `mutation { createContainer(input: { ${input} }) { success code field message containerId container { id name label severity status containerType sensitivity tags dueTime createTime artifactCount tenant { id } } } }`,
        {},
        headers,
      )
    ).data.createContainer;

  test("creates an event with the system's defaults, due by its severity's SLA", async () => {
    const { container, ...outcome } = await create('name: "Example Name", label: "EVENTS", severity: "high"');
    expect(outcome).toMatchObject({ success: true, code: null });
    expect(container).toMatchObject({
      name: "Example Name",
      label: "events",
      severity: "high",
      status: "new",
      containerType: "DEFAULT",
      sensitivity: "AMBER",
      tags: [],
      tenant: { id: 0 },
    });
    expect(Date.parse(container.dueTime) - Date.parse(container.createTime)).toBe(60 * 60_000);
  });

  test("creates it with its artifacts, or not at all", async () => {
    const artifact = (more: string) => `{ ${artifactFields}${more} }`;
    const made = await create(
      `name: "n", label: "events", tags: ["a", "a", "b"], artifacts: [${artifact(', identifier: "1"')}, ${artifact(', identifier: "1"')}, ${artifact("")}]`,
    );
    expect(made).toMatchObject({
      success: true,
      container: { artifactCount: 2, tags: ["a", "b"], severity: "medium" },
    });
    const before = await count("containers");
    expect(
      await create(`name: "n", label: "events", artifacts: [${artifact("").replace("HIGH", "none")}]`),
    ).toMatchObject({ success: false, code: "NOT_FOUND", field: "severity", containerId: null });
    expect(await count("containers")).toBe(before);
  });

  test("refuses a known sourceDataIdentifier and answers its container", async () => {
    const first = await create('name: "n", label: "events", sourceDataIdentifier: "ticket-1"');
    const second = await create('name: "m", label: "events", sourceDataIdentifier: "ticket-1"');
    expect(second).toMatchObject({
      success: false,
      code: "DUPLICATE",
      containerId: first.containerId,
      container: { id: first.containerId, name: "n" },
    });
  });

  test.each([
    ["a label that does not exist", 'label: "Example Label"', "NOT_FOUND", "label"],
    ["a template for an event", 'label: "events", template: "x"', "INVALID_VALUE", "template"],
    [
      "a case of a template that does not exist",
      'label: "events", containerType: CASE, template: 77',
      "NOT_FOUND",
      "template",
    ],
    ["a tenant that does not exist", 'label: "events", tenantId: 9', "NOT_FOUND", "tenantId"],
  ])("refuses %s", async (_, input, code, field) => {
    expect(await create(`name: "n", ${input}`)).toMatchObject({
      success: false,
      code,
      field,
      containerId: null,
      container: null,
    });
  });

  test("refuses a case while no template is the default one", async () => {
    await database.pool.query("update workbook_templates set is_default = false");
    const before = await count("containers");
    expect(await create('name: "n", label: "events", containerType: CASE')).toMatchObject({
      success: false,
      code: "NO_DEFAULT_TEMPLATE",
      field: "template",
    });
    expect(await count("containers")).toBe(before);
    await database.pool.query("update workbook_templates set is_default = true");
  });

  test("finds a tenant by id, name or digits, and needs one when multi-tenancy is on", async () => {
    await database.pool.query("insert into tenants (id, name) values (3, 'Globex'), (4, '3')");
    const tenants = [];
    for (const tenant of ["3", '"globex"', '"3"', '"4"', "0", '""'])
      tenants.push((await create(`name: "n", label: "events", tenantId: ${tenant}`)).container.tenant.id);
    expect(tenants).toEqual([3, 3, 4, 4, 0, 0]);
    await database.pool.query("update system_settings set multi_tenancy = true");
    expect(await create('name: "n", label: "events"')).toMatchObject({
      success: false,
      code: "INVALID_VALUE",
      field: "tenantId",
    });
    expect(await create('name: "n", label: "events", tenantId: 0')).toMatchObject({ success: true });
    await database.pool.query("update system_settings set multi_tenancy = false");
  });
});

describe("every operation", () => {
  test("says what it did, line by line, when asked", async () => {
    const { extensions } = await ask(
      `mutation { one: comment(input: { container: 7, comment: "x", trace: true }) { success } two: comment(input: { container: 7, comment: "y" }) { success } }`,
    );
    expect(extensions.trace).toEqual([
      'one: container 7 "test" locked',
      expect.stringMatching(/^one: Comment \d+ added to container 7\.$/),
    ]);
  });

  test("is forbidden to whom no role allows it, and leaves siblings alone", async () => {
    const observer = await gateway.tokenOf("Observer");
    const { data, errors } = await ask(
      'mutation { comment(input: { container: 7, comment: "x" }) { success } }',
      {},
      { authorization: `Bearer ${observer}` },
    );
    expect(data).toEqual({ comment: null });
    expect(errors).toMatchObject([
      { message: expect.stringContaining("containers:edit"), extensions: { code: "FORBIDDEN" } },
    ]);
  });

  test("leaves one audit row, whether done, refused or forbidden, which nobody can change", async () => {
    const observer = await gateway.tokenOf("Observer");
    await database.pool.query("create table marks as select coalesce(max(id), 0) as id from audit_entries");
    await ask(
      'mutation { comment(input: { container: 7, comment: "x" }) { success } }',
      {},
      { "idempotency-key": "audited", "x-request-id": "the-request" },
    );
    await ask('mutation { comment(input: { container: 7, comment: "" }) { success } }');
    await ask(
      'mutation { comment(input: { container: 7, comment: "x" }) { success } }',
      {},
      { authorization: `Bearer ${observer}` },
    );
    const { rows } = await database.pool.query(
      "select operation, outcome, code, container_id, idempotency_key, request_id from audit_entries where id > (select id from marks) order by id",
    );
    expect(rows).toMatchObject([
      {
        operation: "comment",
        outcome: "done",
        code: null,
        container_id: 7,
        idempotency_key: "audited",
        request_id: "the-request",
      },
      { operation: "comment", outcome: "refused", code: "INVALID_VALUE" },
      { operation: "comment", outcome: "refused", code: "FORBIDDEN" },
    ]);
    await expect(database.pool.query("delete from audit_entries")).rejects.toThrow("never changed");
    await expect(database.pool.query("update audit_entries set message = ''")).rejects.toThrow("never changed");
  });

  test("hands what happened to the event log in the same transaction", async () => {
    const { data } = await ask(
      'mutation { comment(input: { container: 7, comment: "x" }) { comment { id } } bad: comment(input: { container: 7, comment: "" }) { success } }',
    );
    const { rows } = await database.pool.query(
      `select topic, kind, container_id, node_type, node_id from ${told} where node_type = 'Comment' and node_id >= $1`,
      [data.comment.comment.id],
    );
    expect(rows).toEqual([
      {
        topic: "container",
        kind: "COMMENT_ADDED",
        container_id: 7,
        node_type: "Comment",
        node_id: data.comment.comment.id,
      },
    ]);
  });

  test("of which nobody knows whether it was committed says so", async () => {
    await database.pool.query(`create function cut_off() returns trigger language plpgsql as 'begin perform pg_terminate_backend(pg_backend_pid()); return null; end';
      create constraint trigger cut_off after insert on comments deferrable initially deferred for each row when (new.comment = 'lost') execute function cut_off()`);
    const { data, errors } = await ask('mutation { comment(input: { container: 7, comment: "lost" }) { success } }');
    expect(data).toEqual({ comment: null });
    expect(errors).toMatchObject([
      { message: expect.stringContaining("Idempotency-Key"), extensions: { code: "OUTCOME_UNKNOWN" } },
    ]);
    expect(
      (await ask('mutation { comment(input: { container: 7, comment: "next" }) { success } }')).data.comment.success,
    ).toBe(true);
  });

  test("runs in few statements", async () => {
    const statements = await gateway.statements(() =>
      ask(`mutation { addArtifact(input: { container: 7, ${artifactFields}, artifactType: "network" }) { success } }`),
    );
    expect(statements.length).toBeLessThanOrEqual(8);
  });
});

describe("an idempotency key", () => {
  const say = (key: string, text = "once", headers = {}) =>
    ask(
      `mutation { comment(input: { container: 7, comment: ${JSON.stringify(text)} }) { success comment { id } } }`,
      {},
      { "idempotency-key": key, ...headers },
    );

  test("lets fifty equal requests at once act once", async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => say("fifty", "fifty")));
    expect(new Set(answers.map(({ data }) => data.comment.comment.id)).size).toBe(1);
    expect(await count("comments", "comment = 'fifty'")).toBe(1);
  });

  test("replays what was refused as well", async () => {
    const [first, second] = [await say("refused", " "), await say("refused", " ")];
    expect(second.data).toEqual(first.data);
    expect(await count("audit_entries", "idempotency_key = 'refused'")).toBe(1);
  });

  test("replays the finished mutations of a request and runs the rest", async () => {
    const query = `mutation { a: comment(input: { container: 7, comment: "three" }) { comment { id } } b: comment(input: { container: 7, comment: "three" }) { comment { id } } c: comment(input: { container: 7, comment: "three" }) { comment { id } } }`;
    const first = await ask(query, {}, { "idempotency-key": "three" });
    await database.pool.query(
      "update idempotency_keys set outcomes = (outcomes::jsonb - 'c')::json where key = 'three'",
    );
    const second = await ask(query, {}, { "idempotency-key": "three" });
    expect([second.data.a, second.data.b]).toEqual([first.data.a, first.data.b]);
    expect(second.data.c).not.toEqual(first.data.c);
    expect(await count("comments", "comment = 'three'")).toBe(4);
  });

  test("is for one document and container, and one caller", async () => {
    const first = await say("own");
    const other = await say("own", "another text");
    const elsewhere = await say("own", "once", { "soar-container": "24" });
    expect([other, elsewhere].map(({ errors }) => errors![0].extensions.code)).toEqual([
      "IDEMPOTENCY_CONFLICT",
      "IDEMPOTENCY_CONFLICT",
    ]);
    const foreign = await say("own", "once", {
      authorization: `Bearer ${await gateway.tokenOf("Incident Commander")}`,
    });
    expect(foreign.data.comment.comment.id).not.toBe(first.data.comment.comment.id);
  });

  test("is forgotten after a day", async () => {
    const first = await say("old");
    await database.pool.query(
      "update idempotency_keys set create_time = now() - interval '25 hours' where key = 'old'",
    );
    const second = await say("old", "something else");
    expect(second.data.comment.comment.id).not.toBe(first.data.comment.comment.id);
    await database.pool.query(
      "update idempotency_keys set create_time = now() - interval '25 hours' where key = 'old'",
    );
    const other = await createServer(readConfig({ LOG_LEVEL: "silent" }), database);
    await other.ready();
    await other.close();
    expect(await count("idempotency_keys", "key = 'old'")).toBe(0);
  });
});

describe("a text", () => {
  test("comes back exactly as it was written", async () => {
    const texts = [
      "plain",
      "ünïcödé 漢字 😀",
      'quotes " and \\ and \n\t',
      "  spaces  ",
      "%_$1",
      "<b>html</b>",
      "\u202eright to left",
    ];
    for (const text of texts) {
      const { data } = await ask(
        `mutation ($text: String!, $json: JSONObject!) { addArtifact(input: { container: 7, rawData: $json, cefData: $json, label: $text, name: $text, severity: "low", artifactType: "host" }) { artifact { name label data cef } } }`,
        { text, json: { [text]: text, deep: [{ "": text }], __proto: null } },
      );
      expect(data.addArtifact.artifact).toEqual({
        name: text,
        label: text,
        data: { [text]: text, deep: [{ "": text }], __proto: null },
        cef: { [text]: text, deep: [{ "": text }], __proto: null },
      });
    }
  });
});
