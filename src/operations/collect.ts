import { and, asc, eq, gt, isNotNull, lt, lte, max, or, type SQL, sql } from "drizzle-orm";
import { containersOf } from "../actions/callback.js";
import { refuse } from "../errors.js";
import { limits, mostCollected } from "../limits.js";
import { type Look, question } from "../operation.js";
import { actionResults, actionRuns, appRuns } from "../schema/action-run.js";
import { artifacts } from "../schema/artifact.js";
import { defaulted, flag, int, json, list, required, sparse, text, word } from "../schema/operations.js";
import { playbookRuns, scope } from "../schema/playbook.js";
import { systemSettings } from "../schema/system.js";
import { atContainer, container } from "./container.js";
import { pathsOf, rowsAlong } from "./datapaths.js";
import { anyOf, within } from "./names.js";

const mostPaths = 50;
const which = {
  scope: defaulted(word(scope), "new", "Which artifacts: those that are new to the current playbook run, or all."),
  limit: defaulted(int, 100, "How many rows at most; 0: all, up to the setting `rowLimit`."),
  noneIfFirst: defaulted(flag, false, "Answer nothing on the first run of the playbook on the container."),
};
const decided = [
  "`NEW` is what the current playbook run works on: artifacts that were added since the last run of the playbook and before this one was asked for, or those it was given. Outside a run, and on another container than the run's, it means `ALL`.",
  "Artifacts and results come in the order of their ids. `artifact:` and `artifacts:` mean the same.",
  "Values of an artifact are as Python prints them: times in milliseconds, 0 and the empty text for what there is not.",
];

export const collect2 = question({
  name: "collect2",
  description:
    "phantom.collect2: values from the artifacts or the fields of a container, or from what the actions of the current playbook run gave, as rows with a column for each path.",
  decided: [
    ...decided,
    "All paths of a call lead into one list: of artifacts, or of one action's results; those into the container go with any. A path through a list in it, such as `data.*`, gives a row for each of its items.",
  ],
  may: "containers:view",
  input: {
    container,
    datapath: required(
      list(text),
      `Up to ${mostPaths} paths: \`artifact:*.<field>\`, \`artifact:*.cef.<key>\`, \`container:<field>\`, \`<action name>:action_result.data.*.<path>\`, and so on with \`status\`, \`message\`, \`parameter.<key>\` and \`summary.<key>\`.`,
    ),
    ...which,
  },
  payload: { rows: sparse(list(list(json)), "A row for each artifact or result; null where a path has no value.") },
  on: atContainer,
  async run(look, { id }) {
    const rows = await rowsOf(look, id, look.input.datapath);
    return { message: `${rows.length} rows were collected.`, result: { rows } };
  },
});

export const collect = question({
  name: "collect",
  description:
    "phantom.collect: the same as `collect2` along one path, as a plain list. `artifacts:*` gives whole artifacts.",
  decided,
  may: "containers:view",
  input: { container, datapath: required(text, "A path as `collect2` takes them."), ...which },
  payload: { rows: sparse(list(json), "The values; null where the path has none.") },
  on: atContainer,
  async run(look, { id }) {
    const rows = await rowsOf(look, id, [look.input.datapath]);
    return { message: `${rows.length} rows were collected.`, result: { rows: rows.map(([value]) => value) } };
  },
});

interface Asked {
  scope: "new" | "all";
  limit: number;
  noneIfFirst: boolean;
}

/** A path of a caller: what list it leads into, and the way from an item of it. */
interface Path {
  given: string;
  from: "artifact" | "container" | "action";
  /** The action's name. */
  action?: string;
  steps: string[];
}

async function rowsOf(look: Look<Asked>, containerId: number, given: readonly string[]): Promise<unknown[][]> {
  const paths = given.map(parse);
  within("datapath", paths.length, 1, mostPaths);
  const limit = await limitOf(look);
  const into = paths.filter(({ from }) => from !== "container");
  const [first] = into;
  const other = into.find(({ from, action }) => from !== first!.from || action !== first!.action);
  if (other)
    return refuse(
      "INVALID_VALUE",
      `${JSON.stringify(first!.given)} and ${JSON.stringify(other.given)} lead into different lists; collect them one after the other.`,
      "datapath",
    );
  const ofContainer = paths.length > into.length ? await containerOf(look, containerId, paths) : undefined;
  const items = first ? await itemsOf(look, containerId, first, into, limit.rows + 1) : [{}];
  const tree = pathsOf(paths.map(({ from, steps }) => [from === "container" ? "container" : "item", ...steps]));
  const rows: unknown[][] = [];
  const size = sizes();
  let bytes = 0;
  for (const item of items)
    for (const row of rowsAlong(tree, { container: ofContainer, item })) {
      if (rows.length === limit.rows) return limit.cut ? rows : tooMany(limit.rows);
      for (const value of row) bytes += size(value);
      if (bytes > mostCollected) return tooMuch("The rows have");
      rows.push(row);
    }
  return rows;
}

/** How much there is to write of a value; what stands in many rows is measured once. */
function sizes(): (value: unknown) => number {
  const known = new Map<object, number>();
  return (value) => {
    if (typeof value === "string") return value.length;
    if (typeof value !== "object" || value === null) return 1;
    const size = known.get(value) ?? JSON.stringify(value).length;
    known.set(value, size);
    return size;
  };
}

const results = ["status", "message", "parameter", "data", "summary"];
/** Parts of artifacts and results that are JSON, of which a path may name any key. */
const open = new Set(["cef", "cef_types", "data", "parameter", "summary", "tags"]);

function parse(given: string): Path {
  const [, artifact, field] = /^(artifacts?):\*(?:\.(.+))?$/s.exec(given) ?? [];
  if (artifact) return { given, from: "artifact", steps: known(given, field, Object.keys(fields)) };
  const [, ofContainer] = /^container:([^.]+)$/s.exec(given) ?? [];
  if (ofContainer) return { given, from: "container", steps: [ofContainer] };
  const [, name, result] = /^(.+):action_result\.(.+)$/s.exec(given) ?? [];
  if (name) return { given, from: "action", action: name, steps: known(given, result, results) };
  return refuse(
    "INVALID_VALUE",
    `${JSON.stringify(given)} is no path. Paths begin with artifact:*, container: or <action name>:action_result.`,
    "datapath",
  );
}

/** The steps of a path whose first is one of some fields; those of JSON go on as deep as one likes. */
function known(given: string, path: string | undefined, among: readonly string[]): string[] {
  if (path === undefined) return [];
  const steps = path.split(".");
  if (steps.length > limits.nesting.most)
    return refuse(
      "TOO_LONG",
      `A path has ${steps.length} steps; ${limits.nesting.most} are the limit: ${JSON.stringify(given.slice(0, 100))}…`,
      "datapath",
    );
  const [field, ...rest] = steps as [string, ...string[]];
  if (among.includes(field) && (!rest.length || open.has(field)) && !steps.includes("")) return steps;
  const message = `There is no path ${JSON.stringify(given)}; what can stand there: ${among.join(", ")}.`;
  return refuse("INVALID_VALUE", message, "datapath");
}

/** How many rows there may be, and whether more are simply cut off. */
async function limitOf({ writer, input }: Look<Asked>): Promise<{ rows: number; cut: boolean }> {
  const [settings] = await writer.select({ most: systemSettings.rowLimit }).from(systemSettings);
  const most = settings!.most;
  const rows = within("limit", input.limit, 0, most);
  return rows === 0 ? { rows: most, cut: false } : { rows, cut: true };
}

function tooMany(most: number): never {
  const message = `There are more than ${most} rows, the setting \`rowLimit\`; give a limit, or collect less.`;
  return refuse("INVALID_VALUE", message, "limit");
}

function tooMuch(what: string): never {
  return refuse("TOO_LONG", `${what} more than ${mostCollected} bytes; give a lower limit, or collect less.`, "limit");
}

/** A container as callbacks see it. */
async function containerOf({ context }: Look<unknown>, id: number, paths: readonly Path[]): Promise<unknown> {
  const { database, caller } = context;
  const [row] = await database.read(containersOf(sql`array[${id}::int]`, caller.permissions.has("assets:view")));
  const container = JSON.parse(row![1]!);
  for (const { given, from, steps } of paths) if (from === "container") known(given, steps[0], Object.keys(container));
  return container;
}

async function itemsOf(
  look: Look<Asked>,
  containerId: number,
  { action }: Path,
  paths: readonly Path[],
  most: number,
): Promise<unknown[]> {
  const heads = paths.some(({ steps }) => !steps.length) ? undefined : new Set(paths.map(({ steps }) => steps[0]!));
  if (action !== undefined) return resultsOf(look, containerId, action, heads, most);
  const inScope = await scopeOf(look, containerId);
  if (inScope === "nothing") return [];
  return read(
    look,
    sql`select ${objectOf(fields, heads)} as item from ${artifacts}
      where ${and(eq(artifacts.containerId, containerId), inScope)} order by ${asc(artifacts.id)} limit ${most}`,
  );
}

/** What an action of the current playbook run gave. */
async function resultsOf(
  look: Look<unknown>,
  containerId: number,
  name: string,
  heads: Set<string> | undefined,
  most: number,
): Promise<unknown[]> {
  if (!look.run)
    return refuse(
      "INVALID_VALUE",
      "Actions belong to a playbook run, and none is the current one; send the header `SOAR-Playbook-Run: <id>`.",
      "datapath",
    );
  const columns = Object.fromEntries(results.map((result) => [result, sql`${actionResults[result as "status"]}`]));
  return read(
    look,
    sql`select ${objectOf(columns, heads)} as item from ${actionResults}
      join ${appRuns} on ${appRuns.id} = ${actionResults.appRunId} join ${actionRuns} on ${actionRuns.id} = ${appRuns.actionRunId}
      where ${and(eq(actionRuns.playbookRunId, look.run.id), eq(actionRuns.containerId, containerId), eq(actionRuns.name, name))}
      order by ${actionRuns.id}, ${appRuns.id}, ${actionResults.id} limit ${most}`,
  );
}

/** Items that a statement gives, as long as they fit into memory. */
async function read({ writer }: Look<unknown>, items: SQL): Promise<unknown[]> {
  const { rows } = await writer.execute<{ item: unknown }>(sql`
    select case when sum(octet_length(item::text)) over () <= ${mostCollected} then item end as item from (${items}) items`);
  if (rows[0]?.item !== null) return rows.map(({ item }) => item);
  return tooMuch(`The ${rows.length} artifacts or results have`);
}

/** A JSON object of some columns, or all of them. */
function objectOf(columns: Record<string, SQL>, heads: Set<string> | undefined): SQL {
  const wanted = Object.entries(columns).filter(([name]) => !heads || heads.has(name));
  return sql`json_build_object(${sql.join(
    wanted.map(([name, value]) => sql`${sql.raw(`'${name}'`)}, ${value}`),
    sql`, `,
  )})`;
}

const milliseconds = (time: unknown) => sql`coalesce(floor(extract(epoch from ${time}) * 1000)::bigint, 0)`;

/** What Python sees of an artifact (S0). */
const fields: Record<string, SQL> = {
  create_time: milliseconds(artifacts.createTime),
  id: sql`${artifacts.id}`,
  severity: sql`${artifacts.severity}`,
  label: sql`${artifacts.label}`,
  version: sql`${artifacts.version}`,
  type: sql`coalesce(${artifacts.type}, '')`,
  owner_id: sql`coalesce(${artifacts.ownerId}, 0)`,
  cef: sql`${artifacts.cef}`,
  update_time: milliseconds(artifacts.updateTime),
  hash: sql`${artifacts.hash}`,
  description: sql`coalesce(${artifacts.description}, '')`,
  tags: sql`${artifacts.tags}`,
  cef_types: sql`${artifacts.cefTypes}`,
  start_time: milliseconds(artifacts.startTime),
  container_id: sql`${artifacts.containerId}`,
  kill_chain: sql`coalesce(${artifacts.killChain}, '')`,
  playbook_run_id: sql`coalesce(${artifacts.playbookRunId}, 0)`,
  data: sql`${artifacts.data}`,
  name: sql`${artifacts.name}`,
  ingest_app_id: sql`coalesce(${artifacts.ingestAppId}, 0)`,
  source_data_identifier: sql`${artifacts.sourceDataIdentifier}`,
  end_time: milliseconds(artifacts.endTime),
};

/** The condition on the artifacts of a container that are in the scope asked for; undefined: all are. */
async function scopeOf({ writer, input, run }: Look<Asked>, containerId: number): Promise<SQL | "nothing" | undefined> {
  if (input.scope === "all" || run?.containerId !== containerId) return undefined;
  const [current] = await writer.select().from(playbookRuns).where(eq(playbookRuns.id, run.id));
  const [earlier] = await writer
    .select({ runs: sql<number>`count(*)::int`, lastArtifactId: max(playbookRuns.lastArtifactId) })
    .from(playbookRuns)
    .where(
      and(
        eq(playbookRuns.containerId, containerId),
        eq(playbookRuns.playbookId, run.playbookId),
        lt(playbookRuns.id, run.id),
        // One that was cancelled before it began has seen nothing.
        or(isNotNull(playbookRuns.startTime), eq(playbookRuns.status, "pending")),
      ),
    );
  if (input.noneIfFirst && !earlier!.runs) return "nothing";
  if (current!.scopeArtifactIds) return anyOf(artifacts.id, current!.scopeArtifactIds);
  return and(
    lte(artifacts.id, current!.lastArtifactId ?? 0),
    current!.scope === "all" ? undefined : gt(artifacts.id, earlier!.lastArtifactId ?? 0),
  );
}
