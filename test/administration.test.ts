import { describe, expect, test } from "vitest";
import { openGateway } from "./support/gateway.js";

const gateway = await openGateway("empty");
const { ask, database } = gateway;

/** Runs one mutation with an input of variables and gives its payload. */
async function run(name: string, input: Record<string, unknown>, selection = "") {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`;
  const { data, errors } = await ask(
    `mutation ($input: ${type}!) { ${name}(input: $input) { success message code field ${selection} } }`,
    { input },
  );
  expect(errors).toBeUndefined();
  return data[name];
}

describe("a label", () => {
  test("is created, disabled, and used again by its name", async () => {
    const made = await run("createLabel", { name: " Ransomware " }, "labelId label { id name disabled }");
    expect(made).toMatchObject({ success: true, label: { name: "Ransomware", disabled: false } });
    expect(await run("createLabel", { name: "RANSOMWARE" }, "label { id }")).toMatchObject({
      success: false,
      code: "DUPLICATE",
      label: { id: made.labelId },
    });
    expect(await run("deleteLabel", { id: made.labelId }, "label { disabled }")).toMatchObject({
      success: true,
      label: { disabled: true },
    });
    expect(await run("createContainer", { name: "n", label: "ransomware" })).toMatchObject({
      code: "INACTIVE",
      field: "label",
    });
    expect(await run("createLabel", { name: "ransomware" }, "labelId label { name disabled }")).toMatchObject({
      success: true,
      labelId: made.labelId,
      label: { disabled: false },
    });
  });

  test("has a name", async () => {
    expect(await run("createLabel", { name: "  " })).toMatchObject({
      success: false,
      code: "INVALID_VALUE",
      field: "name",
    });
    const used = await run("createLabel", { name: "Used" }, "labelId");
    await run("createContainer", { name: "n", label: "used" });
    await run("deleteLabel", { id: used.labelId });
    expect(await run("createLabel", { name: "USED" }, "label { name }")).toMatchObject({
      success: true,
      label: { name: "Used" },
    });
    expect(await run("deleteLabel", { id: 999 })).toMatchObject({ success: false, code: "NOT_FOUND", field: "id" });
  });
});

describe("a severity", () => {
  const names = async () => (await ask("{ severities { id name isDefault disabled } }")).data.severities;

  test("takes the default from the one that had it, and cannot be disabled while it has it", async () => {
    const critical = await run(
      "createSeverity",
      { name: "critical", color: "purple", order: -1, isDefault: true },
      "severityId",
    );
    expect((await names()).filter(({ isDefault }: { isDefault: boolean }) => isDefault)).toMatchObject([
      { name: "critical" },
    ]);
    expect(await run("deleteSeverity", { id: critical.severityId })).toMatchObject({
      success: false,
      code: "WRONG_STATE",
    });
    expect(await run("updateSeverity", { id: critical.severityId, isDefault: false })).toMatchObject({
      success: false,
      code: "WRONG_STATE",
      field: "isDefault",
    });
    const [medium] = (await names()).filter(({ name }: { name: string }) => name === "medium");
    expect(await run("updateSeverity", { id: medium.id, isDefault: true }, "severity { isDefault }")).toMatchObject({
      success: true,
      severity: { isDefault: true },
    });
    expect(await run("deleteSeverity", { id: critical.severityId })).toMatchObject({ success: true });
    expect((await names()).map(({ name }: { name: string }) => name)).toEqual(["high", "medium", "low", "critical"]);
  });

  test("stays on old containers when disabled, and is refused for new ones", async () => {
    const rare = await run("createSeverity", { name: "rare" }, "severityId");
    const old = await run(
      "createContainer",
      { name: "n", label: "events", severity: "RARE" },
      "container { severity }",
    );
    await run("deleteSeverity", { id: rare.severityId });
    expect(old.container.severity).toBe("rare");
    expect(await run("createContainer", { name: "n", label: "events", severity: "rare" })).toMatchObject({
      code: "INACTIVE",
    });
  });

  test("has a short and simple name, and at most ten are active, for callers at once too", async () => {
    expect(await run("createSeverity", { name: "very bad" })).toMatchObject({ code: "INVALID_VALUE", field: "name" });
    expect(await run("createSeverity", { name: "x".repeat(21) })).toMatchObject({ code: "TOO_LONG", field: "name" });
    const many = await Promise.all(
      Array.from({ length: 30 }, (_, index) => run("createSeverity", { name: `extra-${index}` })),
    );
    expect(many.filter(({ success }) => success)).toHaveLength(7);
    expect(many.find(({ success }) => !success)).toMatchObject({
      code: "WRONG_STATE",
      message: expect.stringContaining("10"),
    });
  });
});

describe("a status", () => {
  test("is the default of its type only, and the last active one of a type stays", async () => {
    const resolved = await run(
      "createStatus",
      { name: "resolved", statusType: "RESOLVED", isDefault: true },
      "statusId status { statusType isDefault }",
    );
    expect(resolved.status).toEqual({ statusType: "RESOLVED", isDefault: true });
    const { data } = await ask("{ statuses { id name isDefault } }");
    expect(data.statuses.map(({ name, isDefault }: { name: string; isDefault: boolean }) => [name, isDefault])).toEqual(
      [
        ["new", true],
        ["resolved", true],
        ["open", true],
        ["closed", false],
      ],
    );
    const closed = data.statuses.find(({ name }: { name: string }) => name === "closed");
    expect(await run("deleteStatus", { id: closed.id })).toMatchObject({ success: true });
    expect(await run("deleteStatus", { id: resolved.statusId })).toMatchObject({ success: false, code: "WRONG_STATE" });
  });

  test("is never renamed", async () => {
    const { errors } = await ask('mutation { updateStatus(input: { id: 1, name: "x" }) { success } }');
    expect(errors).toMatchObject([{ extensions: { code: "GRAPHQL_VALIDATION_FAILED" } }]);
  });
});

describe("a tenant", () => {
  test("is changed field by field; null clears", async () => {
    const made = await run(
      "createTenant",
      { name: "ACME", description: "A customer", contact: "x@acme.example", slas: { HIGH: 30 } },
      "tenantId tenant { name slas }",
    );
    expect(made.tenant).toEqual({ name: "ACME", slas: { high: 30 } });
    const changed = await run(
      "updateTenant",
      { id: made.tenantId, contact: null, description: null },
      "tenant { name description contact slas }",
    );
    expect(changed.tenant).toEqual({ name: "ACME", description: "", contact: null, slas: { high: 30 } });
    const due = await run(
      "createContainer",
      { name: "n", label: "events", severity: "high", tenantId: "acme" },
      "container { createTime dueTime }",
    );
    expect(Date.parse(due.container.dueTime) - Date.parse(due.container.createTime)).toBe(30 * 60_000);
    expect(await run("deleteTenant", { id: 0 })).toMatchObject({ success: false, code: "WRONG_STATE" });
    expect(await run("updateTenant", { id: made.tenantId, name: null })).toMatchObject({
      code: "INVALID_VALUE",
      field: "name",
    });
    expect(await run("updateTenant", { id: made.tenantId, slas: { hihg: 30 } })).toMatchObject({
      code: "NOT_FOUND",
      field: "slas",
      message: expect.stringContaining('There is no severity "hihg"; slas takes '),
    });
    expect(await run("updateTenant", { id: made.tenantId, slas: { high: -1 } })).toMatchObject({
      success: false,
      code: "INVALID_VALUE",
      field: "slas",
    });
  });
});

describe("a custom field", () => {
  test("is made, changed and deleted", async () => {
    const made = await run(
      "createCustomField",
      { name: "ticket", fieldType: "select", options: ["a"], required: true },
      "customFieldId customField { name fieldType options required }",
    );
    expect(made.customField).toEqual({ name: "ticket", fieldType: "select", options: ["a"], required: true });
    const create = (customFields?: object) =>
      run("createContainer", { name: "n", label: "events", customFields }, "container { customFields }");
    expect(await create()).toMatchObject({
      success: false,
      field: "customFields",
      message: expect.stringContaining("required"),
    });
    expect(await create({ ticket: "b" })).toMatchObject({
      success: false,
      field: "customFields",
      message: expect.stringContaining("one of a"),
    });
    expect(await create({ ticket: "a", more: 1 })).toMatchObject({
      success: false,
      field: "customFields",
      message: expect.stringContaining("more"),
    });
    expect(await create({ ticket: "a" })).toMatchObject({
      success: true,
      container: { customFields: { ticket: "a" } },
    });
    expect(await run("createCustomField", { name: "other", fieldType: "colour" })).toMatchObject({
      code: "INVALID_VALUE",
      field: "fieldType",
    });
    expect(await run("createCustomField", { name: "other", fieldType: "select" })).toMatchObject({
      code: "INVALID_VALUE",
      field: "options",
    });
    expect(await run("deleteCustomField", { id: made.customFieldId }, "customField { id }")).toMatchObject({
      success: true,
      customField: null,
    });
  });
});

describe("a workbook template", () => {
  const phases = [
    {
      name: "Detect",
      tasks: [
        { name: "Look", owner: "admin", actions: ["lookup ip"], playbooks: ["local/triage"] },
        { name: "Decide", role: "Incident Commander" },
      ],
    },
    { name: "Recover", tasks: [] },
  ];

  test("is made with its phases and tasks, and copied into a case", async () => {
    const made = await run(
      "createWorkbookTemplate",
      { name: "Response", isDefault: true, isNoteRequired: true, phases },
      "workbookTemplateId workbookTemplate { phases(orderBy: [{ field: ORDER }]) { nodes { name order tasks { nodes { name order owner { username } role { name } actions playbooks } } } } }",
    );
    expect(made.workbookTemplate.phases.nodes).toEqual([
      {
        name: "Detect",
        order: 1,
        tasks: {
          nodes: [
            {
              name: "Look",
              order: 1,
              owner: { username: "admin" },
              role: null,
              actions: ["lookup ip"],
              playbooks: ["local/triage"],
            },
            { name: "Decide", order: 2, owner: null, role: { name: "Incident Commander" }, actions: [], playbooks: [] },
          ],
        },
      },
      { name: "Recover", order: 2, tasks: { nodes: [] } },
    ]);
    const { container } = await run(
      "createContainer",
      { name: "case", label: "events", containerType: "CASE" },
      `container {
      containerType workflowName currentPhase { name } workbooks { nodes { name template { name } } }
      phases(orderBy: [{ field: ORDER }]) { nodes { name tasks(orderBy: [{ field: ORDER }]) { nodes { name status isNoteRequired suggestions owner { username } } } } } }`,
    );
    expect(container).toMatchObject({
      containerType: "CASE",
      workflowName: "Response",
      currentPhase: { name: "Detect" },
      workbooks: { nodes: [{ name: "Response", template: { name: "Response" } }] },
      phases: {
        nodes: [
          {
            name: "Detect",
            tasks: {
              nodes: [
                {
                  name: "Look",
                  status: "NOT_STARTED",
                  isNoteRequired: true,
                  suggestions: { actions: ["lookup ip"], playbooks: [{ scm: "local", playbook: "triage" }] },
                  owner: { username: "admin" },
                },
                { name: "Decide" },
              ],
            },
          },
          { name: "Recover", tasks: { nodes: [] } },
        ],
      },
    });
  });

  test("is only one the default, which stays", async () => {
    const other = await run("createWorkbookTemplate", { name: "Other", isDefault: true }, "workbookTemplateId");
    const { data } = await ask("{ workbookTemplates { nodes { name isDefault } } }");
    expect(data.workbookTemplates.nodes).toEqual([
      { name: "Response", isDefault: false },
      { name: "Other", isDefault: true },
    ]);
    expect(await run("deleteWorkbookTemplate", { id: other.workbookTemplateId })).toMatchObject({
      success: false,
      code: "WRONG_STATE",
    });
    expect(
      await run(
        "createContainer",
        { name: "c", label: "events", containerType: "CASE", template: "response" },
        "container { workflowName }",
      ),
    ).toMatchObject({ container: { workflowName: "Response" } });
    expect(
      await run("createContainer", { name: "c", label: "events", containerType: "CASE", template: "none" }),
    ).toMatchObject({ code: "NOT_FOUND", field: "template" });
  });

  test("with an owner that does not exist is not made at all", async () => {
    expect(
      await run("createWorkbookTemplate", {
        name: "Bad",
        phases: [{ name: "p", tasks: [{ name: "t", owner: "nobody" }] }],
      }),
    ).toMatchObject({ success: false, code: "NOT_FOUND", field: "owner" });
    expect(
      (await ask('{ workbookTemplates(filter: { name: { eq: "Bad" } }) { totalCount } }')).data.workbookTemplates
        .totalCount,
    ).toBe(0);
  });
});

describe("an app and its assets", () => {
  test("offer actions, and keep secrets to themselves", async () => {
    const app = await run(
      "createApp",
      {
        name: "MaxMind",
        productName: "GeoIP2",
        productVendor: "MaxMind",
        configuration: { licence: { data_type: "password" }, url: { data_type: "string" } },
        actions: [
          { action: "geolocate ip", type: "investigate", parameters: { ip: { data_type: "string", required: true } } },
        ],
      },
      "appId app { appid actions { nodes { action identifier type readOnly parameters } } }",
    );
    expect(app.app).toMatchObject({
      appid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      actions: { nodes: [{ action: "geolocate ip", identifier: "geolocate_ip", type: "investigate", readOnly: true }] },
    });
    const secret = "s3cr3t-licence";
    const asset = await run(
      "createAsset",
      {
        name: "MaxMind Prod",
        app: "maxmind",
        configuration: { licence: secret, url: "http://127.0.0.1", api_key: "another-secret" },
        approvers: ["admin"],
        tags: ["geo"],
      },
      "assetId asset { name productVendor configuration app { name } approvers { nodes { username } } }",
    );
    expect(asset.asset).toEqual({
      name: "maxmind prod",
      productVendor: "MaxMind",
      configuration: { licence: "********", url: "http://127.0.0.1", api_key: "********" },
      app: { name: "MaxMind" },
      approvers: { nodes: [{ username: "admin" }] },
    });
    await run("updateAsset", {
      id: asset.assetId,
      configuration: { licence: "********", url: "http://127.0.0.2", api_key: "changed" },
    });
    const { rows } = await database.pool.query("select configuration, secrets from assets");
    expect(rows).toEqual([
      {
        configuration: { licence: "********", url: "http://127.0.0.2", api_key: "********" },
        secrets: { licence: secret, api_key: "changed" },
      },
    ]);
    const everything = await ask(
      "{ assets { nodes { configuration ingest actionWhitelist } } auditEntries(last: 100) { nodes { message ids } } }",
    );
    expect(JSON.stringify(everything)).not.toMatch(/s3cr3t|another-secret|changed"/);
  });

  test("are found by id or name, and not when there is none", async () => {
    expect(await run("createAsset", { name: "a", app: "none" })).toMatchObject({
      success: false,
      code: "NOT_FOUND",
      field: "app",
    });
    expect(await run("createApp", { name: "Twice", actions: [{ action: "a" }, { action: "A" }] })).toMatchObject({
      success: false,
      code: "INVALID_VALUE",
      field: "actions",
    });
    expect((await ask("{ apps { totalCount } }")).data.apps.totalCount).toBe(1);
  });
});

describe("a playbook", () => {
  test("is made in its repository and counts its versions", async () => {
    const made = await run(
      "createPlaybook",
      { name: "triage", labels: ["Events", "*"], active: true },
      "playbookId playbook { fullName labels active version latestEditor { username } }",
    );
    expect(made.playbook).toEqual({
      fullName: "local/triage",
      labels: ["events", "*"],
      active: true,
      version: 1,
      latestEditor: { username: "admin" },
    });
    expect(
      await run("updatePlaybook", { id: made.playbookId, description: "x" }, "playbook { version }"),
    ).toMatchObject({ playbook: { version: 2 } });
    expect(await run("updatePlaybook", { id: made.playbookId, draftMode: true })).toMatchObject({
      success: false,
      code: "WRONG_STATE",
    });
    expect(await run("createPlaybook", { name: "triage", scm: "community" })).toMatchObject({ success: true });
    expect(await run("createPlaybook", { name: "TRIAGE" })).toMatchObject({ success: false, code: "DUPLICATE" });
    expect(await run("createPlaybook", { name: "x", labels: ["nonsense"] })).toMatchObject({
      success: false,
      code: "NOT_FOUND",
      field: "label",
    });
  });
});

describe("the system's settings", () => {
  test("are changed one by one, and set back by null", async () => {
    const { systemSettings } = await run(
      "updateSystemSettings",
      { baseUrl: "https://soar.example", pinLengthLimit: 5, slaMinutes: { High: 1 } },
      "systemSettings { baseUrl pinLengthLimit slaMinutes timeZone }",
    );
    expect(systemSettings).toEqual({
      baseUrl: "https://soar.example",
      pinLengthLimit: 5,
      slaMinutes: { high: 1 },
      timeZone: "UTC",
    });
    expect(
      (
        await run(
          "updateSystemSettings",
          { pinLengthLimit: null, slaMinutes: null },
          "systemSettings { pinLengthLimit slaMinutes }",
        )
      ).systemSettings,
    ).toEqual({ pinLengthLimit: 1024, slaMinutes: { high: 60, medium: 720, low: 1440 } });
    expect(await run("updateSystemSettings", { timeZone: "Moon/Crater" })).toMatchObject({
      success: false,
      code: "INVALID_VALUE",
      field: "timeZone",
    });
    for (const timeZone of ["US/Pacific-New", "SystemV/EST5", "IST", "PST", "CET", "+05:30", "", "posix/Europe/Zurich"])
      expect(await run("updateSystemSettings", { timeZone }), timeZone).toMatchObject({
        code: "INVALID_VALUE",
        message: `${JSON.stringify(timeZone)} is no time zone such as Europe/Zurich.`,
      });
    for (const [timeZone, known] of Object.entries({ "asia/CALCUTTA": "Asia/Calcutta", utc: "UTC" })) {
      const changed = await run("updateSystemSettings", { timeZone }, "systemSettings { timeZone }");
      expect(changed.systemSettings).toEqual({ timeZone: known });
    }
    for (const [roi, message] of [
      [{ minutes_per_action: "7" }, 'roi gives minutes_per_action "7"; it takes a number from 0 to 100000.'],
      [{ analyst_hourly_cost: 1e300 }, "roi gives analyst_hourly_cost 1e+300; it takes a number from 0 to 100000."],
      [{ minutes_per_playbook: -1 }, "roi gives minutes_per_playbook -1; it takes a number from 0 to 100000."],
      [{ hourly: 1 }, 'roi has "hourly"; it takes analyst_hourly_cost, minutes_per_action, minutes_per_playbook.'],
    ] as const)
      expect(await run("updateSystemSettings", { roi })).toMatchObject({
        code: "INVALID_VALUE",
        field: "roi",
        message,
      });
    expect(await run("updateSystemSettings", { pinLengthLimit: 0 })).toMatchObject({
      success: false,
      code: "INVALID_VALUE",
      field: "pinLengthLimit",
    });
  });

  test("are changed only by those who may", async () => {
    const { errors } = await ask(
      'mutation { createLabel(input: { name: "x" }) { success } }',
      {},
      { authorization: `Bearer ${await gateway.tokenOf("Incident Commander")}` },
    );
    expect(errors).toMatchObject([{ extensions: { code: "FORBIDDEN", permission: "settings:edit" } }]);
  });
});
