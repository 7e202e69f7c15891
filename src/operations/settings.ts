import { and, eq, ne, sql } from "drizzle-orm";
import type { Writer } from "../database/pools.js";
import { refuse } from "../errors.js";
import { operation, type Work } from "../operation.js";
import { CustomField } from "../schema/custom-field.js";
import { Label } from "../schema/label.js";
import { flag, found, int, list, object, optional, required, text, word } from "../schema/operations.js";
import { Severity, severities } from "../schema/severity.js";
import { Status, statuses, statusType } from "../schema/status.js";
import { SystemSettings, systemSettings } from "../schema/system.js";
import { Tenant } from "../schema/tenant.js";
import { administer } from "./administration.js";
import { kept } from "./changes.js";
import { atLeast, atMost, plainName } from "./names.js";

const order = optional(int, "Place among the others.");
const disabled = optional(flag, "Whether it may not be used for new objects.");
const description = optional(text, "What it is for.");

export const administerLabels = administer({
  target: Label,
  noun: "label",
  area: "settings",
  create: { name: required(text, "Its name, unique whatever the letter case.") },
  change: { disabled },
  columns: async (_, input) => ({ ...input, ...(input.name === undefined ? {} : { name: plainName(input.name) }) }),
});

export const administerSeverities = administer({
  target: Severity,
  noun: "severity",
  area: "settings",
  create: {
    name: required(text, "Its name: letters, digits, - and _."),
    color: optional(text, "Colour it is shown in."),
    order,
    isDefault: optional(flag, "Whether new containers get it."),
  },
  change: {
    color: optional(text, "Colour it is shown in."),
    order,
    isDefault: optional(flag, "True: new containers get it, and no other one."),
  },
  columns: (work, input, standing) => restrictedName(work, severities, "severities", input, standing),
  async beforeRemoval(_, { name, isDefault }) {
    if (isDefault)
      refuse(
        "WRONG_STATE",
        `${JSON.stringify(name)} is the default severity; make another one the default first.`,
        "id",
      );
  },
});

export const administerStatuses = administer({
  target: Status,
  noun: "status",
  area: "settings",
  create: {
    name: required(text, "Its name: letters, digits, - and _."),
    statusType: required(word(statusType), "The stage it belongs to."),
    order,
    isDefault: optional(flag, "Whether containers get it when they enter its stage."),
  },
  change: { order, isDefault: optional(flag, "True: containers get it when they enter its stage, and no other one.") },
  columns: (work, input, standing) => restrictedName(work, statuses, "statuses", input, standing),
  async beforeRemoval({ writer }, { id, name, statusType: type, isDefault }) {
    if (isDefault)
      refuse(
        "WRONG_STATE",
        `${JSON.stringify(name)} is the default status of its type; make another one the default first.`,
        "id",
      );
    const others = and(
      ne(statuses.id, id as number),
      eq(statuses.disabled, false),
      sql`${statuses.statusType} = ${type}`,
    );
    const [other] = await writer.select({ id: statuses.id }).from(statuses).where(others).limit(1);
    if (!other)
      refuse(
        "WRONG_STATE",
        `${JSON.stringify(name)} is the last active status of its type; make another one first.`,
        "id",
      );
  },
});

export const administerTenants = administer({
  target: Tenant,
  noun: "tenant",
  area: "settings",
  create: {
    name: required(text, "Its name, unique whatever the letter case."),
    description,
    contact: optional(text, "Whom to call."),
    slas: optional(object, "Minutes until a container is due, by severity name; null: the system's."),
  },
  change: {
    name: optional(text, "Its name, unique whatever the letter case."),
    description,
    contact: optional(text, "Whom to call."),
    slas: optional(object, "Minutes until a container is due, by severity name; null: the system's."),
    disabled,
  },
  columns: async (work, input) => {
    const name = kept("name", input.name);
    return {
      ...input,
      ...(input.slas ? { slas: await minutesOf(work, "slas", input.slas) } : {}),
      ...(name === undefined ? {} : { name: plainName(name) }),
    };
  },
  async beforeRemoval(_, { id }) {
    if (id === 0) refuse("WRONG_STATE", "Tenant 0 is the default one and stays.", "id");
  },
});

const fieldTypes = ["text", "textarea", "number", "boolean", "select"];

const customFieldInputs = {
  description,
  fieldType: optional(text, "`text`, `textarea`, `number`, `boolean` or `select`."),
  options: optional(list(text), "The values that a `select` may have."),
  required: optional(flag, "Whether a new container needs it."),
  order,
};

export const administerCustomFields = administer({
  target: CustomField,
  noun: "custom field",
  area: "settings",
  create: { name: required(text, "Its key in `customFields`, unique whatever the letter case."), ...customFieldInputs },
  change: customFieldInputs,
  columns: async (_, input, standing) => {
    const type = input.fieldType ?? (standing?.fieldType as string | undefined) ?? "text";
    if (!fieldTypes.includes(type))
      refuse(
        "INVALID_VALUE",
        `${JSON.stringify(type)} is no type of field; there are ${fieldTypes.join(", ")}.`,
        "fieldType",
      );
    const options = input.options ?? (standing?.options as string[] | undefined) ?? [];
    if (type === "select" && options.length === 0) refuse("INVALID_VALUE", "A select needs options.", "options");
    return { ...input, ...(input.name === undefined ? {} : { name: plainName(input.name) }) };
  },
});

export const updateSystemSettings = operation({
  name: "updateSystemSettings",
  description: "Changes the system's settings: only those given; null sets one back to its default.",
  may: "settings:edit",
  input: {
    baseUrl: optional(text, "The address people reach the system by."),
    timeZone: optional(text, "The system's time zone, by its IANA name."),
    license: optional(object, "The licence as the REST API tells it."),
    slaMinutes: optional(object, "Minutes until a new container is due, by severity name."),
    roi: optional(
      object,
      "What automation saves: `minutes_per_action`, `minutes_per_playbook` and `analyst_hourly_cost`.",
    ),
    pinLengthLimit: optional(int, "Characters a pin's message or data may have."),
    multiTenancy: optional(flag, "Whether a new container has to name its tenant."),
    retentionDays: optional(int, "Days that closed containers are kept; 0: forever."),
    eventDays: optional(int, "Days that events can be read after they happened."),
    rowLimit: optional(int, "Rows that an unlimited `collect` answers at most."),
    nameLengthLimit: optional(int, "Characters a severity's or status's name may have."),
    activeNamesLimit: optional(int, "How many severities, and statuses, may be active at once."),
    fileMegabytes: optional(int, "Megabytes (of 1,048,576 bytes) a file in the vault may have."),
    connectivityMinutes: optional(
      int,
      "Minutes from one test of an asset's connectivity to the next; 0: only when somebody asks.",
    ),
  },
  payload: { systemSettings: found(SystemSettings, "systemSettingsId", "The settings after the change.") },
  async run(work) {
    const { writer, input } = work;
    const slaMinutes = input.slaMinutes && (await minutesOf(work, "slaMinutes", input.slaMinutes));
    checkSavings(input.roi);
    const timeZone = typeof input.timeZone === "string" ? await zoneNamed(writer, input.timeZone) : input.timeZone;
    for (const [field, least] of [
      ["pinLengthLimit", 1],
      ["retentionDays", 0],
      ["eventDays", 1],
      ["rowLimit", 1],
      ["nameLengthLimit", 1],
      ["activeNamesLimit", 3],
      ["fileMegabytes", 1],
      ["connectivityMinutes", 0],
    ] as const)
      atLeast(field, least, input[field]);
    const set = Object.fromEntries(
      Object.entries({ ...input, timeZone, slaMinutes })
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => [name, value ?? sql`default`]),
    );
    if (Object.keys(set).length) await writer.update(systemSettings).set(set).where(eq(systemSettings.id, 1));
    return { message: "The settings were changed.", result: { systemSettingsId: 1 } };
  },
});

/** A time zone as Postgres spells it. It takes abbreviations before names, and knows no summer time of them. */
async function zoneNamed(writer: Writer, name: string): Promise<string> {
  const { rows } = await writer.execute<{ name: string }>(sql`
    select name from pg_timezone_names where lower(name) = lower(${name})
      and (name in ('UTC', 'GMT') or upper(name) not in (select abbrev from pg_timezone_abbrevs))`);
  const known = rows.find((row) => isTimeZone(row.name));
  return (
    known?.name ?? refuse("INVALID_VALUE", `${JSON.stringify(name)} is no time zone such as Europe/Zurich.`, "timeZone")
  );
}

/** Whether it is one here as well as in Postgres. */
function isTimeZone(name: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat("en", { timeZone: name }));
  } catch {
    return false;
  }
}

const savings = ["analyst_hourly_cost", "minutes_per_action", "minutes_per_playbook"];
const largestSaving = 100_000;

function checkSavings(roi: Record<string, unknown> | null | undefined): void {
  for (const [name, value] of Object.entries(roi ?? {})) {
    if (!savings.includes(name))
      refuse("INVALID_VALUE", `roi has ${JSON.stringify(name)}; it takes ${savings.join(", ")}.`, "roi");
    if (typeof value !== "number" || !(value >= 0 && value <= largestSaving)) {
      const range = `a number from 0 to ${largestSaving}`;
      refuse("INVALID_VALUE", `roi gives ${name} ${JSON.stringify(value)}; it takes ${range}.`, "roi");
    }
  }
}

/** Minutes by the names of severities as they are stored. */
async function minutesOf({ writer }: Work<unknown>, field: string, given: Record<string, unknown>) {
  const known = await writer.select({ name: severities.name }).from(severities).orderBy(severities.name);
  const entries = Object.entries(given).map(([name, value]) => {
    const severity = known.find((one) => one.name.toLowerCase() === name.toLowerCase());
    if (!severity) {
      const choice = known.map((one) => one.name).join(", ");
      return refuse("NOT_FOUND", `There is no severity ${JSON.stringify(name)}; ${field} takes ${choice}.`, field);
    }
    if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 5_256_000)
      return [severity.name, value];
    return refuse(
      "INVALID_VALUE",
      `${field} gives ${JSON.stringify(name)} ${JSON.stringify(value)}; it takes whole minutes from 1 to ten years.`,
      field,
    );
  });
  return Object.fromEntries(entries) as Record<string, number>;
}

/**
 * The rules of severities and statuses: few, short and simple names. A new default takes the place of the old one, and a
 * default is only given away by giving it to another.
 */
async function restrictedName(
  { writer }: Work<unknown>,
  table: typeof severities | typeof statuses,
  plural: string,
  { name, isDefault, ...input }: { name?: string; isDefault?: boolean | null; statusType?: unknown },
  standing: Record<string, unknown> | undefined,
): Promise<Record<string, unknown>> {
  // The lock lets one change of names after another count.
  const [settings] = await writer.select().from(systemSettings).for("update");
  if (isDefault === false && standing?.isDefault) {
    refuse(
      "WRONG_STATE",
      `${JSON.stringify(standing.name)} is the default; make another one the default instead.`,
      "isDefault",
    );
  }
  if (isDefault && standing?.disabled)
    refuse("INACTIVE", `${JSON.stringify(standing.name)} is disabled; create it again first.`, "isDefault");
  if (isDefault) {
    const type = input.statusType ?? standing?.statusType;
    const ofType = type ? sql`${statuses.statusType} = ${type}` : undefined;
    await writer
      .update(table)
      .set({ isDefault: false })
      .where(and(eq(table.isDefault, true), ofType));
  }
  const values = isDefault ? { ...input, isDefault } : input;
  if (name === undefined) return values;
  if (!/^[A-Za-z0-9_-]+$/.test(name))
    refuse("INVALID_VALUE", `${JSON.stringify(name)} has other characters than letters, digits, - and _.`, "name");
  atMost("name", settings!.nameLengthLimit, name);
  const [active] = await writer
    .select({ count: sql<number>`count(*)::int` })
    .from(table)
    .where(eq(table.disabled, false));
  if (active!.count >= settings!.activeNamesLimit) {
    refuse("WRONG_STATE", `${active!.count} ${plural} are active, which is the limit; delete one first.`, "name");
  }
  return { ...values, name };
}
