import { sql } from "drizzle-orm";
import { boolean, check, index, integer, json, pgEnum, pgTable, text, uniqueIndex } from "drizzle-orm/pg-core";
import { id, revision, revisionText, time, timeOfInsert } from "./columns.js";
import { containers } from "./container.js";
import { exposeEnum } from "./enums.js";
import { expose } from "./expose.js";
import { roles, users } from "./user.js";

export const workbookTemplates = pgTable(
  "workbook_templates",
  {
    id: id(),
    name: text().notNull(),
    description: text().notNull().default(""),
    isDefault: boolean().notNull().default(false),
    isNoteRequired: boolean().notNull().default(false),
    disabled: boolean().notNull().default(false),
    creatorId: integer().references(() => users.id),
    createTime: timeOfInsert(),
    modifiedTime: time(),
  },
  (t) => [
    uniqueIndex("workbook_templates_name").on(sql`lower(${t.name})`),
    uniqueIndex("workbook_templates_one_default").on(t.isDefault).where(sql`${t.isDefault}`),
    check("workbook_templates_default_active", sql`not (${t.isDefault} and ${t.disabled})`),
    index().on(t.creatorId, t.id),
  ],
);

export const WorkbookTemplate = expose(workbookTemplates, {
  name: "WorkbookTemplate",
  description: "A plan for working on a case: phases with tasks, copied into a container as its workbook.",
  one: "workbookTemplate",
  many: "workbookTemplates",
  area: "workbooks",
  orderBy: ["name"],
  fields: {
    id: "SOAR's numeric id.",
    name: "Its name, unique whatever the letter case.",
    description: "What it is for.",
    isDefault: "True for the one that cases get when none is named.",
    isNoteRequired: "Whether a task of it needs a note to be completed.",
    disabled: "True when it may not be copied any more.",
    createTime: "When it was made.",
    modifiedTime: "When it was last changed; null: never.",
  },
});

export const phaseTemplates = pgTable(
  "phase_templates",
  {
    id: id(),
    templateId: integer()
      .notNull()
      .references(() => workbookTemplates.id, { onDelete: "cascade" }),
    name: text().notNull(),
    order: integer().notNull(),
  },
  (t) => [index().on(t.templateId, t.order, t.id)],
);

export const PhaseTemplate = expose(phaseTemplates, {
  name: "PhaseTemplate",
  description: "A phase of a workbook template.",
  area: "workbooks",
  orderBy: ["order"],
  fields: {
    id: "SOAR's numeric id.",
    name: "Its name.",
    order: "Place among the phases of its template, from 1.",
  },
});

export const taskTemplates = pgTable(
  "task_templates",
  {
    id: id(),
    phaseId: integer()
      .notNull()
      .references(() => phaseTemplates.id, { onDelete: "cascade" }),
    name: text().notNull(),
    description: text().notNull().default(""),
    order: integer().notNull(),
    ownerId: integer().references(() => users.id),
    roleId: integer().references(() => roles.id),
    actions: text().array().notNull().default(sql`'{}'`),
    playbooks: text().array().notNull().default(sql`'{}'`),
  },
  (t) => [index().on(t.phaseId, t.order, t.id), index().on(t.ownerId, t.id), index().on(t.roleId, t.id)],
);

export const TaskTemplate = expose(taskTemplates, {
  name: "TaskTemplate",
  description: "A task of a workbook template.",
  area: "workbooks",
  orderBy: ["order"],
  fields: {
    id: "SOAR's numeric id.",
    name: "Its name.",
    description: "What is to be done.",
    order: "Place among the tasks of its phase, from 1.",
    actions: "Actions it suggests, by name.",
    playbooks: "Playbooks it suggests, as `repository/name`.",
  },
});

export const workbooks = pgTable(
  "workbooks",
  {
    id: id(),
    containerId: integer()
      .notNull()
      .references(() => containers.id, { onDelete: "cascade" }),
    templateId: integer().references(() => workbookTemplates.id),
    name: text().notNull(),
    description: text().notNull().default(""),
    createTime: timeOfInsert(),
  },
  (t) => [index().on(t.containerId, t.id), index().on(t.templateId, t.id)],
);

export const Workbook = expose(workbooks, {
  name: "Workbook",
  description: "A workbook template as it was copied into a container.",
  orderBy: ["createTime"],
  fields: {
    id: "SOAR's numeric id.",
    name: "Its name, as the template had it.",
    description: "What it is for.",
    createTime: "When it was added to the container.",
  },
});

export const phases = pgTable(
  "phases",
  {
    id: id(),
    containerId: integer()
      .notNull()
      .references(() => containers.id, { onDelete: "cascade" }),
    workbookId: integer().references(() => workbooks.id, { onDelete: "cascade" }),
    name: text().notNull(),
    order: integer().notNull(),
  },
  (t) => [
    index().on(t.containerId, t.order, t.id),
    index().on(t.containerId, t.id),
    index().on(t.workbookId, t.order, t.id),
    index().on(t.order, t.id),
  ],
);

export const Phase = expose(phases, {
  name: "Phase",
  description: "A stage of the work on a container, with its tasks.",
  one: "phase",
  many: "phases",
  orderBy: ["order"],
  fields: {
    id: "SOAR's numeric id.",
    name: "Its name; may occur twice in a container that has several workbooks.",
    order: "Place among the phases of its workbook, from 1.",
  },
});

export const taskStatus = pgEnum("task_status", ["not_started", "in_progress", "complete"]);
exposeEnum(taskStatus, "TaskStatus", "How far a task is.", {
  not_started: "Nobody has begun.",
  in_progress: "Somebody works on it.",
  complete: "It is done.",
});

export const tasks = pgTable(
  "tasks",
  {
    id: id(),
    containerId: integer()
      .notNull()
      .references(() => containers.id, { onDelete: "cascade" }),
    phaseId: integer().references(() => phases.id, { onDelete: "cascade" }),
    name: text().notNull(),
    description: text().notNull().default(""),
    order: integer().notNull().default(1),
    status: taskStatus().notNull().default("not_started"),
    ownerId: integer().references(() => users.id),
    roleId: integer().references(() => roles.id),
    suggestions: json().$type<Record<string, unknown>>().notNull().default({}),
    isNoteRequired: boolean().notNull().default(false),
    notified: boolean().notNull().default(false),
    sla: integer(),
    slaType: text().notNull().default("minutes"),
    createTime: timeOfInsert(),
    modifiedTime: time(),
    startTime: time(),
    endTime: time(),
    revision: revision(),
  },
  (t) => [
    index().on(t.containerId, t.order, t.id),
    index().on(t.containerId, t.id),
    index().on(t.phaseId, t.order, t.id),
    index().on(t.ownerId, t.id),
    index().on(t.roleId, t.id),
    index().on(t.createTime, t.id),
    index().on(t.status, t.id),
    index().on(t.order, t.id),
    index().on(t.modifiedTime, t.id),
    index("tasks_name_parts").using("gin", t.name.op("gin_trgm_ops")),
  ],
);

export const Task = expose(tasks, {
  name: "Task",
  description: "Something to be done for a container.",
  one: "task",
  many: "tasks",
  orderBy: ["order", "createTime"],
  fields: {
    id: "SOAR's numeric id.",
    name: "Its name.",
    description: "What is to be done.",
    order: "Place among the tasks of its phase, from 1.",
    status: "How far it is.",
    suggestions: "Actions and playbooks that help: `{actions, playbooks: [{scm, playbook}]}`.",
    isNoteRequired: "Whether it needs a note to be completed.",
    notified: "Whether its owner was told that its time is up.",
    sla: "How long it may take; null: no limit.",
    slaType: "The unit of `sla`: `minutes`.",
    createTime: "When it was made.",
    modifiedTime: "When it was last changed; null: never.",
    startTime: "When somebody began; null: nobody has.",
    endTime: "When it was completed; null: it is not.",
    revision: revisionText,
  },
});
