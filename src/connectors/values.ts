import type { ActionManifest, Parameter, Setting } from "./connector.js";

type Declared = Readonly<Record<string, Parameter | Setting>>;
type Given = Readonly<Record<string, unknown>>;

/** The values that declared parameters or settings have once they are checked and completed. */
export type ValuesOf<D extends Declared> = {
  readonly [K in keyof D]: D[K] extends { required: true } | { default: string | number | boolean }
    ? TypeOf<D[K]>
    : TypeOf<D[K]> | undefined;
};

type TypeOf<D extends Parameter | Setting> = D extends { valueList: readonly (infer Word)[] }
  ? Word
  : { string: string; password: string; numeric: number; boolean: boolean }[D["dataType"]];

/** What is wrong with a set of parameters, a sentence each; none: it can run. */
export function checkParameters({ action, parameters }: Pick<ActionManifest, "action" | "parameters">, given: Given) {
  // Playbooks say in `context` which artifact and action the values come from; that is no business of the connector.
  const { context, ...values } = given;
  const mistakes = mistakesIn("parameter", parameters, values).map((mistake) => `${action}: ${mistake}`);
  if (context === undefined || context === null || (typeof context === "object" && !Array.isArray(context)))
    return mistakes;
  return [...mistakes, `${action}: the parameter "context" must be an object, is ${shown(context)}.`];
}

/** What is wrong with an asset's settings; more than are declared may be there. */
export function checkSettings(configuration: Declared, given: Given): string[] {
  return mistakesIn("setting", configuration, pick(given, Object.keys(configuration)));
}

/** The declared values alone, completed by their defaults; an empty text stands for none. */
export function complete(declared: Declared, given: Given): Given {
  const values = Object.entries(declared).map(([name, { default: value }]) => [
    name,
    isAbsent(given, name) ? value : given[name],
  ]);
  return Object.fromEntries(values);
}

function mistakesIn(noun: string, declared: Declared, given: Given): string[] {
  const known = Object.keys(declared).join(", ") || "none";
  const unknown = Object.keys(given)
    .filter((name) => !Object.hasOwn(declared, name))
    .map((name) => `there is no ${noun} ${shown(name)}; there is ${known}.`);
  const wrong = Object.entries(declared).flatMap(([name, one]) => {
    const mistake = isAbsent(given, name) ? one.required && "is missing" : mistakeOf(one, given[name]);
    return mistake ? [`the ${noun} "${name}" ${mistake}.`] : [];
  });
  return [...wrong, ...unknown];
}

function mistakeOf({ dataType, valueList }: Parameter | Setting, value: unknown): string | undefined {
  // A secret is not repeated, not even a wrong one.
  if (dataType === "password") return typeof value === "string" ? undefined : "must be a text";
  const { word, is } = kinds[dataType];
  if (!is(value)) return `must be ${word}, is ${shown(value)}`;
  if (valueList && !valueList.includes(value as string))
    return `must be one of ${valueList.join(", ")}, is ${shown(value)}`;
  return undefined;
}

const kinds = {
  string: { word: "a text", is: (value: unknown) => typeof value === "string" },
  numeric: { word: "a number", is: (value: unknown) => Number.isFinite(value) },
  boolean: { word: "true or false", is: (value: unknown) => typeof value === "boolean" },
};

function isAbsent(given: Given, name: string): boolean {
  return !Object.hasOwn(given, name) || given[name] === undefined || given[name] === null || given[name] === "";
}

function pick(given: Given, names: string[]): Given {
  return Object.fromEntries(names.filter((name) => Object.hasOwn(given, name)).map((name) => [name, given[name]]));
}

function shown(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 80) ?? "nothing";
}
