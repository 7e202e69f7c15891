import { pendingApprovals } from "./approvals.js";
import { artifactStats } from "./artifact-stats.js";
import { containerStats, containersFilteredByStatus } from "./container-stats.js";
import { containersNew, containersResolved } from "./containers-per-day.js";
import { labelStats } from "./label-stats.js";
import { containersOpen, containersWorkload } from "./open-containers.js";
import { containersPerformance } from "./performance.js";
import { roiStats, roiSummary } from "./roi.js";
import { playbookStats, playbooksActionsStats, topPlaybooksActions } from "./runs.js";
import { slaStats, slaTrend } from "./sla.js";
import type { Widget } from "./widget.js";

/** The widgets of the home page, in the order of the manual. */
export const widgets: readonly Widget[] = [
  playbookStats,
  slaTrend,
  containersNew,
  containerStats,
  labelStats,
  containersOpen,
  containersWorkload,
  pendingApprovals,
  containersFilteredByStatus,
  topPlaybooksActions,
  playbooksActionsStats,
  containersResolved,
  roiSummary,
  roiStats,
  slaStats,
  containersPerformance,
  artifactStats,
];
