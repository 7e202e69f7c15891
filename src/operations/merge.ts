import { personId } from "../auth/who.js";
import { refuse } from "../errors.js";
import { operation, type Work } from "../operation.js";
import { CaseItem, caseItems } from "../schema/case-item.js";
import { Container } from "../schema/container.js";
import { notes } from "../schema/note.js";
import {
  defaulted,
  flag,
  found,
  foundList,
  given,
  type InputOf,
  int,
  object,
  oneOf,
  optional,
  required,
  text,
} from "../schema/operations.js";
import { type LockedContainer, lockContainer, touchArtifacts } from "./container.js";
import { claimItem, type Merge } from "./merge/copying.js";
import { told } from "./merge/report.js";
import { alternatives, findSource, refuseKnown, type Source } from "./merge/source.js";

const input = {
  case: optional(
    int,
    "The container to add to; left out, the one of the `SOAR-Container` or `SOAR-Playbook-Run` header.",
  ),
  item: required(oneOf("MergeItem", "What to merge: exactly one.", alternatives), "What to merge into it."),
  noteTitle: optional(text, "Title of a note to add to the case."),
  noteDescription: optional(text, "Text of a note to add to the case."),
  dryRun: defaulted(flag, false, "Only say what would be copied, left out or refused, and change nothing."),
};

type Input = InputOf<typeof input>;

export const merge = operation({
  name: "merge",
  description:
    "phantom.merge: copies a container, artifact, CEF field, run or file into a case. Refused as ALREADY_IN_CASE the second time, and as WRONG_STATE for a run that has not ended; within a container such runs are left out.",
  may: "containers:edit",
  input,
  payload: {
    case: found(Container, "containerId", "The case."),
    caseItem: found(CaseItem, "caseItemId", "What was merged; on ALREADY_IN_CASE the first time it was."),
    caseItems: foundList(
      CaseItem,
      "mergedWithId",
      caseItems.mergedWithId,
      "All that came into the case: one for each copy, and one for a container as a whole.",
    ),
    counts: given(
      object,
      "How many were copied, or with `dryRun` would be, by type: `{Artifact: {copied, alreadyInCase, unfinished}}`.",
    ),
  },
  on: lockBoth,
  async run(work, { into, source }) {
    const { input, emit } = work;
    const itemId = await claimItem(work, into.id, source);
    if (itemId === undefined) return refuseKnown(work, into.id, source);
    const merging: Merge = { work, into: into.id, from: source.containerId, itemId, counts: {} };
    if (source.table) merging.counts[source.type] = { copied: 1, alreadyInCase: 0, unfinished: 0 };
    await source.copyInto(merging);
    const { counts } = merging;
    const message = told(source.called, into.id, counts, input.dryRun);
    if (input.dryRun) {
      await work.undo();
      return { message, result: { containerId: into.id, counts } };
    }
    await addNote(work, into);
    if (counts.Artifact?.copied) touchArtifacts(work, into.id);
    emit("MERGED", into.id, "CaseItem", itemId);
    emit("ADDED_TO_CASE", source.containerId, "Container", source.containerId);
    return { message, result: { containerId: into.id, caseItemId: itemId, mergedWithId: itemId, counts } };
  },
});

/** Locks the case and the container of the item, the smaller number first, so that merges never wait in a circle. */
async function lockBoth(work: Work<Input>): Promise<{ into: LockedContainer; source: Source }> {
  const target = work.input.case ?? work.run?.containerId ?? work.context.container;
  if (target === undefined)
    return refuse(
      "CONTAINER_REQUIRED",
      "Say which case: give `case`, or send the header `SOAR-Container: <id>`.",
      "case",
    );
  const found = await findSource(work, work.input.item);
  if (found.containerId === target) {
    const itself = found.type === "Container" ? "itself" : "the container it is in";
    return refuse("INVALID_VALUE", `${found.called} cannot be merged into ${itself}.`, "item");
  }
  const locked = new Map<number, LockedContainer>();
  for (const id of [target, found.containerId].sort((a, b) => a - b))
    locked.set(id, await lockContainer(work, id, id === target ? "case" : "item"));
  // Found again, for what was there before the locks may be gone.
  return { into: locked.get(target)!, source: await findSource(work, work.input.item) };
}

async function addNote({ writer, input, context, emit }: Work<Input>, { id, currentPhaseId }: LockedContainer) {
  const [title, content] = [input.noteTitle ?? "", input.noteDescription ?? ""];
  if (!title && !content) return;
  const [note] = await writer
    .insert(notes)
    .values({ containerId: id, title, content, phaseId: currentPhaseId, authorId: personId(context.caller) })
    .returning({ id: notes.id });
  emit("NOTE_ADDED", id, "Note", note!.id);
}
