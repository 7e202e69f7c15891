import { eq } from "drizzle-orm";
import { refuse } from "../errors.js";
import { operation, type Work } from "../operation.js";
import { artifacts } from "../schema/artifact.js";
import { Comment, comments } from "../schema/comment.js";
import { Note, noteFormat, notes, noteType } from "../schema/note.js";
import { defaulted, found, given, int, optional, required, text, word } from "../schema/operations.js";
import { container, type LockedContainer, lockContainer, onContainer } from "./container.js";

interface Attached {
  container?: number | null;
  artifactId?: number | null;
}

export const addNote = operation({
  name: "addNote",
  description: "phantom.add_note: adds a note to a container, or to an artifact of it.",
  may: "containers:edit",
  input: {
    container,
    noteType: optional(word(noteType), "What it is attached to; left out, whatever id is given, else the container."),
    noteFormat: defaulted(word(noteFormat), "markdown", "How the content is written."),
    artifactId: optional(int, "The artifact it is about; decides the container."),
    title: optional(text, "Its title."),
    content: optional(text, "Its text."),
  },
  payload: {
    noteId: given(int, "Id of the new note."),
    note: found(Note, "noteId", "The new note."),
  },
  on: onContainerOfArtifact,
  async run({ writer, input, context, emit }, { id }) {
    const type = typeOf(input.noteType, input.artifactId);
    const [note] = await writer
      .insert(notes)
      .values({
        containerId: id,
        noteType: type,
        noteFormat: input.noteFormat,
        artifactId: input.artifactId,
        title: input.title ?? "",
        content: input.content ?? "",
        authorId: context.caller.id,
      })
      .returning({ id: notes.id });
    emit("NOTE_ADDED", id, "Note", note!.id);
    return { message: `Note ${note!.id} added to container ${id}.`, result: { noteId: note!.id, containerId: id } };
  },
});

/** An artifact decides the container; one that is named too must be the same. */
async function onContainerOfArtifact(work: Work<Attached>): Promise<LockedContainer> {
  const { artifactId, container } = work.input;
  if (artifactId === null || artifactId === undefined) return onContainer(work);
  const [artifact] = await work.writer
    .select({ containerId: artifacts.containerId })
    .from(artifacts)
    .where(eq(artifacts.id, artifactId));
  if (!artifact) return refuse("NOT_FOUND", `There is no artifact ${artifactId}.`, "artifactId");
  if (container !== null && container !== undefined && container !== artifact.containerId) {
    return refuse(
      "CONTAINER_MISMATCH",
      `Artifact ${artifactId} belongs to another container than ${container}; leave container out.`,
      "container",
    );
  }
  return lockContainer(work, artifact.containerId);
}

function typeOf(given: "general" | "artifact" | "task" | null | undefined, artifactId: number | null | undefined) {
  const attached = artifactId !== null && artifactId !== undefined;
  const type = given ?? (attached ? "artifact" : "general");
  if (type === "artifact" && !attached)
    return refuse("INVALID_VALUE", "A note of type ARTIFACT needs artifactId.", "artifactId");
  if (type !== "artifact" && attached)
    return refuse("INVALID_VALUE", `A note of type ${type.toUpperCase()} cannot have an artifactId.`, "noteType");
  return type;
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
