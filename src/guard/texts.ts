import { AppError } from "../errors.js";

/** Refuses text that Postgres would not keep: half a surrogate pair, which becomes another character, and NUL. */
export function refuseText(text: string, path: () => string): void {
  if (!text.isWellFormed())
    throw noText(path(), "half a surrogate pair, which is no character; send well-formed Unicode");
  if (text.includes("\0")) throw noText(path(), "the character NUL, which Postgres cannot keep; leave it out");
}

function noText(path: string, why: string): AppError {
  return new AppError("BAD_USER_INPUT", `${path || "The value"} holds ${why}.`, { path });
}
