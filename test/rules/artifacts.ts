import { expect } from "vitest";
import { atOnce, call, newArtifact, newContainer, plainArtifact, read } from "../support/operations.js";
import type { Rule } from "./rule.js";

const add = (
  gateway: Parameters<Rule["check"]>[0],
  container: number | undefined,
  more = {},
  headers?: Record<string, string>,
) =>
  call(
    gateway,
    "addArtifact",
    { container, ...plainArtifact, ...more },
    "artifactId artifact { id sourceDataIdentifier hash data cef cefTypes label severity type name revision container { id } }",
    headers,
  );
const auth = (token: string) => ({ authorization: `Bearer ${token}` });

export const artifactRules: Rule[] = [
  {
    id: "S0.add_artifact.1",
    sentence: "Adding an artifact answers whether it was done, a message and the artifact's id.",
    async check(gateway) {
      const added = await add(gateway, await newContainer(gateway));
      expect(added).toMatchObject({ success: true, message: expect.stringContaining(String(added.artifactId)) });
    },
  },
  {
    id: "S0.add_artifact.2",
    sentence: "Without a container the current one gets the artifact.",
    async check(gateway) {
      const container = await newContainer(gateway);
      const added = await add(gateway, undefined, {}, { "soar-container": String(container) });
      expect(added.artifact.container.id).toBe(container);
    },
  },
  {
    id: "S0.add_artifact.3",
    sentence: "Raw data and CEF data are kept as they are, and may be empty.",
    async check(gateway) {
      const container = await newContainer(gateway);
      const rawData = { line: "a\tb", nested: [{ n: 1.5 }, null] };
      expect((await add(gateway, container, { rawData, cefData: {} })).artifact).toMatchObject({
        data: rawData,
        cef: {},
      });
      expect((await add(gateway, container, { rawData: {} })).artifact).toMatchObject({ data: {} });
    },
  },
  {
    id: "S0.add_artifact.4",
    sentence: "Label, name and type are the caller's own words.",
    async check(gateway) {
      const words = { label: "no label of the system", name: "test_event", artifactType: "network" };
      const { artifact } = await add(gateway, await newContainer(gateway), words);
      expect(artifact).toMatchObject({ label: words.label, name: words.name, type: words.artifactType });
    },
  },
  {
    id: "S0.add_artifact.5",
    sentence: "The severity is that of any active severity, in any letter case; another is refused.",
    async check(gateway) {
      const container = await newContainer(gateway);
      expect((await add(gateway, container, { severity: "HIGH" })).artifact.severity).toBe("high");
      expect(await add(gateway, container, { severity: "dire" })).toMatchObject({
        code: "NOT_FOUND",
        field: "severity",
      });
    },
  },
  {
    id: "S0.add_artifact.6",
    sentence: "Without an identifier the artifact gets a GUID as its source data identifier.",
    async check(gateway) {
      const container = await newContainer(gateway);
      const given = [await add(gateway, container), await add(gateway, container, { identifier: null })];
      const identifiers = given.map(({ artifact }) => artifact.sourceDataIdentifier);
      for (const identifier of identifiers) expect(identifier).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      expect(new Set(identifiers).size).toBe(2);
    },
  },
  {
    id: "S0.add_artifact.7",
    sentence: "A field mapping says what the values of CEF keys are.",
    async check(gateway) {
      const more = { cefData: { user_hash: "c8e5" }, fieldMapping: { user_hash: ["md5"] } };
      expect((await add(gateway, await newContainer(gateway), more)).artifact.cefTypes).toEqual({ user_hash: ["md5"] });
    },
  },
  {
    id: "S0.add_artifact.8",
    sentence: "A new artifact starts active playbooks only when automation is asked for.",
    async check(gateway) {
      const container = await newContainer(gateway);
      const runs = async () => (await read(gateway, container, "playbookRuns { totalCount }")).playbookRuns.totalCount;
      await gateway.database.pool.query(
        "insert into playbooks (name, active, labels) values ('on artifacts', true, '{events}')",
      );
      await add(gateway, container);
      expect(await runs()).toBe(0);
      await add(gateway, container, { runAutomation: true });
      expect(await runs()).toBeGreaterThan(0);
      await gateway.database.pool.query("update playbooks set active = false where name = 'on artifacts'");
    },
  },
  {
    id: "S0.add_artifact.9",
    sentence: "Equal calls with an identifier do not add the artifact again, however many come at once.",
    async check(gateway) {
      const container = await newContainer(gateway);
      const answers = await atOnce(20, () => add(gateway, container, { identifier: "same" }));
      expect(answers.filter(({ success }) => success)).toHaveLength(1);
      expect(new Set(answers.map(({ artifactId }) => artifactId)).size).toBe(1);
    },
  },
  {
    id: "S0.add_artifact.10",
    sentence: "An artifact that a playbook run adds names the run.",
    async check(gateway) {
      const container = await newContainer(gateway);
      const { rows } = await gateway.database.pool.query(
        "insert into playbook_runs (container_id, playbook_id, status) select $1, min(id), 'running' from playbooks returning id",
        [container],
      );
      const headers = { "soar-playbook-run": String(rows[0].id) };
      const { artifact } = await call(
        gateway,
        "addArtifact",
        plainArtifact,
        "artifact { playbookRun { id } container { id } }",
        headers,
      );
      expect(artifact).toEqual({ playbookRun: { id: rows[0].id }, container: { id: container } });
    },
  },
  {
    id: "S4.artifact.1",
    sentence: "A new artifact has schema version 1, times of creation and first sight, and none of last sight.",
    async check(gateway) {
      const id = await newArtifact(gateway, await newContainer(gateway));
      const { data } = await gateway.ask(`{ artifact(id: ${id}) { version createTime startTime endTime } }`);
      expect(data.artifact).toEqual({
        version: 1,
        createTime: expect.any(String),
        startTime: expect.any(String),
        endTime: null,
      });
    },
  },
  {
    id: "S4.dedupe.1",
    sentence: "An artifact without an identifier of the caller's is never taken for a duplicate.",
    async check(gateway) {
      const container = await newContainer(gateway);
      const [first, second] = [await add(gateway, container), await add(gateway, container)];
      expect([first.success, second.success]).toEqual([true, true]);
      expect(first.artifactId).not.toBe(second.artifactId);
    },
  },
  {
    id: "S4.dedupe.2",
    sentence: "The same body with the same identifier is refused, and the artifact that stands is answered.",
    async check(gateway) {
      const container = await newContainer(gateway);
      const first = await add(gateway, container, { identifier: "a" });
      const second = await add(gateway, container, { identifier: "a" });
      expect(second).toMatchObject({ success: false, code: "DUPLICATE", artifactId: first.artifactId });
      expect(second.message).toContain(`"a", as ${first.artifactId}`);
    },
  },
  {
    id: "S4.dedupe.3",
    sentence: "The same identifier with another body is another artifact.",
    async check(gateway) {
      const container = await newContainer(gateway);
      await add(gateway, container, { identifier: "a" });
      for (const more of [
        { name: "b" },
        { cefData: {} },
        { rawData: { a: 1 } },
        { artifactType: "host" },
        { label: "l" },
      ])
        expect(await add(gateway, container, { identifier: "a", ...more })).toMatchObject({ success: true });
    },
  },
  {
    id: "S4.dedupe.4",
    sentence: "Duplicates are looked for in the same container only.",
    async check(gateway) {
      const [one, two] = [await newContainer(gateway), await newContainer(gateway)];
      expect((await add(gateway, one, { identifier: "a" })).success).toBe(true);
      expect((await add(gateway, two, { identifier: "a" })).success).toBe(true);
    },
  },
  {
    id: "S4.dedupe.5",
    sentence: "Different users can add the same artifact, one user cannot add it twice.",
    async check(gateway) {
      const container = await newContainer(gateway);
      const other = auth(await gateway.tokenOf("Incident Commander"));
      expect((await add(gateway, container, { identifier: "a" })).success).toBe(true);
      expect((await add(gateway, container, { identifier: "a" }, other)).success).toBe(true);
      expect((await add(gateway, container, { identifier: "a" }, other)).code).toBe("DUPLICATE");
    },
  },
  {
    id: "S4.dedupe.6",
    sentence:
      "The way an artifact came in is part of it: the one a container began with can be added once more, and then no more.",
    async check(gateway) {
      const container = await newContainer(gateway, { artifacts: [{ ...plainArtifact, identifier: "a" }] });
      expect((await add(gateway, container, { identifier: "a" })).success).toBe(true);
      expect((await add(gateway, container, { identifier: "a" })).code).toBe("DUPLICATE");
    },
  },
  {
    id: "S4.dedupe.7",
    sentence: "A duplicate starts no playbooks, even when automation is asked for.",
    async check(gateway) {
      const container = await newContainer(gateway);
      await add(gateway, container, { identifier: "a" });
      await gateway.database.pool.query("insert into playbooks (name, active, labels) values ('on all', true, '{*}')");
      await add(gateway, container, { identifier: "a", runAutomation: true });
      expect(await read(gateway, container, "playbookRuns { totalCount }")).toEqual({
        playbookRuns: { totalCount: 0 },
      });
      await gateway.database.pool.query("update playbooks set active = false where name = 'on all'");
    },
  },
  {
    id: "S4.dedupe.8",
    sentence: "The hash never changes: after an edit, what the artifact was made of is still a duplicate.",
    async check(gateway) {
      const container = await newContainer(gateway);
      const first = await add(gateway, container, { identifier: "a" });
      const edited = await call(
        gateway,
        "updateArtifact",
        { artifactId: first.artifactId, name: "other", cefData: {} },
        "artifact { hash name cef revision }",
      );
      expect(edited.artifact).toEqual({ hash: first.artifact.hash, name: "other", cef: {}, revision: 2 });
      expect((await add(gateway, container, { identifier: "a" })).artifactId).toBe(first.artifactId);
    },
  },
  {
    id: "S0.delete_artifact.1",
    sentence: "An artifact is deleted by its id, and the call says whether it was.",
    async check(gateway) {
      const artifactId = await newArtifact(gateway, await newContainer(gateway));
      const remove = () =>
        call(gateway, "deleteArtifact", { artifactId }, "artifactId deletedNodeId container { artifactCount }");
      expect(await remove()).toMatchObject({ success: true, artifactId, container: { artifactCount: 0 } });
      expect(await remove()).toMatchObject({ success: false, code: "NOT_FOUND", field: "artifactId" });
    },
  },
  {
    id: "S0.delete_artifact.2",
    sentence: "Deleting an artifact needs the permission to delete containers, of users and of automation alike.",
    async check(gateway) {
      const artifactId = await newArtifact(gateway, await newContainer(gateway));
      for (const type of ["normal", "automation"] as const) {
        const observer = auth(await gateway.tokenOf("Observer", type));
        await expect(call(gateway, "deleteArtifact", { artifactId }, "", observer)).rejects.toThrow(
          "containers:delete",
        );
      }
    },
  },
  {
    id: "S0.delete_artifact.3",
    sentence: "Artifacts of every origin can be deleted, not only those a person made.",
    async check(gateway) {
      const container = await newContainer(gateway);
      const automation = auth(await gateway.tokenOf("Automation", "automation"));
      const { artifactId } = await add(gateway, container, {}, automation);
      expect(await call(gateway, "deleteArtifact", { artifactId })).toMatchObject({ success: true });
    },
  },
];
