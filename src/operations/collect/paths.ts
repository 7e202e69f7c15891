import { refuse } from "../../errors.js";
import { limits } from "../../limits.js";
import { fields, results } from "./fields.js";

/** A path of a caller: what list it leads into, and the way from an item of it. */
export interface Path {
  given: string;
  from: "artifact" | "container" | "action";
  /** The action's name. */
  action?: string;
  steps: string[];
}

/** Parts of artifacts and results that are JSON, of which a path may name any key. */
const open = new Set(["cef", "cef_types", "data", "parameter", "summary", "tags"]);

export function parse(given: string): Path {
  const [, artifact, field] = /^(artifacts?):\*(?:\.(.+))?$/s.exec(given) ?? [];
  if (artifact) return { given, from: "artifact", steps: known(given, field, Object.keys(fields)) };
  const [, ofContainer] = /^container:([^.]+)$/s.exec(given) ?? [];
  if (ofContainer) return { given, from: "container", steps: [ofContainer] };
  const [, name, result] = /^(.+):action_result\.(.+)$/s.exec(given) ?? [];
  if (name) return { given, from: "action", action: name, steps: known(given, result, Object.keys(results)) };
  return refuse(
    "INVALID_VALUE",
    `${JSON.stringify(given)} is no path. Paths begin with artifact:*, container: or <action name>:action_result.`,
    "datapath",
  );
}

/** The steps of a path whose first is one of some fields; those of JSON go on as deep as one likes. */
export function known(given: string, path: string | undefined, among: readonly string[]): string[] {
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
