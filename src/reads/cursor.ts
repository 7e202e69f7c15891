import { AppError } from "../errors.js";
import type { Exposed } from "../schema/expose.js";
import type { OrderKey } from "./order.js";
import { kindOfProperty } from "./value.js";

/** A place in an ordered list: the order it belongs to and the row's value of each of its keys, as Postgres' text. */
export function writeCursor(order: readonly OrderKey[], values: readonly (string | null)[]): string {
  return Buffer.from(JSON.stringify([signature(order), ...values])).toString("base64url");
}

/** The values of a cursor, refused unless it is of this order and every value can be one of its key. */
export function readCursor(cursor: string, target: Exposed, order: readonly OrderKey[]): (string | null)[] {
  const [of, ...values] = parse(cursor);
  const fits = of === signature(order) && values.length === order.length;
  if (!fits || !values.every((value, index) => possible(target, order[index]!.property, value))) throw invalid(cursor);
  return values as (string | null)[];
}

const signature = (order: readonly OrderKey[]) =>
  order.map(({ property, direction }) => `${property} ${direction}`).join(",");

function parse(cursor: string): unknown[] {
  try {
    const content = JSON.parse(Buffer.from(cursor, "base64url").toString());
    return Array.isArray(content) ? content : [];
  } catch {
    return [];
  }
}

function possible(target: Exposed, property: string, value: unknown): boolean {
  if (value === null) return property !== "id";
  if (typeof value !== "string" || value.includes("\0") || /\p{Surrogate}/u.test(value)) return false;
  const form = forms[kindOfProperty(target, property)];
  return form ? form(value) : true;
}

const whole = (text: string) => /^-?\d{1,10}$/.test(text) && Math.abs(Number(text)) <= 2147483647;

const forms: Partial<Record<string, (text: string) => boolean>> = {
  id: whole,
  integer: whole,
  bigint: (text) => /^-?\d{1,16}$/.test(text),
  number: (text) => Number.isFinite(Number(text)),
  boolean: (text) => text === "t" || text === "f",
  time: (text) =>
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?\+00$/.test(text) &&
    !Number.isNaN(Date.parse(text.replace(" ", "T").replace("+00", "Z"))),
};

function invalid(cursor: string): AppError {
  return new AppError(
    "CURSOR_INVALID",
    "The cursor is damaged or belongs to another list or ordering; start again without it.",
    { cursor },
  );
}
