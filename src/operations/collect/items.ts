import { and, asc, eq, gt, isNotNull, lt, lte, max, or, type SQL, sql } from "drizzle-orm";
import { containersOf } from "../../actions/callback.js";
import { refuse } from "../../errors.js";
import { mostCollected } from "../../limits.js";
import type { Look } from "../../operation.js";
import { actionResults, actionRuns, appRuns } from "../../schema/action-run.js";
import { artifacts } from "../../schema/artifact.js";
import { playbookRuns } from "../../schema/playbook.js";
import { anyOf } from "../names.js";
import { fields, results } from "./fields.js";
import { known, type Path } from "./paths.js";

export interface Asked {
  scope: "new" | "all";
  limit: number;
  noneIfFirst: boolean;
}

/** A container as callbacks see it. */
export async function containerOf({ context }: Look<unknown>, id: number, paths: readonly Path[]): Promise<unknown> {
  const { database, caller } = context;
  const [row] = await database.read(containersOf(sql`array[${id}::int]`, caller.permissions.has("assets:view")));
  const container = JSON.parse(row![1]!);
  for (const { given, from, steps } of paths) if (from === "container") known(given, steps[0], Object.keys(container));
  return container;
}

export async function itemsOf(
  look: Look<Asked>,
  containerId: number,
  { action }: Path,
  paths: readonly Path[],
  most: number,
): Promise<unknown[]> {
  const heads = paths.some(({ steps }) => !steps.length) ? undefined : new Set(paths.map(({ steps }) => steps[0]!));
  if (action !== undefined) return resultsOf(look, containerId, action, heads, most);
  const inScope = await scopeOf(look, containerId);
  if (inScope === "nothing") return [];
  return read(
    look,
    sql`select ${objectOf(fields, heads)} as item from ${artifacts}
      where ${and(eq(artifacts.containerId, containerId), inScope)} order by ${asc(artifacts.id)} limit ${most}`,
  );
}

/** What an action of the current playbook run gave. */
async function resultsOf(
  look: Look<unknown>,
  containerId: number,
  name: string,
  heads: Set<string> | undefined,
  most: number,
): Promise<unknown[]> {
  if (!look.run)
    return refuse(
      "INVALID_VALUE",
      "Actions belong to a playbook run, and none is the current one; send the header `SOAR-Playbook-Run: <id>`.",
      "datapath",
    );
  return read(
    look,
    sql`select ${objectOf(results, heads)} as item from ${actionResults}
      join ${appRuns} on ${appRuns.id} = ${actionResults.appRunId} join ${actionRuns} on ${actionRuns.id} = ${appRuns.actionRunId}
      where ${and(eq(actionRuns.playbookRunId, look.run.id), eq(actionRuns.containerId, containerId), eq(actionRuns.name, name))}
      order by ${actionRuns.id}, ${appRuns.id}, ${actionResults.id} limit ${most}`,
  );
}

/** Items that a statement gives, as long as they fit into memory. */
async function read({ writer }: Look<unknown>, items: SQL): Promise<unknown[]> {
  const { rows } = await writer.execute<{ item: unknown }>(sql`
    select case when sum(octet_length(item::text)) over () <= ${mostCollected} then item end as item from (${items}) items`);
  if (rows[0]?.item !== null) return rows.map(({ item }) => item);
  return tooMuch(`The ${rows.length} artifacts or results have`);
}

/** A JSON object of some columns, or all of them. */
function objectOf(columns: Record<string, SQL>, heads: Set<string> | undefined): SQL {
  const wanted = Object.entries(columns).filter(([name]) => !heads || heads.has(name));
  return sql`json_build_object(${sql.join(
    wanted.map(([name, value]) => sql`${sql.raw(`'${name}'`)}, ${value}`),
    sql`, `,
  )})`;
}

export function tooMuch(what: string): never {
  return refuse("TOO_LONG", `${what} more than ${mostCollected} bytes; give a lower limit, or collect less.`, "limit");
}

/** The condition on the artifacts of a container that are in the scope asked for; undefined: all are. */
async function scopeOf({ writer, input, run }: Look<Asked>, containerId: number): Promise<SQL | "nothing" | undefined> {
  if (input.scope === "all" || run?.containerId !== containerId) return undefined;
  const [current] = await writer.select().from(playbookRuns).where(eq(playbookRuns.id, run.id));
  const [earlier] = await writer
    .select({ runs: sql<number>`count(*)::int`, lastArtifactId: max(playbookRuns.lastArtifactId) })
    .from(playbookRuns)
    .where(
      and(
        eq(playbookRuns.containerId, containerId),
        eq(playbookRuns.playbookId, run.playbookId),
        lt(playbookRuns.id, run.id),
        // One that was cancelled before it began has seen nothing.
        or(isNotNull(playbookRuns.startTime), eq(playbookRuns.status, "pending")),
      ),
    );
  if (input.noneIfFirst && !earlier!.runs) return "nothing";
  if (current!.scopeArtifactIds) return anyOf(artifacts.id, current!.scopeArtifactIds);
  return and(
    lte(artifacts.id, current!.lastArtifactId ?? 0),
    current!.scope === "all" ? undefined : gt(artifacts.id, earlier!.lastArtifactId ?? 0),
  );
}
