import { sql } from "drizzle-orm";
import { check, index, integer, pgEnum, pgTable, text } from "drizzle-orm/pg-core";
import { artifacts } from "./artifact.js";
import { id, revision, revisionText, time, timeOfInsert } from "./columns.js";
import { containers } from "./container.js";
import { exposeEnum } from "./enums.js";
import { expose } from "./expose.js";
import { users } from "./user.js";
import { phases, tasks } from "./workbook.js";

export const noteType = pgEnum("note_type", ["general", "artifact", "task"]);
exposeEnum(noteType, "NoteType", "What a note is attached to.", {
  general: "The container as a whole.",
  artifact: "One artifact.",
  task: "One task.",
});

export const noteFormat = pgEnum("note_format", ["markdown", "html"]);
exposeEnum(noteFormat, "NoteFormat", "How a note's content is written.", { markdown: "Markdown.", html: "HTML." });

export const notes = pgTable(
  "notes",
  {
    id: id(),
    containerId: integer()
      .notNull()
      .references(() => containers.id, { onDelete: "cascade" }),
    noteType: noteType().notNull().default("general"),
    noteFormat: noteFormat().notNull().default("markdown"),
    artifactId: integer().references(() => artifacts.id, { onDelete: "cascade" }),
    taskId: integer().references(() => tasks.id, { onDelete: "cascade" }),
    phaseId: integer().references(() => phases.id, { onDelete: "set null" }),
    title: text().notNull().default(""),
    content: text().notNull().default(""),
    authorId: integer().references(() => users.id),
    createTime: timeOfInsert(),
    modifiedTime: time(),
    revision: revision(),
  },
  (t) => [
    check("notes_artifact", sql`(${t.noteType} = 'artifact') = (${t.artifactId} is not null)`),
    check("notes_task", sql`(${t.noteType} = 'task') = (${t.taskId} is not null)`),
    index().on(t.containerId, t.id),
    index().on(t.taskId, t.id),
    index().on(t.phaseId, t.id),
    index().on(t.authorId, t.id),
    index().on(t.artifactId, t.id),
    index().on(t.createTime, t.id),
    index().on(t.modifiedTime, t.id),
    index("notes_title_parts").using("gin", t.title.op("gin_trgm_ops")),
  ],
);

export const Note = expose(notes, {
  name: "Note",
  description: "What somebody found out, in Markdown or HTML, about a container, an artifact or a task.",
  one: "note",
  many: "notes",
  orderBy: ["createTime"],
  fields: {
    id: "SOAR's numeric id.",
    noteType: "What it is attached to.",
    noteFormat: "How its content is written.",
    title: "Its title.",
    content: "Its text, as it was written.",
    createTime: "When it was added.",
    modifiedTime: "When it was last changed; null: never.",
    revision: revisionText,
  },
});
