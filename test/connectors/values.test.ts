import { expect, test } from "vitest";
import { checkParameters, checkSettings, complete, type ValuesOf } from "../../src/connectors/values.js";

const action = {
  action: "block ip",
  parameters: {
    ip: { dataType: "string", description: "The address.", required: true },
    minutes: { dataType: "numeric", description: "For how long.", default: 60 },
    log: { dataType: "boolean", description: "Whether it is logged." },
    mode: { dataType: "string", description: "How.", valueList: ["drop", "reject"] },
  },
} as const;

test("a set of parameters that is as declared has no mistakes", () => {
  const context = { guid: "x", artifact_id: 0, parent_action_run: [] };
  expect(checkParameters(action, { ip: "1.1.1.1" })).toEqual([]);
  expect(checkParameters(action, { ip: "1.1.1.1", minutes: 0, log: false, mode: "drop", context })).toEqual([]);
  expect(checkParameters(action, { ip: "1.1.1.1", minutes: null, mode: "" })).toEqual([]);
});

test("every mistake is told, with the value and what would do", () => {
  expect(checkParameters(action, { minutes: "5", log: "yes", mode: "burn", address: "1.1.1.1", context: 3 })).toEqual([
    'block ip: the parameter "ip" is missing.',
    'block ip: the parameter "minutes" must be a number, is "5".',
    'block ip: the parameter "log" must be true or false, is "yes".',
    'block ip: the parameter "mode" must be one of drop, reject, is "burn".',
    'block ip: there is no parameter "address"; there is ip, minutes, log, mode.',
    'block ip: the parameter "context" must be an object, is 3.',
  ]);
});

test.each([null, "", undefined])("%j is missing where a value is needed", (ip) => {
  expect(checkParameters(action, { ip })).toEqual(['block ip: the parameter "ip" is missing.']);
});

test("names that every object has are no parameters", () => {
  expect(checkParameters(action, { ip: "1.1.1.1", constructor: 1 })).toHaveLength(1);
  expect(checkParameters({ action: "x", parameters: {} }, JSON.parse('{"__proto__": 1}'))).toHaveLength(1);
});

test("actions and settings get values of the types that are declared", () => {
  const values: ValuesOf<typeof action.parameters> = { ip: "1.1.1.1", minutes: 5, log: undefined, mode: "drop" };
  // @ts-expect-error only what is in the list of values
  const mode: typeof values.mode = "burn";
  // @ts-expect-error a number has a default, but is never a text
  const minutes: typeof values.minutes = "5";
  expect([mode, minutes]).toEqual(["burn", "5"]);
});

test("a number that is none is refused", () => {
  expect(checkParameters(action, { ip: "1.1.1.1", minutes: Number.NaN })).toHaveLength(1);
});

test("settings may have more than is declared, and a wrong secret is not repeated", () => {
  const configuration = { key: { dataType: "password", description: "The secret." } } as const;
  expect(checkSettings(configuration, { key: "k", beyond: 1 })).toEqual([]);
  expect(checkSettings(configuration, { key: 1234 })).toEqual(['the setting "key" must be a text.']);
});

test("what is left out is completed by its default", () => {
  expect(complete(action.parameters, { ip: "1.1.1.1", minutes: null, beyond: 1 })).toEqual({
    ip: "1.1.1.1",
    minutes: 60,
  });
});
