import { type SQL, sql } from "drizzle-orm";
import type { Permission } from "./auth/permissions.js";
import type { Context } from "./context.js";
import type { Writer } from "./database/pools.js";
import { AppError, Refusal, type RefusalCode } from "./errors.js";
import { auditEntries } from "./schema/audit.js";
import { defaulted, flag, type InputOf, type Inputs, type Payload } from "./schema/operations.js";
import { idempotencyKeys, outbox } from "./schema/system.js";

/** Something that happened to an object, for those who follow its container. */
export interface Event {
  topic: "container";
  kind: string;
  containerId: number;
  nodeType: string;
  nodeId: number;
}

/** What an operation works with. */
export interface Work<Input> {
  readonly writer: Writer;
  readonly input: Input;
  readonly context: Context;
  /** Adds a statement whose answer nobody needs: it is sent at the end, with the commit. */
  last(statement: SQL): void;
  /** Tells those who follow the container, if and when the operation commits. */
  emit(kind: string, containerId: number, nodeType: string, nodeId: number): void;
  /** Tells the caller who asked with `trace: true`. */
  trace(line: string): void;
}

/** What an operation did: a sentence for the caller, and the ids and values of its payload. */
export interface Done {
  message: string;
  result: Record<string, unknown>;
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

/** How it ended: kept under the idempotency key, from which the payload is read anew. */
export interface Outcome {
  success: boolean;
  code: RefusalCode | null;
  field: string | null;
  message: string;
  result: Record<string, unknown>;
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
  try {
    permit(definition, context);
    const { outcome } = await context.database.transaction(
      async (writer, now) => {
        lines.length = 0;
        const earlier = await claim(writer, context, responseName);
        if (earlier) return { outcome: earlier, endings: [] };
        const [events, endings]: [Event[], SQL[]] = [[], []];
        const outcome = await attempt(definition, now, {
          writer,
          input,
          context,
          last: (statement) => endings.push(statement),
          emit: (kind, containerId, nodeType, nodeId) =>
            events.push({ topic: "container", kind, containerId, nodeType, nodeId }),
          trace: (line) => lines.push(`${responseName}: ${line}`),
        });
        lines.push(`${responseName}: ${outcome.message}`);
        const done = record(context, definition.name, responseName, outcome, events);
        return { outcome, endings: outcome.success ? [...endings, done] : [done] };
      },
      ({ endings }) => endings,
    );
    return outcome;
  } catch (error) {
    await recordFailure(context, definition.name, error);
    throw error;
  } finally {
    if (trace) context.trace.push(...lines);
  }
}

function permit({ name, may }: Definition<Inputs, unknown>, { caller }: Context): void {
  if (caller.permissions.has(may)) return;
  throw new AppError("FORBIDDEN", `${caller.username} may not ${name}: none of their roles allows ${may}.`, {
    permission: may,
  });
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
    const { message, result } = await definition.run(work as never, target);
    return { success: true, code: null, field: null, message, result };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (savepoint) await work.writer.execute(sql`rollback to savepoint operation`);
    return { success: false, code: error.code, field: error.field ?? null, message: error.message, result: error.ids };
  }
}

/**
 * Takes the caller's idempotency key for this transaction, waiting for an equal request under way, and gives the outcome
 * if this mutation was done before. Keys older than a day count as new.
 */
async function claim(
  writer: Writer,
  { caller, idempotency }: Context,
  responseName: string,
): Promise<Outcome | undefined> {
  if (!idempotency) return undefined;
  const { key, fingerprint } = idempotency;
  const t = idempotencyKeys;
  const expired = sql`${t.createTime} < now() - interval '24 hours'`;
  const [kept] = await writer
    .insert(t)
    .values({ userId: caller.id, key, fingerprint })
    .onConflictDoUpdate({
      target: [t.userId, t.key],
      set: {
        fingerprint: sql`case when ${expired} then excluded.fingerprint else ${t.fingerprint} end`,
        outcomes: sql`case when ${expired} then '{}' else ${t.outcomes} end`,
        createTime: sql`case when ${expired} then now() else ${t.createTime} end`,
      },
    })
    .returning();
  if (kept!.fingerprint === fingerprint) return kept!.outcomes[responseName] as Outcome | undefined;
  throw new AppError(
    "IDEMPOTENCY_CONFLICT",
    `The Idempotency-Key ${JSON.stringify(key)} was already used for another document, other variables or another container; use a new key.`,
    { idempotencyKey: key },
  );
}

/** Everything a finished operation leaves behind, in one statement; after all locks, so that events keep their order. */
function record(context: Context, name: string, responseName: string, outcome: Outcome, events: Event[]): SQL {
  const parts: SQL[] = [
    sql`audit as (${auditInsert(context, name, outcome.success ? "done" : "refused", outcome.code, outcome.message, outcome.result)})`,
  ];
  if (context.idempotency) {
    const kept = sql`${idempotencyKeys.outcomes}::jsonb || ${JSON.stringify({ [responseName]: outcome })}::jsonb`;
    parts.push(sql`key as (update ${idempotencyKeys} set outcomes = (${kept})::json
      where ${idempotencyKeys.userId} = ${context.caller.id} and ${idempotencyKeys.key} = ${context.idempotency.key})`);
  }
  if (outcome.success && events.length) {
    parts.push(sql`events as (insert into ${outbox} (topic, kind, container_id, node_type, node_id)
      select topic, kind, "containerId", "nodeType", "nodeId" from json_to_recordset(${JSON.stringify(events)}::json)
      as e(topic text, kind text, "containerId" int, "nodeType" text, "nodeId" int))`);
  }
  return sql`with ${sql.join(parts, sql`, `)} select`;
}

/** What was asked for and not done leaves its mark too, in a transaction of its own. */
async function recordFailure(context: Context, name: string, error: unknown): Promise<void> {
  const [outcome, code, message] =
    error instanceof AppError
      ? (["refused", error.code, error.message] as const)
      : (["failed", "INTERNAL_SERVER_ERROR", "A fault of the server."] as const);
  await context.database.writer.execute(auditInsert(context, name, outcome, code, message, {})).catch(() => {});
}

function auditInsert(
  { caller, requestId, address, idempotency, container }: Context,
  operation: string,
  outcome: "done" | "refused" | "failed",
  code: string | null,
  message: string,
  result: Record<string, unknown>,
): SQL {
  const ids = Object.fromEntries(Object.entries(result).filter(([name]) => name.endsWith("Id")));
  const containerId = ids.containerId ?? container ?? null;
  return sql`insert into ${auditEntries} (user_id, operation, outcome, code, message, container_id, ids, request_id, address, idempotency_key)
    values (${caller.id}, ${operation}, ${outcome}, ${code}, ${message}, ${containerId}, ${JSON.stringify(ids)}, ${requestId}, ${address}, ${idempotency?.key ?? null})`;
}

/** Absent and null are the default where there is one. The copy has plain objects, graphql-js' own have no prototype. */
function withDefaults(inputs: Inputs, given: Record<string, unknown>): Record<string, unknown> {
  const filled = structuredClone(given);
  for (const [name, { defaultValue }] of Object.entries(inputs)) {
    if (defaultValue !== undefined) filled[name] = given[name] ?? defaultValue;
  }
  return filled;
}
