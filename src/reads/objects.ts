import type { Database, TextRow } from "../database/pools.js";
import type { AppError } from "../errors.js";
import { exceeds, limits } from "../limits.js";
import type { Row } from "../schema/expose.js";
import type { Kind } from "../schema/kinds.js";
import { fromPostgresTime } from "../schema/scalars.js";
import { type Level, leading, levelStatement, planning } from "./level.js";
import { kindOfProperty } from "./value.js";

/** One row read: as an object, and the texts of its properties as Postgres wrote them. */
export interface Read {
  row: Row;
  texts: TextRow;
}

/** What one parent has: its rows in order, and how many in all where that was asked. */
export interface Found {
  reads: Read[];
  count: number;
  /** Whether that is all there are. */
  counted: boolean;
}

const nothing: Found = { reads: [], count: 0, counted: true };

/** Reads a level in one statement and gives what each parent has; without parents, under the key 0. */
export async function readLevel(database: Database, level: Level): Promise<(key: number | string) => Found> {
  const kinds = level.properties.map((property) => kindOfProperty(level.target, property));
  const lead = leading(level);
  const [count, counted, beyond] = [lead.indexOf("count"), lead.indexOf("counted"), lead.indexOf("beyond")];
  const id = lead.length + level.properties.indexOf("id");
  const found = new Map<string, Found>();
  for (const cells of await database.read(levelStatement(level), planning(level))) {
    if (cells[beyond] === "t") throw lookedThroughTooMany();
    const key = String(cells[0]);
    const own = found.get(key) ?? { reads: [], count: Number(cells[count]), counted: cells[counted] === "t" };
    found.set(key, own);
    if (cells[id] !== null) own.reads.push(read(level, kinds, cells.slice(lead.length)));
  }
  return (key) => found.get(String(key)) ?? nothing;
}

function lookedThroughTooMany(): AppError {
  return exceeds("rows", `more than ${limits.rows.most}`, {
    hint: "Filter by something an index finds as well: a container, a label, a status, a name, a time.",
  });
}

function read(level: Level, kinds: readonly Kind[], texts: TextRow): Read {
  const row: Row = {};
  for (const [index, property] of level.properties.entries()) {
    const text = texts[index]!;
    row[property] = text === null ? null : decode[kinds[index]!](text);
  }
  return { row, texts };
}

const same = (text: string) => text;

/** What Postgres' text of each kind of value is in JavaScript. */
const decode: Record<Kind, (text: string) => unknown> = {
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
