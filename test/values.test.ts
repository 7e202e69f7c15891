import fc from "fast-check";
import {
  type GraphQLField,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLObjectType,
  getNamedType,
  getNullableType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
} from "graphql";
import { describe, expect, test } from "vitest";
import { gatewaySchema } from "../src/resolvers/schema.js";
import { openGateway } from "./support/gateway.js";

/*
 * Values of every kind go into every field that any mutation takes, found in the schema. What was accepted has to come back
 * as it was, from the payload and when read again; all else has to be refused with its path or field, and nothing may fail.
 */

const { ask } = await openGateway();
const schema = await gatewaySchema();
await ask("mutation { updateSystemSettings(input: { activeNamesLimit: 1000 }) { success } }");
const mutations = Object.values(schema.getMutationType()!.getFields());

/** What a field takes so that the rest of an input is right; names are new each time. */
let made = 0;
const usual: Record<string, () => unknown> = {
  container: () => 7,
  label: () => "event",
  severity: () => "medium",
  name: () => `kept_${++made}`,
  comment: () => "kept",
  content: () => "kept",
  title: () => "kept",
  message: () => "kept",
};
/** The field of an object that holds what an input field of another name said. */
const renamed: Record<string, string> = {
  cefData: "cef",
  rawData: "data",
  artifactType: "type",
  identifier: "sourceDataIdentifier",
};

interface Leaf {
  path: (string | number)[];
  type: string;
  list: boolean;
}

const arbitraries: Record<string, fc.Arbitrary<unknown>> = {
  String: fc.oneof(
    fc.string({ unit: "binary", minLength: 1, maxLength: 40 }),
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }),
    fc.string({ unit: "grapheme-ascii", minLength: 200, maxLength: 9_000 }),
    fc.constantFrom(
      "",
      " ",
      " kept ",
      "a\u0000b",
      "\ud800",
      "a\udfff",
      "__proto__",
      "null",
      "'; drop table containers; --",
      "\r\n\t",
      "\u202eabc",
      "e\u0301",
      "%_\\",
      "{}",
      "\u{1f600}".repeat(3_000),
    ),
  ),
  JSONObject: fc.dictionary(
    fc.oneof(
      fc.string({ unit: "binary", maxLength: 12 }),
      fc.constantFrom("constructor", "prototype", "__proto__", "toString", ""),
    ),
    fc.jsonValue({ maxDepth: 4, stringUnit: "binary" }),
    { noNullPrototype: true, maxKeys: 6 },
  ),
  Int: fc.oneof(fc.integer(), fc.constantFrom(0, -1, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, 1.5, 2 ** 53)),
  Float: fc.double({ noNaN: true, noDefaultInfinity: true }),
  BigInt: fc.oneof(fc.maxSafeInteger(), fc.constantFrom(2 ** 53, 0.5)),
  DateTime: fc
    .tuple(
      fc.date({ min: new Date("0001-01-03T00:00:00Z"), max: new Date("9999-12-29T00:00:00Z"), noInvalidDate: true }),
      fc.nat(999),
    )
    .map(([date, micros]) => `${date.toISOString().slice(0, -1)}${String(micros).padStart(3, "0")}Z`),
};

/** The fields of an input that hold values of a kind, those of objects within it too. */
function leavesOf(type: GraphQLInputObjectType, path: Leaf["path"] = []): Leaf[] {
  return Object.values(type.getFields()).flatMap((field) => {
    const named = getNamedType(field.type);
    const list = isListType(getNullableType(field.type));
    const here = [...path, field.name];
    if (isInputObjectType(named)) return path.length < 4 ? leavesOf(named, list ? [...here, 0] : here) : [];
    return named.name in arbitraries && field.name !== "id" && field.name !== "container"
      ? [{ path: here, type: named.name, list }]
      : [];
  });
}

/** An input that is right, with `value` at a place in it. */
async function inputWith(type: GraphQLInputObjectType, operation: string, path: Leaf["path"], value: unknown) {
  const input: Record<string, unknown> = {};
  for (const field of Object.values(type.getFields())) {
    if (field.name === path[0]) input[field.name] = place(field.type, path.slice(1), value);
    if (field.name in input || !(isNonNullType(field.type) && field.defaultValue === undefined)) continue;
    input[field.name] = field.name === "id" ? await createFor(operation) : usualOf(field.name, field.type);
  }
  return "container" in type.getFields() ? { container: 7, ...input } : input;
}

function place(type: GraphQLInputType, path: Leaf["path"], value: unknown): unknown {
  if (path.length === 0) return value;
  const [step, ...rest] = path;
  if (step === 0) return [place(type, rest, value)];
  const fields = Object.values((getNamedType(type) as GraphQLInputObjectType).getFields());
  const entries = fields.flatMap((field) => {
    if (field.name === step) return [[field.name, place(field.type, rest, value)]];
    return isNonNullType(field.type) && field.defaultValue === undefined
      ? [[field.name, usualOf(field.name, field.type)]]
      : [];
  });
  return Object.fromEntries(entries);
}

function usualOf(name: string, type: GraphQLInputType): unknown {
  const known = usual[name];
  if (known) return known();
  const named = getNamedType(type);
  if ("getValues" in named) return named.getValues()[0]!.name;
  const value = isInputObjectType(named)
    ? place(type, [named.isOneOf ? Object.keys(named.getFields())[0]! : "none"], 1)
    : { Int: 1, Float: 1, String: `kept_${++made}`, JSONObject: {}, Boolean: false, IdOrName: 1 }[named.name];
  return isListType(getNullableType(type)) ? [value] : value;
}

/** The id of a new object, for a mutation that changes one. */
async function createFor(operation: string): Promise<number> {
  const create = mutations.find(({ name }) => name === operation.replace(/^update/, "create"))!;
  const input = await inputWith(inputOf(create), create.name, [], undefined);
  const object = objectsOf(create)[0]!.name;
  const { data, errors } = await ask(
    `mutation ($input: ${inputOf(create).name}!) { done: ${create.name}(input: $input) { message ${object} { id } } }`,
    { input },
  );
  expect([errors, data?.done.message && data.done[object]], `${create.name}: ${JSON.stringify(data)}`).toEqual([
    undefined,
    { id: expect.any(Number) },
  ]);
  return data.done[object].id;
}

const inputOf = (mutation: GraphQLField<unknown, unknown>) =>
  getNamedType(mutation.args[0]!.type) as GraphQLInputObjectType;
const objectsOf = ({ type }: GraphQLField<unknown, unknown>) =>
  Object.values((getNamedType(type) as GraphQLObjectType).getFields()).filter(({ type }) => {
    const named = getNamedType(type);
    return isObjectType(named) && "nodeId" in named.getFields();
  });

/** Where the object of a payload shows what a field of the input said. */
function shownBy(
  mutation: GraphQLField<unknown, unknown>,
  { path }: Leaf,
): { object: string; type: string; field: string } | undefined {
  // What is taken away is not shown.
  if (path.length > 1 || mutation.name.startsWith("remove")) return undefined;
  const name = String(path[0]);
  for (const { name: object, type } of objectsOf(mutation)) {
    const named = getNamedType(type) as GraphQLObjectType;
    for (const field of [renamed[name], name]) {
      if (field && field in named.getFields() && !isObjectType(getNamedType(named.getFields()[field]!.type)))
        return { object, type: named.name, field };
    }
  }
  return undefined;
}

const canBeKept = (value: unknown): boolean => {
  if (typeof value === "string") return value.isWellFormed() && !value.includes("\0");
  if (typeof value !== "object" || value === null) return true;
  return Object.entries(value).every(([key, item]) => key !== "__proto__" && canBeKept(key) && canBeKept(item));
};

for (const mutation of mutations.filter(({ name }) => !name.startsWith("delete"))) {
  const leaves = leavesOf(inputOf(mutation));
  describe.skipIf(leaves.length === 0)(mutation.name, () => {
    test.each(leaves.map((leaf) => [leaf.path.join("."), leaf] as const))(
      "keeps %s, or says why not",
      async (_, leaf) => {
        const shown = shownBy(mutation, leaf);
        const selection = shown ? `${shown.object} { nodeId ${shown.field} }` : "";
        const document = `mutation ($input: ${inputOf(mutation).name}!) { done: ${mutation.name}(input: $input) { success code field message ${selection} } }`;
        const values = leaf.list ? fc.array(arbitraries[leaf.type]!, { maxLength: 3 }) : arbitraries[leaf.type]!;
        const property = fc.asyncProperty(values, async (value) => {
          const input = await inputWith(inputOf(mutation), mutation.name, leaf.path, value);
          const { status, data, errors } = await ask(document, { input });
          if (errors) {
            const { code, path } = errors[0].extensions;
            // An object of the sample that is somebody else's business.
            if (code === "FORBIDDEN" && "approvalId" in input) return;
            expect([status, code], errors[0].message).toEqual([errors[0].path ? 200 : 400, "BAD_USER_INPUT"]);
            const named = canBeKept(value) ? errors[0].message : path;
            expect(named).toContain(String(leaf.path.at(-1)));
            return;
          }
          expect(canBeKept(value)).toBe(true);
          const { success, code, field, message } = data.done;
          if (!success) expect([code, field ?? message]).toEqual([expect.any(String), expect.any(String)]);
          if (!success || !shown) return;
          const { nodeId, [shown.field]: answered } = data.done[shown.object];
          const again = await ask(
            `query ($id: ID!) { node(nodeId: $id) { ... on ${shown.type} { ${shown.field} } } }`,
            {
              id: nodeId,
            },
          );
          expect(again.data.node[shown.field]).toEqual(answered);
          expect(answered).toEqual(kept(mutation.name, leaf, value));
        });
        await fc.assert(property, { numRuns: 12, seed: 20_261_101 });
      },
      60_000,
    );
  });
}

/**
 * JSON has no other zero. Names that administrators give lose blanks around them, and those of assets their capitals; tags
 * come to those that are there.
 */
function kept(operation: string, { path }: Leaf, value: unknown): unknown {
  if (operation === "addTags") return expect.arrayContaining(value as string[]);
  const named =
    path[0] === "username" ||
    (path[0] === "name" && /^(create|update)(?!Container|Artifact|Task|Token|App$|Playbook)/.test(operation));
  if (typeof value !== "string" || !named) return JSON.parse(JSON.stringify(value));
  return operation.endsWith("Asset") ? value.trim().toLowerCase() : value.trim();
}
