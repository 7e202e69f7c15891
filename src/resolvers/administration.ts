import type { Operation } from "../operation.js";
import { administerApps, administerAssets } from "../operations/apps.js";
import { administerPlaybooks } from "../operations/playbooks.js";
import {
  administerCustomFields,
  administerLabels,
  administerSeverities,
  administerStatuses,
  administerTenants,
  updateSystemSettings,
} from "../operations/settings.js";
import { administerWorkbookTemplates } from "../operations/workbooks.js";

/** The mutations of those who keep the system: for each kind of object to create, change and remove one. */
export const administration: readonly Operation[] = [
  ...administerLabels,
  ...administerSeverities,
  ...administerStatuses,
  ...administerTenants,
  ...administerCustomFields,
  ...administerWorkbookTemplates,
  ...administerApps,
  ...administerAssets,
  ...administerPlaybooks,
  updateSystemSettings,
];
