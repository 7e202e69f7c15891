import type { Operation } from "../operation.js";
import { addArtifact } from "../operations/artifacts.js";
import { createContainer } from "../operations/containers.js";
import { merge } from "../operations/merge.js";
import { addNote, comment } from "../operations/notes.js";
import { pin } from "../operations/pins.js";
import { addVaultItem } from "../operations/vault.js";

/** The mutations of the playbook API, in the order of its manual. */
export const playbookApi: readonly Operation[] = [addArtifact, addNote, comment, createContainer, merge, pin];

/** What playbooks and consoles need beyond it. */
export const beyondPlaybookApi: readonly Operation[] = [addVaultItem];
