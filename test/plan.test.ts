import {
  type ExecutionResult,
  execute,
  type GraphQLEnumType,
  type GraphQLField,
  type GraphQLObjectType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isObjectType,
  type OperationDefinitionNode,
  parse,
  validate,
} from "graphql";
import { beforeAll, describe, expect, test } from "vitest";
import { everyPermission } from "../src/auth/permissions.js";
import type { Caller } from "../src/auth/who.js";
import { contextOf } from "../src/context.js";
import { gatewaySchema } from "../src/resolvers/schema.js";
import { Random } from "../src/sample/random.js";
import { exposedTypes, rootFields } from "../src/schema/expose.js";
import { openGateway } from "./support/gateway.js";

/*
 * Queries for rows alone are answered by plans, without the resolvers. These define what an answer is: random documents are
 * answered both ways.
 */

const { database, vault, statements } = await openGateway();
const schema = await gatewaySchema();

const caller = (fields: Partial<Caller> = {}): Caller => ({
  id: 1,
  username: "admin",
  type: "normal",
  defaultTenantId: null,
  permissions: new Set(everyPermission),
  labels: undefined,
  tenants: undefined,
  ...fields,
});
const without = (...areas: string[]) =>
  new Set(everyPermission.filter((permission) => !areas.includes(permission.split(":")[0]!)));

const callers: Record<string, Caller> = {
  "who sees everything": caller(),
  "who is granted a label": caller({ labels: ["phishing"] }),
  "who is granted a tenant": caller({ tenants: [0] }),
  "who sees no users and assets": caller({ permissions: without("users", "assets") }),
  "who sees no containers": caller({ permissions: without("containers", "cases") }),
};

const request = (who: Caller) =>
  contextOf({ database, vault }, { caller: who, requestId: "test", address: "127.0.0.1", headers: {}, body: {} });

/** An answer by the resolvers, and by the plan if there is one; each with the statements it took. */
async function bothWays(query: string, variables: Record<string, unknown>, who: Caller) {
  const document = parse(query);
  expect(
    validate(schema, document).map(({ message }) => message),
    query,
  ).toEqual([]);
  const operation = document.definitions[0] as OperationDefinitionNode;
  let told: ExecutionResult | undefined;
  const contextValue = request(who);
  const toldBy = await statements(async () => {
    told = await execute({ schema, document, variableValues: variables, contextValue });
  });
  let planned: string | undefined;
  const plannedBy = await statements(async () => {
    planned = await request(who).reads.answer({ schema, document, operation, variables });
  });
  return { told: told!, planned, toldBy, plannedBy };
}

/** Documents of all kinds of fields below a root field, from a seed. */
class Documents {
  readonly #fragments: string[] = [];
  #names = 0;

  constructor(
    readonly random: Random,
    readonly ids: ReadonlyMap<string, readonly number[]>,
  ) {}

  query(): string {
    const queries = schema.getQueryType()!.getFields();
    const parts = Array.from({ length: this.random.between(1, 2) }, () =>
      this.#field(queries[this.random.pick([...rootFields.keys()])]!, 4),
    );
    return `query ($yes: Boolean!, $no: Boolean!, $first: Int) {
      ${parts.join(" ")} few: containers(first: $first) @include(if: $yes) { nodes { ...Uses } } ... @skip(if: $yes) { __typename }
    } ${this.#fragments.join(" ")} fragment Uses on Container { id artifacts(first: $first) @include(if: $no) { totalCount } }`;
  }

  #selection(type: GraphQLObjectType, depth: number): string {
    const fields = Object.values(type.getFields()).filter((field) => depth > 0 || isLeafType(getNamedType(field.type)));
    const chosen = Array.from({ length: this.random.between(1, 6) }, () => this.random.pick(fields));
    const words = chosen.map((field) => this.#field(field, depth - 1));
    if (this.random.next() < 0.2) words.push("__typename");
    if (type.name === "Container" && this.random.next() < 0.2) words.push("...Uses");
    if (this.random.next() < 0.2)
      words.push(`... on ${type.name} { ${this.#field(this.random.pick(fields), depth - 1)} }`);
    if (this.random.next() < 0.1)
      words.push(`... @include(if: $yes) { ${this.#field(this.random.pick(fields), depth - 1)} }`);
    if (this.random.next() < 0.1 && exposedTypes.has(type.name)) words.push("... on Node { nodeId }");
    if (this.random.next() < 0.15) {
      const name = `F${++this.#names}`;
      this.#fragments.push(`fragment ${name} on ${type.name} { ${this.#field(this.random.pick(fields), depth - 1)} }`);
      words.push(`...${name}`);
    }
    return words.join(" ");
  }

  #field(field: GraphQLField<unknown, unknown>, depth: number): string {
    const type = getNamedType(field.type);
    // Each under a name of its own, so that no two of them are in each other's way; some are asked for twice.
    const name = this.random.next() < 0.3 ? `a${++this.#names}: ${field.name}` : undefined;
    const directive = this.random.next() < 0.05 ? ` @skip(if: ${this.random.pick(["$yes", "$no"])})` : "";
    const args = this.#arguments(field);
    const plain = `${args ? (name ?? `a${++this.#names}: ${field.name}`) : (name ?? field.name)}${args}${directive}`;
    if (!isObjectType(type)) return isLeafType(type) ? plain : "__typename";
    return `${plain} { ${this.#selection(type, depth)} }`;
  }

  #arguments({ args, type }: GraphQLField<unknown, unknown>): string {
    const own = this.ids.get(getNamedType(type).name) ?? [1];
    const isList = args.some(({ name }) => name === "first");
    const given = args.map(({ name, type: input }): string | false => {
      if (name === "id") return `id: ${this.random.pick([...own, 99_999])}`;
      if (name === "first") return `first: ${this.random.pick(["0", "1", "2", "3", "$first"])}`;
      const inner = getNamedType(input);
      if (name === "format" && isEnumType(inner)) return `format: ${this.random.pick(inner.getValues()).name}`;
      if (name === "filter") return this.random.next() < 0.2 && `filter: { not: { id: { in: [${own.slice(0, 2)}] } } }`;
      if (name !== "orderBy" || !isInputObjectType(inner) || this.random.next() < 0.7) return false;
      const by = getNamedType(inner.getFields().field!.type) as GraphQLEnumType;
      return `orderBy: { field: ${this.random.pick(by.getValues()).name}, direction: ${this.random.pick(["ASC", "DESC"])} }`;
    });
    if (isList && this.random.next() < 0.2) given[args.findIndex(({ name }) => name === "first")] = "last: 2";
    // What is wrong is for the resolvers to say.
    else if (isList && this.random.next() < 0.01) given.push("last: 1");
    const words = given.filter(Boolean);
    return words.length ? `(${words.join(", ")})` : "";
  }
}

const ids = new Map<string, number[]>();
beforeAll(async () => {
  for (const { name, table } of exposedTypes.values()) {
    if (!("id" in table)) continue;
    const rows = await database.writer
      .select()
      .from(table as never)
      .limit(4);
    ids.set(
      name,
      rows.map(({ id }: { id: number }) => id),
    );
  }
});

describe.each(Object.entries(callers))("a caller %s", (_, who) => {
  test("is told by plans what the resolvers tell", async () => {
    const random = new Random(7);
    let planned = 0;
    const documents = 400;
    for (let n = 0; n < documents; n++) {
      const query = new Documents(random, ids).query();
      const answer = await bothWays(query, { yes: true, no: false, first: 2 }, who);
      if (answer.planned === undefined) continue;
      planned++;
      expect(answer.told.errors, query).toBeUndefined();
      expect(JSON.stringify(JSON.parse(answer.planned)), query).toBe(JSON.stringify(answer.told.data));
      expect(answer.plannedBy.length, query).toBe(answer.toldBy.length);
    }
    expect(planned).toBeGreaterThan(documents / 4);
  });
});

describe("a plan", () => {
  const everybody = callers["who sees everything"]!;

  test("reads on from a cursor, in both directions", async () => {
    const query = `query ($after: String, $before: String, $first: Int, $last: Int) {
      artifacts(after: $after, before: $before, first: $first, last: $last, orderBy: { field: NAME, direction: DESC }) {
        nodes { id name } edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`;
    let variables: Record<string, unknown> = { first: 3 };
    for (const way of ["after", "after", "before"]) {
      const { told, planned } = await bothWays(query, variables, everybody);
      expect(JSON.parse(planned!)).toEqual(told.data);
      const { endCursor, startCursor } = (told.data as { artifacts: { pageInfo: Record<string, string> } }).artifacts
        .pageInfo;
      variables = way === "after" ? { first: 3, after: endCursor } : { last: 2, before: startCursor };
    }
  });

  test.each([
    ["what is no row", "{ version }", {}],
    ["a field made of more than plain values", "{ artifacts(first: 1) { nodes { cefFields { key } } } }", {}],
    ["waiting", "{ actionRun(id: 1, waitSeconds: 1) { id } }", {}],
    ["a page that is too large", "{ containers(first: 101) { totalCount } }", {}],
    ["a cursor of another list", '{ containers(after: "x") { totalCount } }', {}],
    [
      "a variable that is no such value",
      "query ($first: Int) { containers(first: $first) { totalCount } }",
      { first: "x" },
    ],
    ["a change", "mutation { addTags(input: { container: 1, tags: [] }) { message } }", {}],
  ])("leaves %s to the resolvers", async (what, query, variables) => {
    const document = parse(query);
    const operation = document.definitions[0] as OperationDefinitionNode;
    expect(what && (await request(everybody).reads.answer({ schema, document, operation, variables }))).toBeUndefined();
  });

  test("keeps JSON as it was written", async () => {
    const cef = '{"b": 1.0, "a": [12345678901234567890, "\\u0041", null],\n"b c":{}}';
    await database.pool.query("update artifacts set cef = $1 where id = 1", [cef]);
    const { planned } = await bothWays("{ artifact(id: 1) { cef } }", {}, everybody);
    expect(planned).toBe(`{"artifact":{"cef":${cef}}}`);
  });
});
