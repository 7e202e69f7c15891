import {
  type GraphQLObjectType,
  getNamedType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isNonNullType,
  isObjectType,
} from "graphql";
import { beforeAll, describe, expect, test } from "vitest";
import { areas, everyPermission } from "../src/auth/permissions.js";
import { actions } from "../src/resolvers/actions.js";
import { beyondPlaybookApi, playbookApi } from "../src/resolvers/playbook-api.js";
import { gatewaySchema } from "../src/resolvers/schema.js";
import { caseItems } from "../src/schema/case-item.js";
import { Container } from "../src/schema/container.js";
import { exposedTypes, nodeIdOf } from "../src/schema/expose.js";
import { callOn } from "./support/calls.js";
import { openGateway } from "./support/gateway.js";
import {
  addWorld,
  hideable,
  markOfArea,
  markOfName,
  markOfWorld,
  type Nature,
  textOf,
  type World,
} from "./support/worlds.js";

/*
 * Every path of the schema to every type, as callers of every kind: what is hidden from one is in no byte of any answer.
 * Paths, rows and inputs are made from the schema and the tables, and grow with them.
 */

const { ask, database } = await openGateway("empty");
const schema = await gatewaySchema();
const objectType = (name: string) => schema.getType(name) as GraphQLObjectType;
const fieldsOf = (type: GraphQLObjectType) => Object.values(type.getFields());

/** The fields of an object that are values. */
function values(type: GraphQLObjectType): string {
  const leaves = fieldsOf(type).filter((field) => isLeafType(getNamedType(field.type)));
  return leaves.map(({ name }) => name).join(" ");
}

const nodeOf = (type: GraphQLObjectType) =>
  type.name.endsWith("Connection") ? (getNamedType(type.getFields().nodes!.type) as GraphQLObjectType) : undefined;

/** Each relation of a type, with a selection of all that it leads to. */
function relations(type: GraphQLObjectType): [field: string, selection: string][] {
  return fieldsOf(type).flatMap(({ name, type }): [string, string][] => {
    const to = getNamedType(type);
    if (isInterfaceType(to))
      return hideable.map((one) => [
        `${name} as ${one.name}`,
        `${name} { __typename ... on ${one.name} { ${values(objectType(one.name))} } }`,
      ]);
    if (!isObjectType(to)) return [];
    const node = nodeOf(to);
    if (!node) return [[name, `${name} { ${values(to)} }`]];
    return [[name, `${name}(first: 20) { totalCount nodes { ${values(node)} } edges { node { nodeId } } }`]];
  });
}

/** A shortest way from the roots to every exposed type: the words before and after a selection on it. */
function shortestWays(): Map<string, [before: string, after: string]> {
  const found = new Map<string, [string, string]>();
  const next: [GraphQLObjectType, string, string][] = [[schema.getQueryType()!, "{", "}"]];
  for (const [from, before, after] of next) {
    for (const { name, type, args } of fieldsOf(from)) {
      const to = getNamedType(type);
      if (!isObjectType(to) || args.some((argument) => isNonNullType(argument.type))) continue;
      const node = nodeOf(to) ?? to;
      if (!exposedTypes.has(node.name) || found.has(node.name)) continue;
      const list = node !== to;
      const way: [string, string] = [
        `${before} ${list ? `${name}(first: 20) { totalCount nodes {` : `${name} {`}`,
        `${list ? "}}" : "}"} ${after}`,
      ];
      found.set(node.name, way);
      next.push([node, ...way]);
    }
  }
  return found;
}

const ways = shortestWays();
const paths = [...ways].flatMap(([name, [before, after]]): [string, string][] => {
  const type = objectType(name);
  const steps = [["", values(type)] as const, ...relations(type)];
  return steps.map(([field, selection]) => [`${name} ${field}`, `${before} ${selection} ${after}`]);
});

const natures: Record<string, Nature> = { label: { label: true }, tenant: { tenant: true }, case: { case: true } };
const everyWorld = ["seen", ...Object.keys(natures)].map(markOfWorld);
const everyName = ["label", "tenant"].map(markOfName);
const everyArea = Object.keys(areas).map(markOfArea);

interface Kind {
  name: string;
  permissions: string[];
  grantedLabels?: string[];
  grantedTenants?: string[];
  /** The marks of what is hidden from such a caller. */
  hidden: string[];
}

const [ofLabel, ofTenant, ofCase] = ["label", "tenant", "case"].map(markOfWorld) as [string, string, string];
const kinds: Kind[] = [
  {
    name: "granted a label",
    permissions: everyPermission,
    grantedLabels: ["events"],
    hidden: [ofLabel, markOfName("label")],
  },
  {
    name: "granted a tenant",
    permissions: everyPermission,
    grantedTenants: ["default"],
    hidden: [ofTenant, markOfName("tenant")],
  },
  {
    name: "granted a label and a tenant",
    permissions: everyPermission,
    grantedLabels: ["events"],
    grantedTenants: ["default"],
    hidden: [ofLabel, ofTenant, ...everyName],
  },
  ...Object.keys(areas).map((area) => ({
    name: `not allowed to view ${area}`,
    permissions: everyPermission.filter((permission) => permission !== `${area}:view`),
    hidden: [markOfArea(area), ...(area === "containers" ? everyWorld : area === "cases" ? [ofCase] : [])],
  })),
  { name: "without rights", permissions: [], hidden: [...everyWorld, ...everyArea] },
];

const worlds: World[] = [];
const headers = new Map<string, Record<string, string>>();

beforeAll(async () => {
  const { pool } = database;
  // A note in one world about an artifact of another is what no operation would make.
  await pool.query("alter table notes drop constraint notes_artifact, drop constraint notes_task");
  for (const [name, nature] of Object.entries(natures)) worlds.push(await addWorld(pool, name, nature));
  for (const hidden of worlds.slice()) {
    const seen = await addWorld(pool, "seen", {}, hidden);
    worlds.push(seen);
    await pool.query("update case_items set source_type = 'Artifact', source_id = $1, copy_id = $1 where id = $2", [
      hidden.ids.get(exposedTypes.get("Artifact")!.table),
      seen.ids.get(caseItems),
    ]);
  }
  await pool.query("update users set allowed_ips = $1", [[markOfArea("users")]]);
  await pool.query("insert into tokens (user_id, name, hash) values (1, $1, 'none')", [markOfArea("users")]);
  for (const kind of kinds) headers.set(kind.name, { authorization: `Bearer ${await tokenOf(kind)}` });
});

async function tokenOf({ hidden: _, ...role }: Kind): Promise<string> {
  const { name } = role;
  const { data } = await ask(
    `mutation ($role: CreateRoleInput!, $user: CreateUserInput!, $token: CreateTokenInput!) {
      createRole(input: $role) { message } createUser(input: $user) { message } createToken(input: $token) { value } }`,
    { role, user: { username: name, roles: [name] }, token: { user: name } },
  );
  return data.createToken.value;
}

/** Operations that are about no container in particular. */
const elsewhere = new Set([
  "createContainer",
  "claimAppRuns",
  "heartbeatAppRuns",
  "testAsset",
  "claimPlaybookRuns",
  "heartbeatPlaybookRuns",
  "saveRunData",
]);

/** What acts on containers that there are. */
const onContainers = [...playbookApi, ...beyondPlaybookApi, ...actions].filter(({ name }) => !elsewhere.has(name));

/** Lists tell how many they have, as they show them. */
function expectTrueCounts(answer: unknown, path: string): void {
  if (typeof answer !== "object" || answer === null) return;
  const { totalCount, nodes } = answer as { totalCount?: number; nodes?: unknown[] };
  if (totalCount !== undefined && totalCount <= 20) expect(nodes?.length, path).toBe(totalCount);
  for (const inner of Object.values(answer)) expectTrueCounts(inner, path);
}

describe("whoever may see everything", () => {
  test("finds every mark, so that missing ones mean something", async () => {
    const found = new Set<string>();
    for (const [path, query] of paths) {
      const { data, errors } = await ask(query);
      expect(errors, path).toBeUndefined();
      for (const [mark] of JSON.stringify(data).matchAll(/CANARY-[A-Z]+-\w+-/g)) found.add(mark);
    }
    expect([...found].sort()).toEqual(
      [...everyWorld, ...everyName, ...everyArea.filter((mark) => !/containers|cases/.test(mark))].sort(),
    );
  });

  test("reaches every type of which something can be hidden", () => {
    expect(hideable.map(({ name }) => name).filter((name) => !ways.has(name))).toEqual([]);
  });
});

describe.each(kinds)("a caller $name", ({ name, hidden }) => {
  const send = (query: string, variables?: Record<string, unknown>) => ask(query, variables, headers.get(name));
  const expectClean = (answer: unknown, where: string) => {
    const text = JSON.stringify(answer);
    expect(
      hidden.filter((mark) => text.includes(mark)),
      where,
    ).toEqual([]);
  };

  test("sees nothing hidden on any path, and counts only what they see", async () => {
    for (const [path, query] of paths) {
      const { data, errors } = await send(query);
      expectClean([data, errors], path);
      expectTrueCounts(data, path);
    }
  });

  test("finds nothing hidden by its nodeId", async () => {
    for (const world of worlds) {
      for (const { name: type, table } of hideable) {
        const selection = `... on ${type} { ${values(objectType(type))} }`;
        const answer = await send(`{ node(nodeId: "${nodeIdOf(type, world.ids.get(table))}") { ${selection} } }`);
        expectClean(answer, `${type} in ${world.name}`);
      }
    }
  });

  test("learns nothing of what is hidden by asking for it in filters", async () => {
    for (const { name: root, args } of fieldsOf(schema.getQueryType()!)) {
      const filter = args.find((argument) => argument.name === "filter");
      for (const [relation, text, type] of filter ? textLookups(getNamedType(filter.type)) : []) {
        const texts = worlds
          .map((world) => textOf(type, world))
          .filter((one) => hidden.some((mark) => one.includes(mark)));
        const query = `query ($filter: ${filter!.type}) { ${root}(filter: $filter) { totalCount } }`;
        const { data, errors } = await send(query, { filter: { [relation]: { [text]: { in: texts } } } });
        expect(errors).toBeUndefined();
        expect(data[root].totalCount, `${root} by ${relation}.${text}`).toBe(0);
      }
    }
  });

  test("changes nothing hidden, and is told no more than that it is not there", async () => {
    const before = await fingerprint(hidden);
    for (const world of worlds.filter(({ name }) => hidden.includes(markOfWorld(name)))) {
      for (const { name: operation } of onContainers) {
        const { query, variables } = callOn(operation, world);
        const { data, errors } = await send(query, variables);
        expectClean([data, errors], operation);
        expect(data?.[operation]?.success ?? false, `${operation} on ${world.name}`).toBe(false);
      }
    }
    expect(await fingerprint(hidden)).toEqual(before);
  });
});

describe("a new container", () => {
  test.each([
    ["a label that was not granted", "granted a label", { label: markOfName("label") }, "label"],
    [
      "a tenant that was not granted",
      "granted a tenant",
      { label: "events", tenantId: markOfName("tenant") },
      "tenantId",
    ],
  ])("cannot be put under %s", async (_, kind, place, field) => {
    const query = "mutation ($input: CreateContainerInput!) { createContainer(input: $input) { success code field } }";
    const { data } = await ask(query, { input: { name: "mine", ...place } }, headers.get(kind));
    expect(data.createContainer).toEqual({ success: false, code: "NOT_FOUND", field });
  });

  test("tells of an identifier that is taken out of sight no more than that", async () => {
    const hidden = worlds[0]!.ids.get(Container.table);
    const { rows } = await database.pool.query("select source_data_identifier from containers where id = $1", [hidden]);
    const { data } = await ask(
      "mutation ($input: CreateContainerInput!) { createContainer(input: $input) { code containerId container { id } message } }",
      { input: { name: "mine", label: "events", sourceDataIdentifier: rows[0].source_data_identifier } },
      headers.get("granted a label"),
    );
    expect(data.createContainer).toMatchObject({ code: "DUPLICATE", containerId: null, container: null });
    expect(data.createContainer.message).toContain("a container that you may not see");
  });
});

/** Each text of a related object that a filter can look for. */
function textLookups(filter: unknown): [relation: string, text: string, type: (typeof hideable)[number]][] {
  if (!isInputObjectType(filter)) return [];
  return Object.values(filter.getFields()).flatMap(({ name, type }) => {
    const inner = getNamedType(type);
    const target = hideable.find((one) => `${one.name}Filter` === inner.name);
    if (!target || !isInputObjectType(inner) || ["and", "or", "not"].includes(name)) return [];
    const texts = Object.values(inner.getFields()).filter((one) =>
      /^(String|Text)Filter$/.test(getNamedType(one.type).name),
    );
    return texts.map((text): [string, string, typeof target] => [name, text.name, target]);
  });
}

/** What of all tables bears one of some marks. */
async function fingerprint(marks: string[]): Promise<unknown[]> {
  const { rows } = await database.pool.query(
    "select table_name from information_schema.tables where table_schema = 'public' and table_name <> all($1) order by 1",
    [["audit_entries", "tokens"]],
  );
  const prints = rows.map(async ({ table_name: table }) => {
    const like = marks.map((mark) => `%${mark}%`);
    const print = await database.pool.query(
      `select count(*), md5(string_agg(t::text, '' order by t::text)) from ${table} t where t::text like any($1)`,
      [like],
    );
    return [table, print.rows[0]];
  });
  return Promise.all(prints);
}
