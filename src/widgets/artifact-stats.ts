import { sql } from "drizzle-orm";
import { alias } from "drizzle-orm/pg-core";
import { visible } from "../auth/visible.js";
import { Artifact, artifacts } from "../schema/artifact.js";
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

export const artifactStats: Widget = {
  name: "artifactStats",
  description: `The artifacts that were added, by name and container: the most frequent first, ${most} at most.`,
  takes: { ...inWindowOfLabel, ...ofOwner },
  gives: ArtifactStats,
  many: true,
  statement: (asked) => sql`
    select count, name, "containerId", round(100.0 * count / max(count) over (), 2) as percent from (
      select count(*), ${f.name} as name, ${f.containerId} as "containerId" from ${artifacts} f
      where ${all(visible(Artifact, f, asked.caller), within(f.createTime, asked.window), inCounted(f, asked))}
      group by 2, 3 order by 1 desc, 3 desc, 2 limit ${most}) top
    order by count desc, "containerId" desc, name`,
};
