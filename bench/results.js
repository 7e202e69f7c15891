import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const file = join(import.meta.dirname, "RESULTS.md");

/** Replaces one part of RESULTS.md, from its title on, by what was measured now. */
export function writePart(title, text) {
  const parts = readFileSync(file, "utf8").split(/^(?=# )/m);
  const others = parts.filter((part) => !part.startsWith(`# ${title}\n`));
  const all = title === "Results" ? [text, ...others] : [...others, text];
  writeFileSync(file, `${all.map((part) => part.trimEnd()).join("\n\n")}\n`);
}
