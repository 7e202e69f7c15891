import { and, eq, sql } from "drizzle-orm";
import type { CurrentRun } from "../auth/current-run.js";
import { refuse } from "../errors.js";
import { type Look, operation, question } from "../operation.js";
import { given, json, required, text } from "../schema/operations.js";
import { runData } from "../schema/playbook.js";
import { atMost } from "./names.js";

const key = required(text, "The key it is kept under, of at most 255 characters.");

export const saveRunData = operation({
  name: "saveRunData",
  description:
    "phantom.save_run_data: keeps a value under a key until the current playbook run ends, in place of the one there. `runData` reads it.",
  may: "playbooks:execute",
  input: { key, value: required(json, "The value, kept as it is.") },
  payload: { key: given(text, "The key.") },
  on: async (look) => ({ playbookRunId: currentRunOf(look).id, key: keyOf(look.input.key) }),
  async run({ writer, input }, at) {
    const value = sql`${JSON.stringify(input.value)}::json`;
    await writer
      .insert(runData)
      .values({ ...at, value })
      .onConflictDoUpdate({ target: [runData.playbookRunId, runData.key], set: { value } });
    return { message: `Saved under ${JSON.stringify(at.key)}.`, result: { key: at.key } };
  },
});

export const runDataOf = question({
  name: "runData",
  description: "phantom.get_run_data: what the current playbook run keeps under a key; null: nothing.",
  may: "playbooks:execute",
  input: { key },
  payload: { value: given(json, "The value, as it was saved.") },
  on: async (look) => ({ playbookRunId: currentRunOf(look).id, key: keyOf(look.input.key) }),
  async run({ writer }, at) {
    const where = and(eq(runData.playbookRunId, at.playbookRunId), eq(runData.key, at.key));
    const [row] = await writer.select({ value: runData.value }).from(runData).where(where);
    return { message: row ? "Found." : "Nothing is kept there.", result: { value: row?.value ?? null } };
  },
});

function currentRunOf({ run }: Pick<Look<unknown>, "run">): CurrentRun {
  const message = "No playbook run is the current one; send the header `SOAR-Playbook-Run: <id>`.";
  return run ?? refuse("INVALID_VALUE", message);
}

function keyOf(key: string): string {
  return key === "" ? refuse("INVALID_VALUE", "A key needs text.", "key") : atMost("key", 255, key);
}
