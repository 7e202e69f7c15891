import type { Operation } from "../operation.js";
import { addArtifact, addArtifacts } from "../operations/artifact-additions.js";
import { deleteArtifact, updateArtifact } from "../operations/artifact-edits.js";
import { setLabel, setSensitivity, setSeverity } from "../operations/classification.js";
import { collect, collect2 } from "../operations/collect.js";
import { comment } from "../operations/comments.js";
import { createContainer } from "../operations/containers.js";
import { setDuetime } from "../operations/duetime.js";
import { close, setStatus } from "../operations/lifecycle.js";
import { merge } from "../operations/merge.js";
import { addNote, deleteNote, getNotes, updateNote } from "../operations/notes.js";
import { clearObject, getObject, saveObject } from "../operations/objects.js";
import { setOwner } from "../operations/ownership.js";
import { addWorkbook, getPhase, promote, setPhase } from "../operations/phases.js";
import { deletePin, pin, updatePin } from "../operations/pins.js";
import {
  cancelPlaybookRun,
  claimPlaybookRuns,
  finishPlaybookRun,
  heartbeatPlaybookRuns,
  runPlaybook,
} from "../operations/playbook-runs.js";
import { saveRunData } from "../operations/run-data.js";
import { addTags, getTags, removeTags } from "../operations/tags.js";
import { addTask, getTasks, updateTask } from "../operations/tasks.js";
import { update } from "../operations/update.js";
import { addVaultItem } from "../operations/vault.js";

/** The container automation API, in the order of its manual. */
export const playbookApi: readonly Operation[] = [
  addArtifact,
  addNote,
  addTags,
  addTask,
  addWorkbook,
  close,
  comment,
  createContainer,
  deleteArtifact,
  deletePin,
  getNotes,
  getPhase,
  getTags,
  getTasks,
  merge,
  pin,
  promote,
  removeTags,
  setDuetime,
  setLabel,
  setOwner,
  setPhase,
  setSensitivity,
  setSeverity,
  setStatus,
  update,
  updatePin,
];

/** What playbooks and consoles need besides. */
export const beyondPlaybookApi: readonly Operation[] = [
  addArtifacts,
  updateArtifact,
  updateNote,
  deleteNote,
  updateTask,
  saveObject,
  getObject,
  clearObject,
  addVaultItem,
  collect,
  collect2,
  saveRunData,
  runPlaybook,
  claimPlaybookRuns,
  heartbeatPlaybookRuns,
  finishPlaybookRun,
  cancelPlaybookRun,
];
