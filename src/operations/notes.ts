import { and, asc, eq, type SQL } from "drizzle-orm";
import { personId } from "../auth/who.js";
import { refuse } from "../errors.js";
import { type Look, operation, question, type Work } from "../operation.js";
import { artifacts } from "../schema/artifact.js";
import { Container } from "../schema/container.js";
import { nodeIdOf } from "../schema/expose.js";
import { Note, noteFormat, notes, noteType } from "../schema/note.js";
import {
  defaulted,
  found,
  foundAll,
  given,
  int,
  nodeId,
  optional,
  required,
  text,
  word,
} from "../schema/operations.js";
import { tasks } from "../schema/workbook.js";
import { change, checkRevision, expectedRevision, kept } from "./changes.js";
import {
  atContainer,
  atContainerOf,
  container,
  type FoundContainer,
  type LockedContainer,
  lockContainerOf,
  onContainer,
  type Subject,
} from "./container.js";
import { isGiven } from "./names.js";

type NoteType = (typeof noteType.enumValues)[number];

interface Attached {
  container?: number | null;
  artifactId?: number | null;
  taskId?: number | null;
}

export const addNote = operation({
  name: "addNote",
  description: "phantom.add_note: adds a note to a container, or to an artifact or task of it.",
  decided: [
    "Without a type it is what its id says: an ARTIFACT or TASK note, else a GENERAL one. A type that contradicts the id is refused.",
    "It remembers the phase the container is in.",
  ],
  may: "containers:edit",
  input: {
    container,
    noteType: optional(word(noteType), "What it is attached to; left out, whatever id is given, else the container."),
    noteFormat: defaulted(word(noteFormat), "markdown", "How the content is written."),
    artifactId: optional(int, "The artifact it is about; decides the container."),
    taskId: optional(int, "The task it is about; decides the container."),
    title: optional(text, "Its title."),
    content: optional(text, "Its text."),
  },
  payload: {
    noteId: given(int, "Id of the new note."),
    note: found(Note, "noteId", "The new note."),
  },
  on: onContainerOfSubject,
  async run({ writer, input, context, emit }, { id, currentPhaseId }) {
    const { artifactId, taskId } = input;
    const noteType = typeOf(input.noteType, input);
    const [note] = await writer
      .insert(notes)
      .values({
        containerId: id,
        noteType,
        noteFormat: input.noteFormat,
        artifactId,
        taskId,
        phaseId: currentPhaseId,
        title: input.title ?? "",
        content: input.content ?? "",
        authorId: personId(context.caller),
      })
      .returning({ id: notes.id });
    emit("NOTE_ADDED", id, "Note", note!.id);
    return { message: `Note ${note!.id} added to container ${id}.`, result: { noteId: note!.id, containerId: id } };
  },
});

/** An artifact or a task decides the container; one that is named too must be the same. */
async function onContainerOfSubject(work: Work<Attached>): Promise<LockedContainer> {
  const subject = subjectOf(work.input);
  return subject ? lockContainerOf(work, ...subject) : onContainer(work);
}

/** What a note is about: the table, what it is called there, and its id. */
function subjectOf({ artifactId, taskId }: Attached): Subject | undefined {
  if (isGiven(artifactId) && isGiven(taskId))
    return refuse("INVALID_VALUE", "A note is about an artifact or a task, not both.", "taskId");
  if (isGiven(taskId)) return [tasks, "task", taskId];
  return isGiven(artifactId) ? [artifacts, "artifact", artifactId] : undefined;
}

function typeOf(given: NoteType | null | undefined, { artifactId, taskId }: Attached): NoteType {
  const fitting = isGiven(artifactId) ? "artifact" : isGiven(taskId) ? "task" : "general";
  if (!given || given === fitting) return fitting;
  const [type, needed] = [given.toUpperCase(), `${given}Id`];
  if (fitting === "general") return refuse("INVALID_VALUE", `A note of type ${type} needs ${needed}.`, needed);
  return refuse("INVALID_VALUE", `A note of type ${type} cannot have ${fitting}Id.`, "noteType");
}

export const updateNote = operation({
  name: "updateNote",
  description: "Changes the fields of a note that are given; null clears.",
  may: "containers:edit",
  input: {
    noteId: required(int, "Id of the note."),
    title: optional(text, "Its title."),
    content: optional(text, "Its text."),
    noteFormat: optional(word(noteFormat), "How the content is written; cannot be cleared."),
    expectedRevision,
  },
  payload: { noteId: given(int, "Id of the note."), note: found(Note, "noteId", "The note itself.") },
  on: (work) => lockContainerOf(work, notes, "note", work.input.noteId),
  async run(work, { id }) {
    const { noteId, title, content, noteFormat, expectedRevision } = work.input;
    const [standing] = await work.writer.select({ revision: notes.revision }).from(notes).where(eq(notes.id, noteId));
    checkRevision(`Note ${noteId}`, standing!.revision, expectedRevision);
    const [changed] = await change(work, notes, [noteId], {
      title: title === null ? "" : title,
      content: content === null ? "" : content,
      noteFormat: kept("noteFormat", noteFormat),
    });
    if (changed !== undefined) work.emit("NOTE_CHANGED", id, "Note", noteId);
    return { message: `Note ${noteId} changed.`, result: { noteId, containerId: id } };
  },
});

export const deleteNote = operation({
  name: "deleteNote",
  description: "Deletes a note.",
  may: "containers:edit",
  input: { noteId: required(int, "Id of the note.") },
  payload: {
    noteId: given(int, "Id of the deleted note."),
    deletedNodeId: given(nodeId, "Its `nodeId`, for lists that a client keeps."),
    container: found(Container, "containerId", "The container it belonged to."),
  },
  on: (work) => lockContainerOf(work, notes, "note", work.input.noteId),
  async run({ writer, input, emit }, { id }) {
    const { noteId } = input;
    await writer.delete(notes).where(eq(notes.id, noteId));
    emit("NOTE_DELETED", id, "Note", noteId);
    return {
      message: `Note ${noteId} deleted.`,
      result: { noteId, deletedNodeId: nodeIdOf("Note", noteId), containerId: id },
    };
  },
});

export const getNotes = question({
  name: "getNotes",
  description:
    "phantom.get_notes: the notes of an artifact or a task, else those of a container, those on its artifacts and tasks included.",
  may: "containers:view",
  input: {
    container,
    artifactId: optional(int, "The artifact whose notes are asked for; decides the container."),
    taskId: optional(int, "The task whose notes are asked for; decides the container."),
  },
  payload: { notes: foundAll(Note, "noteIds", "The notes, the oldest first.") },
  on: atContainerOfSubject,
  async run({ writer, input }, { id }) {
    const { artifactId, taskId } = input;
    const about: (SQL | undefined)[] = [
      isGiven(artifactId) ? eq(notes.artifactId, artifactId) : undefined,
      isGiven(taskId) ? eq(notes.taskId, taskId) : undefined,
    ];
    const rows = await writer
      .select({ id: notes.id })
      .from(notes)
      .where(and(eq(notes.containerId, id), ...about))
      .orderBy(asc(notes.id));
    return { message: `${rows.length} notes found.`, result: { noteIds: rows.map((row) => row.id) } };
  },
});

async function atContainerOfSubject(look: Look<Attached>): Promise<FoundContainer> {
  const subject = subjectOf(look.input);
  return subject ? atContainerOf(look, ...subject) : atContainer(look);
}
