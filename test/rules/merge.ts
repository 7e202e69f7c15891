import { expect } from "vitest";
import type { Gateway } from "../support/gateway.js";
import { type Filled, fill, makeCase, makeContainer, mergeInto } from "../support/merging.js";
import type { Rule } from "./rule.js";

type Item = (filled: Filled) => object;

const rule = (number: number, sentence: string, check: Rule["check"]): Rule => ({
  id: `S0.merge.${number}`,
  sentence,
  check,
});

/** Merges something out of a new container into a new case. */
async function merged(gateway: Gateway, item: Item, more: object = {}) {
  const filled = await fill(gateway);
  const into = await makeCase(gateway);
  const payload = await mergeInto(gateway, into, item(filled), more);
  return { filled, into, payload };
}

/** What a case holds, list by list. */
async function contents({ ask }: Gateway, id: number) {
  const { data, errors } = await ask(`{ container(id: ${id}) {
    artifacts { nodes { id name cef cefTypes hash data inCase parentContainer { id } parentArtifact { id } playbookRun { id } } }
    notes { nodes { title content noteType artifact { name } task { id } } } comments { nodes { comment } }
    vaultItems { nodes { id name hash size createdVia metadata } }
    playbookRuns { nodes { id status log } }
    actionRuns { nodes { name status playbookRun { id container { id } } appRuns { nodes { status results { nodes { message data } } } } } }
    caseItems { nodes { sourceType sourceId copy { nodeId } } } } }`);
  expect(errors).toBeUndefined();
  return data.container;
}

/** Whether that thing is refused the second time, with the first time named. */
const refusedTwice =
  (item: Item): Rule["check"] =>
  async (gateway) => {
    const { filled, into, payload } = await merged(gateway, item);
    expect(payload).toMatchObject({ success: true, code: null });
    const again = await mergeInto(gateway, into, item(filled));
    expect(again).toMatchObject({ success: false, code: "ALREADY_IN_CASE", field: "item", caseItem: payload.caseItem });
    expect(again.message).toContain(`case item ${payload.caseItem.id}`);
  };

const refusedWhileRunning =
  (item: Item): Rule["check"] =>
  async (gateway) => {
    const { into, payload } = await merged(gateway, item);
    expect(payload).toMatchObject({ success: false, code: "WRONG_STATE", field: "item", caseItems: null });
    expect((await contents(gateway, into)).caseItems.nodes).toEqual([]);
  };

const sourcesOf = (nodes: { sourceType: string; sourceId: number }[], type: string) =>
  nodes.filter(({ sourceType }) => sourceType === type).map(({ sourceId }) => sourceId);

export const mergeRules: Rule[] = [
  rule(1, "Merging adds something to the case that is named.", async (gateway) => {
    const { into, payload } = await merged(gateway, ({ artifacts }) => ({ artifactId: artifacts[0] }));
    expect(payload).toMatchObject({ success: true, case: { id: into } });
  }),
  rule(2, "It answers whether it was done, with a message.", async (gateway) => {
    const { payload } = await merged(gateway, ({ file }) => ({ vaultId: file }));
    expect(payload).toMatchObject({ success: true, message: expect.stringContaining("1 file") });
  }),
  rule(3, "Without a case, the container that is currently running is added to.", async (gateway) => {
    const [{ artifacts }, into] = [await fill(gateway), await makeContainer(gateway)];
    const header = { "soar-container": String(into) };
    const payload = await mergeInto(gateway, null, { artifactId: artifacts[0] }, {}, header);
    expect(payload).toMatchObject({ success: true, case: { id: into } });
    const nowhere = await mergeInto(gateway, null, { artifactId: artifacts[1] });
    expect(nowhere).toMatchObject({ success: false, code: "CONTAINER_REQUIRED", field: "case" });
  }),
  rule(
    4,
    "A container brings all its artifacts, notes, comments, files, playbook runs and action runs.",
    async (gateway) => {
      const { into } = await merged(gateway, ({ container }) => ({ containerId: container }));
      const found = await contents(gateway, into);
      expect(found.artifacts.nodes.map(({ name }: { name: string }) => name)).toEqual(["first", "second"]);
      expect(found.notes.nodes).toEqual(
        expect.arrayContaining([
          { title: "general", content: "on the container", noteType: "GENERAL", artifact: null, task: null },
          { title: "on a task", content: "", noteType: "GENERAL", artifact: null, task: null },
          { title: "on an artifact", content: "", noteType: "ARTIFACT", artifact: { name: "first" }, task: null },
        ]),
      );
      expect(found.notes.nodes).toHaveLength(3);
      expect(found.comments.nodes).toEqual([{ comment: "a remark" }]);
      expect(found.vaultItems.nodes).toMatchObject([
        { name: "mail.eml", size: 4, createdVia: "merge", metadata: { from: "mail" } },
      ]);
      expect(found.playbookRuns.nodes).toMatchObject([{ status: "SUCCESS", log: "what it logged" }]);
      expect(found.actionRuns.nodes.map(({ name }: { name: string }) => name)).toEqual([
        "of finished",
        "of running",
        "alone",
      ]);
      expect(found.actionRuns.nodes[0]).toMatchObject({
        playbookRun: { id: found.playbookRuns.nodes[0].id, container: { id: into } },
        appRuns: {
          nodes: [
            { status: "SUCCESS", results: { nodes: [{ message: "Located", data: [{ country: "Australia" }] }] } },
          ],
        },
      });
    },
  ),
  rule(
    5,
    "There is a mapping entry for each thing that a container brings, and one for the container.",
    async (gateway) => {
      const { filled, payload } = await merged(gateway, ({ container }) => ({ containerId: container }));
      const { nodes } = payload.caseItems;
      expect(sourcesOf(nodes, "Container")).toEqual([filled.container]);
      expect(sourcesOf(nodes, "Artifact")).toEqual(filled.artifacts);
      expect(sourcesOf(nodes, "PlaybookRun")).toEqual([filled.finishedRun]);
      const { ofFinished, ofRunning, alone } = filled.actionRuns;
      expect(sourcesOf(nodes, "ActionRun")).toEqual([ofFinished, ofRunning, alone]);
      expect(sourcesOf(nodes, "VaultItem")).toEqual([filled.file]);
      expect(sourcesOf(nodes, "Note")).toHaveLength(3);
      expect(sourcesOf(nodes, "Comment")).toHaveLength(1);
      const parts = nodes.filter(({ sourceType }: { sourceType: string }) => sourceType !== "Container");
      for (const { copy, source } of parts)
        expect([copy?.nodeId, source?.nodeId]).toEqual([expect.any(String), expect.any(String)]);
    },
  ),
  rule(6, "Merging a container marks its artifacts as in a case; neither it nor the copies.", async (gateway) => {
    const { filled, into } = await merged(gateway, ({ container }) => ({ containerId: container }));
    const { data } = await gateway.ask(
      `{ container(id: ${filled.container}) { inCase parentContainer { id } artifacts { nodes { inCase } } } }`,
    );
    expect(data.container).toEqual({
      inCase: false,
      parentContainer: { id: into },
      artifacts: { nodes: [{ inCase: true }, { inCase: true }] },
    });
    for (const { inCase } of (await contents(gateway, into)).artifacts.nodes) expect(inCase).toBe(false);
  }),
  rule(
    7,
    "A container that is in the case is refused.",
    refusedTwice(({ container }) => ({ containerId: container })),
  ),
  rule(8, "Runs of a container that have not ended are left out, and said to be.", async (gateway) => {
    const { filled, into, payload } = await merged(gateway, ({ container }) => ({ containerId: container }));
    expect(payload.counts).toMatchObject({
      PlaybookRun: { copied: 1, unfinished: 1 },
      ActionRun: { copied: 3, unfinished: 1 },
    });
    expect(payload.message).toContain("left out 1 playbook run, 1 action run not finished");
    const found = await contents(gateway, into);
    expect(sourcesOf(found.caseItems.nodes, "PlaybookRun")).not.toContain(filled.runningRun);
    expect(found.actionRuns.nodes[1]).toMatchObject({ name: "of running", playbookRun: null });
  }),
  rule(9, "An artifact is copied, with a mapping entry, and its container marked as in a case.", async (gateway) => {
    const { filled, into, payload } = await merged(gateway, ({ artifacts }) => ({ artifactId: artifacts[0] }));
    expect(payload.caseItems.nodes).toMatchObject([
      { sourceType: "Artifact", sourceId: filled.artifacts[0], iocField: null },
    ]);
    const { artifacts, notes } = await contents(gateway, into);
    expect(artifacts.nodes).toMatchObject([
      {
        name: "first",
        cef: { sourceAddress: "203.0.113.9", fileHash: "c8e5", port: 25 },
        cefTypes: { fileHash: ["md5"] },
        data: { index: 0 },
        parentContainer: { id: filled.container },
        parentArtifact: { id: filled.artifacts[0] },
      },
    ]);
    expect(notes.nodes).toEqual([]);
    const { data } = await gateway.ask(
      `{ container(id: ${filled.container}) { inCase artifacts { nodes { inCase hash } } } }`,
    );
    expect(data.container).toMatchObject({
      inCase: true,
      artifacts: { nodes: [{ inCase: false }, { inCase: false }] },
    });
    expect(data.container.artifacts.nodes[0].hash).not.toBe(artifacts.nodes[0].hash);
  }),
  rule(
    10,
    "An artifact that is in the case is refused.",
    refusedTwice(({ artifacts }) => ({ artifactId: artifacts[0] })),
  ),
  rule(11, "A CEF key needs its artifact.", async (gateway) => {
    const { errors } = await gateway.ask(
      'mutation { merge(input: { case: 7, item: { ioc: { iocField: "a" } } }) { success } }',
    );
    expect(errors?.[0].message).toMatch(/artifactId/);
  }),
  rule(
    12,
    "A CEF key of an artifact becomes a new artifact with that key alone, and a mapping entry.",
    async (gateway) => {
      const ioc: Item = ({ artifacts }) => ({ ioc: { artifactId: artifacts[0], iocField: "fileHash" } });
      const { filled, into, payload } = await merged(gateway, ioc);
      expect(payload.caseItems.nodes).toMatchObject([
        { sourceType: "Artifact", sourceId: filled.artifacts[0], iocField: "fileHash" },
      ]);
      expect((await contents(gateway, into)).artifacts.nodes).toMatchObject([
        {
          cef: { fileHash: "c8e5" },
          cefTypes: { fileHash: ["md5"] },
          data: {},
          parentArtifact: { id: filled.artifacts[0] },
        },
      ]);
    },
  ),
  rule(
    13,
    "A pair of artifact and key that is in the case is refused; another key of the artifact is not.",
    async (gateway) => {
      const ioc =
        (iocField: string) =>
        ({ artifacts }: Filled) => ({ ioc: { artifactId: artifacts[0], iocField } });
      await refusedTwice(ioc("fileHash"))(gateway);
      const { filled, into } = await merged(gateway, ioc("fileHash"));
      for (const other of [ioc("port")(filled), { artifactId: filled.artifacts[0] }])
        expect(await mergeInto(gateway, into, other)).toMatchObject({ success: true });
    },
  ),
  rule(14, "A playbook run is copied with its log and its action runs, each with a mapping entry.", async (gateway) => {
    const { filled, into, payload } = await merged(gateway, ({ finishedRun }) => ({ playbookRunId: finishedRun }));
    expect(sourcesOf(payload.caseItems.nodes, "PlaybookRun")).toEqual([filled.finishedRun]);
    expect(sourcesOf(payload.caseItems.nodes, "ActionRun")).toEqual([filled.actionRuns.ofFinished]);
    const found = await contents(gateway, into);
    expect(found.playbookRuns.nodes).toMatchObject([{ status: "SUCCESS", log: "what it logged" }]);
    expect(found.actionRuns.nodes).toMatchObject([
      {
        name: "of finished",
        playbookRun: { id: found.playbookRuns.nodes[0].id },
        appRuns: { nodes: [{ results: { nodes: [{ message: "Located" }] } }] },
      },
    ]);
  }),
  rule(
    15,
    "A playbook run that is in the case is refused.",
    refusedTwice(({ finishedRun }) => ({ playbookRunId: finishedRun })),
  ),
  rule(
    16,
    "A playbook run that is running cannot be added.",
    refusedWhileRunning(({ runningRun }) => ({ playbookRunId: runningRun })),
  ),
  rule(17, "An action run is copied, with a mapping entry.", async (gateway) => {
    const { filled, into, payload } = await merged(gateway, ({ actionRuns }) => ({
      actionRunId: actionRuns.ofFinished,
    }));
    expect(sourcesOf(payload.caseItems.nodes, "ActionRun")).toEqual([filled.actionRuns.ofFinished]);
    expect((await contents(gateway, into)).actionRuns.nodes).toMatchObject([
      {
        name: "of finished",
        playbookRun: null,
        appRuns: { nodes: [{ results: { nodes: [{ message: "Located" }] } }] },
      },
    ]);
  }),
  rule(
    18,
    "An action run that is in the case is refused.",
    refusedTwice(({ actionRuns }) => ({ actionRunId: actionRuns.alone })),
  ),
  rule(
    19,
    "An action run that is running cannot be added.",
    refusedWhileRunning(({ actionRuns }) => ({ actionRunId: actionRuns.pending })),
  ),
  rule(20, "A file of the vault is added by its number; its bytes are not stored again.", async (gateway) => {
    const { filled, into, payload } = await merged(gateway, ({ file }) => ({ vaultId: file }));
    expect(sourcesOf(payload.caseItems.nodes, "VaultItem")).toEqual([filled.file]);
    const [copy] = (await contents(gateway, into)).vaultItems.nodes;
    const answer = await fetch(`${gateway.url}/vault/${copy.id}`, {
      headers: { authorization: `Bearer ${gateway.token}` },
    });
    expect(await answer.text()).toBe("mail");
  }),
  rule(
    21,
    "A file that is in the case is refused.",
    refusedTwice(({ file }) => ({ vaultId: file })),
  ),
  rule(22, "A note title and description become a note on the case.", async (gateway) => {
    const note = { noteTitle: "Why", noteDescription: "The same mail" };
    const { into } = await merged(gateway, ({ file }) => ({ vaultId: file }), note);
    expect((await contents(gateway, into)).notes.nodes).toEqual([
      { title: "Why", content: "The same mail", noteType: "GENERAL", artifact: null, task: null },
    ]);
  }),
  rule(23, "One thing is merged at a time: several, or none, are refused before anything is done.", async (gateway) => {
    const mutation = "mutation ($item: MergeItem!) { merge(input: { case: 7, item: $item }) { success } }";
    for (const item of [{ containerId: 24, artifactId: 1 }, {}, { vaultId: null }])
      expect((await gateway.ask(mutation, { item })).errors).toHaveLength(1);
    for (const item of ["{ containerId: 24, vaultId: 1 }", "{}", "{ vaultId: null }"])
      expect(
        (await gateway.ask(mutation.replaceAll(/\(\$item: MergeItem!\)/g, "").replace("$item", item))).errors?.length,
      ).toBeGreaterThan(0);
  }),
  rule(24, "With trace, more is told of what was done.", async (gateway) => {
    const [{ container }, into] = [await fill(gateway), await makeCase(gateway)];
    const { extensions } = await gateway.ask(
      `mutation { merge(input: { case: ${into}, item: { containerId: ${container} }, trace: true }) { success } }`,
    );
    expect(extensions.trace).toContain("merge: Artifact: 2 copied, 0 already there, 0 not finished");
  }),
];
