import type { Operation } from "../operation.js";
import { administerApps, administerAssets } from "../operations/apps.js";
import { administerPlaybooks } from "../operations/playbooks.js";
import { administerRoles } from "../operations/roles.js";
import {
  administerCustomFields,
  administerLabels,
  administerSeverities,
  administerStatuses,
  administerTenants,
  updateSystemSettings,
} from "../operations/settings.js";
import { createToken, revokeToken } from "../operations/tokens.js";
import { administerUsers } from "../operations/users.js";
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
  ...administerUsers,
  ...administerRoles,
  createToken,
  revokeToken,
  updateSystemSettings,
];
