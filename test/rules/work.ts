import { expect } from "vitest";
import type { Gateway } from "../support/gateway.js";
import { call, newArtifact, newContainer, read } from "../support/operations.js";
import type { Rule } from "./rule.js";

const template = async ({ database }: Gateway): Promise<{ id: number; name: string; phases: string[] }> =>
  (
    await database.pool.query(
      `select t.id, t.name, array_agg(p.name order by p."order") as phases from workbook_templates t
       join phase_templates p on p.template_id = t.id where is_default group by t.id`,
    )
  ).rows[0];
const newCase = (gateway: Gateway) => newContainer(gateway, { containerType: "CASE" });

export const workRules: Rule[] = [
  {
    id: "S0.add_task.1",
    sentence: "Adding a task answers whether it was done, a message and the task's id.",
    async check(gateway) {
      const container = await newContainer(gateway);
      const added = await call(
        gateway,
        "addTask",
        { container, name: "task name" },
        "taskId task { name status owner { id } container { id } }",
      );
      expect(added).toMatchObject({
        success: true,
        taskId: expect.any(Number),
        task: { name: "task name", status: "NOT_STARTED", owner: null, container: { id: container } },
      });
    },
  },
  {
    id: "S0.add_task.2",
    sentence: "The container is required; no header stands in.",
    async check({ ask }) {
      const { errors } = await ask(
        'mutation { addTask(input: { name: "n" }) { success } }',
        {},
        { "soar-container": "7" },
      );
      expect(errors).toMatchObject([{ message: expect.stringContaining("container") }]);
    },
  },
  {
    id: "S0.add_task.3",
    sentence: "A name, an owner and a role are optional; owner and role are told by id or name.",
    async check(gateway) {
      const container = await newContainer(gateway);
      const add = async (more: object) =>
        (await call(gateway, "addTask", { container, ...more }, "task { owner { username } role { name } }")).task;
      expect(await add({})).toEqual({ owner: null, role: null });
      expect(await add({ owner: "ADMIN" })).toMatchObject({ owner: { username: "admin" } });
      expect(await add({ role: "Observer" })).toMatchObject({ role: { name: "Observer" } });
      const { rows } = await gateway.database.pool.query("select id from roles where name = 'Observer'");
      expect(await add({ role: rows[0].id })).toMatchObject({ role: { name: "Observer" } });
      expect(await call(gateway, "addTask", { container, owner: "nobody" })).toMatchObject({
        code: "NOT_FOUND",
        field: "owner",
      });
    },
  },
  {
    id: "S0.get_tasks.1",
    sentence: "All tasks of a container are answered, the current one's without naming it.",
    async check(gateway) {
      const container = await newCase(gateway);
      await call(gateway, "addTask", { container, name: "one more" });
      const given = await call(gateway, "getTasks", { container }, "tasks { id name phase { order } }");
      const current = await call(gateway, "getTasks", {}, "tasks { id }", { "soar-container": String(container) });
      const { tasks } = await read(gateway, container, "tasks { totalCount }");
      expect(given.tasks).toHaveLength(tasks.totalCount);
      expect(current.tasks).toHaveLength(tasks.totalCount);
      const orders = given.tasks.map(({ phase }: { phase: { order: number } }) => phase.order);
      expect(orders).toEqual([...orders].sort());
    },
  },
  {
    id: "S0.add_workbook.1",
    sentence: "A workbook is added by the id of its template, with its phases and tasks.",
    async check(gateway) {
      const { id, name, phases } = await template(gateway);
      const container = await newContainer(gateway);
      const added = await call(
        gateway,
        "addWorkbook",
        { container, workbookId: id },
        "workbook { name phases { nodes { name tasks { totalCount } } } } container { currentPhase { name } }",
      );
      expect(added).toMatchObject({
        success: true,
        workbook: { name },
        container: { currentPhase: { name: phases[0] } },
      });
      expect(added.workbook.phases.nodes.map((phase: { name: string }) => phase.name)).toEqual(phases);
    },
  },
  {
    id: "S0.add_workbook.2",
    sentence: "A template that does not exist is answered as not done, and nothing is added.",
    async check(gateway) {
      const container = await newContainer(gateway);
      expect(await call(gateway, "addWorkbook", { container, workbookId: 9999 })).toMatchObject({
        code: "NOT_FOUND",
        field: "workbookId",
      });
      expect(await read(gateway, container, "workbooks { totalCount }")).toEqual({ workbooks: { totalCount: 0 } });
    },
  },
  {
    id: "S0.get_phase.1",
    sentence:
      "The current phase of a container is answered by id and name; without a container, that of the current one.",
    async check(gateway) {
      const container = await newCase(gateway);
      const { phases } = await template(gateway);
      for (const [input, headers] of [
        [{ container }, {}],
        [{}, { "soar-container": String(container) }],
      ] as const)
        expect(await call(gateway, "getPhase", input, "phaseId phaseName phase { id }", headers)).toMatchObject({
          success: true,
          phaseId: expect.any(Number),
          phaseName: phases[0],
        });
    },
  },
  {
    id: "S0.set_phase.1",
    sentence: "The current phase is set by the phase's name or id.",
    async check(gateway) {
      const container = await newCase(gateway);
      const { phases } = await read(gateway, container, "phases { nodes { id name } }");
      for (const phase of [phases.nodes[1].name.toUpperCase(), phases.nodes[2].id]) {
        expect(await call(gateway, "setPhase", { container, phase })).toMatchObject({ success: true });
        const { phaseId, phaseName } = await call(gateway, "getPhase", { container }, "phaseId phaseName");
        expect([phaseId, phaseName.toUpperCase()]).toContain(phase);
      }
    },
  },
  {
    id: "S0.set_phase.2",
    sentence:
      "A phase that the container does not have is refused; a name that several of its phases have is refused with their ids.",
    async check(gateway) {
      const container = await newCase(gateway);
      const foreign = (await read(gateway, await newCase(gateway), "phases { nodes { id } }")).phases.nodes[0].id;
      expect(await call(gateway, "setPhase", { container, phase: foreign })).toMatchObject({
        code: "NOT_FOUND",
        field: "phase",
      });
      const { id, phases } = await template(gateway);
      await call(gateway, "addWorkbook", { container, workbookId: id });
      const refused = await call(gateway, "setPhase", { container, phase: phases[1] });
      expect(refused).toMatchObject({ code: "AMBIGUOUS", field: "phase" });
      const all = (await read(gateway, container, "phases { nodes { id name } }")).phases.nodes as {
        id: number;
        name: string;
      }[];
      const own = all.filter(({ name }) => name === phases[1]);
      expect(own).toHaveLength(2);
      for (const phase of own) expect(refused.message).toContain(String(phase.id));
    },
  },
  {
    id: "S0.add_note.1",
    sentence:
      "Adding a note answers whether it was done, a message and the note's id; it is a general note in Markdown unless said otherwise.",
    async check(gateway) {
      const container = await newContainer(gateway);
      const input = { container, noteType: "GENERAL", title: "This is a title.", content: "This is the note body." };
      expect(await call(gateway, "addNote", input, "noteId note { noteType noteFormat title content }")).toMatchObject({
        success: true,
        noteId: expect.any(Number),
        note: { noteType: "GENERAL", noteFormat: "MARKDOWN", title: input.title, content: input.content },
      });
      expect((await call(gateway, "addNote", { container }, "note { noteType }")).note).toEqual({
        noteType: "GENERAL",
      });
    },
  },
  {
    id: "S0.add_note.2",
    sentence: "A note of type ARTIFACT or TASK needs the id of the artifact or task.",
    async check(gateway) {
      const container = await newContainer(gateway);
      for (const [noteType, field] of [
        ["ARTIFACT", "artifactId"],
        ["TASK", "taskId"],
      ])
        expect(await call(gateway, "addNote", { container, noteType })).toMatchObject({ code: "INVALID_VALUE", field });
      const artifactId = await newArtifact(gateway, container);
      expect(
        await call(gateway, "addNote", { noteType: "ARTIFACT", artifactId }, "note { artifact { id } }"),
      ).toMatchObject({
        note: { artifact: { id: artifactId } },
      });
    },
  },
  {
    id: "S0.add_note.3",
    sentence: "A note may be written in HTML.",
    async check(gateway) {
      const container = await newContainer(gateway);
      const { note } = await call(
        gateway,
        "addNote",
        { container, noteFormat: "HTML", content: "<b>x</b>" },
        "note { noteFormat content }",
      );
      expect(note).toEqual({ noteFormat: "HTML", content: "<b>x</b>" });
    },
  },
  {
    id: "S0.add_note.4",
    sentence: "Without a container the current one gets the note.",
    async check(gateway) {
      const container = await newContainer(gateway);
      const added = await call(gateway, "addNote", {}, "note { container { id } }", {
        "soar-container": String(container),
      });
      expect(added.note.container.id).toBe(container);
    },
  },
  {
    id: "S0.get_notes.1",
    sentence: "The notes of a container, a task or an artifact are answered, each for itself.",
    async check(gateway) {
      const container = await newContainer(gateway);
      const artifactId = await newArtifact(gateway, container);
      const { taskId } = await call(gateway, "addTask", { container }, "taskId");
      const noteIds = [];
      for (const about of [{ container }, { artifactId }, { taskId }])
        noteIds.push((await call(gateway, "addNote", about, "noteId")).noteId);
      const notes = async (about: object) =>
        (await call(gateway, "getNotes", about, "notes { id }")).notes.map(({ id }: { id: number }) => id);
      expect(await notes({ container })).toEqual(noteIds);
      expect(await notes({ artifactId })).toEqual([noteIds[1]]);
      expect(await notes({ taskId })).toEqual([noteIds[2]]);
      expect(await call(gateway, "getNotes", { taskId, artifactId })).toMatchObject({ code: "INVALID_VALUE" });
    },
  },
  {
    id: "S0.get_notes.2",
    sentence: "Without anything named, the notes of the current container are answered.",
    async check(gateway) {
      const container = await newContainer(gateway);
      await call(gateway, "addNote", { container, title: "t" });
      const { notes } = await call(gateway, "getNotes", {}, "notes { title }", { "soar-container": String(container) });
      expect(notes).toEqual([{ title: "t" }]);
    },
  },
  {
    id: "S0.comment.1",
    sentence: "A comment is added to the container, the current one where none is named.",
    async check(gateway) {
      const container = await newContainer(gateway);
      const headers = { "soar-container": String(container) };
      const said = await call(
        gateway,
        "comment",
        { comment: "Example comment." },
        "comment { comment container { id } }",
        headers,
      );
      expect(said).toMatchObject({
        success: true,
        comment: { comment: "Example comment.", container: { id: container } },
      });
    },
  },
];
