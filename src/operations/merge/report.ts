import type { Count } from "./copying.js";

const names: Record<string, [one: string, several: string]> = {
  Artifact: ["artifact", "artifacts"],
  Note: ["note", "notes"],
  Comment: ["comment", "comments"],
  VaultItem: ["file", "files"],
  PlaybookRun: ["playbook run", "playbook runs"],
  ActionRun: ["action run", "action runs"],
  AppRun: ["app run", "app runs"],
};

/** What a merge did or would do, as a sentence. */
export function told(called: string, into: number, counts: Record<string, Count>, dryRun: boolean): string {
  const copied = list(counts, "copied") || "nothing";
  const skipped = [
    [list(counts, "unfinished"), "not finished"],
    [list(counts, "alreadyInCase"), "already in the case"],
  ].filter(([what]) => what);
  const left = skipped.map(([what, why]) => `${what} ${why}`).join(", ");
  const done = dryRun ? `would be merged into case ${into}: this would copy` : `was merged into case ${into}: copied`;
  return `${called} ${done} ${copied}${left && `; left out ${left}`}.`;
}

function list(counts: Record<string, Count>, which: keyof Count): string {
  return Object.entries(names)
    .map(([type, [one, several]]) => ({ count: counts[type]?.[which] ?? 0, one, several }))
    .filter(({ count }) => count > 0)
    .map(({ count, one, several }) => `${count} ${count === 1 ? one : several}`)
    .join(", ");
}
