import { type SQL, sql } from "drizzle-orm";
import { alias } from "drizzle-orm/pg-core";
import { visible } from "../auth/visible.js";
import { Artifact, artifacts } from "../schema/artifact.js";
import { artifactCounts } from "../schema/artifact-count.js";
import { Container } from "../schema/container.js";
import { found, int, number, required, text } from "../schema/operations.js";
import { record } from "../schema/record.js";
import { all, inCounted, inWindowOfLabel, ofOwner, type Widget } from "./widget.js";
import { within } from "./window.js";

/** Of those that a container has most of, how many are told. */
const most = 10;

const ArtifactStats = record("ArtifactStats", "Artifacts of the same name in one container.", {
  count: required(int, "How many there are."),
  name: required(text, "Their name."),
  containerId: required(int, "The container's id."),
  percent: required(number, "How many that is, in percent of the first one's."),
  container: found(Container, "containerId", "The container."),
});

const f = alias(artifacts, "f");
const n = alias(artifactCounts, "n");

const firstOnes = sql`order by count desc, container_id desc, name limit ${sql.raw(String(most))}`;

export const artifactStats: Widget = {
  name: "artifactStats",
  description: `The artifacts that were added, by name and container: the most frequent first, ${most} at most.`,
  takes: { ...inWindowOfLabel, ...ofOwner },
  gives: ArtifactStats,
  many: true,
  // Those that were added on both sides of an end of the window are counted, container by container; for others their
  // count stands.
  statement(asked) {
    const { start, end } = asked.window;
    const counts = (when: SQL) =>
      sql`from ${artifactCounts} n where ${all(visible(Artifact, n, asked.caller), when, inCounted(n, asked))}`;
    const inside = sql`${n.first} >= ${start} and ${n.last} < ${end}`;
    const across = counts(
      sql`(${n.first} < ${start} and ${n.last} >= ${start} or ${n.first} < ${end} and ${n.last} >= ${end})`,
    );
    return sql`
      select count, name, container_id as "containerId", round(100.0 * count / max(count) over (), 2) as percent from (
        (select count, name, container_id ${counts(inside)} ${firstOnes})
        union all
        (select count(*), name, container_id from ${artifacts} f
        where ${within(f.createTime, asked.window)} and container_id = any(array(select container_id ${across}))
          and (container_id, name) in (select container_id, name ${across})
        group by 2, 3)
        ${firstOnes}) top
      order by count desc, container_id desc, name`;
  },
};
