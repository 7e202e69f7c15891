import type { Parameter } from "../connectors/connector.js";
import { checkParameters } from "../connectors/values.js";

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
  return checkParameters({ action: declared.action, parameters: rulesOf(declared) }, parameters);
}

/** The parameters with the defaults of those that are missing. */
export function withDefaults(declared: Declared, parameters: Parameters): Parameters {
  const defaults = Object.entries(rulesOf(declared)).flatMap(([name, { default: value }]) =>
    !isGiven(value) || isGiven(parameters[name]) ? [] : [[name, value]],
  );
  return { ...parameters, ...Object.fromEntries(defaults) };
}

/** Whether an action runs without any parameters. */
export function needsParameters(declared: Declared): boolean {
  return Object.values(rulesOf(declared)).some((parameter) => parameter.required && !isGiven(parameter.default));
}

const isGiven = (value: unknown) => value !== undefined && value !== null;

const known = new WeakMap<Parameters, Readonly<Record<string, Parameter>>>();

/** The rules of an action's parameters, which many sets of them may have to keep. */
function rulesOf({ parameters }: Declared): Readonly<Record<string, Parameter>> {
  const before = known.get(parameters);
  if (before) return before;
  const rules = Object.fromEntries(Object.entries(parameters).map(([name, rules]) => [name, ruleOf(rules)]));
  known.set(parameters, rules);
  return rules;
}

const types = ["string", "numeric", "boolean"] as const;

/** Apps of SOAR have types of their own, such as `ip`, whose values are texts. */
function ruleOf(declared: unknown): Parameter {
  const { data_type, description, required, primary, contains, value_list, default: value } = (declared ?? {}) as Rules;
  return {
    dataType: types.find((type) => type === data_type) ?? "string",
    description: String(description ?? ""),
    required: required === true,
    primary: primary === true,
    ...(Array.isArray(contains) && { contains }),
    ...(isGiven(value) && { default: value as string | number | boolean }),
    ...(Array.isArray(value_list) && value_list.length && { valueList: value_list }),
  };
}

type Rules = Partial<Record<string, unknown>>;
