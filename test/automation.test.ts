import { beforeAll, expect, test } from "vitest";
import { openGateway, told } from "./support/gateway.js";
import { atOnce, call, newArtifact, newContainer, plainArtifact, read } from "./support/operations.js";

const gateway = await openGateway();
const { pool } = gateway.database;

beforeAll(async () => {
  await pool.query("update playbooks set active = false");
  await pool.query("insert into labels (name) values ('watched'), ('other')");
  await pool.query(`insert into playbooks (name, active, draft_mode, disabled, playbook_type, labels) values
    ('one', true, false, false, 'automation', '{watched}'), ('all', true, false, false, 'automation', '{*}'),
    ('draft', true, true, false, 'automation', '{watched}'), ('off', false, false, false, 'automation', '{watched}'),
    ('gone', true, false, true, 'automation', '{watched}'), ('takes inputs', true, false, false, 'data', '{watched}')`);
});

const runsOf = async (container: number): Promise<string[]> =>
  (await read(gateway, container, "playbookRuns(first: 100) { nodes { playbook { name } } }")).playbookRuns.nodes.map(
    ({ playbook }: { playbook: { name: string } }) => playbook.name,
  );

test("a new container starts the active playbooks of its label and those of every label", async () => {
  const made = await call(
    gateway,
    "createContainer",
    { name: "n", label: "WATCHED", artifacts: [plainArtifact] },
    "containerId container { playbookRuns { nodes { status scope owner { username } effectiveUser { username } lastArtifact { name } } } }",
  );
  expect(made.message).toMatch(/; 2 playbook runs queued\.$/);
  expect(await runsOf(made.containerId)).toEqual(["one", "all"]);
  expect(made.container.playbookRuns.nodes[0]).toEqual({
    status: "PENDING",
    scope: "NEW",
    owner: { username: "admin" },
    effectiveUser: { username: "admin" },
    lastArtifact: { name: "Address" },
  });
  const { rows } = await pool.query(
    `select kind from ${told} where kind = 'PLAYBOOK_RUN_QUEUED' and container_id = $1`,
    [made.containerId],
  );
  expect(rows).toHaveLength(2);
  const followed = await gateway.ask(
    "query ($container: [Int!]) { playbookRunEvents(filter: { container: $container }, first: 10, waitSeconds: 5) { nodes { kind status sequence playbookRun { container { id } } } } }",
    { container: [made.containerId] },
  );
  const queued = {
    kind: "CHANGE",
    status: "PENDING",
    sequence: 1,
    playbookRun: { container: { id: made.containerId } },
  };
  expect(followed.data.playbookRunEvents.nodes).toEqual([queued, queued]);
});

test("a hundred callers who set the same label start each playbook once", async () => {
  const container = await newContainer(gateway);
  await atOnce(100, () => call(gateway, "setLabel", { container, label: "watched" }));
  expect(await runsOf(container)).toEqual(["one", "all"]);
  expect(await read(gateway, container, "revision")).toEqual({ revision: 2 });
});

test("a hundred callers who add the same artifact start each playbook once, a hundred different ones a hundred times", async () => {
  const [same, different] = [
    await newContainer(gateway, { label: "watched" }),
    await newContainer(gateway, { label: "watched" }),
  ];
  const add = (container: number, identifier: string) =>
    call(gateway, "addArtifact", { container, ...plainArtifact, identifier, runAutomation: true });
  await atOnce(100, () => add(same, "same"));
  await atOnce(100, (index) => add(different, String(index)));
  expect(await runsOf(same)).toEqual(["one", "all"]);
  const { playbookRuns } = await read(gateway, different, "playbookRuns { totalCount }");
  expect(playbookRuns.totalCount).toBe(200);
});

test("many artifacts at once start each playbook once, and only duplicates none", async () => {
  const container = await newContainer(gateway, { label: "watched" });
  const artifacts = ["a", "b", "a"].map((identifier) => ({ ...plainArtifact, identifier }));
  const add = () =>
    call(gateway, "addArtifacts", { container, artifacts, runAutomation: true }, "results { success code artifactId }");
  const first = await add();
  const [one, two] = first.results.map(({ artifactId }: { artifactId: number }) => artifactId);
  expect(first.results).toEqual([
    { success: true, code: null, artifactId: one },
    { success: true, code: null, artifactId: two },
    { success: false, code: "DUPLICATE", artifactId: one },
  ]);
  const second = await add();
  expect(second.results.map(({ code }: { code: string }) => code)).toEqual(["DUPLICATE", "DUPLICATE", "DUPLICATE"]);
  expect(await runsOf(container)).toEqual(["one", "all"]);
});

test("nothing starts on a closed container, with runAutomation off, or for the label it has", async () => {
  const closed = await newContainer(gateway);
  await call(gateway, "close", { container: closed });
  await call(gateway, "setLabel", { container: closed, label: "watched" });
  await call(gateway, "addArtifact", { container: closed, ...plainArtifact, runAutomation: true });
  expect(await runsOf(closed)).toEqual([]);
  const quiet = await newContainer(gateway);
  await call(gateway, "update", { container: quiet, changes: { label: "watched" }, runAutomation: false });
  await call(gateway, "setLabel", { container: quiet, label: "watched" });
  expect(await runsOf(quiet)).toEqual([]);
});

test("a refused change starts nothing", async () => {
  const container = await newContainer(gateway);
  const changes = { label: "watched", owner: "nobody" };
  expect(await call(gateway, "update", { container, changes })).toMatchObject({ code: "NOT_FOUND", field: "owner" });
  expect(await runsOf(container)).toEqual([]);
});

test("deleting the newest artifact does not make the older ones new again", async () => {
  const container = await newContainer(gateway, { label: "other" });
  await newArtifact(gateway, container);
  const newest = await newArtifact(gateway, container);
  const relabel = async () => {
    for (const label of ["watched", "other"]) await call(gateway, "setLabel", { container, label });
    return (await runsOf(container)).filter((name) => name === "one").length;
  };
  expect(await relabel()).toBe(1);
  await call(gateway, "deleteArtifact", { artifactId: newest });
  expect(await relabel()).toBe(1);
  await newArtifact(gateway, container);
  expect(await relabel()).toBe(2);
});

test("on behalf of a playbook run its container is the current one, and what is done bears its mark", async () => {
  const container = await newContainer(gateway);
  await call(gateway, "setLabel", { container, label: "watched" });
  const { rows } = await pool.query("select id from playbook_runs where container_id = $1 order by id", [container]);
  const run = { "soar-playbook-run": String(rows[0].id) };
  const added = await call(
    gateway,
    "addArtifact",
    plainArtifact,
    "artifact { container { id } playbookRun { id } }",
    run,
  );
  expect(added.artifact).toEqual({ container: { id: container }, playbookRun: { id: rows[0].id } });
  expect(await call(gateway, "getTags", {}, "tags", run)).toMatchObject({ success: true });
  const closed = await call(
    gateway,
    "close",
    { container },
    "container { closingOwner { id } closingRuleRun { id } }",
    run,
  );
  expect(closed.container).toEqual({ closingOwner: null, closingRuleRun: { id: rows[0].id } });
});

test("a run that has ended, is not there, or is on another container than the header says is refused", async () => {
  const container = await newContainer(gateway, { label: "other" });
  await call(gateway, "setLabel", { container, label: "watched" });
  const { rows } = await pool.query("select id from playbook_runs where container_id = $1 order by id", [container]);
  const run = rows[0].id;
  const say = (headers: Record<string, string>) => call(gateway, "comment", { comment: "x" }, "", headers);
  const both = (other: number) => ({ "soar-playbook-run": String(run), "soar-container": String(other) });
  expect(await say(both(container))).toMatchObject({ success: true });
  expect(await say(both(7))).toMatchObject({ success: false, code: "CONTAINER_MISMATCH", field: null });
  expect(await say({ "soar-playbook-run": "999999" })).toMatchObject({ success: false, code: "NOT_FOUND" });
  await pool.query("update playbook_runs set status = 'success' where id = $1", [run]);
  expect(await say(both(container))).toMatchObject({ success: false, code: "WRONG_STATE" });
  const { status, errors } = await gateway.ask("{ viewer { user { id } } }", {}, { "soar-playbook-run": "x" });
  expect({ status, errors }).toMatchObject({ status: 400, errors: [{ extensions: { code: "BAD_REQUEST" } }] });
});
