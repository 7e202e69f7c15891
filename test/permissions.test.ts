import { describe, expect, test } from "vitest";
import { operations } from "../src/resolvers/schema.js";
import { callOn } from "./support/calls.js";
import { openGateway } from "./support/gateway.js";

/*
 * Which built-in role may ask for which operation. An operation without a line here fails, and so does one whose line is
 * not true.
 */
const columns = [
  "Administrator",
  "Asset Owner",
  "Automation",
  "Automation Engineer",
  "Incident Commander",
  "Observer",
] as const;

const matrix = `
  addArtifact             yes -   yes yes yes -
  addNote                 yes -   yes yes yes -
  addTags                 yes -   yes yes yes -
  addTask                 yes -   yes yes yes -
  addWorkbook             yes -   yes yes yes -
  close                   yes -   yes yes yes -
  comment                 yes -   yes yes yes -
  createContainer         yes -   yes yes yes -
  deletePin               yes -   yes yes yes -
  merge                   yes -   yes yes yes -
  pin                     yes -   yes yes yes -
  promote                 yes -   yes yes yes -
  removeTags              yes -   yes yes yes -
  setDuetime              yes -   yes yes yes -
  setLabel                yes -   yes yes yes -
  setOwner                yes -   yes yes yes -
  setPhase                yes -   yes yes yes -
  setSensitivity          yes -   yes yes yes -
  setSeverity             yes -   yes yes yes -
  setStatus               yes -   yes yes yes -
  update                  yes -   yes yes yes -
  updatePin               yes -   yes yes yes -
  addArtifacts            yes -   yes yes yes -
  updateArtifact          yes -   yes yes yes -
  updateNote              yes -   yes yes yes -
  deleteNote              yes -   yes yes yes -
  updateTask              yes -   yes yes yes -
  saveObject              yes -   yes yes yes -
  clearObject             yes -   yes yes yes -
  addVaultItem            yes -   yes yes yes -
  saveRunData             yes -   yes yes yes -
  runPlaybook             yes -   yes yes yes -
  claimPlaybookRuns       yes -   yes yes yes -
  heartbeatPlaybookRuns   yes -   yes yes yes -
  finishPlaybookRun       yes -   yes yes yes -
  cancelPlaybookRun       yes -   yes yes yes -
  deleteArtifact          yes -   yes -   yes -
  getNotes                yes yes yes yes yes yes
  getPhase                yes yes yes yes yes yes
  getTags                 yes yes yes yes yes yes
  getTasks                yes yes yes yes yes yes
  getObject               yes yes yes yes yes yes
  collect                 yes yes yes yes yes yes
  collect2                yes yes yes yes yes yes

  runAction               yes -   yes yes yes -
  act                     yes -   yes yes yes -
  cancelActionRun         yes -   yes yes yes -
  completeActionRun       yes -   yes yes yes -
  approveActionRun        yes yes yes yes yes yes
  denyActionRun           yes yes yes yes yes yes
  claimAppRuns            yes -   yes yes yes -
  heartbeatAppRuns        yes -   yes yes yes -
  reportAppRun            yes -   yes yes yes -
  testAsset               yes yes -   yes -   -

  createLabel             yes -   -   -   -   -
  updateLabel             yes -   -   -   -   -
  deleteLabel             yes -   -   -   -   -
  createSeverity          yes -   -   -   -   -
  updateSeverity          yes -   -   -   -   -
  deleteSeverity          yes -   -   -   -   -
  createStatus            yes -   -   -   -   -
  updateStatus            yes -   -   -   -   -
  deleteStatus            yes -   -   -   -   -
  createTenant            yes -   -   -   -   -
  updateTenant            yes -   -   -   -   -
  deleteTenant            yes -   -   -   -   -
  createCustomField       yes -   -   -   -   -
  updateCustomField       yes -   -   -   -   -
  deleteCustomField       yes -   -   -   -   -
  updateSystemSettings    yes -   -   -   -   -

  createWorkbookTemplate  yes -   -   yes -   -
  updateWorkbookTemplate  yes -   -   yes -   -
  deleteWorkbookTemplate  yes -   -   -   -   -
  createApp               yes -   -   yes -   -
  updateApp               yes -   -   yes -   -
  deleteApp               yes -   -   -   -   -
  createAsset             yes yes -   yes -   -
  updateAsset             yes yes -   yes -   -
  deleteAsset             yes -   -   -   -   -
  createPlaybook          yes -   -   yes -   -
  updatePlaybook          yes -   -   yes -   -
  deletePlaybook          yes -   -   yes -   -

  createUser              yes -   -   -   -   -
  updateUser              yes -   -   -   -   -
  deleteUser              yes -   -   -   -   -
  createRole              yes -   -   -   -   -
  updateRole              yes -   -   -   -   -
  deleteRole              yes -   -   -   -   -
  createToken             yes -   -   -   -   -
  revokeToken             yes -   -   -   -   -
`;

const written = new Map(
  matrix.split("\n").flatMap((line): [string, string[]][] => {
    const [name, ...words] = line.trim().split(/ +/);
    return name ? [[name, columns.filter((_, index) => words[index] === "yes")]] : [];
  }),
);

const { ask, database, tokenOf } = await openGateway("empty");
const { rows: roles } = await database.pool.query<{ name: string; permissions: string[] }>(
  "select name, permissions from roles order by name",
);

describe("the built-in roles", () => {
  test("are those of SOAR", () => {
    expect(roles.map(({ name }) => name)).toEqual(columns);
  });

  test.each(operations.map(({ name, may }) => [name, may] as const))("may or may not %s", (name, may) => {
    expect(roles.filter(({ permissions }) => permissions.includes(may)).map((role) => role.name)).toEqual(
      written.get(name),
    );
  });

  test("have no line for what there is not", () => {
    const names = operations.map(({ name }) => name);
    expect([...written.keys()].filter((name) => !names.includes(name))).toEqual([]);
  });

  test.each([...columns, undefined])("refuse what they do not allow, whatever else is asked: %s", async (role) => {
    const headers = { authorization: `Bearer ${await tokenOf(role)}` };
    const audited = async () =>
      Number((await database.pool.query("select count(*) from audit_entries where code = 'FORBIDDEN'")).rows[0].count);
    const before = await audited();
    const forbidden = operations.filter(({ name }) => !role || !written.get(name)?.includes(role));
    for (const { name, may } of forbidden) {
      const { query, variables } = callOn(name);
      const { errors } = await ask(query, variables, headers);
      expect(errors?.[0], name).toMatchObject({ path: [name], extensions: { code: "FORBIDDEN", permission: may } });
    }
    const changes = forbidden.filter(({ kind }) => kind === "mutation");
    expect(await audited()).toBe(before + changes.length);
  });
});

describe("a case", () => {
  test("asks for what is allowed on cases, beside what is allowed on containers", async () => {
    const { pool } = database;
    await pool.query("insert into roles (name, permissions) values ('Events only', $1)", [
      ["containers:view", "containers:edit", "cases:view"],
    ]);
    const headers = { authorization: `Bearer ${await tokenOf("Events only")}` };
    const { rows } = await pool.query(
      `insert into containers (name, label, status, severity, hash, source_data_identifier, container_type)
       select 'one', 'events', 'new', 'low', '', type, type::container_type from unnest(array['default', 'case']) type returning id`,
    );
    const say = (container: number) =>
      ask(`mutation { comment(input: { container: ${container}, comment: "x" }) { success } }`, {}, headers);
    expect((await say(rows[0].id)).data.comment).toEqual({ success: true });
    expect((await say(rows[1].id)).errors?.[0].extensions).toMatchObject({
      code: "FORBIDDEN",
      permission: "cases:edit",
    });
    const created = await ask(
      'mutation { createContainer(input: { name: "n", label: "events", containerType: CASE }) { success } }',
      {},
      headers,
    );
    expect(created.errors?.[0].extensions.permission).toBe("cases:edit");
  });
});
