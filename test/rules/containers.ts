import { expect } from "vitest";
import type { Gateway } from "../support/gateway.js";
import { call, newArtifact, newContainer, read } from "../support/operations.js";
import type { Rule } from "./rule.js";

const create = (gateway: Gateway, more = {}) =>
  call(
    gateway,
    "createContainer",
    { name: "Example Name", label: "events", ...more },
    "containerId container { id name label containerType status tenant { id } workbooks { totalCount nodes { template { name } } } currentPhase { name } }",
  );
const withoutDefault = async (gateway: Gateway, act: () => Promise<void>) => {
  const { rows } = await gateway.database.pool.query(
    "update workbook_templates set is_default = false where is_default returning id",
  );
  await act();
  await gateway.database.pool.query("update workbook_templates set is_default = true where id = $1", [rows[0].id]);
};

export const containerRules: Rule[] = [
  {
    id: "S0.create_container.1",
    sentence: "Creating a container answers whether it was done, a message and its id, by which it can be read.",
    async check(gateway) {
      const made = await create(gateway);
      expect(made).toMatchObject({ success: true, message: expect.stringContaining(String(made.containerId)) });
      expect(await read(gateway, made.containerId, "name label")).toEqual({ name: "Example Name", label: "events" });
    },
  },
  {
    id: "S0.create_container.2",
    sentence: "When no container is created its id is null, and nothing is left behind.",
    async check(gateway) {
      const count = async () => (await gateway.database.pool.query("select count(*) from containers")).rows[0].count;
      const before = await count();
      expect(await create(gateway, { label: "none" })).toMatchObject({
        success: false,
        containerId: null,
        container: null,
      });
      expect(await count()).toBe(before);
    },
  },
  {
    id: "S0.create_container.3",
    sentence: "A name and a label are required.",
    async check({ ask }) {
      for (const given of ['{ label: "events" }', '{ name: "n" }'])
        expect((await ask(`mutation { createContainer(input: ${given}) { success } }`)).errors).toHaveLength(1);
    },
  },
  {
    id: "S0.create_container.4",
    sentence: "Its type is an event unless a case is asked for.",
    async check(gateway) {
      expect((await create(gateway)).container.containerType).toBe("DEFAULT");
      expect((await create(gateway, { containerType: "CASE" })).container.containerType).toBe("CASE");
    },
  },
  {
    id: "S0.create_container.5",
    sentence: "A case begins with the workbook template named by id or name, else with the default one.",
    async check(gateway) {
      const { rows } = await gateway.database.pool.query(
        "select id, name, is_default from workbook_templates order by is_default desc",
      );
      const [standard] = rows;
      for (const template of [undefined, standard.id, standard.name.toUpperCase()]) {
        const { container } = await create(gateway, { containerType: "CASE", template });
        expect(container.workbooks.nodes).toEqual([{ template: { name: standard.name } }]);
        expect(container.currentPhase).not.toBeNull();
      }
    },
  },
  {
    id: "S0.create_container.6",
    sentence: "A case without a template, and without a default one, is an error.",
    check: (gateway) =>
      withoutDefault(gateway, async () => {
        expect(await create(gateway, { containerType: "CASE" })).toMatchObject({
          code: "NO_DEFAULT_TEMPLATE",
          containerId: null,
        });
      }),
  },
  {
    id: "S0.create_container.7",
    sentence: "A template is for a case only.",
    async check(gateway) {
      expect(await create(gateway, { template: 1 })).toMatchObject({ code: "INVALID_VALUE", field: "template" });
    },
  },
  {
    id: "S0.create_container.8",
    sentence: "A tenant is named by id or name, and has to be named when multi-tenancy is on.",
    async check(gateway) {
      const { rows } = await gateway.database.pool.query("select id, name from tenants where id > 0 limit 1");
      for (const tenantId of [rows[0].id, rows[0].name])
        expect((await create(gateway, { tenantId })).container.tenant.id).toBe(rows[0].id);
      await gateway.database.pool.query("update system_settings set multi_tenancy = true");
      expect(await create(gateway)).toMatchObject({ code: "INVALID_VALUE", field: "tenantId" });
      await gateway.database.pool.query("update system_settings set multi_tenancy = false");
      expect((await create(gateway)).container.tenant.id).toBe(0);
    },
  },
  {
    id: "S0.promote.1",
    sentence: "Promoting makes a case of a container.",
    async check(gateway) {
      const container = await newContainer(gateway);
      expect(await call(gateway, "promote", { container }, "container { containerType }")).toMatchObject({
        success: true,
        container: { containerType: "CASE" },
      });
    },
  },
  {
    id: "S0.promote.2",
    sentence: "The template is named by id or name; without one the default template is used.",
    async check(gateway) {
      const { rows } = await gateway.database.pool.query("select id, name from workbook_templates where is_default");
      for (const template of [rows[0].id, rows[0].name, undefined]) {
        const container = await newContainer(gateway);
        const promoted = await call(
          gateway,
          "promote",
          { container, template },
          "container { workbooks { nodes { name } } }",
        );
        expect(promoted.container.workbooks.nodes).toEqual([{ name: rows[0].name }]);
      }
    },
  },
  {
    id: "S0.promote.3",
    sentence: "Without a template, and without a default one, promoting is an error and the container stays an event.",
    check: (gateway) =>
      withoutDefault(gateway, async () => {
        const container = await newContainer(gateway);
        expect(await call(gateway, "promote", { container })).toMatchObject({ code: "NO_DEFAULT_TEMPLATE" });
        expect(await read(gateway, container, "containerType revision")).toEqual({
          containerType: "DEFAULT",
          revision: 1,
        });
      }),
  },
  {
    id: "S0.promote.4",
    sentence: "Without a container the current one is promoted.",
    async check(gateway) {
      const container = await newContainer(gateway);
      await call(gateway, "promote", {}, "", { "soar-container": String(container) });
      expect(await read(gateway, container, "containerType")).toEqual({ containerType: "CASE" });
    },
  },
  {
    id: "S0.update.1",
    sentence: "Only the fields that are given change.",
    async check(gateway) {
      const container = await newContainer(gateway, { tags: ["a"], description: "d" });
      const changes = { label: "phishing", sensitivity: "RED" };
      await call(gateway, "update", { container, changes, runAutomation: false });
      expect(await read(gateway, container, "name label sensitivity tags description")).toEqual({
        name: "Of a test",
        label: "phishing",
        sensitivity: "RED",
        tags: ["a"],
        description: "d",
      });
    },
  },
  {
    id: "S0.update.2",
    sentence: "A list replaces the one that was there: to append, the old values are sent along.",
    async check(gateway) {
      const container = await newContainer(gateway, { tags: ["a", "b"] });
      await call(gateway, "update", { container, changes: { tags: ["b", "newtag2"] } });
      expect(await read(gateway, container, "tags")).toEqual({ tags: ["b", "newtag2"] });
    },
  },
  {
    id: "S0.update.3",
    sentence: "Times in the answer are written as Python does, or as Postgres does when unified times are asked for.",
    async check(gateway) {
      const container = await newContainer(gateway);
      const times =
        "createTime closeTime openTime dueTime artifactUpdateTime startTime endTime containerUpdateTime iso: createTime(format: ISO)";
      const changes = { dueTime: "2020-11-05T21:39:22.048641Z", endTime: "2020-11-05T21:39:22.048641Z" };
      const plain = await call(gateway, "update", { container, changes }, `container { ${times} }`);
      const unified = await call(
        gateway,
        "update",
        { container, changes, unifyDatetimeFormat: true },
        `container { ${times} children { nodes { createTime } } }`,
      );
      expect(plain.container.dueTime).toBe("2020-11-05T21:39:22.048641Z");
      expect(unified.container).toMatchObject({ dueTime: "2020-11-05 21:39:22.048641+00", closeTime: null });
      for (const name of ["createTime", "artifactUpdateTime", "startTime", "endTime", "containerUpdateTime"])
        expect(unified.container[name]).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?\+00$/);
      expect(unified.container.iso).toBe(plain.container.createTime);
    },
  },
  {
    id: "S0.update.4",
    sentence: "Another label starts the active playbooks of that label.",
    async check(gateway) {
      await relabelled(gateway, {}, {}, 1);
    },
  },
  {
    id: "S0.update.5",
    sentence: "`runAutomation: false` starts none.",
    async check(gateway) {
      await relabelled(gateway, {}, { runAutomation: false }, 0);
    },
  },
  {
    id: "S0.update.6",
    sentence: "On a closed container none starts.",
    async check(gateway) {
      await relabelled(gateway, {}, { changes: { label: "relabelled", status: "closed" } }, 0);
    },
  },
  {
    id: "S0.update.7",
    sentence: "A playbook that already ran starts again only when the container has a new artifact.",
    async check(gateway) {
      const container = await relabelled(gateway, {}, {}, 1);
      const relabel = async (label: string) => {
        await call(gateway, "update", { container, changes: { label } });
        return (await read(gateway, container, "playbookRuns { totalCount }")).playbookRuns.totalCount;
      };
      await relabel("vulnerability");
      await gateway.database.pool.query("update playbooks set active = true where name = 'relabelled'");
      expect(await relabel("relabelled")).toBe(1);
      await relabel("vulnerability");
      await newArtifact(gateway, container);
      expect(await relabel("relabelled")).toBe(2);
      await gateway.database.pool.query("update playbooks set active = false where name = 'relabelled'");
    },
  },
  {
    id: "S0.update.8",
    sentence: "Playbooks that are not active, are drafts or are for other labels do not start.",
    async check(gateway) {
      await relabelled(gateway, { active: false }, {}, 0);
      await relabelled(gateway, { draft_mode: true }, {}, 0);
      await relabelled(gateway, { disabled: true }, {}, 0);
      await relabelled(gateway, { labels: ["phishing"] }, {}, 0);
    },
  },
];

/** Changes the label of a new container to one that only a playbook of these fields may be active for. */
async function relabelled(gateway: Gateway, playbook: object, more: object, runs: number): Promise<number> {
  const { pool } = gateway.database;
  await pool.query("insert into labels (name) values ('relabelled') on conflict do nothing");
  const fields = { active: true, draft_mode: false, disabled: false, labels: ["relabelled"], ...playbook };
  await pool.query(
    "delete from playbook_runs where playbook_id in (select id from playbooks where name = 'relabelled')",
  );
  await pool.query("delete from playbooks where name = 'relabelled'");
  await pool.query(
    "insert into playbooks (name, active, draft_mode, disabled, labels) values ('relabelled', $1, $2, $3, $4)",
    Object.values(fields),
  );
  const container = await newContainer(gateway);
  await call(gateway, "update", { container, changes: { label: "Relabelled" }, ...more });
  const { playbookRuns } = await read(gateway, container, "playbookRuns { nodes { status playbook { name } } }");
  const own = playbookRuns.nodes.filter((run: { playbook: { name: string } }) => run.playbook.name === "relabelled");
  expect(own.map(({ status }: { status: string }) => status)).toEqual(Array.from({ length: runs }, () => "PENDING"));
  await pool.query("update playbooks set active = false where name = 'relabelled'");
  return container;
}
