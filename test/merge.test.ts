import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openGateway, told } from "./support/gateway.js";
import { type Filled, fill, makeCase, makeContainer, mergeInto } from "./support/merging.js";

const gateway = await openGateway();
const { ask, database } = gateway;

const rows = async <Row>(text: string, values: unknown[] = []): Promise<Row[]> =>
  (await database.pool.query(text, values)).rows;
const count = async (table: string, container: number) =>
  Number(
    (await rows<{ count: string }>(`select count(*) from ${table} where container_id = $1`, [container]))[0]!.count,
  );

const copied = [
  "artifacts",
  "notes",
  "comments",
  "vault_items",
  "playbook_runs",
  "action_runs",
  "app_runs",
  "action_results",
];

/** How many rows of every kind a container has. */
async function holds(container: number): Promise<Record<string, number>> {
  const each = [...copied, "case_items"].map(
    (table) => `(select count(*)::int from ${table} where container_id = $1) as ${table}`,
  );
  return (await rows<Record<string, number>>(`select ${each.join(", ")}`, [container]))[0]!;
}

/** What a container of `fill` leaves in a case. */
const whole = {
  artifacts: 2,
  notes: 3,
  comments: 1,
  vault_items: 1,
  playbook_runs: 1,
  action_runs: 3,
  app_runs: 1,
  action_results: 1,
  case_items: 13,
};

/** Adds so many artifacts to a container. */
const grow = (container: number, artifacts: number) =>
  rows(
    `insert into artifacts (container_id, name, label, severity, cef, source_data_identifier, identified, hash)
      select $1::int, 'artifact ' || n, 'event', 'high', json_build_object('sourceAddress', '203.0.113.' || n, 'message', repeat(md5(n::text), 8)),
        'grown-' || n, true, md5(concat($1::int, ' ', n)) from generate_series(1, $2) n`,
    [container, artifacts],
  );

describe("merge", () => {
  test("needs exactly one item, as introspection says", async () => {
    const { data } = await ask('{ __type(name: "MergeItem") { isOneOf inputFields { name } } }');
    expect(data.__type.isOneOf).toBe(true);
    expect(data.__type.inputFields).toHaveLength(6);
  });

  test("changes nothing as a dry run, and tells what would be copied, left out and refused", async () => {
    const filled = await fill(gateway);
    const into = await makeCase(gateway);
    const state = async () => [
      await rows("select * from containers where id in ($1, $2) order by id", [filled.container, into]),
      await holds(into),
      await rows("select in_case, revision from artifacts where container_id = $1", [filled.container]),
      await rows(`select count(*) from ${told}`),
    ];
    const before = await state();
    const dry = await mergeInto(
      gateway,
      into,
      { containerId: filled.container },
      { dryRun: true, noteTitle: "no note" },
    );
    expect(dry).toMatchObject({ success: true, case: { id: into }, caseItem: null, caseItems: null });
    expect(dry.message).toBe(
      `Container ${filled.container} would be merged into case ${into}: this would copy 2 artifacts, 3 notes, 1 comment, 1 file, 1 playbook run, 3 action runs, 1 app run; left out 1 playbook run, 1 action run not finished.`,
    );
    expect(await state()).toEqual(before);
    const real = await mergeInto(gateway, into, { containerId: filled.container });
    expect(real.counts).toEqual(dry.counts);
    expect(await mergeInto(gateway, into, { containerId: filled.container }, { dryRun: true })).toMatchObject({
      code: "ALREADY_IN_CASE",
      caseItem: real.caseItem,
    });
  });

  test("of a container leaves what the case has of it already, and notes find the copies", async () => {
    const filled = await fill(gateway);
    const into = await makeCase(gateway);
    await mergeInto(gateway, into, { artifactId: filled.artifacts[0] });
    await mergeInto(gateway, into, { actionRunId: filled.actionRuns.ofFinished });
    const { counts } = await mergeInto(gateway, into, { containerId: filled.container });
    expect(counts).toMatchObject({
      Artifact: { copied: 1, alreadyInCase: 1 },
      ActionRun: { copied: 2, alreadyInCase: 1, unfinished: 1 },
    });
    expect(await holds(into)).toEqual(whole);
    const { data } = await ask(
      `{ container(id: ${into}) { notes(filter: { artifact: { name: { icontains: "first" } } }) { totalCount } } }`,
    );
    expect(data.container.notes.totalCount).toBe(1);
  });

  test("copies anew what was removed from the case, and only that", async () => {
    const filled = await fill(gateway);
    const into = await makeCase(gateway);
    const first = await mergeInto(gateway, into, { artifactId: filled.artifacts[0] });
    await rows("delete from artifacts where container_id = $1", [into]);
    const second = await mergeInto(gateway, into, { artifactId: filled.artifacts[0] });
    expect(second).toMatchObject({ success: true, caseItem: { id: first.caseItem.id } });
    await rows("delete from artifacts where container_id = $1", [into]);
    const { counts } = await mergeInto(gateway, into, { containerId: filled.container });
    expect(counts.Artifact).toEqual({ copied: 2, alreadyInCase: 0, unfinished: 0 });
    expect(await holds(into)).toEqual(whole);
  });

  test("leaves one audit entry, one event in the case and one in the container, however much was copied", async () => {
    const filled = await fill(gateway);
    const into = await makeCase(gateway);
    const [before] = await rows<{ count: string }>(`select count(*) from ${told}`);
    const { caseItem } = await mergeInto(gateway, into, { containerId: filled.container });
    expect(
      await rows(`select kind, container_id, node_type, node_id from ${told} order by later, pos offset $1`, [
        before!.count,
      ]),
    ).toEqual([
      { kind: "MERGED", container_id: into, node_type: "CaseItem", node_id: caseItem.id },
      { kind: "ADDED_TO_CASE", container_id: filled.container, node_type: "Container", node_id: filled.container },
    ]);
    expect(
      await rows("select outcome, ids from audit_entries where operation = 'merge' and container_id = $1", [into]),
    ).toEqual([{ outcome: "done", ids: { containerId: into, caseItemId: caseItem.id, mergedWithId: caseItem.id } }]);
  });

  test("answers a request that is sent again with the same key as it did the first time", async () => {
    const filled = await fill(gateway);
    const into = await makeCase(gateway);
    const once = () =>
      mergeInto(gateway, into, { containerId: filled.container }, {}, { "idempotency-key": `merge ${into}` });
    const [first, second] = [await once(), await once()];
    expect(first.success).toBe(true);
    expect(second).toEqual(first);
    expect(await holds(into)).toEqual(whole);
  });

  test.each<[string, (filled: Filled) => object, string, string]>([
    ["a container that does not exist", () => ({ containerId: 9_000_000 }), "NOT_FOUND", "item"],
    ["an artifact that does not exist", () => ({ artifactId: 9_000_000 }), "NOT_FOUND", "item"],
    ["a run that does not exist", () => ({ actionRunId: 9_000_000 }), "NOT_FOUND", "item"],
    ["a file that does not exist", () => ({ vaultId: -1 }), "NOT_FOUND", "item"],
    [
      "a key that the artifact has not",
      ({ artifacts }) => ({ ioc: { artifactId: artifacts[0], iocField: "constructor" } }),
      "NOT_FOUND",
      "item",
    ],
  ])("refuses %s and changes nothing", async (_, item, code, field) => {
    const filled = await fill(gateway);
    const into = await makeCase(gateway);
    expect(await mergeInto(gateway, into, item(filled))).toMatchObject({ success: false, code, field });
    expect(await holds(into)).toEqual(Object.fromEntries(Object.keys(whole).map((table) => [table, 0])));
  });

  test("refuses to merge a container into itself, and what is in the case by birth", async () => {
    const { container, artifacts } = await fill(gateway);
    for (const item of [{ containerId: container }, { artifactId: artifacts[0] }])
      expect(await mergeInto(gateway, container, item)).toMatchObject({ code: "INVALID_VALUE", field: "item" });
    expect(await mergeInto(gateway, 9_000_000, { containerId: container })).toMatchObject({
      code: "NOT_FOUND",
      field: "case",
    });
  });

  test("adds to the container of the current playbook run, and of an automation's note nobody is the author", async () => {
    const into = await makeCase(gateway);
    const { artifacts } = await fill(gateway);
    const [run] = await rows<{ id: number }>(
      `insert into playbook_runs (container_id, playbook_id, status) select $1, min(id), 'running' from playbooks returning id`,
      [into],
    );
    const headers = {
      "SOAR-Playbook-Run": String(run!.id),
      authorization: `Bearer ${await gateway.tokenOf("Automation", "automation")}`,
    };
    const { data } = await ask(
      `mutation { merge(input: { item: { artifactId: ${artifacts[0]} }, noteTitle: "Why" }) {
        success case { id notes { nodes { title author { username } } } } } }`,
      {},
      headers,
    );
    expect(data.merge).toEqual({
      success: true,
      case: { id: into, notes: { nodes: [{ title: "Why", author: null }] } },
    });
  });

  test("finds only what the caller may see, and needs the right to edit", async () => {
    await rows("insert into roles (name, permissions) values ('Blind', '{containers:edit}')");
    const filled = await fill(gateway);
    const into = await makeCase(gateway);
    const blind = { authorization: `Bearer ${await gateway.tokenOf("Blind")}` };
    for (const item of [
      { containerId: filled.container },
      { artifactId: filled.artifacts[0] },
      { vaultId: filled.file },
    ])
      expect(await mergeInto(gateway, into, item, {}, blind)).toMatchObject({ code: "NOT_FOUND", case: null });
    const observer = { authorization: `Bearer ${await gateway.tokenOf("Observer")}` };
    await expect(mergeInto(gateway, into, { vaultId: filled.file }, {}, observer)).rejects.toThrow("containers:edit");
  });

  test("takes as many statements for three thousand artifacts as for thirty", async () => {
    const into = await makeCase(gateway);
    const [small, large] = [await makeContainer(gateway), await makeContainer(gateway)];
    await grow(small, 30);
    await grow(large, 3000);
    const statements = async (containerId: number) =>
      (await gateway.statements(() => mergeInto(gateway, into, { containerId }))).length;
    expect(await statements(large)).toBe(await statements(small));
    expect(await count("artifacts", into)).toBe(3030);
    expect(
      Number(
        (
          await rows<{ count: string }>("select count(distinct hash) from artifacts where container_id in ($1, $2)", [
            into,
            large,
          ])
        )[0]!.count,
      ),
    ).toBe(6030);
  });

  test("leaves in the case what a model of it says, whatever is merged in whatever order", async () => {
    const sources = [await fill(gateway), await fill(gateway), await fill(gateway)];
    const step = fc.record({
      source: fc.integer({ min: 0, max: sources.length - 1 }),
      what: fc.constantFrom("container", "artifact", "ioc", "run", "running", "action", "file"),
      which: fc.integer({ min: 0, max: 1 }),
      dryRun: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        const into = await makeCase(gateway);
        const model = new Set<string>();
        for (const { source, what, which, dryRun } of steps) {
          const filled = sources[source]!;
          const { item, expected, refused } = modelOf(filled, what, which);
          const code = refused ?? (model.has(expected[0]!) ? "ALREADY_IN_CASE" : null);
          const payload = await mergeInto(gateway, into, item, { dryRun });
          expect(payload, JSON.stringify(payload)).toMatchObject({ success: code === null, code });
          if (code === null && !dryRun) for (const key of expected) model.add(key);
        }
        const mapped = await rows<{ key: string }>(
          `select concat_ws(':', source_type, source_id, ioc_field) as key from case_items
            where container_id = $1 and source_type not in ('AppRun', 'Note', 'Comment')`,
          [into],
        );
        expect(mapped.map(({ key }) => key).sort()).toEqual([...model].sort());
        const kinds = [...model].map((key) => key.split(":")[0]!);
        const of = (kind: string) => kinds.filter((one) => one === kind).length;
        expect(await holds(into)).toMatchObject({
          artifacts: of("Artifact"),
          vault_items: of("VaultItem"),
          playbook_runs: of("PlaybookRun"),
          action_runs: of("ActionRun"),
          notes: 3 * of("Container"),
          comments: of("Container"),
        });
      }),
      { numRuns: 25 },
    );
  });
});

/** What a merge asks for, and the keys of the things it brings, the asked one first. */
function modelOf(filled: Filled, what: string, which: number): { item: object; expected: string[]; refused?: string } {
  const { container, finishedRun, runningRun, file, actionRuns } = filled;
  const artifact = filled.artifacts[which]!;
  const runs = [`PlaybookRun:${finishedRun}`, `ActionRun:${actionRuns.ofFinished}`];
  if (what === "artifact") return { item: { artifactId: artifact }, expected: [`Artifact:${artifact}`] };
  if (what === "ioc")
    return {
      item: { ioc: { artifactId: artifact, iocField: "sourceAddress" } },
      expected: [`Artifact:${artifact}:sourceAddress`],
    };
  if (what === "run") return { item: { playbookRunId: finishedRun }, expected: runs };
  if (what === "running") return { item: { playbookRunId: runningRun }, expected: [], refused: "WRONG_STATE" };
  if (what === "action") {
    const id = which ? actionRuns.ofFinished : actionRuns.alone;
    return { item: { actionRunId: id }, expected: [`ActionRun:${id}`] };
  }
  if (what === "file") return { item: { vaultId: file }, expected: [`VaultItem:${file}`] };
  const parts = [...filled.artifacts.map((id) => `Artifact:${id}`), ...runs, `VaultItem:${file}`];
  const others = [actionRuns.ofRunning, actionRuns.alone].map((id) => `ActionRun:${id}`);
  return { item: { containerId: container }, expected: [`Container:${container}`, ...parts, ...others] };
}

describe("merges at the same time", () => {
  test("of the same container by a hundred callers copy it once, and all others learn of it", async () => {
    const filled = await fill(gateway);
    const into = await makeCase(gateway);
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => mergeInto(gateway, into, { containerId: filled.container })),
    );
    const done = answers.filter(({ success }) => success);
    expect(done).toHaveLength(1);
    for (const answer of answers.filter(({ success }) => !success))
      expect(answer).toMatchObject({ code: "ALREADY_IN_CASE", caseItem: done[0].caseItem });
    expect(await holds(into)).toEqual(whole);
  });

  test("of containers into each other, two and three in a circle, all succeed", async () => {
    for (const size of [2, 3]) {
      for (let round = 0; round < 10; round++) {
        const circle = await Promise.all(Array.from({ length: size }, () => makeContainer(gateway, [{}])));
        const pairs = circle.flatMap((into) =>
          circle.filter((from) => from !== into).map((from) => [into, from] as const),
        );
        const answers = await Promise.all(pairs.map(([into, from]) => mergeInto(gateway, into, { containerId: from })));
        expect(answers.map(({ success }) => success)).toEqual(pairs.map(() => true));
        for (const id of circle)
          expect(
            await rows(
              "select source_id from case_items where container_id = $1 and source_type = 'Container' order by 1",
              [id],
            ),
          ).toEqual(
            circle
              .filter((other) => other !== id)
              .sort((a, b) => a - b)
              .map((source_id) => ({ source_id })),
          );
      }
    }
  });

  test("with runs that end meanwhile copy those that have ended, and none that has not", async () => {
    const container = await makeContainer(gateway);
    await rows(
      `insert into action_runs (container_id, action, name, status) select $1, 'block ip', 'run ' || n, 'running' from generate_series(1, 200) n`,
      [container],
    );
    const finish = async (part: number) => {
      await rows("update action_runs set status = 'success' where container_id = $1 and id % 5 = $2", [
        container,
        part,
      ]);
    };
    const cases = await Promise.all(Array.from({ length: 5 }, () => makeCase(gateway)));
    await Promise.all(
      cases.flatMap((into, part) => [finish(part), mergeInto(gateway, into, { containerId: container })]),
    );
    for (const into of cases) {
      const found = await rows<{ status: string }>("select status from action_runs where container_id = $1", [into]);
      expect(found.filter(({ status }) => status !== "success")).toEqual([]);
      const [items] = await rows<{ count: number }>(
        "select count(*)::int as count from case_items where container_id = $1 and source_type = 'ActionRun'",
        [into],
      );
      expect(found).toHaveLength(items!.count);
    }
  });

  test("with a change of the container keep both", async () => {
    for (let round = 0; round < 10; round++) {
      const [{ container }, into] = [await fill(gateway), await makeCase(gateway)];
      await Promise.all([
        mergeInto(gateway, into, { containerId: container }),
        rows("update containers set status = 'closed', revision = revision + 1 where id = $1", [container]),
      ]);
      expect(
        await rows("select status, parent_container_id, revision from containers where id = $1", [container]),
      ).toEqual([{ status: "closed", parent_container_id: into, revision: 3 }]);
      expect(await holds(into)).toEqual(whole);
    }
  });

  test("with the deletion of the container copy all of it or find nothing", async () => {
    for (let round = 0; round < 10; round++) {
      const [{ container }, into] = [await fill(gateway), await makeCase(gateway)];
      const [answer] = await Promise.all([
        mergeInto(gateway, into, { containerId: container }),
        rows("delete from containers where id = $1", [container]),
      ]);
      const nothing = Object.fromEntries(Object.keys(whole).map((table) => [table, 0]));
      expect(answer.code === null || answer.code === "NOT_FOUND", answer.message).toBe(true);
      expect(await holds(into)).toEqual(answer.success ? whole : nothing);
    }
  });
});
