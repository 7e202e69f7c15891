import { actionRun, appRuns, cancelAction, queueAction } from "./action-run.js";
import { appStatus } from "./app-status.js";
import type { Route } from "./route.js";
import { health, license, systemInfo, version } from "./system.js";
import { oneWidget, widgetData } from "./widget-data.js";

/** The endpoints of the REST manual. */
export const routes: readonly Route[] = [
  queueAction,
  actionRun,
  cancelAction,
  appRuns,
  version,
  systemInfo,
  license,
  health,
  appStatus,
  widgetData,
  oneWidget,
];
