import type { Operation } from "../operation.js";
import { act, runAction } from "../operations/actions.js";
import { approveActionRun, denyActionRun } from "../operations/approvals.js";
import { testAsset } from "../operations/asset-tests.js";
import { claimAppRuns, heartbeatAppRuns, reportAppRun } from "../operations/external.js";
import { cancelActionRun, completeActionRun } from "../operations/runs.js";

/** The mutations around actions. */
export const actions: readonly Operation[] = [
  runAction,
  act,
  cancelActionRun,
  completeActionRun,
  approveActionRun,
  denyActionRun,
  claimAppRuns,
  heartbeatAppRuns,
  reportAppRun,
  testAsset,
];
