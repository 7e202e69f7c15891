import fc from "fast-check";
import { expect, test } from "vitest";
import { openGateway } from "./support/gateway.js";
import { atOnce, call, newArtifact, newContainer, plainArtifact } from "./support/operations.js";

/*
 * Figures on artifacts come from counts that are kept beside them. Here artifacts are counted one by one.
 */

const gateway = await openGateway("empty");
const { pool } = gateway.database;

interface Artifact {
  container: number;
  name: string;
  time: string;
}

async function artifacts(): Promise<Artifact[]> {
  const { rows } = await pool.query<Artifact>(
    "select container_id as container, name, to_json(create_time)#>>'{}' as time from artifacts",
  );
  return rows;
}

/** How many there are of each name in each container, as a text for each. */
function counted(rows: Artifact[]): string[] {
  const counts = new Map<string, number>();
  for (const { container, name } of rows) {
    const key = JSON.stringify([container, name]);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].map(([key, count]) => `${count} ${key}`).sort();
}

async function kept(): Promise<string[]> {
  const { rows } = await pool.query("select container_id, name, count from artifact_counts");
  return rows.map(({ container_id, name, count }) => `${count} ${JSON.stringify([container_id, name])}`).sort();
}

async function told(startTime: string, endTime: string): Promise<string[]> {
  const { data } = await gateway.ask(
    "query ($startTime: DateTime, $endTime: DateTime) { widgetData { artifactStats(startTime: $startTime, endTime: $endTime) { count name containerId } } }",
    { startTime, endTime },
  );
  type Row = { count: number; name: string; containerId: number };
  return (data.widgetData.artifactStats as Row[])
    .map(({ count, name, containerId }) => `${count} ${JSON.stringify([containerId, name])}`)
    .sort();
}

const at = (minute: number) => new Date(Date.UTC(2026, 2, 2, 0, minute)).toISOString();

/** What may become of artifacts, each in one statement for several. */
const several = fc.array(fc.nat(60), { minLength: 1, maxLength: 12 });
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ does: fc.constant("add"), to: several }) },
  fc.record({ does: fc.constantFrom("rename", "swap", "tag", "delete", "delete container"), to: several }),
);

test("whatever is added, renamed and deleted, every window is told as counting one by one gives", async () => {
  const container = async () => newContainer(gateway);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), fc.nat(60), fc.nat(60), async (steps, a, b) => {
      await pool.query("delete from containers");
      const containers = [await container(), await container(), await container()];
      for (const { does, to } of steps) {
        const some = "id = any(select id from artifacts where id % 13 = any($1::int[]))";
        if (does === "add")
          await pool.query(
            `insert into artifacts (container_id, name, label, severity, source_data_identifier, identified, hash, create_time)
            select c.id, 'n' || n % 2, 'event', 'low', n, false, n, timestamptz '2026-03-02T00:00Z' + make_interval(mins => n)
            from unnest($1::int[]) n join containers c on c.id = $2 + n % 3`,
            [to, containers[0]],
          );
        else if (does === "rename") await pool.query(`update artifacts set name = 'n0' where ${some}`, [to]);
        else if (does === "swap")
          await pool.query(`update artifacts set name = case name when 'n1' then 'n2' else 'n1' end where ${some}`, [
            to,
          ]);
        else if (does === "tag") await pool.query(`update artifacts set tags = '{t}' where ${some}`, [to]);
        else if (does === "delete") await pool.query(`delete from artifacts where ${some}`, [to]);
        else await pool.query("delete from containers where id = $1", [containers[to[0]! % 3]]);
      }
      const rows = await artifacts();
      expect(await kept()).toEqual(counted(rows));
      const [start, end] = [at(Math.min(a, b)), at(Math.max(a, b) + 1)];
      const inside = rows.filter(
        ({ time }) => Date.parse(time) >= Date.parse(start) && Date.parse(time) < Date.parse(end),
      );
      expect(await told(start, end)).toEqual(counted(inside));
    }),
    { numRuns: 60 },
  );
});

test("a hundred callers who add, rename and delete at once leave the right counts", async () => {
  const containers = [await newContainer(gateway), await newContainer(gateway)];
  const ids = await atOnce(40, (index) => newArtifact(gateway, containers[index % 2]!, { name: `n${index % 3}` }));
  const answers = await atOnce(100, (index) => {
    const artifactId = ids[index % 40]!;
    if (index % 3 === 0) return call(gateway, "addArtifact", { container: containers[index % 2], ...plainArtifact });
    if (index % 3 === 1) return call(gateway, "updateArtifact", { artifactId, name: `n${index % 4}` });
    return call(gateway, "deleteArtifact", { artifactId });
  });
  expect(answers.filter(({ success }) => success).length).toBeGreaterThan(50);
  expect(await kept()).toEqual(counted(await artifacts()));
});
