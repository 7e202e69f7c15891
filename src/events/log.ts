import { type SQL, sql } from "drizzle-orm";
import type { TextRow } from "../database/pools.js";
import { fromPostgresTime } from "../schema/scalars.js";

/** An event as the log keeps it. */
export interface LogEvent {
  /** Its place among all events: 1, 2, 3 … without a gap. */
  readonly pos: number;
  readonly time: string;
  readonly topic: string;
  readonly kind: string;
  /** Its place among those of its object. */
  readonly sequence: number;
  /** What it counts among the events of: its run, else its container. */
  readonly objectId: number;
  readonly containerId: number | null;
  readonly nodeType: string;
  readonly nodeId: number;
  readonly status: string | null;
}

/** Events that are read from the log at once. */
export const pageSize = 1000;

/** The channel on which `stamp()` tells that there are events. */
export const channel = "soar_events";

/** Moves events from the outbox to the log; whoever does it, does it for all. */
export const stamp = sql`select stamp()`;

/** Drops what is older than the settings say, whole days at once. */
export const dropOldEvents = sql`select drop_old_events()`;

/** What the log holds: the name of this history of events, the place before the oldest one kept, and the last place. */
export const extent = sql`
  select event_history(), coalesce((select min(pos) from event_log) - 1, pos), pos from event_log_end`;

export interface Extent {
  readonly history: string;
  readonly start: number;
  readonly end: number;
}

export function readExtent([row]: TextRow[]): Extent {
  const [history, start, end] = row as string[];
  return { history: history!, start: Number(start), end: Number(end) };
}

/** The events after a place, in order. */
export const after = (pos: number): SQL => sql`
  select pos, time, topic, kind, sequence, object_id, container_id, node_type, node_id, status
  from event_log where pos > ${pos} order by pos limit ${pageSize}`;

export function readEvent(row: TextRow): LogEvent {
  const [pos, time, topic, kind, sequence, objectId, containerId, nodeType, nodeId, status] = row as [
    string,
    ...string[],
  ];
  return {
    pos: Number(pos),
    time: fromPostgresTime(time!),
    topic: topic!,
    kind: kind!,
    sequence: Number(sequence),
    objectId: Number(objectId),
    containerId: row[6] === null ? null : Number(containerId),
    nodeType: nodeType!,
    nodeId: Number(nodeId),
    status: status ?? null,
  };
}
