import { asc, eq, sql } from "drizzle-orm";
import { personId } from "../auth/who.js";
import { refuse } from "../errors.js";
import { operation, question, type Work } from "../operation.js";
import { Note, noteFormat, notes } from "../schema/note.js";
import {
  defaulted,
  found,
  foundAll,
  given,
  idOrName,
  int,
  optional,
  required,
  text,
  word,
} from "../schema/operations.js";
import { phases, Task, taskStatus, tasks } from "../schema/workbook.js";
import { change, checkRevision, expectedRevision, kept } from "./changes.js";
import { atContainer, container, lockContainer, lockContainerOf } from "./container.js";
import { titled } from "./names.js";
import { assignee, newAssignee } from "./ownership.js";

const task = found(Task, "taskId", "The task itself.");

export const addTask = operation({
  name: "addTask",
  description: "phantom.add_task: adds a task to a container, assigned to a user or role if one is given.",
  decided: [
    "It is added as the last one of the phase the container is in, else of its first phase, else to none.",
    "A task without a name is called `New task`. A user and a role at once is refused.",
  ],
  may: "containers:edit",
  input: {
    container: required(int, "The container to act on."),
    name: optional(text, "What is to be done, in a few words."),
    owner: optional(idOrName, "The user it is assigned to, by id or name."),
    role: optional(idOrName, "The role it is assigned to, by id or name."),
  },
  payload: { taskId: given(int, "Id of the new task."), task },
  on: (work) => lockContainer(work, work.input.container),
  async run(work, { id, currentPhaseId }) {
    const { name, owner, role } = work.input;
    const first = sql`(select ${phases.id} from ${phases} where ${phases.containerId} = ${id} order by ${phases.order}, ${phases.id} limit 1)`;
    const phaseId = currentPhaseId ?? first;
    const [added] = await work.writer
      .insert(tasks)
      .values({
        containerId: id,
        phaseId,
        name: name?.trim() ? name : "New task",
        ...(await assignee(work, owner, role)),
        order: sql`(select coalesce(max(t."order"), 0) + 1 from ${tasks} t where t.container_id = ${id} and t.phase_id is not distinct from ${phaseId})`,
      })
      .returning({ id: tasks.id });
    work.emit("TASK_ADDED", id, "Task", added!.id);
    return { message: `Task ${added!.id} added to container ${id}.`, result: { taskId: added!.id, containerId: id } };
  },
});

export const updateTask = operation({
  name: "updateTask",
  description:
    "Changes the fields of a task that are given; null clears. Its status goes from NOT_STARTED to IN_PROGRESS to COMPLETE, one step at a time: anything else is WRONG_STATE.",
  decided: [
    "A task that needs a note is completed only together with one: give `note` in the same call.",
    "`startTime` is set when it begins, `endTime` when it is complete.",
  ],
  may: "containers:edit",
  input: {
    taskId: required(int, "Id of the task."),
    name: optional(text, "What is to be done, in a few words; cannot be cleared."),
    description: optional(text, "What is to be done."),
    status: optional(word(taskStatus), "How far it is; cannot be cleared."),
    owner: optional(idOrName, "The user it is assigned to, in place of a role."),
    role: optional(idOrName, "The role it is assigned to, in place of a user."),
    note: optional(text, "A note to add to it, such as how it ended."),
    noteTitle: optional(text, "The title of that note."),
    noteFormat: defaulted(word(noteFormat), "markdown", "How that note is written."),
    expectedRevision,
  },
  payload: {
    taskId: given(int, "Id of the task."),
    task,
    noteId: given(int, "Id of the note that was added."),
    note: found(Note, "noteId", "The note that was added."),
  },
  on: (work) => lockContainerOf(work, tasks, "task", work.input.taskId),
  async run(work, { id }) {
    const { taskId, name, description, status, owner, role, expectedRevision } = work.input;
    const [standing] = await work.writer.select().from(tasks).where(eq(tasks.id, taskId));
    checkRevision(`Task ${taskId}`, standing!.revision, expectedRevision);
    const [changed] = await change(work, tasks, [taskId], {
      name: titled("name", kept("name", name)),
      description: description === null ? "" : description,
      ...step(standing!, kept("status", status), work.input.note),
      ...(await newAssignee(work, { owner, role })),
    });
    if (changed !== undefined) work.emit("TASK_CHANGED", id, "Task", taskId);
    const noteId = await addClosingNote(work, standing!, work.input);
    return { message: `Task ${taskId} changed.`, result: { taskId, noteId, containerId: id } };
  },
});

type Standing = typeof tasks.$inferSelect;
type TaskStatus = Standing["status"];

const next: Record<TaskStatus, TaskStatus | undefined> = {
  not_started: "in_progress",
  in_progress: "complete",
  complete: undefined,
};

/** What changes of a task that goes on to a status. */
function step({ id, status, isNoteRequired }: Standing, to: TaskStatus | undefined, note: string | null | undefined) {
  if (to === undefined || to === status) return {};
  if (next[status] !== to) {
    const [from, wanted] = [status.toUpperCase(), to.toUpperCase()];
    const way = next[status] ? `it goes to ${next[status].toUpperCase()} next` : "it stays so";
    return refuse("WRONG_STATE", `Task ${id} is ${from}; ${way}, not to ${wanted}.`, "status");
  }
  if (to === "in_progress") return { status: to, startTime: sql`clock_timestamp()` };
  if (isNoteRequired && !note?.trim())
    return refuse("INVALID_VALUE", `Task ${id} needs a note to be completed; give note.`, "note");
  return { status: to, endTime: sql`clock_timestamp()` };
}

async function addClosingNote(
  { writer, context, emit }: Work<unknown>,
  { id, containerId, phaseId }: Standing,
  { note, noteTitle, noteFormat }: { note?: string | null; noteTitle?: string | null; noteFormat: "markdown" | "html" },
): Promise<number | undefined> {
  if (!note?.trim()) {
    if (noteTitle) refuse("INVALID_VALUE", "A note that has a title needs text; give note.", "note");
    return undefined;
  }
  const [added] = await writer
    .insert(notes)
    .values({
      containerId,
      noteType: "task",
      taskId: id,
      phaseId,
      title: noteTitle ?? "",
      content: note,
      noteFormat,
      authorId: personId(context.caller),
    })
    .returning({ id: notes.id });
  emit("NOTE_ADDED", containerId, "Note", added!.id);
  return added!.id;
}

export const getTasks = question({
  name: "getTasks",
  description: "phantom.get_tasks: all tasks of a container.",
  may: "containers:view",
  input: { container },
  payload: { tasks: foundAll(Task, "taskIds", "Its tasks, by the order of their phases and their own.") },
  on: atContainer,
  async run({ writer }, { id }) {
    const rows = await writer
      .select({ id: tasks.id })
      .from(tasks)
      .leftJoin(phases, eq(phases.id, tasks.phaseId))
      .where(eq(tasks.containerId, id))
      .orderBy(asc(phases.workbookId), asc(phases.order), asc(tasks.order), asc(tasks.id));
    return { message: `Container ${id} has ${rows.length} tasks.`, result: { taskIds: rows.map((row) => row.id) } };
  },
});
