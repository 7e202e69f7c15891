import { sql } from "drizzle-orm";
import { refuse } from "../errors.js";
import { flag, list, object, optional, required, text } from "../schema/operations.js";
import { Playbook, playbooks } from "../schema/playbook.js";
import { administer } from "./administration.js";
import { activeLabel, atMost } from "./names.js";

const playbookInputs = {
  description: optional(text, "What it does."),
  active: optional(flag, "Whether it runs by itself on new containers of its labels."),
  draftMode: optional(flag, "Whether it is being written; a draft cannot be active."),
  playbookType: optional(text, "`automation`, or `data` for one that takes inputs."),
  category: optional(text, "A heading to find it under."),
  labels: optional(list(text), "Labels of the containers it is for; `*` stands for every label."),
  tags: optional(list(text), "Words to find it by."),
  inputSpec: optional(list(object), "The inputs it takes."),
  python: optional(text, "Its code."),
};

export const administerPlaybooks = administer({
  target: Playbook,
  noun: "playbook",
  area: "playbooks",
  within: playbooks.scm,
  create: {
    name: required(text, "Its name, unique in its repository whatever the letter case."),
    scm: optional(text, "The repository it is kept in; left out, `local`."),
    ...playbookInputs,
  },
  change: { ...playbookInputs, disabled: optional(flag, "Whether it may not run.") },
  async columns(work, { labels, name, scm, ...input }, standing) {
    const draft = input.draftMode ?? standing?.draftMode;
    const active = input.active ?? standing?.active;
    if (draft && active) refuse("WRONG_STATE", "A draft cannot be active.", "active");
    const type = input.playbookType ?? "automation";
    if (!["automation", "data"].includes(type))
      refuse(
        "INVALID_VALUE",
        `${JSON.stringify(type)} is no type of playbook; there are automation and data.`,
        "playbookType",
      );
    if (name?.includes("/") || scm?.includes("/"))
      refuse("INVALID_VALUE", "Names of playbooks and repositories have no /.", "name");
    const known: string[] = [];
    for (const label of labels ?? []) known.push(label === "*" ? label : await activeLabel(work, label));
    return {
      ...input,
      ...(name === undefined
        ? { version: sql`version + 1`, updateTime: sql`now()` }
        : { name: atMost("name", 255, name), scm: scm || "local" }),
      ...(labels === undefined ? {} : { labels: known }),
      latestEditorId: work.context.caller.id,
    };
  },
});
