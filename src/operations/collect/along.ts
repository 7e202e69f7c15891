/*
 * Paths into JSON, as Python's `collect` takes them: names with points between, `*` for each item of a list.
 */

/** Several paths as one: what is common to them is walked once, so that their values belong together. */
export interface Paths {
  /** Which of the paths end here. */
  readonly ends: number[];
  readonly steps: Map<string, Paths>;
}

export function pathsOf(paths: readonly (readonly string[])[]): Paths {
  const root: Paths = { ends: [], steps: new Map() };
  for (const [index, path] of paths.entries()) {
    let at = root;
    for (const step of path) {
      const next = at.steps.get(step) ?? { ends: [], steps: new Map() };
      at.steps.set(step, next);
      at = next;
    }
    at.ends.push(index);
  }
  return root;
}

/** A list that a path goes through, and what was found before one of its items is chosen. */
interface Choice {
  readonly items: readonly unknown[];
  /** How many of them were chosen by now. */
  chosen: number;
  /** The paths that go on from each. */
  readonly paths: Paths;
  readonly row: readonly unknown[];
  /** Lists to choose from afterwards. */
  readonly later: readonly List[];
}
type List = Pick<Choice, "items" | "paths">;

/**
 * What is found along some paths, as rows of a value for each of them: one row, or where a path goes through a list, one
 * for each of its items. Null where there is nothing.
 */
export function* rowsAlong(paths: Paths, value: unknown): Iterable<unknown[]> {
  const choices: Choice[] = [{ items: [value], chosen: 0, paths, row: [], later: [] }];
  for (let choice = choices.at(-1); choice; choice = choices.at(-1)) {
    if (choice.chosen === choice.items.length) {
      choices.pop();
      continue;
    }
    const row = [...choice.row];
    const lists = fill(row, choice.paths, choice.items[choice.chosen++]);
    const [next, ...later] = [...lists, ...choice.later];
    if (next) choices.push({ ...next, chosen: 0, row, later });
    else yield row;
  }
}

/** Fills in what is found along plain steps, and gives the lists that come in the way. */
function fill(row: unknown[], paths: Paths, value: unknown): List[] {
  const lists: List[] = [];
  const open: [Paths, unknown][] = [[paths, value]];
  for (let at = open.pop(); at; at = open.pop()) {
    const [{ ends, steps }, value] = at;
    for (const end of ends) row[end] = value ?? null;
    for (const [step, paths] of [...steps].reverse()) if (step !== "*") open.push([paths, own(value, step)]);
    const each = steps.get("*");
    if (each) lists.push({ items: Array.isArray(value) && value.length ? value : [undefined], paths: each });
  }
  return lists;
}

/** A caller's path may name `constructor`, or the `length` of a list. */
const own = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null && Object.prototype.propertyIsEnumerable.call(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
