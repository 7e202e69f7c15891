import { AppError } from "../errors.js";

/** A place in the event log as clients hold it: the same for every topic and transport, on any gateway of the database. */
export function writeCursor(history: string, pos: number): string {
  return Buffer.from(`e1.${history}.${pos}`).toString("base64url");
}

/** The place of a cursor of this history of events; refuses all others. */
export function readCursor(cursor: string, history: string): number {
  const [, of, pos] = /^e1\.([0-9a-f]{8})\.(\d{1,15})$/.exec(Buffer.from(cursor, "base64url").toString("latin1")) ?? [];
  if (of === history) return Number(pos);
  throw invalidCursor(cursor);
}

export function invalidCursor(cursor: string): AppError {
  return new AppError(
    "CURSOR_INVALID",
    "The cursor is damaged or belongs to another database; read the objects anew and follow without it.",
    { cursor },
  );
}

export function expiredCursor(cursor: string): AppError {
  return new AppError(
    "CURSOR_EXPIRED",
    "The events after this cursor are no longer kept; read the objects anew and follow without it.",
    { cursor },
  );
}
