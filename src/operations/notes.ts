import { eq } from "drizzle-orm";
import { refuse } from "../errors.js";
import { operation, type Work } from "../operation.js";
import { artifacts } from "../schema/artifact.js";
import { Comment, comments } from "../schema/comment.js";
import { Note, noteFormat, notes, noteType } from "../schema/note.js";
import { tasks } from "../schema/workbook.js";

type NoteType = (typeof noteType.enumValues)[number];

import { defaulted, found, given, int, optional, required, text, word } from "../schema/operations.js";
import { container, type LockedContainer, lockContainer, onContainer } from "./container.js";
import { isGiven } from "./names.js";

interface Attached {
  container?: number | null;
  artifactId?: number | null;
  taskId?: number | null;
}

export const addNote = operation({
  name: "addNote",
  description: "phantom.add_note: adds a note to a container, or to an artifact or task of it.",
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
        authorId: context.caller.id,
      })
      .returning({ id: notes.id });
    emit("NOTE_ADDED", id, "Note", note!.id);
    return { message: `Note ${note!.id} added to container ${id}.`, result: { noteId: note!.id, containerId: id } };
  },
});

/** An artifact or a task decides the container; one that is named too must be the same. */
async function onContainerOfSubject(work: Work<Attached>): Promise<LockedContainer> {
  const { artifactId, taskId, container } = work.input;
  if (isGiven(artifactId) && isGiven(taskId))
    return refuse("INVALID_VALUE", "A note is about an artifact or a task, not both.", "taskId");
  const [table, subject, subjectId, field] = isGiven(taskId)
    ? ([tasks, "task", taskId, "taskId"] as const)
    : ([artifacts, "artifact", artifactId, "artifactId"] as const);
  if (!isGiven(subjectId)) return onContainer(work);
  const [found] = await work.writer
    .select({ containerId: table.containerId })
    .from(table)
    .where(eq(table.id, subjectId));
  if (!found) return refuse("NOT_FOUND", `There is no ${subject} ${subjectId}.`, field);
  if (isGiven(container) && container !== found.containerId) {
    const message = `The ${subject} ${subjectId} belongs to another container than ${container}; leave container out.`;
    return refuse("CONTAINER_MISMATCH", message, "container");
  }
  return lockContainer(work, found.containerId);
}

function typeOf(given: NoteType | null | undefined, { artifactId, taskId }: Attached): NoteType {
  const fitting = isGiven(artifactId) ? "artifact" : isGiven(taskId) ? "task" : "general";
  if (!given || given === fitting) return fitting;
  const [type, needed] = [given.toUpperCase(), `${given}Id`];
  if (fitting === "general") return refuse("INVALID_VALUE", `A note of type ${type} needs ${needed}.`, needed);
  return refuse("INVALID_VALUE", `A note of type ${type} cannot have ${fitting}Id.`, "noteType");
}

export const comment = operation({
  name: "comment",
  description: "phantom.comment: adds a comment to a container's time line.",
  may: "containers:edit",
  input: {
    container,
    comment: required(text, "What to say."),
  },
  payload: { comment: found(Comment, "commentId", "The new comment.") },
  on: onContainer,
  async run({ writer, input, context, emit }, { id }) {
    if (input.comment.trim() === "") return refuse("INVALID_VALUE", "A comment needs text.", "comment");
    const [added] = await writer
      .insert(comments)
      .values({ containerId: id, comment: input.comment, authorId: context.caller.id })
      .returning({ id: comments.id });
    emit("COMMENT_ADDED", id, "Comment", added!.id);
    return {
      message: `Comment ${added!.id} added to container ${id}.`,
      result: { commentId: added!.id, containerId: id },
    };
  },
});
