import { eq, sql } from "drizzle-orm";
import { refuse } from "../errors.js";
import type { Work } from "../operation.js";
import { containers } from "../schema/container.js";
import { flag, idOrName, int, list, nested, optional, required, text } from "../schema/operations.js";
import type { IdOrName } from "../schema/scalars.js";
import { roles, users } from "../schema/user.js";
import {
  phases,
  phaseTemplates,
  tasks,
  taskTemplates,
  WorkbookTemplate,
  workbooks,
  workbookTemplates,
} from "../schema/workbook.js";
import { administer } from "./administration.js";
import { changeContainers } from "./changes.js";
import { isGiven, meant, plainName, roleId, userId } from "./names.js";

export interface Template {
  id: number;
  name: string;
}

/** The template meant, or without a reference the default one; refused when there is none or it is disabled. */
export async function findTemplate(
  { writer }: Work<unknown>,
  reference: IdOrName | null | undefined,
  field = "template",
): Promise<Template> {
  const named = isGiven(reference);
  const [template] = await writer
    .select({ id: workbookTemplates.id, name: workbookTemplates.name, disabled: workbookTemplates.disabled })
    .from(workbookTemplates)
    .where(named ? meant(workbookTemplates, reference, workbookTemplates.name) : eq(workbookTemplates.isDefault, true));
  if (template && !template.disabled) return template;
  if (template) return refuse("INACTIVE", `The workbook template ${JSON.stringify(template.name)} is disabled.`, field);
  if (named) return refuse("NOT_FOUND", `There is no workbook template ${JSON.stringify(reference)}.`, field);
  return refuse(
    "NO_DEFAULT_TEMPLATE",
    "A case needs a workbook template and none is the default one; name one in template.",
    "template",
  );
}

/**
 * Copies a template into a locked container as a workbook, with its phases and tasks, and gives its id. A container that
 * is in no phase enters the first, in one change with other `fields` of it. What is meant for users and roles that were
 * disabled is given to nobody.
 */
export async function copyTemplate(
  work: Work<unknown>,
  containerId: number,
  template: Template,
  fields: Record<string, unknown> = {},
): Promise<number> {
  const { writer, emit, trace } = work;
  const owner = sql`(select id from ${users} where id = t.owner_id and is_active)`;
  const role = sql`(select id from ${roles} where id = t.role_id and not disabled)`;
  const { rows } = await writer.execute<{ workbook: number; first: number | null; phases: number; tasks: number }>(sql`
    with template as (select * from ${workbookTemplates} where id = ${template.id}),
    workbook as (
      insert into ${workbooks} (container_id, template_id, name, description)
      select ${containerId}, id, name, description from template returning id),
    phase_pairs as (
      select p.*, nextval(pg_get_serial_sequence('phases', 'id'))::int as copy_id
      from (select * from ${phaseTemplates} where template_id = ${template.id} order by "order", id) p),
    phase_copies as (
      insert into ${phases} (id, container_id, workbook_id, name, "order")
      select p.copy_id, ${containerId}, w.id, p.name, p."order" from phase_pairs p, workbook w returning id),
    task_copies as (
      insert into ${tasks} (container_id, phase_id, name, description, "order", owner_id, role_id, is_note_required, suggestions)
      select ${containerId}, p.copy_id, t.name, t.description, t."order", ${owner}, ${role}, template.is_note_required,
        json_build_object('actions', t.actions, 'playbooks', (
          select coalesce(json_agg(json_build_object('scm', split_part(n, '/', 1), 'playbook', substr(n, strpos(n, '/') + 1))), '[]')
          from unnest(t.playbooks) n))
      from ${taskTemplates} t join phase_pairs p on p.id = t.phase_id, template order by p."order", t."order", t.id returning id)
    select (select id from workbook) as workbook, (select min(id) from phase_copies) as first,
      (select count(*)::int from phase_copies) as phases, (select count(*)::int from task_copies) as tasks`);
  const copied = rows[0]!;
  await changeContainers(work, [containerId], {
    ...fields,
    currentPhaseId: sql`coalesce(${containers.currentPhaseId}, ${copied.first}::int)`,
  });
  emit("WORKBOOK_ADDED", containerId, "Workbook", copied.workbook);
  trace(`workbook template ${JSON.stringify(template.name)} copied: ${copied.phases} phases, ${copied.tasks} tasks`);
  return copied.workbook;
}

const taskInput = nested("TaskTemplateInput", "A task of a workbook template.", {
  name: required(text, "Its name."),
  order: optional(int, "Place among the tasks of its phase; left out, as listed."),
  description: optional(text, "What is to be done."),
  owner: optional(idOrName, "The user its copies are given to."),
  role: optional(idOrName, "The role its copies are given to."),
  actions: optional(list(text), "Actions it suggests, by name."),
  playbooks: optional(list(text), "Playbooks it suggests, as `repository/name`."),
});

const phaseInput = nested("PhaseTemplateInput", "A phase of a workbook template.", {
  name: required(text, "Its name."),
  order: optional(int, "Place among the phases; left out, as listed."),
  tasks: optional(list(taskInput), "Its tasks."),
});

const templateInputs = {
  isDefault: optional(flag, "True: cases get it when none is named, and no other one."),
  isNoteRequired: optional(flag, "Whether a task of it needs a note to be completed."),
  description: optional(text, "What it is for."),
  phases: optional(
    list(phaseInput),
    "Its phases with their tasks: these and no others. Copies made before stay as they are.",
  ),
};

export const administerWorkbookTemplates = administer({
  target: WorkbookTemplate,
  noun: "workbook template",
  area: "workbooks",
  create: { name: required(text, "Its name, unique whatever the letter case."), ...templateInputs },
  change: { name: optional(text, "Its name, unique whatever the letter case."), ...templateInputs },
  async columns(work, { phases: _, name, ...input }, standing) {
    if (input.isDefault && standing?.disabled)
      refuse("INACTIVE", `${JSON.stringify(standing.name)} is disabled.`, "isDefault");
    if (input.isDefault)
      await work.writer
        .update(workbookTemplates)
        .set({ isDefault: false })
        .where(eq(workbookTemplates.isDefault, true));
    return {
      ...input,
      ...(isGiven(name) ? { name: plainName(name) } : {}),
      ...(standing ? {} : { creatorId: work.context.caller.id }),
    };
  },
  async after(work, templateId, { phases: given }) {
    if (given === undefined) return;
    await work.writer.delete(phaseTemplates).where(eq(phaseTemplates.templateId, templateId));
    for (const [index, phase] of (given ?? []).entries()) {
      const [row] = await work.writer
        .insert(phaseTemplates)
        .values({ templateId, name: phase.name, order: phase.order ?? index + 1 })
        .returning({ id: phaseTemplates.id });
      for (const [place, task] of (phase.tasks ?? []).entries()) {
        await work.writer.insert(taskTemplates).values({
          phaseId: row!.id,
          name: task.name,
          order: task.order ?? place + 1,
          description: task.description ?? "",
          ownerId: await userId(work, task.owner),
          roleId: await roleId(work, task.role),
          actions: task.actions ?? [],
          playbooks: task.playbooks ?? [],
        });
      }
    }
  },
  async beforeRemoval(_, { name, isDefault }) {
    if (isDefault)
      refuse(
        "WRONG_STATE",
        `${JSON.stringify(name)} is the default template; make another one the default first.`,
        "id",
      );
  },
});
