import { sql } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import { visible } from "../auth/visible.js";
import type { Caller } from "../auth/who.js";
import type { Database } from "../database/pools.js";
import { AppRun, appRuns } from "../schema/action-run.js";
import type { Exposed } from "../schema/expose.js";
import { flag, int, optional, required, text, time } from "../schema/operations.js";
import { PlaybookRun, playbookRuns } from "../schema/playbook.js";
import { record } from "../schema/record.js";
import { systemSettings } from "../schema/system.js";

const unlimited = "; 0: any number.";

const LicenseInfo = record("LicenseInfo", "What the licence allows, as an administrator set it.", {
  caseManagement: required(flag, "Whether there may be cases."),
  issueDate: optional(time, "When it was issued; null: not told."),
  expirationDate: optional(time, "When it ends; null: never."),
  maximumApps: required(int, `How many apps there may be${unlimited}`),
  maximumUsers: required(int, `How many users there may be${unlimited}`),
  maximumAssets: required(int, `How many assets there may be${unlimited}`),
  maximumActionsPerDay: required(int, `How many actions may run in a day${unlimited}`),
  maximumContainers: required(int, `How many containers there may be${unlimited}`),
  contactInformation: required(text, "Whom to ask."),
  companyName: required(text, "Whom it was given to."),
  licenseNumber: required(text, "Its number."),
  licenseType: required(text, "Its kind."),
});

const LicenseUsage = record("LicenseUsage", "What was used in the last 24 hours, of what the caller may see.", {
  recentPlaybookRunCount: required(int, "Playbook runs that were asked for."),
  recentAppRunCount: required(int, "App runs that were asked for."),
  recentDebugRunCount: required(int, "Playbook runs from the editor among them."),
});

export const License = record("License", "The licence, and what is used of it.", {
  status: required(text, "`valid`, or `expired` after its end."),
  licenseInfo: required(LicenseInfo, "What it allows."),
  currentUsage: required(LicenseUsage, "What is used."),
});

export async function license(database: Database, caller: Caller) {
  const counts = [
    countOf(PlaybookRun, playbookRuns.createTime, caller),
    countOf(AppRun, appRuns.createTime, caller),
    sql`${countOf(PlaybookRun, playbookRuns.createTime, caller)} and ${playbookRuns.testMode}`,
  ].map((count) => sql`(${count})`);
  const [row] = await database.read(
    sql`select ${systemSettings.license}, ${sql.join(counts, sql`, `)} from ${systemSettings}`,
  );
  const [settings, ...usage] = row!;
  const [recentPlaybookRunCount, recentAppRunCount, recentDebugRunCount] = usage.map(Number);
  const licenseInfo = infoOf(JSON.parse(settings!));
  const { expirationDate } = licenseInfo;
  return {
    status: expirationDate !== null && Date.parse(expirationDate) <= Date.now() ? "expired" : "valid",
    licenseInfo,
    currentUsage: { recentPlaybookRunCount, recentAppRunCount, recentDebugRunCount },
  };
}

function countOf(type: Exposed, time: PgColumn, caller: Caller) {
  const shown = visible(type, type.table, caller) ?? sql`true`;
  return sql`select count(*) from ${type.table} where ${time} > now() - interval '24 hours' and ${shown}`;
}

/** The settings hold what the REST API tells; what is missing there, or is no such value, limits nothing. */
function infoOf(license: Record<string, unknown>) {
  const words = (name: string) => (typeof license[name] === "string" ? license[name] : "");
  const limit = (name: string) => (Number.isInteger(license[name]) ? Number(license[name]) : 0);
  const date = (name: string) => {
    const milliseconds = license[name];
    const known = typeof milliseconds === "number" && milliseconds > 0 && milliseconds < 253_402_300_800_000;
    return known ? `${new Date(milliseconds).toISOString().slice(0, -1)}000Z` : null;
  };
  return {
    caseManagement: license.case_management !== false,
    issueDate: date("issue_date"),
    expirationDate: date("expiration_date"),
    maximumApps: limit("maximum_apps"),
    maximumUsers: limit("maximum_users"),
    maximumAssets: limit("maximum_assets"),
    maximumActionsPerDay: limit("maximum_actions_per_day"),
    maximumContainers: limit("maximum_containers"),
    contactInformation: words("contact_information"),
    companyName: words("company_name"),
    licenseNumber: words("license_number"),
    licenseType: words("license_type"),
  };
}
