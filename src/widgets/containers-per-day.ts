import { type SQL, sql } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import { int, required } from "../schema/operations.js";
import { record } from "../schema/record.js";
import { type Asked, all, c, counted, fromContainers, inWindowOfLabel, ofOwner, type Widget } from "./widget.js";
import { date, dayOf, eachDay, within } from "./window.js";

export const ContainersOfDay = record("ContainersOfDay", "How many containers there were on a day.", {
  date,
  count: required(int, "How many containers."),
});

export const containersNew = perDay("containersNew", "How many containers came in, day by day.", c.createTime);
export const containersResolved = perDay(
  "containersResolved",
  "How many containers were resolved, day by day.",
  c.closeTime,
);

function perDay(name: string, description: string, time: PgColumn): Widget {
  return {
    name,
    description,
    takes: { ...inWindowOfLabel, ...ofOwner },
    gives: ContainersOfDay,
    many: true,
    statement: (asked) => eachDay(asked.window, countOfDays(asked, time), sql`coalesce(count, 0) as count`),
  };
}

const countOfDays = (asked: Asked, time: PgColumn): SQL =>
  sql`select ${dayOf(time)} as day, count(*) from ${fromContainers} where ${all(within(time, asked.window), counted(asked))} group by 1`;
