import { and, type SQL, sql } from "drizzle-orm";
import { alias, type PgColumn, type PgTable } from "drizzle-orm/pg-core";
import { visible } from "../auth/visible.js";
import type { Caller } from "../auth/who.js";
import type { Database } from "../database/pools.js";
import { Container, containers } from "../schema/container.js";
import { type Inputs, int, optional, text, time } from "../schema/operations.js";
import type { RecordType } from "../schema/record.js";
import { type Window, windowOf } from "./window.js";

/** What a widget is asked for, and by whom. */
export interface Asked {
  readonly caller: Caller;
  readonly window: Window;
  readonly label?: string | null;
  readonly userId?: number | null;
  readonly sla?: number | null;
  readonly actionFilter?: "manual" | "automated" | null;
  readonly playbookCategory?: string | null;
}

/** Figures for a dashboard: what it takes, what it gives, and the one statement that computes it as JSON. */
export interface Widget {
  readonly name: string;
  readonly description: string;
  readonly takes: Inputs;
  readonly gives: RecordType;
  /** Whether it gives a list of them. */
  readonly many: boolean;
  statement(asked: Asked): SQL;
}

const label = optional(text, "Only containers of this label, whatever its letter case.");

export const ofLabel = { label };
export const inWindow = {
  startTime: optional(time, "From then on; together with `endTime` or not at all: the last 7 days."),
  endTime: optional(time, "Until just before then."),
};
export const inWindowOfLabel = { ...inWindow, label };
export const ofOwner = { userId: optional(int, "Only containers that this user owns, by id.") };

/** The answer of a widget, computed in one statement that is planned for what is asked. */
export async function answer(
  { statement, many }: Widget,
  { database, caller }: { database: Database; caller: Caller },
  args: Record<string, unknown>,
): Promise<unknown> {
  const rows = statement({ ...args, caller, window: windowOf(args) });
  const whole = many
    ? sql`select coalesce(json_agg(w), '[]') from (${rows}) w`
    : sql`select row_to_json(w) from (${rows}) w`;
  const [row] = await database.read(whole, "for its values");
  return JSON.parse(row![0]!);
}

/** Containers as widgets read them. */
export const c = alias(containers, "c");
export const fromContainers = sql`${containers} c`;

/** The containers that count: shown to the caller, of the label and the owner asked for. */
export const counted = (asked: Asked): SQL => all(visible(Container, c, asked.caller), wanted(asked));

/** The condition that what belongs to a container belongs to one of the label and the owner asked for. */
export function inCounted(table: PgTable & { containerId: PgColumn }, asked: Partial<Asked>): SQL | undefined {
  const which = wanted(asked);
  return which && sql`exists (select from ${fromContainers} where ${c.id} = ${table.containerId} and ${which})`;
}

function wanted({ label, userId }: Partial<Asked>): SQL | undefined {
  return and(
    given(label) ? sql`lower(${c.label}) = lower(${label})` : undefined,
    given(userId) ? sql`${c.ownerId} = ${userId}` : undefined,
  );
}

/** Every condition given; without one, always. */
export const all = (...conditions: (SQL | undefined)[]): SQL => and(...conditions) ?? sql`true`;

export const given = <T>(value: T | null | undefined): value is T => value !== null && value !== undefined;
