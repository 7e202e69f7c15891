import { type SQL, sql } from "drizzle-orm";
import type { Context } from "./context.js";
import type { Writer } from "./database/pools.js";
import { AppError, type RefusalCode } from "./errors.js";
import { auditEntries } from "./schema/audit.js";
import { idempotencyKeys, outbox } from "./schema/system.js";

/*
 * What operations leave behind beside their work: the outcome under the caller's idempotency key, the audit entry, and the
 * events for those who follow.
 */

/** Something that happened to an object, for those who follow a topic. */
export interface Event {
  topic: "container" | "playbookRun" | "actionRun";
  kind: string;
  /** Whose events are counted; left out, the container's. */
  objectId?: number;
  containerId: number;
  status?: string;
  nodeType: string;
  nodeId: number;
}

/** What the runs of each topic are. */
const runTypes = { playbookRun: "PlaybookRun", actionRun: "ActionRun" };

/** A run that came to be or to another status, or of which a part ended: its app run. */
export interface RunChange {
  id: number;
  containerId: number;
  status: string;
  appRunId?: number | undefined;
}

export function runEvent(topic: keyof typeof runTypes, { id, containerId, status, appRunId }: RunChange): Event {
  const node = appRunId ? { nodeType: "AppRun", nodeId: appRunId } : { nodeType: runTypes[topic], nodeId: id };
  return { topic, kind: "CHANGE", objectId: id, containerId, status, ...node };
}

/** How it ended: kept under the idempotency key, from which the payload is read anew. */
export interface Outcome {
  success: boolean;
  code: RefusalCode | null;
  field: string | null;
  message: string;
  result: Record<string, unknown>;
  /** Not kept: secrets for this answer alone. */
  once?: Record<string, unknown>;
}

/** Whether an idempotency key is older than the day for which it is kept. */
export const expired = sql`${idempotencyKeys.createTime} < now() - interval '24 hours'`;

/**
 * Takes the caller's idempotency key for this transaction, waiting for an equal request under way, and gives the outcome
 * if this mutation was done before. Keys older than a day count as new.
 */
export async function claim(
  writer: Writer,
  { caller, idempotency }: Context,
  responseName: string,
): Promise<Outcome | undefined> {
  if (!idempotency) return undefined;
  const { key, fingerprint } = idempotency;
  const t = idempotencyKeys;
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
export function record(context: Context, name: string, responseName: string, outcome: Outcome, events: Event[]): SQL {
  const parts: SQL[] = [
    sql`audit as (${auditInsert(context, name, outcome.success ? "done" : "refused", outcome.code, outcome.message, outcome.result)})`,
  ];
  if (context.idempotency) {
    const kept = sql`${idempotencyKeys.outcomes}::jsonb || ${JSON.stringify({ [responseName]: { ...outcome, once: undefined } })}::jsonb`;
    parts.push(sql`key as (update ${idempotencyKeys} set outcomes = (${kept})::json
      where ${idempotencyKeys.userId} = ${context.caller.id} and ${idempotencyKeys.key} = ${context.idempotency.key})`);
  }
  if (outcome.success && events.length) {
    parts.push(sql`events as (${eventInsert(events)})`);
  }
  return sql`with ${sql.join(parts, sql`, `)} select`;
}

/** Hands events to the outbox; after all locks, so that events keep their order. */
export function eventInsert(events: readonly Event[]): SQL {
  return sql`insert into ${outbox} (topic, kind, object_id, container_id, status, node_type, node_id)
    select topic, kind, "objectId", "containerId", status, "nodeType", "nodeId" from json_to_recordset(${JSON.stringify(events)}::json)
    as e(topic text, kind text, "objectId" int, "containerId" int, status text, "nodeType" text, "nodeId" int)`;
}

/** What was asked for and not done leaves its mark too, in a transaction of its own. */
export async function recordFailure(context: Context, name: string, error: unknown): Promise<void> {
  const [outcome, code, message] =
    error instanceof AppError
      ? (["refused", error.code, error.message] as const)
      : (["failed", "INTERNAL_SERVER_ERROR", "A fault of the server."] as const);
  await context.database.writer.execute(auditInsert(context, name, outcome, code, message, {})).catch(() => {});
}

/** One entry, or one for each of the containers that an operation changed. */
function auditInsert(
  { caller, requestId, address, idempotency, container }: Context,
  operation: string,
  outcome: "done" | "refused" | "failed",
  code: string | null,
  message: string,
  result: Record<string, unknown>,
): SQL {
  const ids = Object.fromEntries(Object.entries(result).filter(([name]) => name.endsWith("Id")));
  const about = result.containerIds ?? [ids.containerId ?? container ?? null];
  return sql`insert into ${auditEntries} (user_id, operation, outcome, code, message, container_id, ids, request_id, address, idempotency_key)
    select ${caller.id}::int, ${operation}::text, ${outcome}::text, ${code}::text, ${message}::text, c, ${JSON.stringify(ids)}::json,
      ${requestId}::text, ${address}::text, ${idempotency?.key ?? null}::text from unnest(${sql.param(about)}::int[]) c`;
}
