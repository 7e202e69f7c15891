import { type GraphQLObjectType, getNamedType, isLeafType } from "graphql";
import { beforeAll, describe, expect, test } from "vitest";
import { areas, everyPermission } from "../src/auth/permissions.js";
import { snakeCase } from "../src/http/rest/route.js";
import { gatewaySchema } from "../src/resolvers/schema.js";
import { actionRuns } from "../src/schema/action-run.js";
import { Container } from "../src/schema/container.js";
import { exposedTypes } from "../src/schema/expose.js";
import { widgets } from "../src/widgets/index.js";
import { openGateway } from "./support/gateway.js";
import { addWorld, markOfArea, markOfName, markOfWorld, type Nature, type World } from "./support/worlds.js";

/*
 * Every widget and every endpoint of REST, as callers of every kind: no answer bears a mark of what is hidden, and more
 * of what is hidden changes no figure.
 */

const { ask, database, url, token } = await openGateway("empty");
const { pool } = database;
const schema = await gatewaySchema();

const natures: Record<string, Nature> = { label: { label: true }, tenant: { tenant: true }, case: { case: true } };
const everyWorld = ["seen", ...Object.keys(natures)];
const everyArea = Object.keys(areas);

interface Kind {
  name: string;
  permissions: string[];
  grantedLabels?: string[];
  grantedTenants?: string[];
  /** The worlds, and the areas of all of them, that are hidden from such a caller. */
  hidden: { worlds: string[]; areas: string[] };
}

const permissions = everyPermission;
const [ofEvents, ofDefault] = [{ grantedLabels: ["events"] }, { grantedTenants: ["default"] }];
const kinds: Kind[] = [
  { name: "granted a label", permissions, ...ofEvents, hidden: { worlds: ["label"], areas: [] } },
  { name: "granted a tenant", permissions, ...ofDefault, hidden: { worlds: ["tenant"], areas: [] } },
  { name: "granted both", permissions, ...ofEvents, ...ofDefault, hidden: { worlds: ["label", "tenant"], areas: [] } },
  ...everyArea.map((area) => ({
    name: `not allowed to view ${area}`,
    permissions: permissions.filter((permission) => permission !== `${area}:view`),
    hidden: { worlds: area === "containers" ? everyWorld : area === "cases" ? ["case"] : [], areas: [area] },
  })),
  { name: "without rights", permissions: [], hidden: { worlds: everyWorld, areas: everyArea } },
];

const marksOf = ({ worlds, areas }: Kind["hidden"]) => [
  ...worlds.map(markOfWorld),
  // Labels and tenants have no area: who is granted none sees their names.
  ...(areas.length ? [] : worlds.map(markOfName)),
  ...areas.map(markOfArea),
];

const worlds: World[] = [];
const headers = new Map([["everybody", { authorization: `Bearer ${token}` }]]);

/** Adds a world whose containers and runs have the times and owners that widgets count. */
async function make(name: string, beyond?: World): Promise<World> {
  const world = await addWorld(pool, name, natures[name] ?? {}, beyond);
  const container = world.ids.get(Container.table);
  for (const [table, change] of Object.entries({
    containers: `owner_id = 1, create_time = now() - interval '3 hours', due_time = now() - interval '1 hour',
      close_time = now() - interval '2 minutes'`,
    action_runs: "status = 'success', creator_id = 1, start_time = now() - interval '9 seconds', close_time = now()",
    playbook_runs: "status = 'success', owner_id = 1, start_time = now() - interval '9 seconds', end_time = now()",
  })) {
    const key = table === "containers" ? "id" : "container_id";
    await pool.query(`alter table ${table} disable trigger user`);
    await pool.query(`update ${table} set ${change} where ${key} = $1`, [container]);
  }
  // An action that has ended waits for no approval.
  await pool.query(
    `with open as (insert into action_runs (container_id, action, name) values ($1, 'wait', 'x') returning id)
    update approvals set approver_id = 1, due_time = now(), action_run_id = open.id from open where container_id = $1`,
    [container],
  );
  return world;
}

beforeAll(async () => {
  // A note in one world about an artifact of another is what no operation would make.
  await pool.query("alter table notes drop constraint notes_artifact, drop constraint notes_task");
  for (const name of Object.keys(natures)) worlds.push(await make(name));
  for (const hidden of worlds.slice()) worlds.push(await make("seen", hidden));
  for (const { hidden: _, ...role } of kinds) {
    const { name } = role;
    const { data } = await ask(
      `mutation ($role: CreateRoleInput!, $user: CreateUserInput!, $token: CreateTokenInput!) {
        createRole(input: $role) { message } createUser(input: $user) { message } createToken(input: $token) { value } }`,
      { role, user: { username: name, roles: [name] }, token: { user: name } },
    );
    headers.set(name, { authorization: `Bearer ${data.createToken.value}` });
  }
});

/** Everything that widgets tell, and the values of the objects that they lead to. */
function selectionOf(type: GraphQLObjectType): string {
  const words = Object.values(type.getFields()).map((field) => {
    const inner = getNamedType(field.type);
    if (isLeafType(inner)) return field.name;
    return exposedTypes.has(type.name) ? "" : `${field.name} { ${selectionOf(inner as GraphQLObjectType)} }`;
  });
  return words.join(" ");
}

/** Values of arguments that a caller may try, to learn of what is hidden. */
const tried: Record<string, unknown[]> = {
  label: ["events", ...Object.keys(natures).map(markOfName)],
  userId: [1],
  sla: [100],
  actionFilter: ["manual", "automated"],
  playbookCategory: [`${markOfArea("playbooks")}seen-label-playbooks`],
};

const asked = widgets.flatMap(({ name, takes }) => [
  { name, given: [] },
  ...Object.keys(takes).flatMap((argument) =>
    (tried[argument] ?? []).map((value) => ({ name, given: [argument, value] })),
  ),
]);

const figureTypes = (schema.getType("WidgetData") as GraphQLObjectType).getFields();
const queries = asked.map(({ name, given: [argument, value] }) => {
  const words = argument === "actionFilter" ? String(value).toUpperCase() : JSON.stringify(value);
  const selection = selectionOf(getNamedType(figureTypes[name]!.type) as GraphQLObjectType);
  return `{ widgetData { ${name} ${argument ? `(${argument}: ${words})` : ""} { ${selection} } } }`;
});

const paths = [
  ...asked.map(({ name, given: [argument, value] }) => {
    const search = argument ? `?${snakeCase(argument as string)}=${value}` : "";
    return `widget_data/${snakeCase(name)}${search}`;
  }),
  ...[
    "widget_data",
    "license",
    "app_status?pretty",
    "app_status",
    "app_status?pretty",
    "app_status?page_size=1&page=1",
    "app_status?page_size=0&sort=create_time",
  ],
  ...["filter", "exclude"].flatMap((how) =>
    ["app", "asset"].map((field) => `app_status?_${how}_${field}__name__icontains=${markOfArea(`${field}s`)}`),
  ),
];

const rest = async (path: string, caller: string, body?: unknown) => {
  const method = body ? "POST" : "GET";
  const answer = await fetch(`${url}/rest/${path}`, {
    method,
    headers: headers.get(caller)!,
    body: JSON.stringify(body),
  });
  return { status: answer.status, text: await answer.text() };
};

/** All that a caller is told, by what was asked. */
async function toldTo(caller: string): Promise<Map<string, string>> {
  const told = new Map<string, string>();
  for (const path of paths) told.set(path, (await rest(path, caller)).text);
  for (const query of queries) {
    const { data, errors } = await ask(query, {}, headers.get(caller));
    expect(errors, query).toBeUndefined();
    told.set(query, JSON.stringify(data));
  }
  return told;
}

/** What grows while a test looks is left out. */
const still = (text: string) => text.replaceAll(/"(slaPercent|sla_percent|_pretty_create_time)":("[^"]*"|[\d.]+)/g, "");

/** What changes for a caller when a container with all that hangs on it goes: paths and queries. */
async function changedWithout(world: World, caller: string): Promise<string[]> {
  const before = await toldTo(caller);
  await pool.query("delete from containers where id = $1", [world.ids.get(Container.table)]);
  const after = await toldTo(caller);
  return [...before].filter(([path, text]) => still(after.get(path)!) !== still(text)).map(([path]) => path);
}

describe("whoever may see everything", () => {
  test("is told of every world, and of what figures name", async () => {
    const all = [...(await toldTo("everybody")).values()].join();
    const areasNamed = ["playbooks", "apps", "assets"];
    const marks = [...everyWorld.map(markOfWorld), ...areasNamed.map(markOfArea), markOfName("label")];
    expect(marks.filter((mark) => !all.includes(mark))).toEqual([]);
  });

  test("is told other figures without a container, so that the same ones mean something", async () => {
    const changed = await changedWithout(await make("gone"), "everybody");
    const figures = widgets.map(({ name }) => `widget_data/${snakeCase(name)}`);
    expect([...figures, "license"].filter((path) => !changed.includes(path))).toEqual(["widget_data/playbook_stats"]);
  });
});

describe.each(kinds)("a caller $name", ({ name, hidden }) => {
  const marks = marksOf(hidden);

  test("finds nothing hidden in any figure or list", async () => {
    for (const [path, text] of await toldTo(name))
      expect(
        marks.filter((mark) => text.includes(mark)),
        path,
      ).toEqual([]);
  });

  test.each(
    hidden.worlds.filter((one) => natures[one]),
  )("is told the same with and without a %s that is hidden", async (nature) => {
    natures[`${name} ${nature}`] = natures[nature]!;
    expect(await changedWithout(await make(`${name} ${nature}`), name)).toEqual([]);
  });

  test("finds runs that are hidden as little as runs that are not there", async () => {
    const nowhere = 999_999;
    for (const world of worlds) {
      const run = world.ids.get(actionRuns)!;
      const container = world.ids.get(Container.table)!;
      const seen = !hidden.worlds.includes(world.name);
      for (const [path, body] of [
        [`action_run/${run}`],
        [`action_run/${run}?wait=1`],
        [`action_run/${run}/app_runs`],
        [`action_run/${run}/app_runs?page=1&page_size=1`],
        ...(seen
          ? []
          : [
              [`action_run/${run}`, { cancel: true }],
              ["action_run", runOn(container)],
            ]),
      ] as [string, unknown?][]) {
        const { status, text } = await rest(path, name, body);
        expect(
          marks.filter((mark) => text.includes(mark)),
          path,
        ).toEqual([]);
        if (seen) continue;
        const other = await rest(
          path.replace(String(run), String(nowhere)),
          name,
          body && path === "action_run" ? runOn(nowhere) : body,
        );
        expect([status, text.replaceAll(String(path === "action_run" ? container : run), "")], path).toEqual([
          other.status,
          other.text.replaceAll(String(nowhere), ""),
        ]);
      }
    }
  });
});

const runOn = (container_id: number) => ({
  action: "low",
  container_id,
  name: "x",
  targets: [{ app_id: 1, assets: [1], parameters: [{}] }],
});
