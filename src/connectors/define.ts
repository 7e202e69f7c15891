import type { ActionManifest, Connector, Job, Manifest, Output, Parameter, Result, Setting } from "./connector.js";
import { hiding } from "./hide.js";
import { checkParameters, checkSettings, complete, type ValuesOf } from "./values.js";

/** A job as an action sees it: with checked settings, and a way to name what else nobody may read. */
export interface Work<Settings = unknown> extends Omit<Job, "settings"> {
  readonly settings: Settings;
  /** Keeps a text that was made of secrets out of messages, data and logs too. */
  hide(secret: string): void;
}

/** An action with what it does. */
export interface Action extends ActionManifest {
  run(parameters: never, work: Work<never>): Promise<Result>;
}

/** Ties the types of an action's parameters to what is declared of them. */
export function action<const P extends Readonly<Record<string, Parameter>>, S>(
  definition: Omit<ActionManifest, "parameters"> & {
    readonly parameters: P;
    run(parameters: ValuesOf<P>, work: Work<S>): Promise<Result>;
  },
): Action {
  return definition;
}

/** What results have: each path below `action_result` with its data type, and after it the kinds of evidence it is. */
export function output(paths: Record<string, string | readonly [string, ...string[]]>): Output[] {
  return Object.entries(paths).map(([path, kind]) => {
    const [dataType, ...contains] = [kind].flat();
    return { dataPath: `action_result.${path}`, dataType: dataType!, ...(contains.length && { contains }) };
  });
}

/**
 * A connector whose actions get only parameters and settings that are as declared, and whose results, errors and log lines
 * have no secret of the asset in them.
 */
export function connector<S extends Readonly<Record<string, Setting>>>(
  definition: Omit<Manifest, "actions" | "configuration"> & {
    readonly configuration: S;
    readonly actions: readonly Action[];
    test(work: Work<ValuesOf<S>>): Promise<string>;
  },
): Connector {
  const { actions, test, ...about } = definition;

  const settingsOf = ({ settings }: Job) => {
    refuse(checkSettings(about.configuration, settings), "The asset cannot be used: ");
    return complete(about.configuration, settings) as never;
  };

  return {
    manifest: { ...about, actions: actions.map(({ run, ...manifest }) => manifest) },
    run: (name, parameters, job) =>
      hiding(about.configuration, job, async (work) => {
        const found = actions.find(({ action }) => action === name.toLowerCase());
        if (!found) throw new Error(`${about.name} has no action ${JSON.stringify(name)}.`);
        refuse(checkParameters(found, parameters));
        return found.run(complete(found.parameters, parameters) as never, { ...work, settings: settingsOf(job) });
      }),
    test: (job) => hiding(about.configuration, job, (work) => test({ ...work, settings: settingsOf(job) })),
  };
}

function refuse(mistakes: string[], prefix = ""): void {
  if (mistakes.length) throw new Error(prefix + mistakes.join(" "));
}
