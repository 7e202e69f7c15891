import type { Operation } from "../operation.js";
import { act, runAction } from "../operations/actions.js";
import { cancelActionRun, completeActionRun } from "../operations/runs.js";

/** The mutations around actions. */
export const actions: readonly Operation[] = [runAction, act, cancelActionRun, completeActionRun];
