import type { Database, TextRow } from "../database/pools.js";
import type { AppError } from "../errors.js";
import { exceeds, limits } from "../limits.js";
import type { Exposed, Row } from "../schema/expose.js";
import type { Kind } from "../schema/kinds.js";
import { fromPostgresTime } from "../schema/scalars.js";
import { type Level, leading, levelStatement, planning } from "./level.js";
import { kindOfProperty } from "./value.js";

/** What one parent has: its rows in order, as Postgres' text, and how many in all where that was asked. */
export interface Found {
  readonly rows: TextRow[];
  /** Which cell of a row holds the first property. */
  readonly from: number;
  readonly count: number;
  /** Whether that is all there are. */
  readonly counted: boolean;
}

const nothing: Found = { rows: [], from: 0, count: 0, counted: true };

/** Reads a level in one statement and gives what each parent has; without parents, under the key 0. */
export async function readLevel(database: Database, level: Level): Promise<(key: number | string) => Found> {
  const lead = leading(level);
  const [count, counted, beyond] = [lead.indexOf("count"), lead.indexOf("counted"), lead.indexOf("beyond")];
  const from = lead.length;
  const id = from + level.properties.indexOf("id");
  const found = new Map<string, Found>();
  for (const cells of await database.read(levelStatement(level), planning(level))) {
    if (cells[beyond] === "t") throw lookedThroughTooMany();
    const key = String(cells[0]);
    const own = found.get(key) ?? { rows: [], from, count: Number(cells[count]), counted: cells[counted] === "t" };
    found.set(key, own);
    if (cells[id] !== null) own.rows.push(cells);
  }
  return (key) => found.get(String(key)) ?? nothing;
}

function lookedThroughTooMany(): AppError {
  return exceeds("rows", `more than ${limits.rows.most}`, {
    hint: "Filter by something an index finds as well: a container, a label, a status, a name, a time.",
  });
}

/** Makes objects of rows: the properties of a type that were read of them. */
export function objectsOf(target: Exposed, properties: readonly string[]): (cells: TextRow, from: number) => Row {
  const decoders = properties.map((property) => decode[kindOfProperty(target, property)]);
  return (cells, from) => {
    const row: Row = {};
    for (const [index, property] of properties.entries()) {
      const text = cells[from + index]!;
      row[property] = text === null ? null : decoders[index]!(text);
    }
    return row;
  };
}

const same = (text: string) => text;

/** What Postgres' text of each kind of value is in JavaScript. */
export const decode: Record<Kind, (text: string) => unknown> = {
  id: Number,
  integer: Number,
  bigint: Number,
  number: Number,
  boolean: (text) => text === "t",
  text: same,
  name: same,
  title: same,
  enum: same,
  time: fromPostgresTime,
  json: JSON.parse,
  tags: JSON.parse,
  ids: JSON.parse,
};
