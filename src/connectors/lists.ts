import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { keyOf } from "./indicators.js";

/** What a list says of an indicator. */
export interface Entry {
  /** In small letters; undefined where the list has none of its own. */
  readonly verdict?: string;
  readonly source: string;
  readonly comment?: string;
}

export interface List {
  /** The name of its file. */
  readonly name: string;
  readonly entries: ReadonlyMap<string, Entry>;
  /** The numbers of the lines that are no indicators. */
  readonly mistakes: readonly number[];
}

/** Reads a list: one indicator a line, with remarks after `#` or `;`, or CSV with a header. */
export async function readList(path: string): Promise<List> {
  const name = basename(path);
  const entries = new Map<string, Entry>();
  const mistakes: number[] = [];
  let read: Reader | undefined;
  for (const { line, number } of linesOf(await readFile(path, "utf8"))) {
    const columns = read ? undefined : columnsIn(line);
    read ??= columns ? rowReader(columns, name) : lineReader(name);
    if (columns) continue;
    const { indicator, entry } = read(line);
    const key = keyOf(indicator);
    if (key === undefined) mistakes.push(number);
    else entries.set(key, entry);
  }
  return { name, entries, mistakes };
}

/** The worst of some verdicts; words of a list's own, such as `phishing`, are worse than a suspicion. */
export function worst(verdicts: readonly string[]): string {
  const known = ["unknown", "benign", "suspicious", "malicious"];
  const badness = (verdict: string) => (known.includes(verdict) ? known.indexOf(verdict) : 2.5);
  return verdicts.reduce((bad, verdict) => (badness(verdict) > badness(bad) ? verdict : bad), "unknown");
}

type Reader = (line: string) => { indicator: string; entry: Entry };

function* linesOf(text: string): Generator<{ line: string; number: number }> {
  let start = text.startsWith("\uFEFF") ? 1 : 0;
  for (let number = 1; start < text.length; number++) {
    const found = text.indexOf("\n", start);
    const end = found < 0 ? text.length : found;
    const line = text.slice(start, end).trim();
    if (line !== "" && !/^[#;]/.test(line)) yield { line, number };
    start = end + 1;
  }
}

function lineReader(source: string): Reader {
  const entry = { source };
  return (line) => ({ indicator: /\s/.test(line) ? line.replace(/\s+[#;].*$/, "") : line, entry });
}

/** Where a CSV list has what. */
interface Columns {
  readonly separator: string;
  readonly names: readonly string[];
}

/** The columns, if a line is the header of a CSV list. */
function columnsIn(line: string): Columns | undefined {
  const separator = [",", "\t", ";"].find((one) => line.includes(one)) ?? ",";
  const names = cellsOf(line, separator).map((cell) => cell.toLowerCase());
  return names.includes("indicator") ? { separator, names } : undefined;
}

function rowReader({ separator, names }: Columns, list: string): Reader {
  const place = (name: string) => names.indexOf(name);
  const [indicator, verdict, source, comment] = ["indicator", "verdict", "source", "comment"].map(place) as number[];
  return (line) => {
    const cells = cellsOf(line, separator);
    const entry = {
      ...(cells[verdict!] && { verdict: cells[verdict!]!.toLowerCase() }),
      source: cells[source!] || list,
      ...(cells[comment!] && { comment: cells[comment!] }),
    };
    return { indicator: cells[indicator!] ?? "", entry };
  };
}

/** The cells of a line; one in quotes may have separators in it. */
function cellsOf(line: string, separator: string): string[] {
  if (!line.includes('"')) return line.split(separator).map((cell) => cell.trim());
  const cells: string[] = [""];
  let quoted = false;
  for (const part of line.split(/("|[,;\t])/)) {
    if (part === '"') quoted = !quoted;
    else if (part === separator && !quoted) cells.push("");
    else cells[cells.length - 1] += part;
  }
  return cells.map((cell) => cell.trim());
}
