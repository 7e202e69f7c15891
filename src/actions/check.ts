import { type ActionManifest, checkParameters, type Parameter } from "../connectors/connector.js";

/** An action as the table of an app's actions declares it. */
export interface Declared {
  readonly action: string;
  readonly type: string;
  readonly effect: "read" | "keyed" | "unsafe";
  readonly needsAsset: boolean;
  readonly parameters: Readonly<Record<string, unknown>>;
}

type Parameters = Readonly<Record<string, unknown>>;

/** What is wrong with one set of parameters, sentence by sentence. */
export function mistakesIn(declared: Declared, parameters: Parameters): string[] {
  return checkParameters(manifestOf(declared), parameters);
}

/** The parameters with the defaults of those that are missing. */
export function withDefaults(declared: Declared, parameters: Parameters): Parameters {
  const defaults = Object.entries(manifestOf(declared).parameters).flatMap(([name, { default: value }]) =>
    !isGiven(value) || isGiven(parameters[name]) ? [] : [[name, value]],
  );
  return { ...parameters, ...Object.fromEntries(defaults) };
}

/** Whether an action runs without any parameters. */
export function needsParameters(declared: Declared): boolean {
  return Object.values(manifestOf(declared).parameters).some(
    (parameter) => parameter.required && !isGiven(parameter.default),
  );
}

const isGiven = (value: unknown) => value !== undefined && value !== null;

function manifestOf({ parameters, ...declared }: Declared): ActionManifest {
  const entries = Object.entries(parameters).map(([name, rules]) => [
    name,
    parameterOf(rules as Record<string, unknown>),
  ]);
  return { ...declared, description: "", output: [], parameters: Object.fromEntries(entries) };
}

const types = ["string", "numeric", "boolean", "password"] as const;

/** Apps of SOAR have types of their own, such as `ip`, whose values are texts. */
function parameterOf(rules: Record<string, unknown>): Parameter {
  const { data_type, description, required, primary, contains, value_list } = rules ?? {};
  return {
    dataType: types.find((type) => type === data_type) ?? "string",
    description: String(description ?? ""),
    required: required === true,
    primary: primary === true,
    contains: Array.isArray(contains) ? contains : undefined,
    default: rules?.default,
    valueList: Array.isArray(value_list) && value_list.length ? value_list : undefined,
  };
}
