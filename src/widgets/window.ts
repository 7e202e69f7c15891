import { type SQL, sql } from "drizzle-orm";
import { AppError } from "../errors.js";
import { longestWindow } from "../limits.js";
import { required, text } from "../schema/operations.js";
import { systemSettings } from "../schema/system.js";

/** The time a widget looks at: from `start` until just before `end`. */
export interface Window {
  readonly start: SQL;
  readonly end: SQL;
}

const day = 24 * 60 * 60_000;

/** The window that arguments ask for; the last 7 days when they say none. Other doors have other names for them. */
export function windowOf({ startTime, endTime }: { startTime?: unknown; endTime?: unknown }): Window {
  const [start, end] = [startTime, endTime].map((time) => (typeof time === "string" ? time : undefined));
  if (!start && !end) return { start: sql`now() - interval '7 days'`, end: sql`now()` };
  if (!start || !end)
    throw wrong(
      `Of the window only the ${start ? `start, ${start},` : `end, ${end},`} is given; give both, or neither for the last 7 days.`,
      { startTime, endTime },
    );
  const given = { startTime, endTime };
  if (start >= end) throw wrong(`The window ends at ${end}, which is not after its start, ${start}.`, given);
  if ((Date.parse(end) - Date.parse(start)) / day > longestWindow)
    throw wrong(`From ${start} to ${end} are more than ${longestWindow} days; ask for fewer.`, {
      ...given,
      limit: longestWindow,
    });
  return { start: sql`${start}::timestamptz`, end: sql`${end}::timestamptz` };
}

const wrong = (message: string, details: Record<string, unknown>) => new AppError("BAD_USER_INPUT", message, details);

export const within = (time: unknown, { start, end }: Window): SQL => sql`${time} >= ${start} and ${time} < ${end}`;

const timeZone = sql`(select ${systemSettings.timeZone} from ${systemSettings})`;

/** The day of a time, where the system is. */
export const dayOf = (time: unknown): SQL => sql`((${time}) at time zone ${timeZone})::date`;

export const date = required(text, "The day, such as `2026-11-25`, in the system's time zone.");

/** The days that a window touches, as `day`. */
export const days = ({ start, end }: Window): SQL =>
  sql`select d::date as day from generate_series(${dayOf(start)}, ${dayOf(sql`${end} - interval '1 microsecond'`)}, interval '1 day') d`;

/** A row for each day of a window: `figures` of what `found` has of that day under `day`, or of nothing. */
export function eachDay(window: Window, found: SQL, figures: SQL): SQL {
  return sql`select to_char(day, 'YYYY-MM-DD') as date, ${figures} from (${days(window)}) days left join (${found}) found using (day) order by day`;
}

export const averageSeconds = (span: SQL): SQL => sql`round(extract(epoch from avg(${span})), 1)`;
