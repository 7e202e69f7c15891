import { AppError } from "../../errors.js";
import { type Asked, camelCase, type Data, get, oneOf, refuseUnknown, snakeCased, wholeNumber } from "./route.js";
import { timeOf } from "./time.js";

/** What a widget takes, what is asked of it, and how the answer is told where that is not field by field. */
interface Widget {
  takes: readonly Parameter[];
  fields: string;
  project?: (answer: Data) => unknown;
}

const types = {
  start_time: "DateTime",
  end_time: "DateTime",
  label: "String",
  user_id: "Int",
  sla: "Float",
  action_filter: "ActionFilter",
  playbook_category: "String",
};
type Parameter = keyof typeof types;

const window = ["start_time", "end_time"] as const;
const windowOfLabel = [...window, "label"] as const;
const every = [...windowOfLabel, "user_id"] as const;

const ofUser = ({ user, ...rest }: Data) => ({ ...snakeCased(rest), username: user?.username ?? null });

const widgets: Record<string, Widget> = {
  playbook_stats: { takes: ["label"], fields: "total active" },
  sla_trend: {
    takes: every,
    fields:
      "days { date resolved averageMinutes metPercent } severities { severity slaMinutes resolved averageMinutes metPercent }",
  },
  containers_new: { takes: every, fields: "date count" },
  container_stats: { takes: every, fields: "groups { name parts { name value } }" },
  label_stats: { takes: every, fields: "label total days { date count }" },
  containers_open: {
    takes: ["label", "sla"],
    fields: `total breached breachedPercent containers { slaPercent breached container {
      id name label severity sensitivity status createTime openTime dueTime owner { id username } } }`,
    // What left the caller's sight since it was counted is null.
    project: ({ containers, ...figures }) => ({
      ...snakeCased(figures),
      containers: containers.filter(({ container }: Data) => container).map(openContainer),
    }),
  },
  containers_workload: {
    takes: ["label", "user_id"],
    fields: "userId count user { username }",
    project: eachOf(ofUser),
  },
  pending_approvals: {
    takes: [...window, "user_id"],
    fields: "userId count overdue oldest user { username }",
    project: eachOf(ofUser),
  },
  containers_filtered_by_status: {
    takes: every,
    fields: "resolved { name value } unresolved { name value } all { name value }",
  },
  top_playbooks_actions: {
    takes: ["action_filter", "playbook_category", ...every],
    fields: "actions { actionName averageDuration total } playbooks { playbookId playbookName averageDuration total }",
  },
  playbooks_actions_stats: { takes: windowOfLabel, fields: "date playbooks actions" },
  containers_resolved: { takes: every, fields: "date count" },
  roi_summary: { takes: every, fields: "playbooks actions minutesSaved moneySaved" },
  roi_stats: { takes: every, fields: "date playbooks actions minutesSaved moneySaved" },
  sla_stats: { takes: windowOfLabel, fields: "date breaches" },
  containers_performance: { takes: every, fields: "resolved triage resolution dwell" },
  artifact_stats: {
    takes: every,
    fields: "count name containerId percent",
    project: eachOf(({ count, name, containerId, percent }) => [count, name, containerId, percent.toFixed(2)]),
  },
};

const all = documentOf(Object.keys(widgets));
const single = Object.fromEntries(Object.keys(widgets).map((name) => [name, documentOf([name])]));

export const widgetData = get("/widget_data", async ({ run, search }) => {
  const { widgetData } = await run(all, variablesOf(search, every));
  return Object.fromEntries(Object.keys(widgets).map((name) => [name, told(name, widgetData)]));
});

export const oneWidget = get("/widget_data/:name", async ({ params, run, search }) => {
  const { name = "" } = params;
  if (!Object.hasOwn(widgets, name)) {
    const known = Object.keys(widgets).join(", ");
    throw new AppError("NOT_FOUND", `There is no widget ${JSON.stringify(name)}; there are ${known}.`);
  }
  const { widgetData } = await run(single[name]!, variablesOf(search, widgets[name]!.takes));
  return told(name, widgetData);
});

const told = (name: string, data: Data) => (widgets[name]!.project ?? snakeCased)(data[camelCase(name)]);

/** A document that asks for some widgets, each with all that it takes. */
function documentOf(names: readonly string[]): string {
  const takes = [...new Set(names.flatMap((name) => widgets[name]!.takes))];
  const variables = takes.map((parameter) => `$${camelCase(parameter)}: ${types[parameter]}`);
  const fields = names.map((name) => {
    const { takes, fields } = widgets[name]!;
    const given = takes.map((parameter) => `${camelCase(parameter)}: $${camelCase(parameter)}`);
    return `${camelCase(name)}(${given.join(", ")}) { ${fields} }`;
  });
  return `query (${variables.join(", ")}) { widgetData { ${fields.join(" ")} } }`;
}

function variablesOf(search: Asked["search"], takes: readonly Parameter[]): Record<string, unknown> {
  refuseUnknown(search, takes);
  const given = Object.entries(search).filter(([name]) => takes.includes(name as Parameter));
  return Object.fromEntries(given.map(([name, text]) => [camelCase(name), asVariable(name as Parameter, text)]));
}

function asVariable(parameter: Parameter, text: string): unknown {
  if (parameter === "user_id") return wholeNumber(parameter, text);
  if (parameter === "sla") return percent(parameter, text);
  if (parameter === "action_filter") return oneOf(parameter, text, ["manual", "automated"]);
  return types[parameter] === "DateTime" ? timeOf(text) : text;
}

function percent(parameter: Parameter, text: string): number {
  if (/^\d{1,9}(\.\d+)?$/.test(text)) return Number(text);
  throw new AppError("BAD_REQUEST", `${parameter} is ${JSON.stringify(text)}; it takes a number of percent from 0.`);
}

function eachOf(project: (row: Data) => unknown): (rows: Data[]) => unknown {
  return (rows) => rows.map(project);
}

function openContainer({ container, ...sla }: Data) {
  const { owner, sensitivity, ...fields } = container;
  const words = { sensitivity: sensitivity.toLowerCase() };
  return {
    ...snakeCased({ ...fields, ...words, ...sla }),
    owner: owner?.id ?? null,
    owner_name: owner?.username ?? null,
  };
}
