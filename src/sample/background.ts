import type { Connector } from "../connectors/connector.js";
import { geolocate } from "../connectors/geolocate.js";
import { whois } from "../connectors/whois.js";
import type { Writer } from "../database/pools.js";
import { appActions, apps, assetApprovers, assets } from "../schema/app.js";
import { appStatuses } from "../schema/app-status.js";
import { labels } from "../schema/label.js";
import { playbooks } from "../schema/playbook.js";
import { statuses } from "../schema/status.js";
import { tenants } from "../schema/tenant.js";
import { roles, userRoles, users } from "../schema/user.js";
import { phaseTemplates, taskTemplates, workbookTemplates } from "../schema/workbook.js";
import { programs } from "./programs.js";
import type { Rows } from "./rows.js";

/** The numbers of what every incident refers to. */
export interface Background {
  admin: number;
  analysts: number[];
  automation: number;
  template: number;
  phases: { name: string; tasks: { name: string; description: string; actions: string[] }[] }[];
}

const team = [
  {
    username: "alice.nguyen",
    firstName: "Alice",
    lastName: "Nguyen",
    title: "Senior analyst",
    role: "Incident Commander",
  },
  { username: "ben.okafor", firstName: "Ben", lastName: "Okafor", title: "Analyst", role: "Incident Commander" },
  {
    username: "carla.mendes",
    firstName: "Carla",
    lastName: "Mendes",
    title: "Automation engineer",
    role: "Automation Engineer",
  },
  { username: "dana.weiss", firstName: "Dana", lastName: "Weiss", title: "Auditor", role: "Observer" },
  {
    username: "automation",
    title: "Runs playbooks",
    role: "Automation",
    type: "automation" as const,
    defaultLabel: "events",
    defaultTenantId: 0,
  },
];

export interface Tool {
  id: number;
  name: string;
  vendor: string;
  product: string;
  connector?: Connector;
  type: string;
  action: string;
  /** The parameter that the action is about. */
  takes: string;
  asset: string;
  assetId: number;
}

/**
 * The apps, with the numbers that the manuals print for some of them, and what each asset of theirs is called. Those that a
 * connector of the gateway runs can be tried; the others wait for one outside.
 */
export const tools: readonly Tool[] = [
  {
    id: 12,
    name: "ReversingLabs",
    vendor: "ReversingLabs",
    product: "TitaniumCloud",
    type: "reputation",
    action: "file reputation",
    takes: "hash",
    asset: "my_reversinglabs_asset",
    assetId: 11,
  },
  {
    id: 23,
    name: "whois_app",
    vendor: "Generic",
    product: "WHOIS domain",
    connector: whois,
    type: "information",
    action: "whois domain",
    takes: "domain",
    asset: "whois_domain",
    assetId: 119,
  },
  {
    id: 83,
    name: "MaxMind",
    vendor: "MaxMind",
    product: "GeoIP2",
    connector: geolocate,
    type: "information",
    action: "geolocate ip",
    takes: "ip",
    asset: "maxmind",
    assetId: 63,
  },
  {
    id: 104,
    name: "LDAP",
    vendor: "Microsoft",
    product: "Active Directory",
    type: "identity management",
    action: "disable user",
    takes: "username",
    asset: "domainctrl1",
    assetId: 4,
  },
  {
    id: 190,
    name: "WHOIS",
    vendor: "Generic",
    product: "WHOIS",
    connector: whois,
    type: "information",
    action: "whois ip",
    takes: "ip",
    asset: "whois",
    assetId: 5,
  },
  {
    id: 21,
    name: "BMC Remedy",
    vendor: "BMC",
    product: "Remedy",
    type: "ticketing",
    action: "create ticket",
    takes: "summary",
    asset: "bmcremedy",
    assetId: 13,
  },
];

const response = [
  {
    name: "Detection",
    tasks: [
      {
        name: "Confirm the alert",
        description: "Look at the evidence and decide whether it is an incident.",
        actions: ["whois ip", "geolocate ip"],
      },
      { name: "Find out who is affected", description: "Name accounts, hosts and data.", actions: [] },
    ],
  },
  {
    name: "Containment",
    tasks: [
      { name: "Isolate hosts", description: "Take affected hosts off the network.", actions: [] },
      {
        name: "Disable accounts",
        description: "Disable accounts that are in strange hands.",
        actions: ["disable user"],
      },
    ],
  },
  {
    name: "Recovery",
    tasks: [
      { name: "Restore service", description: "Bring back what was taken down.", actions: [] },
      {
        name: "Write the report",
        description: "Say what happened, what was done and what to do better.",
        actions: ["create ticket"],
      },
    ],
  },
];

/** Writes users, names, apps, assets, playbooks and the default template; gives what incidents refer to. */
export async function addBackground(writer: Writer, rows: Rows): Promise<Background> {
  for (const name of ["phishing", "malware", "vulnerability"]) rows.add(labels, { name });
  rows.add(statuses, { name: "triage", statusType: "open", order: 3 });
  rows.number(tenants, {
    id: 1,
    name: "ACME",
    description: "A customer.",
    contact: "soc@acme.example",
    slas: { high: 30 },
  });
  const ids = await addTeam(writer, rows);
  for (const tool of tools) addTool(rows, tool);
  rows.add(assetApprovers, { assetId: 4, userId: 1 });
  for (const { type, ...playbook } of programs) {
    rows.add(playbooks, {
      playbookType: type ?? "automation",
      scm: "local",
      python: "def on_start(container):\n    return\n",
      latestEditorId: ids[2],
      ...playbook,
    });
  }
  const template = addTemplate(rows, ids[0]!);
  return { admin: 1, analysts: ids.slice(0, 2), automation: ids[4]!, template, phases: response };
}

async function addTeam(writer: Writer, rows: Rows): Promise<number[]> {
  const known = await writer.select({ id: roles.id, name: roles.name }).from(roles);
  return team.map(({ role, ...user }) => {
    const id = rows.number(users, { ...user, email: `${user.username}@corp.example` }, 2);
    rows.add(userRoles, { userId: id, roleId: known.find(({ name }) => name === role)!.id });
    return id;
  });
}

function addTool(rows: Rows, tool: Tool): void {
  const { id, name, vendor, product, connector, type, action, takes, asset, assetId } = tool;
  rows.add(apps, {
    id,
    appid: `00000000-0000-4000-8000-${String(id).padStart(12, "0")}`,
    connector: connector?.manifest.appid,
    name,
    appVersion: "2.0.7",
    productVendor: vendor,
    productName: product,
    publisher: "Example",
    type,
    description: `Runs \`${action}\` on ${product}.`,
  });
  rows.add(appActions, {
    appId: id,
    action,
    identifier: action.replace(" ", "_"),
    type: type === "identity management" ? "contain" : "investigate",
    description: `Runs ${action}.`,
    readOnly: type !== "identity management",
    effect: type === "identity management" ? "unsafe" : "read",
    parameters: { [takes]: { data_type: "string", required: true, primary: true, contains: [takes], order: 0 } },
    output: [{ data_path: "action_result.status", data_type: "string" }],
  });
  rows.add(assets, {
    id: assetId,
    name: asset,
    appId: id,
    productVendor: vendor,
    productName: product,
    appVersion: "2.0.7",
    type,
    primaryVoting: assetId === 4 ? 1 : 0,
    description: `The ${product} of this site.`,
  });
  rows.add(appStatuses, {
    assetId,
    appId: id,
    status: "success",
    message: `Testing asset connectivity for '${asset}' using app '${name}' 1 action succeeded.`,
  });
}

function addTemplate(rows: Rows, creatorId: number): number {
  const template = rows.number(workbookTemplates, {
    name: "Incident response",
    isDefault: true,
    description: "From the first look to the report.",
    creatorId,
  });
  for (const [index, phase] of response.entries()) {
    const phaseId = rows.number(phaseTemplates, { templateId: template, name: phase.name, order: index + 1 });
    for (const [place, { name, description, actions }] of phase.tasks.entries()) {
      rows.number(taskTemplates, { phaseId, name, description, actions, order: place + 1 });
    }
  }
  return template;
}

/** Tables in an order in which no row points at one that is still missing. */
export const backgroundTables = [
  labels,
  statuses,
  tenants,
  users,
  userRoles,
  apps,
  appActions,
  assets,
  assetApprovers,
  appStatuses,
  playbooks,
  workbookTemplates,
  phaseTemplates,
  taskTemplates,
];
