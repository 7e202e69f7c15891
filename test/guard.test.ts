import fc from "fast-check";
import { buildSchema, Kind, type OperationDefinitionNode, parse, type SelectionSetNode } from "graphql";
import { describe, expect, test } from "vitest";
import { AppError } from "../src/errors.js";
import { Budget } from "../src/guard/budget.js";
import { Guard } from "../src/guard/guard.js";
import { readJson } from "../src/guard/json.js";
import { isExact } from "../src/guard/numbers.js";
import { weigh } from "../src/guard/weigh.js";
import { defaultPage, limits, plainList } from "../src/limits.js";

const caller = { id: 1 };

/** What a refusal says beside its words. */
function refusalOf(work: () => unknown): Record<string, unknown> {
  try {
    work();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { code: error.code, ...error.details };
  }
  throw new Error("It was not refused.");
}

const schema = buildSchema(`
  type Query { thing: Thing, things(first: Int, last: Int, filter: ThingFilter): Things!, all: [Thing!]!, named(name: String): Thing }
  input ThingFilter { and: [ThingFilter!], or: [ThingFilter!], not: ThingFilter, id: Ids, cef: Cef }
  input Ids { eq: Int, in: [Int!] }
  input Cef { key: String!, in: [String!] }
  type Things { nodes: [Thing!]!, edges: [Edge], total: Int }
  type Edge { node: Thing! }
  type Thing { id: Int, name: String, parent: Thing, parts(first: Int, last: Int): Things!, tags: [String!]!, close: [Thing] }
`);

describe("the weight of a document", () => {
  /** Fields of each type of the schema, with the type of what they answer; `[]` marks lists, `()` pages. */
  const shape: Record<string, Record<string, string>> = {
    Query: { thing: "Thing", things: "Things()", all: "Thing[]" },
    Things: { nodes: "Thing[]", edges: "Edge[]", total: "" },
    Edge: { node: "Thing" },
    Thing: { id: "", name: "", parent: "Thing", parts: "Things()", tags: "", close: "Thing[]" },
  };

  /** Numbers that decide what a random document holds, one after the other. */
  class Choices {
    #at = 0;
    constructor(readonly numbers: readonly number[]) {}
    below(count: number): number {
      return (this.numbers[this.#at++ % this.numbers.length]! >>> 0) % count;
    }
  }

  /** A document of one operation and at most four fragments, of which each spreads only later ones. */
  function documentOf(choices: Choices): string {
    const types = ["Thing", "Things", "Edge", "Thing"];
    const spreads = (type: string, from: number) =>
      types.flatMap((on, index) => (index >= from && on === type ? [`f${index}`] : []));
    const selections = (type: string, from: number, depth: number): string => {
      const parts = Array.from({ length: 1 + choices.below(3) }, () => {
        const names = spreads(type, from);
        const kind = choices.below(6);
        if (kind === 0 && names.length) return `...${names[choices.below(names.length)]}`;
        if (kind === 1 && depth > 0) return `... on ${type} ${selections(type, from, depth - 1)}`;
        const fields = Object.entries(shape[type]!).filter(([, target]) => target === "" || depth > 0);
        if (fields.length === 0) return "__typename";
        const [name, target] = fields[choices.below(fields.length)]!;
        const alias = choices.below(3) === 0 ? `a${choices.below(9)}: ` : "";
        if (target === "") return alias + name;
        const sizes = ["", "(first: 3)", "(last: 7)", "(first: $n)", "(first: null)", "(first: 0)"];
        const size = target.endsWith("()") ? sizes[choices.below(sizes.length)] : "";
        return `${alias}${name}${size} ${selections(target.replace(/\W/g, ""), from, depth - 1)}`;
      });
      return `{ ${parts.join(" ")} }`;
    };
    const fragments = types.map((type, index) => `fragment f${index} on ${type} ${selections(type, index + 1, 2)}`);
    return `query ($n: Int = 4) ${selections("Query", 0, 3)} ${fragments.join(" ")}`;
  }

  /** The same numbers by spreading everything and counting every object. */
  function expand(text: string, n: number | undefined) {
    const { definitions } = parse(text);
    const fragments = new Map(
      definitions.flatMap((d) => (d.kind === Kind.FRAGMENT_DEFINITION ? [[d.name.value, d]] : [])),
    );
    let [depth, fields, aliases, rootFields, cost] = [0, 0, 0, 0, 0];
    const walk = (set: SelectionSetNode, type: string, size: number, times: number, level: number, seen: boolean) => {
      for (const selection of set.selections) {
        if (selection.kind === Kind.FRAGMENT_SPREAD)
          walk(fragments.get(selection.name.value)!.selectionSet, type, size, times, level, seen);
        if (selection.kind === Kind.INLINE_FRAGMENT) walk(selection.selectionSet, type, size, times, level, seen);
        if (selection.kind !== Kind.FIELD) continue;
        if (!seen) {
          fields++;
          if (selection.alias) aliases++;
          if (level === 1) rootFields++;
        }
        depth = Math.max(depth, level);
        const target = shape[type]![selection.name.value] ?? "";
        if (target === "") continue;
        const objects = target.endsWith("[]") ? size : 1;
        cost += times * objects;
        const inner = target.endsWith("()") ? pageSize(selection.arguments?.[0]?.value, n) : plainList;
        walk(selection.selectionSet!, target.replace(/\W/g, ""), inner, times * objects, level + 1, seen);
      }
    };
    walk((definitions[0] as OperationDefinitionNode).selectionSet, "Query", plainList, 1, 1, false);
    return { depth, fields, aliases, rootFields, conditions: 0, cost };
  }

  function pageSize(value: { kind: string; value?: unknown } | undefined, n: number | undefined): number {
    if (value?.kind === Kind.INT) return Number(value.value);
    return value?.kind === Kind.VARIABLE ? (n ?? 4) : defaultPage;
  }

  test("is what spreading every fragment and counting every object gives", () => {
    const numbers = fc.array(fc.nat(), { minLength: 20, maxLength: 80 });
    fc.assert(
      fc.property(numbers, fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined }), (choices, n) => {
        const text = documentOf(new Choices(choices));
        const { definitions } = parse(text);
        const fragments = new Map(
          definitions.flatMap((d) => (d.kind === Kind.FRAGMENT_DEFINITION ? [[d.name.value, d]] : [])),
        );
        const { varies: _, ...weight } = weigh(schema, definitions[0] as OperationDefinitionNode, fragments, { n });
        expect(weight, text).toEqual(expand(text, n));
      }),
      { numRuns: 2000 },
    );
  });

  test("is found without spreading: forty doublings are refused by number", () => {
    const doubled = (fields: string) =>
      `{ thing { ...f40 } } fragment f0 on Thing { id } ${Array.from(
        { length: 40 },
        (_, n) => `fragment f${n + 1} on Thing { ${fields.replaceAll("F", `...f${n}`)} }`,
      ).join(" ")}`;
    const guard = new Guard(schema);
    const admit = (fields: string) => () => guard.admit({ query: doubled(fields) }, caller);
    expect(refusalOf(admit("F F"))).toMatchObject({
      limitName: "fields",
      limit: 1000,
      value: 1e12,
    });
    expect(refusalOf(admit("parent { F } a: parent { F }"))).toMatchObject({
      code: "QUERY_TOO_COMPLEX",
      limitName: "depth",
    });
  });

  test("depends on variables only where they decide a size", () => {
    const guard = new Guard(schema);
    const query = "query ($n: Int) { things(first: $n) { nodes { parts(first: 100) { nodes { id } } } } }";
    const cost = (n?: unknown) => guard.admit({ query, variables: { n } }, caller).cost;
    expect([cost(1), cost(10), cost(null), cost()]).toEqual([103, 1021, 5101, 5101]);
    expect(
      refusalOf(() =>
        guard.admit({ query: query.replace("id", "parts { nodes { id } }"), variables: { n: 100 } }, caller),
      ),
    ).toMatchObject({ code: "QUERY_TOO_COMPLEX", limitName: "cost", limit: 500_000, value: 520_201, cost: 520_201 });
  });
});

describe("the conditions of filters", () => {
  const limit = limits.conditions.most;
  const types = { f: "[ThingFilter!]", t: "[String!]", i: "[Int!]" };
  const asked = (fields: string, variables: Partial<Record<keyof typeof types, unknown[]>>) => {
    const declared = (Object.keys(variables) as (keyof typeof types)[]).map((name) => `$${name}: ${types[name]}`);
    return new Guard(schema).admit({ query: `query (${declared}) { ${fields} }`, variables }, caller);
  };
  const things = (filter: string) => `things(filter: ${filter}) { total }`;
  const many = (count: number) => Array.from({ length: count }, (_, id) => ({ id: { eq: id } }));
  const value = `more than ${limit}`;
  const refused = expect.objectContaining({ code: "QUERY_TOO_COMPLEX", limitName: "conditions", limit, value });

  test("are counted wherever they stand: in the document, in variables, nested", () => {
    const fits = many(limit / 2 - 1);
    asked(things("{or: $f}"), { f: fits });
    expect(refusalOf(() => asked(things("{or: $f}"), { f: many(limit) }))).toEqual(refused);
    expect(refusalOf(() => asked(things("{or: $f, and: $f}"), { f: fits }))).toEqual(refused);
    const nested = { not: { or: [{ and: many(limit) }] } };
    expect(refusalOf(() => asked(things("{or: $f}"), { f: [nested] }))).toEqual(refused);
    const literal = `{or: [${"{id: {eq: 1}}, ".repeat(limit)}], and: $f}`;
    expect(refusalOf(() => asked(things(literal), { f: [] }))).toEqual(refused);
  });

  test("are counted for each field that asks by them, fragments spread", () => {
    const query = (spreads: string) =>
      `query ($f: [ThingFilter!] = [{id: {eq: 1}}]) { ${spreads} } fragment F on Query { ${things("{or: $f}")} }`;
    const guard = new Guard(schema);
    const f = many(limit / 4);
    guard.admit({ query: query("...F"), variables: { f } }, caller);
    guard.admit({ query: query("...F ...F ...F ...F") }, caller);
    const thrice = () => guard.admit({ query: query("...F ...F"), variables: { f } }, caller);
    expect(refusalOf(thrice)).toEqual(refused);
  });

  test("are as many as texts are looked up in CEF records, and grow with long lists of ids", () => {
    const texts = (count: number) => ({ t: Array.from({ length: count }, (_, n) => String(n)) });
    const cef = things('{cef: {key: "fileHash", in: $t}}');
    asked(cef, texts(limit - 3));
    expect(refusalOf(() => asked(cef, texts(limit)))).toEqual(refused);
    const ids = { i: Array.from({ length: 10_000 }, (_, id) => id) };
    asked(things("{id: {in: $i}}"), ids);
    expect(refusalOf(() => asked(things("{id: {in: $i}}").repeat(5), ids))).toEqual(refused);
  });
});

describe("JSON", () => {
  const read = (text: string) => readJson(Buffer.from(text));

  test("is read as JavaScript reads it, whatever it holds", () => {
    const text = fc.string({ unit: "binary" }).filter((text) => !text.includes("\0"));
    const key = text.filter((name) => name !== "__proto__");
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        text,
        fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (number === 0 ? 0 : number)),
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie("value")),
        fc.dictionary(key, tie("value"), { noNullPrototype: true }),
      ),
    }));
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 2), (value, spaces) => {
        const written = JSON.stringify(value, null, spaces);
        expect(JSON.stringify(read(written))).toBe(JSON.stringify(value));
      }),
      { numRuns: 500 },
    );
  });

  test("keeps a number exactly, or refuses it", () => {
    const digits = fc.stringMatching(/^-?(0|[1-9]\d{0,24})(\.\d{1,24})?([eE][+-]?\d{1,4})?$/);
    fc.assert(
      fc.property(digits, (written) => {
        const kept = Number(written);
        // Both as a whole number and a power of ten.
        const exactly = (text: string): [bigint, number] => {
          const [, mantissa = "", exponent = "0"] = /^([^eE]*)(?:[eE](.*))?$/.exec(text)!;
          const [whole = "", fraction = ""] = mantissa.split(".");
          return [BigInt(whole.replace("-", "") + fraction), Number(exponent) - fraction.length];
        };
        const same = () => {
          const [[a, x], [b, y]] = [exactly(written), exactly(String(kept))];
          if (a === 0n || b === 0n) return a === b;
          if (Math.abs(x - y) > 1000) return false;
          return x > y ? a * 10n ** BigInt(x - y) === b : a === b * 10n ** BigInt(y - x);
        };
        expect(isExact(written), written).toBe(Number.isFinite(kept) && same());
      }),
      { numRuns: 5000 },
    );
  });

  test.each([
    ['{"a":[1,{"b":9007199254740993}]}', "a.1.b", "9007199254740993"],
    ['{"a":1e400}', "a", "1e400"],
    ['{"a":1e-400}', "a", "1e-400"],
    ['{"a":0.12345678901234567891}', "a", "0.12345678901234567891"],
    ['{"a":"\\ud800"}', "a", undefined],
    ['{"a":["x\\u0000"]}', "a.0", undefined],
    ['{"a":{"\\udc00":1}}', "a.a key", undefined],
    ['{"a":{"__proto__":1}}', "a.__proto__", undefined],
  ])("%s is refused by path", (text, path, value) => {
    expect(refusalOf(() => read(text))).toEqual({ code: "BAD_USER_INPUT", path, ...(value && { value }) });
  });

  test.each([
    ['{"a":1,"b":{"a":2,"\\u0061":3}}', { code: "BAD_USER_INPUT", value: "a" }],
    ['{"a":', { code: "BAD_REQUEST" }],
    ["[1,]", { code: "BAD_REQUEST" }],
    [" ", { code: "BAD_REQUEST" }],
    [
      "[".repeat(65) + "]".repeat(65),
      { code: "QUERY_TOO_COMPLEX", limitName: "nesting", limit: 64, value: "more than 64" },
    ],
    [
      `[${"1,".repeat(50_000)}1]`,
      { code: "QUERY_TOO_COMPLEX", limitName: "values", limit: 50_000, value: "more than 50000" },
    ],
  ])("%.20s… is refused", (text, refusal) => {
    expect(refusalOf(() => read(text))).toEqual(refusal);
  });

  test.each([
    '{"constructor":{"prototype":{"x":1}},"prototype":[],"toString":"","hasOwnProperty":null}',
    '{"a":"{\\"a\\":1,\\"a\\":2}","b":"\\\\","c":"\\\\\\":9007199254740993"}',
    '["\\ud83d\\ude00",-0.5,1E5,1.7976931348623157e308,5e-324,123456789012345680000]',
  ])("%s is data like any other", (text) => {
    expect(read(text)).toEqual(JSON.parse(text));
  });
});

describe("a document", () => {
  const refused = (query: string) => refusalOf(() => new Guard(schema).admit({ query }, caller));

  test.each([
    ['{ named(name: "a\\u0000") { id } }', undefined],
    ['{ named(name: """\u0000""") { id } }', undefined],
    ["{ t: thing { __proto__: id } }", "__proto__"],
    ["query ($__proto__: Int) { things(first: $__proto__) { total } }", "__proto__"],
    ["{ things(first: 9007199254740993) { total } }", "9007199254740993"],
  ])("with %s is told where it is wrong", (query, value) => {
    expect(refused(query)).toMatchObject({
      code: "BAD_USER_INPUT",
      path: expect.stringMatching(/^Line 1, column \d+/),
      ...(value && { value }),
    });
  });

  test("is parsed and checked once, and found by its hash", () => {
    const guard = new Guard(schema);
    const [first, second] = [1, 2].map(() => guard.admit({ query: "{ thing { id } }" }, caller));
    expect(second!.document).toBe(first!.document);
    expect(guard.document("1d8dd3b0")).toBeUndefined();
  });
});

describe("the budget of a caller", () => {
  test("is spent by cost, fills up evenly and says when to retry", () => {
    let now = 0;
    const budget = new Budget(60_000, () => now);
    budget.spend(1, 40_000);
    budget.spend(1, 20_000);
    expect(refusalOf(() => budget.spend(1, 5_000))).toEqual({
      code: "RATE_LIMITED",
      limitName: "costPerMinute",
      limit: 60_000,
      value: 5_000,
      cost: 5_000,
      retryAfter: 5,
    });
    budget.spend(2, 60_000);
    now = 5_000;
    budget.spend(1, 5_000);
    expect(() => budget.spend(1, 1)).toThrow("0 are left");
  });

  test("may be without limit", () => {
    const budget = new Budget(0);
    for (let n = 0; n < 1000; n++) budget.spend(1, 20_000);
  });
});
