import { toSnakeCase } from "drizzle-orm/casing";
import { getTableConfig } from "drizzle-orm/pg-core";
import { type GraphQLEnumType, type GraphQLInputObjectType, getNamedType } from "graphql";
import pg from "pg";
import { describe, expect, inject, test } from "vitest";
import { limits } from "../src/limits.js";
import { writeCursor } from "../src/reads/cursor.js";
import type { OrderKey } from "../src/reads/order.js";
import { gatewaySchema } from "../src/resolvers/schema.js";
import { growDatabase } from "../src/sample/grow.js";
import { columnOf, type Exposed, exposedTypes, rootFields } from "../src/schema/expose.js";
import type { Kind } from "../src/schema/kinds.js";
import { openGateway } from "./support/gateway.js";
import { sampleEnd } from "./support/postgres.js";

/*
 * What the gateway asks of the big tables is found by an index: on a database of some size Postgres tells, statement by
 * statement, how it went about it. The questions follow from the schema, so a new field or relation is asked for too.
 */

const { ask, database } = await openGateway();
const schema = await gatewaySchema();

/** The tables that grow with the number of containers. */
const big = new Set([
  "containers",
  "artifacts",
  "notes",
  "comments",
  "pins",
  "tasks",
  "playbook_runs",
  "action_runs",
  "app_runs",
  "action_results",
  "phases",
]);

/** Rows that are read where few are asked for; each of the big tables has more. */
const few = 2000;

const tableOf = ({ table }: Exposed) => getTableConfig(table).name;
const isBig = (type: Exposed) => big.has(tableOf(type));
const columnName = ({ table }: Exposed, property: string) =>
  pg.escapeIdentifier(toSnakeCase(columnOf(table, property).name));
const lists = [...rootFields].filter(([, { many }]) => many).map(([list, { target }]) => ({ list, target }));
const bigLists = lists.filter(({ target }) => isBig(target));
const lookupsOf = ({ name }: Exposed): [field: string, lookups: string[]][] =>
  Object.values((schema.getType(`${name}Filter`) as GraphQLInputObjectType).getFields()).map(({ name, type }) => [
    name,
    Object.keys((getNamedType(type) as GraphQLInputObjectType).getFields()),
  ]);
const searched = bigLists.flatMap(({ target }) =>
  lookupsOf(target)
    .filter(([, lookups]) => lookups.includes("icontains"))
    .map(([field]) => [target, field] as const),
);
const orderFieldsOf = ({ name }: Exposed) => (schema.getType(`${name}OrderField`) as GraphQLEnumType).getValues();

await grow();

/** Fills the tables, and gives a few rows names that hardly any other has. */
async function grow(): Promise<void> {
  const { connection } = inject("postgres");
  const name = (database.pool.options as { database: string }).database;
  await growDatabase({ ...connection, database: name }, { containers: 5000, artifactsEach: 40, until: sampleEnd });
  const five = (table: string) => `where id in (select id from ${table} order by md5(id::text) limit 5)`;
  const sentences = searched.map(
    ([type, field]) =>
      `update ${tableOf(type)} set ${columnName(type, field)} = 'Nothing but a rarity' ${five(tableOf(type))};`,
  );
  // Without the limits that requests have.
  const client = new pg.Client({ ...connection, database: name });
  await client.connect();
  await client.query(`
    insert into labels (name) values ('Rarity');
    insert into severities (name) values ('Rarity');
    insert into statuses (name, status_type) values ('Rarity', 'open');
    update containers set label = 'Rarity', severity = 'Rarity', status = 'Rarity' ${five("containers")};
    update artifacts set severity = 'Rarity' ${five("artifacts")};
    update action_runs set action = 'rarity' ${five("action_runs")};
    ${sentences.join("\n")}
    update vault_items set task_id = (select min(id) from tasks);
    insert into audit_entries (container_id, operation, outcome, message, ids, request_id)
      values (7, 'pin', 'done', '', '{}', 'r');
    set default_statistics_target = 1000;
    analyze`);
  await client.end();
}

interface Sent {
  text: string;
  values: unknown[];
}

/** The statements that a query leads to, with their values. */
async function sentFor(query: string, variables: Record<string, unknown> = {}): Promise<Sent[]> {
  const sent: Sent[] = [];
  const original = pg.Client.prototype.query;
  pg.Client.prototype.query = function (this: pg.Client, ...words: unknown[]) {
    sent.push(words[0] as Sent);
    return Reflect.apply(original, this, words);
  } as typeof original;
  try {
    const { errors } = await ask(query, variables);
    expect(errors, query).toBeUndefined();
  } finally {
    pg.Client.prototype.query = original;
  }
  // What goes on beside requests is written by other means, with its values apart.
  return sent.filter(({ text, values }) => values && !text.includes('"tokens"'));
}

interface Plan {
  "Node Type": string;
  "Relation Name"?: string;
  "Actual Rows"?: number;
  "Actual Loops"?: number;
  "Rows Removed by Filter"?: number;
  "Rows Removed by Index Recheck"?: number;
  Plans?: Plan[];
}

/** Fails when Postgres scans a big table for this statement, or reads more rows of the big tables than `atMost`. */
async function expectIndexes(sent: Sent, atMost = Number.POSITIVE_INFINITY): Promise<void> {
  const onBig = (await plansOf(sent)).filter((plan) => big.has(plan["Relation Name"] ?? ""));
  const scanned = onBig.filter((plan) => plan["Node Type"] === "Seq Scan").map((plan) => plan["Relation Name"]);
  const read = onBig.reduce((sum, plan) => sum + rowsRead(plan), 0);
  if (!scanned.length && read <= atMost) return;
  const lines = (await explain(sent, "analyze, timing off")).join("\n");
  expect.fail(`scans [${scanned}], reads ${read} rows\n${sent.text}\n${JSON.stringify(sent.values)}\n${lines}`);
}

/** Every step of how Postgres ran a statement. */
async function plansOf(sent: Sent): Promise<Plan[]> {
  const [[told]] = (await explain(sent, "analyze, timing off, format json")) as [[[{ Plan: Plan }]]];
  const steps = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(steps)];
  return steps(told[0].Plan);
}

async function explain({ text, values }: Sent, words: string): Promise<unknown[][]> {
  const asked = { text: `explain (${words}) ${text}`, values, rowMode: "array" as const };
  return (await database.pool.query<unknown[]>(asked)).rows;
}

function rowsRead(plan: Plan): number {
  const each =
    (plan["Actual Rows"] ?? 0) + (plan["Rows Removed by Filter"] ?? 0) + (plan["Rows Removed by Index Recheck"] ?? 0);
  return each * (plan["Actual Loops"] ?? 1);
}

describe("a page in an order, from its ends and from the middle,", () => {
  const cases = lists.flatMap(({ list, target }) =>
    orderFieldsOf(target).flatMap(({ name, value }) =>
      (["asc", "desc"] as const).map((direction) => ({ list, target, name, property: value as string, direction })),
    ),
  );

  test.each(cases)("is read by an index: $list by $name $direction", async (one) => {
    const { list, target, name, property, direction } = one;
    const order: OrderKey[] = [{ property, direction }];
    if (property !== "id") order.push({ property: "id", direction });
    const column = columnName(target, property);
    const places = [
      ...(await middle(target, order, `${column} is not null`)),
      ...(await middle(target, order, `${column} is null`)),
    ];
    for (const place of places) {
      for (const window of ["first: 10", "last: 10", "first: 10, after: $cursor", "last: 10, before: $cursor"]) {
        const takes = window.includes("$") ? "query ($cursor: String)" : "";
        const query = `${takes} { ${list}(${window}, orderBy: [{ field: ${name}, direction: ${direction.toUpperCase()} }]) { nodes { id } } }`;
        for (const sent of await sentFor(query, { cursor: writeCursor(order, place) })) await expectIndexes(sent, few);
      }
    }
  });

  /** The place of the row in the middle of some rows; none when there are none. */
  async function middle(target: Exposed, order: OrderKey[], where: string): Promise<string[][]> {
    const columns = order.map(({ property }) => columnName(target, property));
    const text = `select ${columns.map((column) => `${column}::text`)} from ${tableOf(target)} where ${where} order by ${columns}
      offset (select count(*) / 2 from ${tableOf(target)} where ${where}) limit 1`;
    return (await database.pool.query<string[]>({ text, rowMode: "array" })).rows;
  }
});

describe("a relation of twenty objects at once", () => {
  /** The way to some objects of each type, those that match: a list of all, or a relation that leads from one. */
  const ways = new Map<Exposed, (selection: string, filter: string) => string>();
  for (const { list, target } of lists)
    ways.set(target, (selection, filter) => `{ ${list}(first: 20, filter: { ${filter} }) { nodes { ${selection} } } }`);
  for (const list of ["labels", "severities", "statuses"]) {
    const { type } = schema.getQueryType()!.getFields()[list]!;
    ways.set(exposedTypes.get(getNamedType(type).name)!, (selection) => `{ ${list} { ${selection} } }`);
  }
  for (const [type, way] of [...ways]) {
    for (const [field, source] of type.fields) {
      if (source.by !== "many" || ways.has(source.target)) continue;
      ways.set(source.target, (selection, filter) =>
        way(`${field}(first: 1, filter: { ${filter} }) { nodes { ${selection} } }`, `${field}: { ${filter} }`),
      );
    }
  }

  const cases = [...exposedTypes.values()].flatMap((type) =>
    [...type.fields]
      .filter(([, source]) => (source.by === "many" || source.by === "one") && isBig(source.target))
      .map(([field, source]) => ({ name: `${type.name}.${field}`, type, field, source })),
  );

  test.each(cases)("is read by an index: $name", async ({ type, field, source }) => {
    const many = source.by === "many";
    const related = async (selection: string) => {
      const sent = await sentFor(ways.get(type)!(`${field}${selection}`, `${field}: {}`));
      expect(sent.length, "no object has it").toBeGreaterThan(1);
      return sent.at(-1)!;
    };
    await expectIndexes(await related(many ? "(first: 10) { nodes { id } }" : "{ id }"), few);
    // A name may be that of half of all rows: to count them, reading all is the best way.
    if (many && source.key !== "name") await expectIndexes(await related("(first: 10) { totalCount nodes { id } }"));
  });
});

describe("a filter that few rows match", () => {
  const cases = bigLists.flatMap(({ list, target }) =>
    lookupsOf(target).flatMap(([field, offered]) => {
      const source = target.fields.get(field);
      if (source?.by !== "column") return [];
      const { kind } = source;
      return promised(target, field, kind, offered).map((lookup) => ({ list, target, field, kind, lookup }));
    }),
  );

  test.each(cases)("is found by an index: $list by $field $lookup", async ({ list, target, field, kind, lookup }) => {
    const value = await rare(target, field, kind, lookup);
    const filter = { [field]: field === "cef" ? { key: "fileHash", [lookup]: value } : { [lookup]: value } };
    // How many rows are later than a time is only guessed, and ids are taken to have nothing to do with it.
    const guessed = kind === "time" && !["eq", "in"].includes(lookup);
    await expectFound(list, target, filter, guessed ? Number.POSITIVE_INFINITY : few);
  });

  const related = bigLists
    .filter(({ target }) => target.fields.get("container")?.by === "one")
    .flatMap(({ list, target }) => ["label", "status", "severity"].map((field) => ({ list, target, field })));

  test.each(related)("is found by an index: $list by $field of the container", async ({ list, target, field }) => {
    await expectFound(list, target, { container: { [field]: { eq: "rarity" } } }, few);
  });

  async function expectFound(list: string, target: Exposed, filter: Record<string, unknown>, atMost: number) {
    const newest = orderFieldsOf(target).some(({ name }) => name === "CREATE_TIME")
      ? ["orderBy: [{ field: CREATE_TIME, direction: DESC }]"]
      : [];
    for (const order of ["", ...newest]) {
      for (const selection of ["nodes { id }", "totalCount nodes { id }", "totalCount"]) {
        const query = `query ($filter: ${target.name}Filter) { ${list}(first: 10, filter: $filter, ${order}) { ${selection} } }`;
        for (const sent of await sentFor(query, { filter })) await expectIndexes(sent, atMost);
      }
    }
  }
});

describe("a filter that no index finds anything by", () => {
  const most = limits.rows.most;
  const never = "hasNote: { eq: true }, and: [{ hasNote: { eq: false } }]";
  const artifactsWith = (filter: string, selection = "nodes { id }", page = "first: 10") =>
    `{ artifacts(${page}, filter: { ${filter} }) { ${selection} } }`;

  test("is given up when so many rows were looked through for a page", async () => {
    for (const page of ["first: 10", "last: 10", "orderBy: [{ field: CREATE_TIME, direction: DESC }]"]) {
      const { data, errors } = await ask(artifactsWith(never, "nodes { id }", page));
      expect(data).toEqual({ artifacts: null });
      expect(errors).toMatchObject([
        {
          path: ["artifacts"],
          message: expect.stringContaining(`${most} are the limit`),
          extensions: { code: "QUERY_TOO_COMPLEX", limitName: "rows", limit: most, hint: expect.any(String) },
        },
      ]);
    }
  });

  test("reads no more than it needs, and never more than so many rows", async () => {
    const read = async (query: string) => {
      const [sent] = await sentFor(query);
      return (await plansOf(sent!)).filter((plan) => plan["Relation Name"] === "artifacts").map(rowsRead);
    };
    expect((await read(artifactsWith("hasNote: { eq: false }")))[0]).toBeLessThan(few);
    expect((await read(artifactsWith('name: { icontains: "a" }')))[0]).toBeLessThan(few);
    expect(await read(artifactsWith(never, "totalCount"))).toEqual([most + 1, 0]);
  });

  test("counts what there is among those rows, and says that there may be more", async () => {
    const counted = (filter: string) => ask(artifactsWith(filter, "totalCount totalCountExact"));
    expect((await counted(never)).data.artifacts).toEqual({ totalCount: 0, totalCountExact: false });
    expect((await counted(`container: { id: { eq: 7 } }, ${never}`)).data.artifacts).toEqual({
      totalCount: 0,
      totalCountExact: true,
    });
  });

  test("is answered where an index finds the rows by another condition, in whatever form it is given", async () => {
    for (const served of [
      "container: { id: { eq: 7 } }",
      'or: [{ id: { in: [1, 2] } }, { container: { label: { eq: "rarity" } } }]',
      'and: [{ and: [{ name: { icontains: "a rarity" } }] }]',
    ]) {
      const { data, errors } = await ask(artifactsWith(`and: [{ ${served} }, { ${never} }]`));
      expect([data, errors], served).toEqual([{ artifacts: { nodes: [] } }, undefined]);
    }
  });

  test("is answered after a cursor beyond which fewer rows are left", async () => {
    const [{ id }] = (
      await database.pool.query(`select id from artifacts order by id desc offset ${most - 10} limit 1`)
    ).rows;
    const after = writeCursor([{ property: "id", direction: "asc" }], [String(id)]);
    const { data, errors } = await ask(
      artifactsWith(never, "nodes { id } pageInfo { hasNextPage }", `first: 10, after: "${after}"`),
    );
    expect([data, errors]).toEqual([{ artifacts: { nodes: [], pageInfo: { hasNextPage: false } } }, undefined]);
  });
});

/** Of the lookups that a filter offers, those that an index serves. */
function promised(target: Exposed, field: string, kind: Kind, offered: readonly string[]): string[] {
  if (kind === "boolean" || (kind === "enum" && !leadsIndex(target, field))) return [];
  // Numbers such as an order are the same in many rows.
  if (kind === "integer") return ["eq"];
  return offered.filter((lookup) => lookup !== "isNull" && lookup !== "key");
}

function leadsIndex({ table }: Exposed, field: string): boolean {
  return getTableConfig(table).indexes.some(({ config: { columns } }) => {
    const [first] = columns;
    return first && "name" in first && first.name === columnOf(table, field).name;
  });
}

/** A value that few rows have, as a lookup takes it. */
async function rare(target: Exposed, field: string, kind: Kind, lookup: string): Promise<unknown> {
  const [table, column] = [tableOf(target), columnName(target, field)];
  const find = async (text: string) => {
    const { rows } = await database.pool.query<[unknown]>({ text, rowMode: "array" });
    expect(rows, `no row of ${table} has a value in ${column}`).toHaveLength(1);
    return rows[0]![0];
  };
  const rarest = (value: string, from: string) =>
    find(`select ${value} from ${from} where ${value} is not null group by 1 order by count(*), 1 limit 1`);
  const given = (value: unknown) => (lookup === "in" ? [value] : value);
  if (lookup === "icontains") return "A RARITY";
  if (field === "cef") return given(await rarest("cef->>'fileHash'", table));
  if (kind === "tags") return [await rarest("tag", `${table}, unnest(${column}) tag`)];
  if (kind === "time") {
    const shown = `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
    const newest = lookup.startsWith("g") ? "desc" : "asc";
    return find(
      `select ${shown} from ${table} where ${column} is not null order by ${column} ${newest} offset 5 limit 1`,
    );
  }
  const value = await rarest(column, table);
  return given(kind === "enum" ? String(value).toUpperCase() : value);
}
