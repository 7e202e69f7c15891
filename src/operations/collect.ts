import { refuse } from "../errors.js";
import { limits, mostCollected } from "../limits.js";
import { type Look, question } from "../operation.js";
import { defaulted, flag, int, json, list, required, sparse, text, word } from "../schema/operations.js";
import { scope } from "../schema/playbook.js";
import { systemSettings } from "../schema/system.js";
import { pathsOf, rowsAlong } from "./collect/along.js";
import { type Asked, containerOf, itemsOf, tooMuch } from "./collect/items.js";
import { parse } from "./collect/paths.js";
import { atContainer, container } from "./container.js";
import { within } from "./names.js";

const mostPaths = 50;
const which = {
  scope: defaulted(word(scope), "new", "Which artifacts: those that are new to the current playbook run, or all."),
  limit: defaulted(int, 100, "How many rows at most; 0: all, up to the setting `rowLimit`."),
  noneIfFirst: defaulted(flag, false, "Answer nothing on the first run of the playbook on the container."),
};
const decided = [
  "`NEW` is what the current playbook run works on: artifacts that were added since the last run of the playbook and before this one was asked for, or those it was given. Outside a run, and on another container than the run's, it means `ALL`.",
  "Artifacts and results come in the order of their ids. `artifact:` and `artifacts:` mean the same.",
  `A path has ${limits.nesting.most} steps at most. More than ${mostCollected / 1024 / 1024} MiB, read or answered, are refused, not cut.`,
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
