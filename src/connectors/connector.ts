/** What a connector says of itself. */
export interface Manifest {
  readonly appid: string;
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly product: { readonly name: string; readonly vendor: string };
  readonly type: string;
  readonly configuration: Readonly<Record<string, Setting>>;
  readonly actions: readonly ActionManifest[];
}

export interface ActionManifest {
  readonly action: string;
  readonly type: string;
  readonly description: string;
  /** What happens if it is done twice: nothing (`read`), nothing because the product knows the attempt key (`keyed`), harm (`unsafe`). */
  readonly effect: "read" | "keyed" | "unsafe";
  readonly needsAsset: boolean;
  readonly parameters: Readonly<Record<string, Parameter>>;
  readonly output: readonly { dataPath: string; dataType: string; contains?: readonly string[] }[];
}

export interface Setting {
  readonly dataType: "string" | "numeric" | "boolean" | "password";
  readonly description: string;
  readonly required?: boolean;
}

export interface Parameter {
  readonly dataType: "string" | "numeric" | "boolean" | "password";
  readonly description: string;
  readonly required?: boolean;
  readonly primary?: boolean;
  readonly contains?: readonly string[];
  readonly default?: unknown;
  readonly valueList?: readonly string[];
}

export interface Job {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly attemptKey: string;
  readonly signal: AbortSignal;
  log(line: string): void;
}

export interface Result {
  readonly success: boolean;
  readonly message: string;
  readonly data: readonly unknown[];
  readonly summary: Readonly<Record<string, unknown>>;
}

export interface Connector {
  readonly manifest: Manifest;
  run(action: string, parameters: Readonly<Record<string, unknown>>, job: Job): Promise<Result>;
  test(job: Job): Promise<string>;
}

/** What is wrong with parameters, sentence by sentence. */
export function checkParameters(action: ActionManifest, parameters: Readonly<Record<string, unknown>>): string[] {
  const missing = Object.entries(action.parameters).flatMap(([name, { required }]) =>
    required && (parameters[name] === undefined || parameters[name] === null) ? [`${name} is missing`] : [],
  );
  const unknown = Object.keys(parameters).filter((name) => !Object.hasOwn(action.parameters, name));
  const types = { string: "string", password: "string", numeric: "number", boolean: "boolean" };
  const wrong = Object.entries(action.parameters).flatMap(([name, { dataType }]) => {
    const value = parameters[name];
    return value === undefined || value === null || typeof value === types[dataType]
      ? []
      : [`${name} has to be of type ${dataType}, is ${JSON.stringify(value)}`];
  });
  return [...missing, ...unknown.map((name) => `there is no parameter ${name}`), ...wrong];
}
