import { sql } from "drizzle-orm";
import { type Loader, openLoader } from "../database/copy.js";
import { actionResults, actionRuns, appRuns } from "../schema/action-run.js";
import { artifacts } from "../schema/artifact.js";
import { artifactCounts } from "../schema/artifact-count.js";
import { comments } from "../schema/comment.js";
import { containers } from "../schema/container.js";
import { notes } from "../schema/note.js";
import { pins } from "../schema/pin.js";
import { playbookRuns } from "../schema/playbook.js";
import { phases, tasks, workbooks } from "../schema/workbook.js";
import { artifactRows, containerRows } from "./growth/containers.js";
import type { Progress } from "./growth/progress.js";
import { actionResultRows, actionRunRows, appRunRows, playbookRunRows } from "./growth/runs.js";
import { count, drawAll, type Numbered, number, numbered, type Shape } from "./growth/shape.js";
import { type Surroundings, surroundings } from "./growth/surroundings.js";
import { commentRows, noteRows, phaseRows, pinRows, taskRows, workbookRows } from "./growth/work.js";
import { Random } from "./random.js";

interface Growth {
  /** How many containers to add. */
  containers: number;
  /** How many artifacts each has on average; 50 unless said otherwise. */
  artifactsEach?: number;
  /** When the newest of them came in; now unless said otherwise. The oldest is a year older. */
  until?: Date;
  /** Hears how far it is after each part of some hundred containers. */
  report?: (progress: Progress) => void;
}

/** Containers that are written together. */
const part = 500;
const year = 365 * 24 * 60 * 60_000;

/**
 * Adds made-up containers with everything that hangs on them to a migrated database: the same ones each time for the
 * same database and time. Each part of some hundred is one transaction, so an end before time leaves whole containers.
 */
export async function growDatabase(connection: Parameters<typeof openLoader>[0], growth: Growth): Promise<void> {
  const loader = await openLoader(connection);
  try {
    await grow(loader, growth);
  } finally {
    await loader.close();
  }
}

async function grow(loader: Loader, { containers: wanted, artifactsEach = 50, ...growth }: Growth): Promise<void> {
  const begun = performance.now();
  const until = (growth.until ?? new Date()).getTime();
  const around = await surroundings(loader.writer);
  for (const table of numbered) await passStanding(loader, table);
  const random = new Random(await reserve(loader, "containers", 1));
  let rows = 0;
  for (let done = 0; done < wanted; ) {
    const size = Math.min(part, wanted - done);
    const times = Array.from({ length: size }, () => until - year * (1 - (done++ + random.next()) / wanted));
    rows += await write(loader, random, around, drawAll(random, around, { times, until, artifactsEach }));
    if (done === wanted) await loader.writer.execute(sql`vacuum (analyze) ${sql.join(filled, sql`, `)}`);
    growth.report?.({ done, of: wanted, made: `${rows} rows`, seconds: (performance.now() - begun) / 1000 });
  }
}

const filled = [
  containers,
  artifacts,
  artifactCounts,
  notes,
  pins,
  comments,
  workbooks,
  phases,
  tasks,
  playbookRuns,
  actionRuns,
  appRuns,
  actionResults,
];

/** Writes a part whole or not at all; gives the number of its rows. */
async function write(loader: Loader, random: Random, around: Surroundings, shapes: readonly Shape[]): Promise<number> {
  const free = {} as Record<Numbered, number>;
  for (const [table, rows] of Object.entries(count(shapes)))
    free[table as Numbered] = await reserve(loader, table as Numbered, rows);
  number(shapes, free);
  return loader.transaction(async () => {
    let rows = await loader.copy(containers, containerRows(random, around, shapes));
    rows += await loader.copy(workbooks, workbookRows(random, shapes));
    rows += await loader.copy(phases, phaseRows(shapes));
    rows += await loader.copy(tasks, taskRows(random, shapes));
    // A playbook run points at an artifact it has seen, and an artifact at the playbook run that added it.
    rows += await loader.copy(artifacts, artifactRows(random, around, shapes, false));
    rows += await loader.copy(playbookRuns, playbookRunRows(random, shapes));
    rows += await loader.copy(artifacts, artifactRows(random, around, shapes, true));
    rows += await loader.copy(notes, noteRows(random, shapes));
    rows += await loader.copy(pins, pinRows(random, shapes));
    rows += await loader.copy(comments, commentRows(random, shapes));
    rows += await loader.copy(actionRuns, actionRunRows(random, shapes));
    rows += await loader.copy(appRuns, appRunRows(random, shapes));
    rows += await loader.copy(actionResults, actionResultRows(random, shapes));
    await closeCircles(loader, shapes);
    return rows;
  });
}

/** A container and a phase or playbook run of it point at each other, so what the container points at comes last. */
async function closeCircles({ writer }: Loader, shapes: readonly Shape[]): Promise<void> {
  const pairs = shapes
    .filter(({ workbook, closedBy }) => workbook || closedBy)
    .map(({ id, workbook, closedBy }) => [id, workbook?.phaseId ?? null, closedBy?.id ?? null]);
  const [ids, phaseIds, runIds] = [0, 1, 2].map((index) => sql.param(pairs.map((pair) => pair[index])));
  await writer.execute(sql`
    update ${containers} set current_phase_id = phase, closing_playbook_run_id = run
    from unnest(${ids}::int[], ${phaseIds}::int[], ${runIds}::int[]) pointers(container, phase, run)
    where id = container`);
}

/** Takes so many numbers of a table, one after another, and gives the first; whoever else inserts gets others. */
async function reserve({ writer }: Loader, table: Numbered, rows: number): Promise<number> {
  for (;;) {
    const { rows: taken } = await writer.execute<{ first: number; last: number }>(sql`
      select min(id)::int as first, max(id)::int as last
      from (select nextval(pg_get_serial_sequence(${table}, 'id')) as id from generate_series(1, ${rows})) numbers`);
    const { first, last } = taken[0]!;
    if (rows === 0 || last - first + 1 === rows) return first;
  }
}

/** Lets the numbering of a table go on after the rows that were given their numbers. */
async function passStanding({ writer }: Loader, table: Numbered): Promise<void> {
  await writer.execute(sql`
    select setval(sequence, max(id)) from ${sql.identifier(table)}, (select pg_get_serial_sequence(${table}, 'id') as sequence) s
    group by sequence having max(id) > nextval(sequence)`);
}
