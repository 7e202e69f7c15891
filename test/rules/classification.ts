import { expect } from "vitest";
import type { Gateway } from "../support/gateway.js";
import { call, newContainer, read } from "../support/operations.js";
import type { Rule } from "./rule.js";

const current = (container: number) => ({ "soar-container": String(container) });
const statuses = (gateway: Gateway, statement: string) => gateway.database.pool.query(statement);

export const classificationRules: Rule[] = [
  {
    id: "S0.add_tags.1",
    sentence: "Tags, one or a list, are added to the container, the current one where none is named.",
    async check(gateway) {
      const container = await newContainer(gateway, { tags: ["tag0"] });
      await call(gateway, "addTags", { tags: ["tag1", "tag2"] }, "", current(container));
      await call(gateway, "addTags", { container, tags: "tag3" });
      expect(await read(gateway, container, "tags")).toEqual({ tags: ["tag0", "tag1", "tag2", "tag3"] });
    },
  },
  {
    id: "S0.remove_tags.1",
    sentence: "Tags, one or a list, are removed from the container, the current one where none is named.",
    async check(gateway) {
      const container = await newContainer(gateway, { tags: ["tag1", "tag2", "tag3", "tag4"] });
      await call(gateway, "removeTags", { tags: ["tag1", "tag2"] }, "", current(container));
      await call(gateway, "removeTags", { container, tags: "tag4" });
      expect(await read(gateway, container, "tags")).toEqual({ tags: ["tag3"] });
    },
  },
  {
    id: "S0.get_tags.1",
    sentence: "The tags of a container are answered as a list, those of the current one where none is named.",
    async check(gateway) {
      const container = await newContainer(gateway, { tags: ["b", "a"] });
      expect(await call(gateway, "getTags", { container }, "tags")).toMatchObject({ success: true, tags: ["b", "a"] });
      expect((await call(gateway, "getTags", {}, "tags", current(container))).tags).toEqual(["b", "a"]);
      expect(await call(gateway, "getTags", {}, "tags")).toMatchObject({ code: "CONTAINER_REQUIRED", tags: null });
    },
  },
  {
    id: "S0.set_label.1",
    sentence: "A label must exist in the system's settings to be applied.",
    async check(gateway) {
      const container = await newContainer(gateway);
      expect(await call(gateway, "setLabel", { container, label: "Example label" })).toMatchObject({
        code: "NOT_FOUND",
        field: "label",
      });
      expect(
        await call(gateway, "setLabel", { label: "Phishing" }, "container { label }", current(container)),
      ).toMatchObject({
        success: true,
        container: { label: "phishing" },
      });
    },
  },
  {
    id: "S0.set_sensitivity.1",
    sentence: "The sensitivity is one of red, amber, green and white.",
    async check(gateway) {
      const container = await newContainer(gateway);
      for (const sensitivity of ["RED", "AMBER", "GREEN", "WHITE"])
        expect(
          await call(gateway, "setSensitivity", { container, sensitivity }, "container { sensitivity }"),
        ).toMatchObject({
          container: { sensitivity },
        });
      await expect(call(gateway, "setSensitivity", { container, sensitivity: "BLUE" })).rejects.toThrow("BLUE");
    },
  },
  {
    id: "S0.set_severity.1",
    sentence: "The severity is set by the name of an active one.",
    async check(gateway) {
      const container = await newContainer(gateway);
      expect(
        await call(gateway, "setSeverity", { container, severity: "High" }, "container { severity }"),
      ).toMatchObject({
        container: { severity: "high" },
      });
      expect(await call(gateway, "setSeverity", { container, severity: "dire" })).toMatchObject({
        code: "NOT_FOUND",
        field: "severity",
      });
    },
  },
  {
    id: "S0.set_severity.2",
    sentence: "A container is required for severity, sensitivity and closing: no header stands in.",
    async check(gateway) {
      expect(await call(gateway, "setSeverity", { severity: "high" }, "", current(7))).toMatchObject({
        code: "CONTAINER_REQUIRED",
      });
      expect(await call(gateway, "close", {}, "", current(7))).toMatchObject({ code: "CONTAINER_REQUIRED" });
      await expect(call(gateway, "setSensitivity", { sensitivity: "RED" }, "", current(7))).rejects.toThrow(
        "container",
      );
    },
  },
  {
    id: "S0.set_status.1",
    sentence: "The status is set to new, open, closed or any other an administrator defined.",
    async check(gateway) {
      const container = await newContainer(gateway);
      for (const status of ["open", "triage", "closed", "new"])
        expect(await call(gateway, "setStatus", { status }, "container { status }", current(container))).toMatchObject({
          success: true,
          container: { status },
        });
      expect(await call(gateway, "setStatus", { container, status: "asleep" })).toMatchObject({
        code: "NOT_FOUND",
        field: "status",
      });
    },
  },
  {
    id: "S0.set_status.2",
    sentence: "Where no active status is named resolved, asking for it sets closed.",
    async check(gateway) {
      const container = await newContainer(gateway);
      const resolve = async () =>
        (await call(gateway, "setStatus", { container, status: "Resolved" }, "container { status }")).container.status;
      expect(await resolve()).toBe("closed");
      await statuses(
        gateway,
        "insert into statuses (name, status_type, disabled) values ('resolved', 'resolved', true)",
      );
      expect(await resolve()).toBe("closed");
      await statuses(gateway, "update statuses set disabled = false where name = 'resolved'");
      expect(await resolve()).toBe("resolved");
      await statuses(gateway, "update statuses set disabled = true where name = 'resolved'");
    },
  },
  {
    id: "S0.set_status.3",
    sentence: "The two are no longer interchangeable: closed never sets resolved.",
    async check(gateway) {
      const container = await newContainer(gateway);
      await statuses(
        gateway,
        "insert into statuses (name, status_type) values ('resolved', 'resolved') on conflict (name) do update set disabled = false",
      );
      await statuses(gateway, "update statuses set disabled = true, is_default = false where name = 'closed'");
      expect(await call(gateway, "setStatus", { container, status: "closed" })).toMatchObject({
        code: "INACTIVE",
        field: "status",
      });
      await statuses(gateway, "update statuses set disabled = false, is_default = true where name = 'closed'");
      await statuses(gateway, "update statuses set disabled = true where name = 'resolved'");
    },
  },
  {
    id: "S0.close.1",
    sentence: "Closing sets the default status of type resolved, whatever its name.",
    async check(gateway) {
      const container = await newContainer(gateway);
      await statuses(
        gateway,
        "insert into statuses (name, status_type) values ('done', 'resolved') on conflict (name) do update set disabled = false",
      );
      await statuses(gateway, "update statuses set is_default = false where name = 'closed'");
      await statuses(gateway, "update statuses set is_default = true where name = 'done'");
      const { container: closed } = await call(
        gateway,
        "close",
        { container },
        "container { status closeTime closingOwner { username } }",
      );
      expect(closed).toEqual({ status: "done", closeTime: expect.any(String), closingOwner: { username: "admin" } });
      await statuses(gateway, "update statuses set is_default = false, disabled = true where name = 'done'");
      await statuses(gateway, "update statuses set is_default = true where name = 'closed'");
    },
  },
  {
    id: "S0.close.2",
    sentence: "Objects saved for a container with autoDelete are deleted when it is closed or resolved; others stay.",
    async check(gateway) {
      for (const end of ["close", "setStatus"]) {
        const container = await newContainer(gateway);
        await call(gateway, "saveObject", { key: "goes", value: { a: 1 }, container });
        await call(gateway, "saveObject", { key: "stays", value: { a: 2 }, container, autoDelete: false });
        await call(gateway, "saveObject", { key: `elsewhere ${end}`, value: { a: 3 } });
        await call(gateway, end, { container, ...(end === "close" ? {} : { status: "resolved" }) });
        const get = (key: string, at?: number) => call(gateway, "getObject", { key, container: at }, "value");
        expect(await get("goes", container)).toMatchObject({ code: "NOT_FOUND", value: null });
        expect(await get("stays", container)).toMatchObject({ value: { a: 2 } });
        expect(await get(`elsewhere ${end}`)).toMatchObject({ value: { a: 3 } });
      }
    },
  },
  {
    id: "S0.set_owner.1",
    sentence: "A container is assigned to a user by name or id, the current one where none is named.",
    async check(gateway) {
      const container = await newContainer(gateway);
      for (const user of ["admin", 1]) {
        const { container: owned } = await call(
          gateway,
          "setOwner",
          { user },
          "container { owner { username } role { id } }",
          current(container),
        );
        expect(owned).toEqual({ owner: { username: "admin" }, role: null });
      }
      expect(await call(gateway, "setOwner", { container, user: "nobody" })).toMatchObject({
        code: "NOT_FOUND",
        field: "user",
      });
    },
  },
  {
    id: "S0.set_owner.2",
    sentence: "It is assigned to a role by name or id instead, and the user no longer has it.",
    async check(gateway) {
      const container = await newContainer(gateway);
      await call(gateway, "setOwner", { container, user: "admin" });
      const { container: owned } = await call(
        gateway,
        "setOwner",
        { container, role: "observer" },
        "container { owner { id } role { name } }",
      );
      expect(owned).toEqual({ owner: null, role: { name: "Observer" } });
      expect(await call(gateway, "setOwner", { container, role: "observer", user: "admin" })).toMatchObject({
        code: "INVALID_VALUE",
      });
    },
  },
  {
    id: "S0.set_owner.3",
    sentence: "With no user and no role, or empty ones, nobody has it any more.",
    async check(gateway) {
      const container = await newContainer(gateway);
      for (const nobody of [{ user: "" }, { user: "", role: "" }, {}]) {
        await call(gateway, "setOwner", { container, user: "admin" });
        const { container: owned } = await call(
          gateway,
          "setOwner",
          { container, ...nobody },
          "container { owner { id } role { id } }",
        );
        expect(owned).toEqual({ owner: null, role: null });
      }
    },
  },
  {
    id: "S0.set_owner.4",
    sentence: "With a task's id the task is assigned, or its assignment removed.",
    async check(gateway) {
      const container = await newContainer(gateway);
      const { taskId } = await call(gateway, "addTask", { container }, "taskId");
      const assign = (more: object) =>
        call(
          gateway,
          "setOwner",
          { taskId, ...more },
          "task { owner { username } role { name } } container { owner { id } }",
        );
      expect(await assign({ user: "admin" })).toMatchObject({
        task: { owner: { username: "admin" } },
        container: { owner: null },
      });
      expect(await assign({ role: "Observer" })).toMatchObject({ task: { owner: null, role: { name: "Observer" } } });
      expect(await assign({})).toMatchObject({ task: { owner: null, role: null } });
      expect(await assign({ container: 7 })).toMatchObject({ code: "CONTAINER_MISMATCH" });
    },
  },
  {
    id: "S0.set_duetime.1",
    sentence: "The due time is moved by minutes and the new one answered; the operation adds unless it says subtract.",
    async check(gateway) {
      const container = await newContainer(gateway);
      await call(gateway, "update", { container, changes: { dueTime: "2026-01-01T00:00:00Z" } });
      const move = async (more: object) =>
        (await call(gateway, "setDuetime", more, "newDueTime", current(container))).newDueTime;
      expect(await move({ minutes: 180 })).toBe("2026-01-01T03:00:00.000000Z");
      expect(await move({ minutes: 60, operation: "add" })).toBe("2026-01-01T04:00:00.000000Z");
      expect(await move({ minutes: 30, operation: "-" })).toBe("2026-01-01T03:30:00.000000Z");
      expect(await move({ minutes: 30, operation: "subtract" })).toBe("2026-01-01T03:00:00.000000Z");
      expect(await move({ minutes: 0, operation: "+" })).toBe("2026-01-01T03:00:00.000000Z");
    },
  },
  {
    id: "S0.set_duetime.2",
    sentence: "Minutes are required; another operation than add and subtract is refused.",
    async check(gateway) {
      const container = await newContainer(gateway);
      expect(
        (await gateway.ask(`mutation { setDuetime(input: { container: ${container} }) { success } }`)).errors,
      ).toHaveLength(1);
      expect(await call(gateway, "setDuetime", { container, minutes: 1, operation: "*" })).toMatchObject({
        code: "INVALID_VALUE",
        field: "operation",
      });
      expect(await call(gateway, "setDuetime", { container, minutes: -1 })).toMatchObject({
        code: "INVALID_VALUE",
        field: "minutes",
      });
    },
  },
  {
    id: "S0.trace.1",
    sentence: "With trace on, more is told of what was done.",
    async check({ ask }) {
      const traced = async (trace: boolean) =>
        (await ask(`mutation { addTags(input: { container: 7, tags: ["traced"], trace: ${trace} }) { success } }`))
          .extensions?.trace;
      expect(await traced(true)).toHaveLength(2);
      expect(await traced(false)).toBeUndefined();
    },
  },
];
