import { operation, type Work } from "../operation.js";
import { Container, sensitivity } from "../schema/container.js";
import {
  defaulted,
  flag,
  found,
  type InputOf,
  idOrName,
  int,
  list,
  nested,
  object,
  optional,
  required,
  text,
  time,
  word,
} from "../schema/operations.js";
import { startPlaybooks, withRuns } from "./automation.js";
import { changeContainers, checkRevision, expectedRevision, kept } from "./changes.js";
import { lockContainer } from "./container.js";
import { checkCustomFields } from "./custom-fields.js";
import { activeStatus, recordStatus, statusFields } from "./lifecycle.js";
import { activeLabel, activeSeverity, titled } from "./names.js";
import { newAssignee } from "./ownership.js";
import { distinctTags } from "./tags.js";

const changeable = {
  name: optional(text, "Its title; cannot be cleared."),
  description: optional(text, "What it is about."),
  label: optional(text, "The name of an active label; cannot be cleared. Another one starts active playbooks."),
  status: optional(text, "The name of an active status, as for `setStatus`; cannot be cleared."),
  severity: optional(text, "The name of an active severity; cannot be cleared."),
  sensitivity: optional(word(sensitivity), "With whom it may be shared; cannot be cleared."),
  owner: optional(idOrName, "The user it is assigned to, in place of a role."),
  role: optional(idOrName, "The role it is assigned to, in place of a user."),
  dueTime: optional(time, "When it must be resolved."),
  startTime: optional(time, "When what it is about began; cannot be cleared."),
  endTime: optional(time, "When what it is about ended."),
  tags: optional(list(text), "Words to find it by: these and no others."),
  customFields: optional(object, "Values of the fields an administrator added: these and no others."),
  data: optional(object, "What the source sent: this and nothing else."),
  externalId: optional(text, "Its id in another system, such as a ticket."),
  killChain: optional(text, "Stage of the kill chain."),
};

const changes = nested(
  "ContainerChanges",
  "What to change of a container: what is left out stays as it is, null clears, a list or object replaces the whole.",
  changeable,
);

export const update = operation({
  name: "update",
  description:
    "phantom.update: changes the fields of a container that are given, all or none. REVISION_CONFLICT when somebody else changed it since `expectedRevision`.",
  decided: [
    "No changes at all succeed and change nothing.",
    "A list or an object replaces the whole one: to add a tag, `addTags` loses nothing that others add meanwhile.",
    "`runAutomation` is a field beside `changes`; `false` lets another label start no playbooks.",
    "`unifyDatetimeFormat` writes the times in this answer in Postgres' form; a field's own `format` comes first.",
  ],
  may: "containers:edit",
  input: {
    container: required(int, "The container to act on."),
    changes: required(changes, "The fields to change."),
    runAutomation: defaulted(flag, true, "Whether another label starts active playbooks."),
    unifyDatetimeFormat: defaulted(flag, false, "Whether times in this answer have Postgres' form."),
    expectedRevision,
  },
  payload: { container: found(Container, "containerId", "The container itself.") },
  on: (work) => lockContainer(work, work.input.container),
  async run(work, container) {
    const { id } = container;
    const { changes, runAutomation, unifyDatetimeFormat, expectedRevision } = work.input;
    checkRevision(`Container ${id}`, container.revision, expectedRevision);
    const { status, ...fields } = await fieldsOf(work, changes);
    const [changed] = await changeContainers(work, [id], { ...fields, ...(status && statusFields(work, status)) });
    if (status) await recordStatus(work, [container], status);
    const relabelled = fields.label !== undefined && fields.label !== container.label;
    const runs = relabelled && runAutomation ? await startPlaybooks(work, id) : [];
    const done = changed === undefined ? "is as it was" : "changed";
    return {
      message: `Container ${id} ${done}${withRuns(runs)}.`,
      result: { containerId: id, ...(unifyDatetimeFormat ? { timeFormat: "postgres" } : {}) },
    };
  },
});

/** The columns of the changes, names checked and as they are stored. */
async function fieldsOf(work: Work<unknown>, changes: InputOf<typeof changeable>) {
  const { name, label, status, severity, customFields, owner, role, tags } = changes;
  if (customFields !== undefined) await checkCustomFields(work, customFields ?? {}, true);
  return {
    name: titled("name", kept("name", name)),
    description: changes.description === null ? "" : changes.description,
    label: await named("label", label, (given) => activeLabel(work, given)),
    status: await named("status", status, (given) => activeStatus(work, given)),
    severity: await named("severity", severity, (given) => activeSeverity(work, given)),
    sensitivity: kept("sensitivity", changes.sensitivity),
    ...(await newAssignee(work, { owner, role })),
    dueTime: changes.dueTime,
    startTime: kept("startTime", changes.startTime),
    endTime: changes.endTime,
    tags: tags === undefined ? undefined : distinctTags(tags),
    customFields: customFields === null ? {} : customFields,
    data: changes.data === null ? {} : changes.data,
    externalId: changes.externalId,
    killChain: changes.killChain,
  };
}

async function named<T>(field: string, given: string | null | undefined, find: (given: string) => Promise<T>) {
  const name = kept(field, given);
  return name === undefined ? undefined : find(name);
}
