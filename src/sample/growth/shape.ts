import type { Random } from "../random.js";
import type { Surroundings, Tool } from "./surroundings.js";
import { type Theme, themes } from "./themes.js";

const minute = 60_000;
const day = 24 * 60 * minute;

/** What decides all rows of one container: how it stands, how many of each it has, and their numbers. */
export interface Shape {
  id: number;
  theme: Theme;
  stage: "new" | "open" | "resolved";
  created: number;
  resolved: number;
  owner: number | null;
  /** The role it is given to instead of a user. */
  role: number | null;
  /** What it came in by; undefined: somebody made it. */
  source: Tool | undefined;
  isCase: boolean;
  /** The case it was merged into. */
  parent: Shape | undefined;
  /** Artifacts that came with it, and those its playbooks added, which follow them. */
  ingested: number;
  added: number;
  artifactId: number;
  runs: Run[];
  /** The playbook run that resolved it; undefined: somebody did. */
  closedBy: Run | undefined;
  /** Actions that an analyst ran. */
  manual: Ask[];
  workbook: { id: number; phaseId: number; taskId: number } | undefined;
}

/** A playbook at work. */
export interface Run {
  id: number;
  playbookId: number;
  asks: Ask[];
}

/** An action with the app runs it leads to. */
export interface Ask {
  id: number;
  tool: Tool;
  appRunId: number;
  appRuns: number;
}

export const tasksOfPhase = 4;
export const phaseNames = ["Detection", "Analysis", "Containment", "Report"];

/** How many rows of the numbered tables some shapes stand for. */
export function count(shapes: readonly Shape[]) {
  const sum = (of: (shape: Shape) => number) => shapes.reduce((total, shape) => total + of(shape), 0);
  const asks = (shape: Shape) => [...shape.runs.flatMap((run) => run.asks), ...shape.manual];
  const workbooks = sum(({ workbook }) => (workbook ? 1 : 0));
  return {
    containers: shapes.length,
    artifacts: sum(({ ingested, added }) => ingested + added),
    playbook_runs: sum(({ runs }) => runs.length),
    action_runs: sum((shape) => asks(shape).length),
    app_runs: sum((shape) => asks(shape).reduce((total, { appRuns }) => total + appRuns, 0)),
    workbooks,
    phases: workbooks * phaseNames.length,
    tasks: workbooks * phaseNames.length * tasksOfPhase,
  };
}

/** The tables whose rows are referred to, so that they need numbers before they are written. */
export type Numbered = keyof ReturnType<typeof count>;

export const numbered = Object.keys(count([])) as Numbered[];

/** Gives every row of the numbered tables its number, from the first free one of each table. */
export function number(shapes: readonly Shape[], free: Record<Numbered, number>): void {
  const take = (table: Numbered, rows = 1) => {
    const first = free[table];
    free[table] += rows;
    return first;
  };
  for (const shape of shapes) {
    shape.id = take("containers");
    shape.artifactId = take("artifacts", shape.ingested + shape.added);
    for (const run of shape.runs) run.id = take("playbook_runs");
    for (const ask of [...shape.runs.flatMap((run) => run.asks), ...shape.manual]) {
      ask.id = take("action_runs");
      ask.appRunId = take("app_runs", ask.appRuns);
    }
    if (!shape.workbook) continue;
    shape.workbook.id = take("workbooks");
    shape.workbook.phaseId = take("phases", phaseNames.length);
    shape.workbook.taskId = take("tasks", phaseNames.length * tasksOfPhase);
  }
}

interface Wanted {
  /** When each of the containers came in, in milliseconds. */
  times: readonly number[];
  /** Now, for them. */
  until: number;
  /** How many artifacts each has on average. */
  artifactsEach: number;
}

/** Draws containers that came in at given times; a few are merged into cases among them. */
export function drawAll(random: Random, around: Surroundings, { times, ...wanted }: Wanted): Shape[] {
  const cases: Shape[] = [];
  return times.map((created) => {
    const shape = draw(random, around, { created, ...wanted }, cases);
    if (shape.isCase) cases.push(shape);
    return shape;
  });
}

/** The older a container, the more likely it is resolved. */
function draw(
  random: Random,
  around: Surroundings,
  { created, until, artifactsEach }: { created: number; until: number; artifactsEach: number },
  cases: readonly Shape[],
): Shape {
  const theme = random.pick(themes);
  const age = (until - created) / day;
  const stage = random.next() < Math.min(0.97, age / 20) ? "resolved" : random.next() < 0.5 ? "open" : "new";
  const byRole = random.next() < 0.03;
  const isCase = stage !== "new" && random.next() < 0.08;
  const runs = Array.from({ length: random.pick([0, 0, 1, 1, 2, 4]) }, () => ({
    id: 0,
    playbookId: random.pick(around.playbooks),
    asks: Array.from({ length: random.between(1, 4) }, () => ask(random, around)),
  }));
  return {
    id: 0,
    theme,
    stage,
    created,
    resolved: Math.min(created + random.between(10, 2880) * minute, until),
    owner: stage === "new" || byRole ? null : random.pick(around.people),
    role: byRole ? random.pick(around.roles) : null,
    source: random.next() < 0.3 ? random.pick(around.tools) : undefined,
    isCase,
    parent: !isCase && cases.length && random.next() < 0.03 ? random.pick(cases) : undefined,
    ingested: Math.max(1, Math.round((artifacts(random) * artifactsEach) / 50)),
    added: runs.length ? random.pick([0, 0, 1, 3]) : 0,
    artifactId: 0,
    runs,
    closedBy: stage === "resolved" && random.next() < 0.1 ? runs.at(-1) : undefined,
    manual: random.next() < 0.2 ? [ask(random, around)] : [],
    workbook: isCase ? { id: 0, phaseId: 0, taskId: 0 } : undefined,
  };
}

/** 50 on average: most have a handful, one in ten some hundreds, one in a hundred more than thousand. */
function artifacts(random: Random): number {
  const lot = random.next();
  if (lot < 0.7) return random.between(1, 12);
  if (lot < 0.9) return random.between(20, 80);
  if (lot < 0.99) return random.between(100, 400);
  return random.between(800, 1800);
}

function ask(random: Random, around: Surroundings): Ask {
  const tool = random.pick(around.tools);
  const appRuns = Math.min(random.pick([1, 1, 1, 2]), Math.max(1, tool.assets.length));
  return { id: 0, tool, appRunId: 0, appRuns };
}
