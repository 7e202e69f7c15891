import { isUtf8 } from "node:buffer";
import { AppError } from "../errors.js";
import { exceeds, limits } from "../limits.js";
import { isExact } from "./numbers.js";
import { refuseText } from "./texts.js";

/*
 * What a caller writes inside JSON comes back as it was written, so JSON that JavaScript or Postgres would change in
 * silence is refused: numbers that lose digits, keys given twice, text that is no Unicode.
 */

/** Reads the JSON of a request. */
export function readJson(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw new AppError("BAD_REQUEST", "The JSON is not valid UTF-8.");
  const text = bytes.toString();
  if (text.trim() === "") throw new AppError("BAD_REQUEST", "The body is empty.");
  const keys = scan(text);
  const value = parse(text);
  // What came as UTF-8 can hold such text only by an escape.
  if (text.includes("\\u") || text.includes(prototype)) refuseTexts(value, []);
  if (keysIn(value) !== keys) throw givenTwice(text);
  return value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new AppError("BAD_REQUEST", "The body is not valid JSON.");
  }
}

const number = /-?\d[\d.eE+-]*/y;
const beginsNumber = (sign: string) => sign === "-" || (sign >= "0" && sign <= "9");

/** Looks at everything outside strings once, before anything is built of it, and counts the keys. */
function scan(text: string): number {
  let [keys, values, nesting] = [0, 1, 0];
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case '"':
        at = endOfString(text, at);
        break;
      case ":":
        keys++;
        break;
      case ",":
        if (++values > limits.values.most) throw exceeds("values", `more than ${limits.values.most}`);
        break;
      case "{":
      case "[":
        if (++nesting > limits.nesting.most) throw exceeds("nesting", `more than ${limits.nesting.most}`);
        break;
      case "}":
      case "]":
        nesting--;
        break;
      default:
        at += lengthOfNumber(text, at);
    }
  }
  return keys;
}

/** How far the number goes on that begins here, if one does; refuses it if it could not be kept. */
function lengthOfNumber(text: string, at: number): number {
  if (!beginsNumber(text[at]!)) return 0;
  number.lastIndex = at;
  const [written = "-"] = number.exec(text) ?? [];
  if (!isExact(written)) throw inexact(text, at, written);
  return written.length - 1;
}

/** Where the string that begins at `start` ends: at the next quote with an even number of backslashes before it. */
function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let before = quote;
    while (text[before - 1] === "\\") before--;
    if ((quote - before) % 2 === 0) return quote;
  }
  return text.length;
}

function keysIn(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  let keys = 0;
  if (Array.isArray(value)) for (const item of value) keys += keysIn(item);
  else for (const name in value) keys += 1 + keysIn((value as Record<string, unknown>)[name]);
  return keys;
}

const prototype = "__proto__";

/** Looks at every string and key. */
function refuseTexts(value: unknown, path: readonly string[]): void {
  if (typeof value === "string") refuseText(value, () => path.join("."));
  if (typeof value !== "object" || value === null) return;
  for (const [name, item] of Object.entries(value)) {
    refuseText(name, () => [...path, "a key"].join("."));
    if (name === prototype) throw prototypeKey([...path, name].join("."));
    refuseTexts(item, [...path, name]);
  }
}

/**
 * `constructor` and `prototype` are data like any other: they are stored and answered, and nothing here merges objects in
 * depth. `__proto__` would change the object of any reader that copies key by key, and has no other use.
 */
function prototypeKey(path: string): AppError {
  return new AppError("BAD_USER_INPUT", `${path}: objects may not have the key ${prototype}; name it otherwise.`, {
    path,
  });
}

function inexact(text: string, at: number, written: string): AppError {
  const path = pathOf(text, at, written.length);
  const shown = written.length > 40 ? `${written.slice(0, 40)}…` : written;
  return new AppError(
    "BAD_USER_INPUT",
    `${path}: the number ${shown} has more digits than can be kept, it would become ${Number(written)}; send it as a string.`,
    { path, value: shown },
  );
}

/** The path of what stands at a place of the text: that of a mark put there instead. */
function pathOf(text: string, at: number, length: number): string {
  const mark = "\0";
  const marked = parse(`${text.slice(0, at)}${JSON.stringify(mark)}${text.slice(at + length)}`);
  const find = (value: unknown): string[] | undefined => {
    if (value === mark) return [];
    if (typeof value !== "object" || value === null) return undefined;
    for (const [key, item] of Object.entries(value)) {
      const rest = find(item);
      if (rest) return [key, ...rest];
    }
    return undefined;
  };
  return find(marked)?.join(".") ?? "";
}

/** The refusal that names the first key which its object has already. */
function givenTwice(text: string): AppError {
  const open: Set<string>[] = [];
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "{") open.push(new Set());
    if (text[at] === "}") open.pop();
    if (text[at] !== '"') continue;
    const end = endOfString(text, at);
    const isKey = /^\s*:/.test(text.slice(end + 1, end + 100));
    const key = isKey ? (JSON.parse(text.slice(at, end + 1)) as string) : undefined;
    at = end;
    if (key === undefined) continue;
    if (open.at(-1)?.has(key)) return twice(key);
    open.at(-1)?.add(key);
  }
  return twice("");
}

function twice(key: string): AppError {
  const message = `An object has the key ${JSON.stringify(key)} twice, of which only one could be kept; send it once.`;
  return new AppError("BAD_USER_INPUT", message, { value: key });
}
