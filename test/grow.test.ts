import { describe, expect, inject, test } from "vitest";
import { growDatabase } from "../src/sample/grow.js";
import { showProgress } from "../src/sample/growth/progress.js";
import { type Gateway, openGateway } from "./support/gateway.js";
import { sampleEnd } from "./support/postgres.js";

const connectionOf = ({ database }: Gateway) => ({
  ...inject("postgres").connection,
  database: (database.pool.options as { database: string }).database,
});

const tables = [
  "containers",
  "artifacts",
  "notes",
  "pins",
  "comments",
  "tasks",
  "playbook_runs",
  "action_runs",
  "app_runs",
];

async function rowsOf({ database }: Gateway, what: string): Promise<Record<string, unknown>> {
  const each = tables.map((table) => `(select ${what} from ${table}) as ${table}`);
  return (await database.pool.query(`select ${each}`)).rows[0];
}

describe("a grown database", () => {
  test("has so many more containers, under the numbers that follow, with everything that hangs on them", async () => {
    const gateway = await openGateway();
    const before = await rowsOf(gateway, "count(*)::int");
    const heard: number[] = [];
    await growDatabase(connectionOf(gateway), {
      containers: 120,
      until: sampleEnd,
      report: ({ done }) => heard.push(done),
    });
    const after = await rowsOf(gateway, "count(*)::int");
    expect(after.containers).toBe((before.containers as number) + 120);
    for (const table of tables) expect(after[table], table).toBeGreaterThan(before[table] as number);
    expect(heard).toEqual([120]);

    const { data, errors } = await gateway.ask(`{
      containers(first: 3, filter: { id: { in: [400, 401, 402] } }) { nodes { id label artifactCount
        artifacts(first: 3) { nodes { cef hash } } actionRuns { nodes { appRuns { nodes { results { totalCount } } } } } } }
    }`);
    expect(errors).toBeUndefined();
    expect(data.containers.nodes).toHaveLength(3);
    const made = await gateway.ask(
      `mutation { createContainer(input: { name: "next", label: "events" }) { success container { id } } }`,
    );
    expect(made.data.createContainer).toMatchObject({ success: true });
    expect(made.data.createContainer.container.id).toBeGreaterThan(457);
  });

  test("is the same from the same beginning, and grows further from its end", async () => {
    const gateways = [await openGateway("empty"), await openGateway("empty")] as const;
    for (const gateway of gateways)
      await growDatabase(connectionOf(gateway), { containers: 60, artifactsEach: 10, until: sampleEnd });
    const digest = "md5(string_agg(t::text, '' order by id))";
    const [one, other] = await Promise.all(
      gateways.map(({ database }) =>
        database.pool.query(`select (select ${digest} from containers t), (select ${digest} from artifacts t)`),
      ),
    );
    expect(one!.rows).toEqual(other!.rows);
    await growDatabase(connectionOf(gateways[0]), { containers: 60, artifactsEach: 10, until: sampleEnd });
    expect(await rowsOf(gateways[0], "count(*)::int")).toMatchObject({ containers: 120 });
  });

  test("has whole containers also when growing ended before time", async () => {
    const gateway = await openGateway("empty");
    const interrupted = growDatabase(connectionOf(gateway), {
      containers: 1200,
      artifactsEach: 2,
      until: sampleEnd,
      report: () => {
        throw new Error("interrupted");
      },
    });
    await expect(interrupted).rejects.toThrow("interrupted");
    expect(await rowsOf(gateway, "count(*)::int")).toMatchObject({ containers: 500 });
    const { rows } = await gateway.database.pool.query(
      "select from containers c where not exists (select from artifacts where container_id = c.id)",
    );
    expect(rows).toEqual([]);
  });
});

describe("progress", () => {
  const shown = (isTTY: boolean) => {
    const written: string[] = [];
    const output = { isTTY, write: (text: string) => written.push(text) > 0 };
    const show = showProgress(output as never);
    for (const done of [5, 10, 50, 100]) show({ done, of: 100, made: `${done * 70} rows`, seconds: done });
    return written;
  };

  test("is one line on a terminal, written anew", () => {
    const lines = shown(true);
    expect(lines).toHaveLength(4);
    expect(lines[2]).toBe(`\r\x1b[2K[${"#".repeat(15)}${".".repeat(15)}] 50 of 100 containers, 3500 rows, 50 s left`);
    expect(lines[3]).toMatch(/100 of 100 containers, 7000 rows, in 1 min 40 s\n$/);
  });

  test("is a line at every tenth elsewhere", () => {
    expect(shown(false)).toEqual([
      "10 of 100 containers, 700 rows, 1 min 30 s left\n",
      "50 of 100 containers, 3500 rows, 50 s left\n",
      "100 of 100 containers, 7000 rows, in 1 min 40 s\n",
    ]);
  });
});
