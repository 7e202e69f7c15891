import { type SQL, sql } from "drizzle-orm";
import { type CurrentRun, currentRun } from "./auth/current-run.js";
import type { Permission } from "./auth/permissions.js";
import type { Caller } from "./auth/who.js";
import type { Context } from "./context.js";
import type { Writer } from "./database/pools.js";
import { AppError, Refusal } from "./errors.js";
import { ring } from "./events/stamp.js";
import { callWorkers } from "./events/work.js";
import { claim, type Event, type Outcome, type RunChange, record, recordFailure, runEvent } from "./ledger.js";
import { defaulted, flag, type InputOf, type Inputs, type Payload } from "./schema/operations.js";

/** What a question works with. */
export interface Look<Input> {
  readonly writer: Writer;
  readonly input: Input;
  readonly context: Context;
  /** The playbook run on whose behalf this is done. */
  readonly run: CurrentRun | undefined;
  /** What the operation as a whole asks of a caller's role. */
  readonly may: Permission;
  /** Refuses callers whose roles do not allow this too. */
  permit(permission: Permission): void;
  /** Tells the caller who asked with `trace: true`. */
  trace(line: string): void;
}

/** What an operation works with. */
export interface Work<Input> extends Look<Input> {
  /** Adds a statement whose answer nobody needs: it is sent at the end, with the commit. */
  last(statement: SQL): void;
  /** Tells those who follow the container, if and when the operation commits. */
  emit(kind: string, containerId: number, nodeType: string, nodeId: number): void;
  /** Tells those who follow runs that one came to be, or to another status; its row is locked or new. */
  emitRun(topic: "playbookRun" | "actionRun", run: RunChange): void;
  /** Undoes whatever was written since `run` began. */
  undo(): Promise<void>;
}

/** What an operation did: a sentence for the caller, and the ids and values of its payload. */
export interface Done {
  message: string;
  result: Record<string, unknown>;
  /** Secrets that are answered this once and kept nowhere. */
  once?: Record<string, unknown>;
}

interface Definition<I extends Inputs, Target, W> {
  name: string;
  /** Begins with its Python name, if it has one. */
  description: string;
  /** What it does where the manual leaves that open: sentences for the documents. */
  decided?: readonly string[];
  /** What a caller's role must allow. */
  may: Permission;
  /** Whether it is an engine's with its runs, rather than what a run does: the current one is not held. */
  ofEngines?: boolean;
  input: I;
  payload: Payload;
  /** Finds and checks what the operation is about, and locks it if it is to change. */
  on?(work: W): Promise<Target>;
  run(work: W, target: Target): Promise<Done>;
}

type Change<I extends Inputs, Target> = Definition<I, Target, Work<InputOf<I>>>;
type Question<I extends Inputs, Target> = Definition<I, Target, Look<InputOf<I>>>;

/** An operation as the resolvers and documents see it. */
export interface Operation {
  readonly kind: "mutation" | "query";
  readonly name: string;
  readonly description: string;
  readonly decided: readonly string[];
  readonly may: Permission;
  readonly input: Inputs;
  readonly payload: Payload;
  execute(context: Context, input: Record<string, unknown>, responseName: string): Promise<Outcome>;
}

/**
 * A change of the store, whole: one transaction that claims the idempotency key, locks what it is about, runs, and on a
 * refusal undoes what it wrote; then the audit row, the outcome under the key and the events, and the commit.
 */
export function operation<I extends Inputs, Target = undefined>(definition: Change<I, Target>): Operation {
  return described("mutation", definition, execute as Execute<Change<I, Target>>);
}

/** A question about the store: nothing is changed, locked or recorded; what it cannot answer it refuses as changes do. */
export function question<I extends Inputs, Target = undefined>(definition: Question<I, Target>): Operation {
  return described("query", definition, inform as Execute<Question<I, Target>>);
}

type Execute<D> = (
  definition: D,
  context: Context,
  input: Record<string, unknown>,
  responseName: string,
) => Promise<Outcome>;

function described<D extends Omit<Operation, "kind" | "decided" | "execute"> & { decided?: readonly string[] }>(
  kind: Operation["kind"],
  definition: D,
  run: Execute<D>,
): Operation {
  const { name, description, may, payload, decided = [] } = definition;
  const input = {
    ...definition.input,
    trace: defaulted(flag, false, "Also say what was done, line by line, in `extensions.trace`."),
  };
  return {
    kind,
    name,
    description,
    decided,
    may,
    input,
    payload,
    execute: (context, given, responseName) => run(definition, context, withDefaults(input, given), responseName),
  };
}

async function execute(
  definition: Change<Inputs, unknown>,
  context: Context,
  { trace, ...input }: Record<string, unknown>,
  responseName: string,
): Promise<Outcome> {
  const lines: string[] = [];
  const permit = permitting(definition.name, context.caller);
  try {
    permit(definition.may);
    const { outcome, events } = await context.database.transaction(
      async (writer, now) => {
        lines.length = 0;
        const earlier = await claim(writer, context, responseName);
        if (earlier) return { outcome: earlier, events: [], endings: [] };
        const [events, endings]: [Event[], SQL[]] = [[], []];
        const outcome = await attempt(definition, now, {
          writer,
          input,
          context,
          may: definition.may,
          permit,
          run: undefined,
          last: (statement) => endings.push(statement),
          emit: (kind, containerId, nodeType, nodeId) =>
            events.push({ topic: "container", kind, containerId, nodeType, nodeId }),
          emitRun: (topic, run) => events.push(runEvent(topic, run)),
          undo: async () => {
            await writer.execute(sql`rollback to savepoint operation`);
            [events.length, endings.length] = [0, 0];
          },
          trace: (line) => lines.push(`${responseName}: ${line}`),
        });
        lines.push(`${responseName}: ${outcome.message}`);
        const done = record(context, definition.name, responseName, outcome, events);
        return { outcome, events, endings: outcome.success ? [...endings, done] : [done] };
      },
      ({ endings }) => endings,
    );
    if (events.some(({ topic }) => topic === "actionRun")) callWorkers(context.database);
    if (events.length) ring(context.database);
    return outcome;
  } catch (error) {
    await recordFailure(context, definition.name, error);
    throw error;
  } finally {
    if (trace) context.trace.push(...lines);
  }
}

async function inform(
  definition: Question<Inputs, unknown>,
  context: Context,
  { trace, ...input }: Record<string, unknown>,
  responseName: string,
): Promise<Outcome> {
  const { name, may } = definition;
  const permit = permitting(name, context.caller);
  permit(may);
  const lines: string[] = [];
  const look = {
    writer: context.database.writer,
    input,
    context,
    may,
    permit,
    run: undefined,
    trace: (line: string) => lines.push(`${responseName}: ${line}`),
  };
  const outcome = await refusable(async () => {
    const onBehalf = { ...look, run: await currentRun(look.writer, context) };
    return definition.run(onBehalf, await definition.on?.(onBehalf));
  });
  if (trace) context.trace.push(...lines, `${responseName}: ${outcome.message}`);
  return outcome;
}

function permitting(name: string, { permissions, username }: Caller): Look<unknown>["permit"] {
  return (permission) => {
    if (permissions.has(permission)) return;
    const message = `${username} may not ${name}: none of their roles allows ${permission}.`;
    throw new AppError("FORBIDDEN", message, { permission });
  };
}

async function attempt(
  definition: Change<Inputs, unknown>,
  now: (statement: SQL) => Promise<unknown>,
  asked: Work<Record<string, unknown>>,
): Promise<Outcome> {
  let savepoint = false;
  const outcome = await refusable(async () => {
    const work = { ...asked, run: await currentRun(asked.writer, asked.context, !definition.ofEngines) };
    const target = await definition.on?.(work);
    // Not waited for: it travels with the first statement of the operation.
    now(sql`savepoint operation`).catch(() => {});
    savepoint = true;
    return definition.run(work, target);
  });
  if (!outcome.success && savepoint) await asked.undo();
  return outcome;
}

async function refusable(act: () => Promise<Done>): Promise<Outcome> {
  try {
    return { success: true, code: null, field: null, ...(await act()) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { code, field = null, message, shown } = error;
    return { success: false, code, field, message, result: shown };
  }
}

/** Absent and null are the default where there is one. The copy has plain objects, graphql-js' own have no prototype. */
function withDefaults(inputs: Inputs, given: Record<string, unknown>): Record<string, unknown> {
  const filled = structuredClone(given);
  for (const [name, { defaultValue }] of Object.entries(inputs)) {
    if (defaultValue !== undefined) filled[name] = given[name] ?? defaultValue;
  }
  return filled;
}
