import { type SQL, sql } from "drizzle-orm";
import type { Permission } from "./auth/permissions.js";
import type { Caller } from "./auth/who.js";
import type { Context } from "./context.js";
import type { Writer } from "./database/pools.js";
import { AppError, Refusal } from "./errors.js";
import { ring } from "./events/stamp.js";
import { claim, type Event, type Outcome, type RunChange, record, recordFailure, runEvent } from "./ledger.js";
import { defaulted, flag, type InputOf, type Inputs, type Payload } from "./schema/operations.js";

/** What an operation works with. */
export interface Work<Input> {
  readonly writer: Writer;
  readonly input: Input;
  readonly context: Context;
  /** What the operation as a whole asks of a caller's role. */
  readonly may: Permission;
  /** Refuses callers whose roles do not allow this too. */
  permit(permission: Permission): void;
  /** Adds a statement whose answer nobody needs: it is sent at the end, with the commit. */
  last(statement: SQL): void;
  /** Tells those who follow the container, if and when the operation commits. */
  emit(kind: string, containerId: number, nodeType: string, nodeId: number): void;
  /** Tells those who follow runs that one came to be, or to another status; its row is locked or new. */
  emitRun(topic: "playbookRun" | "actionRun", run: RunChange): void;
  /** Tells the caller who asked with `trace: true`. */
  trace(line: string): void;
}

/** What an operation did: a sentence for the caller, and the ids and values of its payload. */
export interface Done {
  message: string;
  result: Record<string, unknown>;
  /** Secrets that are answered this once and kept nowhere. */
  once?: Record<string, unknown>;
}

interface Definition<I extends Inputs, Target> {
  name: string;
  /** Begins with its Python name, if it has one. */
  description: string;
  /** What a caller's role must allow. */
  may: Permission;
  input: I;
  payload: Payload;
  /** Finds, checks and locks what the operation is about. */
  on?(work: Work<InputOf<I>>): Promise<Target>;
  run(work: Work<InputOf<I>>, target: Target): Promise<Done>;
}

/** An operation as the resolvers and documents see it. */
export interface Operation {
  readonly name: string;
  readonly description: string;
  readonly may: Permission;
  readonly input: Inputs;
  readonly payload: Payload;
  execute(context: Context, input: Record<string, unknown>, responseName: string): Promise<Outcome>;
}

/**
 * A change of the store, whole: one transaction that claims the idempotency key, locks what it is about, runs, and on a
 * refusal undoes what it wrote; then the audit row, the outcome under the key and the events, and the commit.
 */
export function operation<I extends Inputs, Target = undefined>(definition: Definition<I, Target>): Operation {
  const { name, description, may, payload } = definition;
  const input = {
    ...definition.input,
    trace: defaulted(flag, false, "Also say what was done, line by line, in `extensions.trace`."),
  };
  return {
    name,
    description,
    may,
    input,
    payload,
    execute: (context, given, responseName) =>
      execute(definition as unknown as Definition<Inputs, unknown>, context, withDefaults(input, given), responseName),
  };
}

async function execute(
  definition: Definition<Inputs, unknown>,
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
          last: (statement) => endings.push(statement),
          emit: (kind, containerId, nodeType, nodeId) =>
            events.push({ topic: "container", kind, containerId, nodeType, nodeId }),
          emitRun: (topic, run) => events.push(runEvent(topic, run)),
          trace: (line) => lines.push(`${responseName}: ${line}`),
        });
        lines.push(`${responseName}: ${outcome.message}`);
        const done = record(context, definition.name, responseName, outcome, events);
        return { outcome, events, endings: outcome.success ? [...endings, done] : [done] };
      },
      ({ endings }) => endings,
    );
    if (events.length) ring(context.database);
    return outcome;
  } catch (error) {
    await recordFailure(context, definition.name, error);
    throw error;
  } finally {
    if (trace) context.trace.push(...lines);
  }
}

function permitting(name: string, { permissions, username }: Caller): Work<unknown>["permit"] {
  return (permission) => {
    if (permissions.has(permission)) return;
    const message = `${username} may not ${name}: none of their roles allows ${permission}.`;
    throw new AppError("FORBIDDEN", message, { permission });
  };
}

async function attempt<I, T>(
  definition: Definition<Inputs, T>,
  now: (statement: SQL) => Promise<unknown>,
  work: Work<I>,
): Promise<Outcome> {
  let savepoint = false;
  try {
    const target = (await definition.on?.(work as never)) as T;
    // Not waited for: it travels with the first statement of the operation.
    now(sql`savepoint operation`).catch(() => {});
    savepoint = true;
    const done = await definition.run(work as never, target);
    return { success: true, code: null, field: null, ...done };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (savepoint) await work.writer.execute(sql`rollback to savepoint operation`);
    return { success: false, code: error.code, field: error.field ?? null, message: error.message, result: error.ids };
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
