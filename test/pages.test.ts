import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { Random } from "../src/sample/random.js";
import { artifacts } from "../src/schema/artifact.js";
import { openGateway } from "./support/gateway.js";

const { ask, database } = await openGateway();

/** Reads a whole list page by page and gives its objects in the list's own order. */
async function readAll(
  list: string,
  args: string,
  size: number,
  forward: boolean,
  between: () => Promise<unknown> = async () => {},
) {
  const pages: { id: number }[][] = [];
  for (let cursor: string | null = null; ; await between()) {
    const window = forward ? "first: $size, after: $cursor" : "last: $size, before: $cursor";
    const { data, errors }: Awaited<ReturnType<typeof ask>> = await ask(
      `query ($size: Int, $cursor: String) { ${list}(${window}, ${args}) { nodes { id } pageInfo { startCursor endCursor hasNextPage hasPreviousPage } } }`,
      { size, cursor },
    );
    expect(errors).toBeUndefined();
    const { nodes, pageInfo } = data[list];
    if (forward) pages.push(nodes);
    else pages.unshift(nodes);
    if (!(forward ? pageInfo.hasNextPage : pageInfo.hasPreviousPage)) return pages.flat().map(({ id }) => id);
    cursor = forward ? pageInfo.endCursor : pageInfo.startCursor;
  }
}

describe("a list", () => {
  const orders = ["ID", "NAME", "CREATE_TIME", "DUE_TIME", "CLOSE_TIME", "END_TIME"];
  const cases = orders.flatMap((field) => ["ASC", "DESC"].map((direction) => [field, direction] as const));

  test.each(
    cases,
  )("ordered by %s %s is the same read forward, backward and in one statement", async (field, direction) => {
    const column = field.toLowerCase();
    const { rows } = await database.pool.query(
      `select id from containers order by ${column} ${direction}, id ${direction}`,
    );
    const expected = rows.map(({ id }) => id);
    const order = `orderBy: [{ field: ${field}, direction: ${direction} }]`;
    expect(await readAll("containers", order, 70, true)).toEqual(expected);
    expect(await readAll("containers", order, 70, false)).toEqual(expected);
  });

  test("ordered by several keys in different directions is the same read forward and backward", async () => {
    const { rows } = await database.pool.query("select id from containers order by close_time desc, name asc, id asc");
    const expected = rows.map(({ id }) => id);
    const order = "orderBy: [{ field: CLOSE_TIME, direction: DESC }, { field: NAME }]";
    expect(await readAll("containers", order, 60, true)).toEqual(expected);
    expect(await readAll("containers", order, 60, false)).toEqual(expected);
  });

  test("stays whole while others add and delete", async () => {
    const random = new Random(7);
    const add = async (count: number) => {
      for (let index = 0; index < count; index++) {
        await database.writer.insert(artifacts).values({
          containerId: 24,
          name: `artifact ${random.between(0, 9)}`,
          label: "event",
          severity: "low",
          sourceDataIdentifier: random.uuid(),
          identified: false,
          hash: random.hex(32),
          createTime: new Date(random.between(0, 5) * 1000).toISOString(),
        });
      }
    };
    await add(300);
    const { rows } = await database.pool.query("select id from artifacts where container_id = 24");
    const standing = new Set<number>(rows.map(({ id }) => id));
    const churn = async () => {
      await add(5);
      const gone = await database.writer.execute<{ id: number }>(
        sql`delete from artifacts where id in (select id from artifacts where container_id = 24 order by md5(id::text || ${random.next()}::text) limit 5) returning id`,
      );
      for (const { id } of gone.rows) standing.delete(id);
    };
    for (const forward of [true, false]) {
      const seen = await readAll(
        "artifacts",
        "filter: { container: { id: { eq: 24 } } }, orderBy: [{ field: CREATE_TIME }, { field: NAME, direction: DESC }]",
        20,
        forward,
        churn,
      );
      expect(new Set(seen).size).toBe(seen.length);
      expect([...standing].filter((id) => !seen.includes(id))).toEqual([]);
    }
  });

  test("tells each parent's own page, count and ends", async () => {
    const { data } = await ask(
      `{ containers(filter: { id: { in: [7, 79] } }) { nodes { id artifacts(first: 1) { totalCount totalCountExact nodes { id } pageInfo { hasNextPage hasPreviousPage } } } } }`,
    );
    expect(data.containers.nodes).toEqual([
      {
        id: 7,
        artifacts: {
          totalCount: 1,
          totalCountExact: true,
          nodes: [{ id: 1070 }],
          pageInfo: { hasNextPage: false, hasPreviousPage: false },
        },
      },
      {
        id: 79,
        artifacts: {
          totalCount: 2,
          totalCountExact: true,
          nodes: [{ id: 122 }],
          pageInfo: { hasNextPage: true, hasPreviousPage: false },
        },
      },
    ]);
  });

  test("of fifty is the default, none is allowed, and a whole count costs no rows", async () => {
    const { data } = await ask(
      "{ fifty: artifacts(first: null) { nodes { id } } none: artifacts(first: 0) { nodes { id } pageInfo { hasNextPage endCursor } } count: containers { totalCount } }",
    );
    expect(data.fifty.nodes).toHaveLength(50);
    expect(data.none).toEqual({ nodes: [], pageInfo: { hasNextPage: true, endCursor: null } });
    expect(data.count.totalCount).toBe(300);
  });

  test("is counted up to ten thousand", async () => {
    await database.pool.query(`insert into artifacts (container_id, name, label, severity, source_data_identifier, identified, hash)
      select 42, 'bulk', 'event', 'low', n::text, false, md5(n::text) from generate_series(1, 10000) n`);
    const { data } = await ask("{ container(id: 42) { artifacts(first: 1) { totalCount totalCountExact } } }");
    expect(data.container.artifacts).toEqual({ totalCount: 10000, totalCountExact: false });
  });
});

describe("a page that cannot be", () => {
  test.each([
    ["first: 101", "BAD_USER_INPUT", "100"],
    ["last: 101", "BAD_USER_INPUT", "100"],
    ["first: -1", "BAD_USER_INPUT", "-1"],
    ["first: 2, last: 2", "BAD_USER_INPUT", "exclude"],
    ['after: "rubbish"', "CURSOR_INVALID", "start again"],
    [
      `after: "${Buffer.from('["id asc","1; drop table containers"]').toString("base64url")}"`,
      "CURSOR_INVALID",
      "start again",
    ],
    [`after: "${Buffer.from('["id asc","99999999999"]').toString("base64url")}"`, "CURSOR_INVALID", "start again"],
    [`after: "${Buffer.from('["name asc,id asc","x","1"]').toString("base64url")}"`, "CURSOR_INVALID", "start again"],
    [
      `orderBy: [{ field: CREATE_TIME }], after: "${Buffer.from('["createTime asc,id asc","infinity","1"]').toString("base64url")}"`,
      "CURSOR_INVALID",
      "start again",
    ],
  ])("%s is refused", async (args, code, words) => {
    const { data, errors } = await ask(`{ containers(${args}) { nodes { id } } viewer { user { id } } }`);
    expect(data).toEqual({ containers: null, viewer: { user: { id: 1 } } });
    expect(errors).toMatchObject([
      {
        message: expect.stringContaining(words),
        path: ["containers"],
        extensions: { code, requestId: expect.any(String) },
      },
    ]);
  });
});
