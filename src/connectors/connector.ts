/*
 * What a connector is to the rest of the gateway: a manifest, and a function that does one action at a product. It knows
 * no database and no GraphQL, so it can run in another process, and be ended there.
 */

/** What an app of this gateway is: how it is listed, what its assets are set up with, which actions it offers. */
export interface Manifest {
  /** A GUID, fixed for ever. */
  readonly appid: string;
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly product: { readonly name: string; readonly vendor: string };
  readonly type: string;
  /** The settings of its assets, by name. */
  readonly configuration: Readonly<Record<string, Setting>>;
  readonly actions: readonly ActionManifest[];
}

/** What an asset is set up with; a `password` is kept apart and never answered. */
export interface Setting {
  readonly dataType: "string" | "numeric" | "boolean" | "password";
  readonly description: string;
  readonly required?: boolean;
  readonly default?: string | number | boolean;
  /** The only values it may have. */
  readonly valueList?: readonly string[];
}

/** What an action takes. */
export interface Parameter {
  readonly dataType: "string" | "numeric" | "boolean";
  readonly description: string;
  readonly required?: boolean;
  /** Whether it is what the action is about, such as the address of `geolocate ip`. */
  readonly primary?: boolean;
  /** The kinds of evidence it can be filled from, such as `ip` and `ipv6`. */
  readonly contains?: readonly string[];
  readonly default?: string | number | boolean;
  /** The only values it may have. */
  readonly valueList?: readonly string[];
}

export interface ActionManifest {
  /** Its name, such as `geolocate ip`. */
  readonly action: string;
  /** What kind of action it is, such as `investigate`, `generic` or `contain`. */
  readonly type: string;
  readonly description: string;
  /** What happens if it is done twice: nothing (`read`), nothing because the product knows the attempt key (`keyed`), harm (`unsafe`). */
  readonly effect: "read" | "keyed" | "unsafe";
  readonly needsAsset: boolean;
  readonly parameters: Readonly<Record<string, Parameter>>;
  /** What its results have, path by path, such as `action_result.data.*.country_name`. */
  readonly output: readonly Output[];
}

export interface Output {
  readonly dataPath: string;
  readonly dataType: string;
  readonly contains?: readonly string[];
}

/** The circumstances of one call. */
export interface Job {
  /** The asset's settings with its secrets; empty where the action runs without an asset. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** The same for every attempt at the same parameters. */
  readonly attemptKey: string;
  /** Aborted when the action is cancelled or its time is up. */
  readonly signal: AbortSignal;
  log(line: string): void;
}

/** What an action gives for one set of parameters. */
export interface Result {
  readonly success: boolean;
  /** One sentence, or `Name: value, Name: value` in the form of the field's consoles. */
  readonly message: string;
  readonly data: readonly unknown[];
  readonly summary: Readonly<Record<string, unknown>>;
}

export interface Connector {
  readonly manifest: Manifest;
  /** One action with one set of parameters; an error thrown is a failed result with its message. */
  run(action: string, parameters: Readonly<Record<string, unknown>>, job: Job): Promise<Result>;
  /** Whether the product can be reached and lets us in; gives a sentence, or throws one. */
  test(job: Job): Promise<string>;
}
