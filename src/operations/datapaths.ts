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

/**
 * What is found along some paths, as rows of a value for each of them: one row, or where a path goes through a list, one
 * for each of its items. Null where there is nothing.
 */
export function* rowsAlong(paths: Paths, value: unknown): Iterable<unknown[]> {
  yield* walk([[paths, value]], []);
}

function* walk(open: readonly (readonly [Paths, unknown])[], row: readonly unknown[]): Iterable<unknown[]> {
  const [first, ...rest] = open;
  if (!first) return yield [...row];
  const [{ ends, steps }, value] = first;
  const filled = [...row];
  for (const end of ends) filled[end] = value ?? null;
  const named = [...steps].flatMap(([step, next]) => (step === "*" ? [] : [[next, own(value, step)] as const]));
  const each = steps.get("*");
  if (!each) return yield* walk([...named, ...rest], filled);
  const items = Array.isArray(value) && value.length ? value : [undefined];
  for (const item of items) yield* walk([[each, item], ...named, ...rest], filled);
}

/** A caller's path may name `constructor` or `length`. */
const own = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, key) && key !== "length"
    ? (value as Record<string, unknown>)[key]
    : undefined;
