import { eq, sql } from "drizzle-orm";
import { refuse } from "../errors.js";
import { operation, question, type Work } from "../operation.js";
import { Container } from "../schema/container.js";
import { found, given, idOrName, int, optional, required, text } from "../schema/operations.js";
import type { IdOrName } from "../schema/scalars.js";
import { Phase, phases, Workbook, workbooks } from "../schema/workbook.js";
import { changeContainers } from "./changes.js";
import { atContainer, container, onContainer } from "./container.js";
import { copyTemplate, findTemplate } from "./workbooks.js";

const itself = { container: found(Container, "containerId", "The container itself.") };

export const addWorkbook = operation({
  name: "addWorkbook",
  description:
    "phantom.add_workbook: copies a workbook template into a container, with its phases and tasks. A container that is in no phase enters the first. INACTIVE when the template is disabled.",
  decided: ["The same template may be added again: the container then has it twice."],
  may: "containers:edit",
  input: { container, workbookId: required(int, "Id of the workbook template.") },
  payload: { workbook: found(Workbook, "addedWorkbookId", "The new workbook."), ...itself },
  on: onContainer,
  async run(work, { id }) {
    const template = await findTemplate(work, work.input.workbookId, "workbookId");
    const addedWorkbookId = await copyTemplate(work, id, template);
    return {
      message: `Workbook ${JSON.stringify(template.name)} added to container ${id}.`,
      result: { addedWorkbookId, containerId: id },
    };
  },
});

export const promote = operation({
  name: "promote",
  description:
    "phantom.promote: makes a case of a container, with the workbook template named or else the default one. NO_DEFAULT_TEMPLATE when there is none, ALREADY_A_CASE when it is one.",
  may: "containers:edit",
  input: { container, template: optional(idOrName, "The workbook template by id or name; left out, the default one.") },
  payload: itself,
  on: onContainer,
  async run(work, { id, containerType }) {
    work.permit("cases:edit");
    if (containerType === "case") return refuse("ALREADY_A_CASE", `Container ${id} is a case already.`, "container");
    const template = await findTemplate(work, work.input.template);
    await copyTemplate(work, id, template, { containerType: "case" });
    return {
      message: `Container ${id} is a case with the workbook ${JSON.stringify(template.name)}.`,
      result: { containerId: id },
    };
  },
});

export const setPhase = operation({
  name: "setPhase",
  description:
    "phantom.set_phase: sets which of its phases a container is in, by id or name. AMBIGUOUS, listing them, when several have that name.",
  decided: ["Names match whatever their letter case. Tasks and their times stay as they are."],
  may: "containers:edit",
  input: { container, phase: required(idOrName, "A phase of the container by id or name.") },
  payload: itself,
  on: onContainer,
  async run(work, { id }) {
    const phase = await phaseMeant(work, id, work.input.phase);
    await changeContainers(work, [id], { currentPhaseId: phase.id });
    return {
      message: `Container ${id} is in phase ${JSON.stringify(phase.name)}.`,
      result: { containerId: id },
    };
  },
});

async function phaseMeant({ writer }: Work<unknown>, containerId: number, reference: IdOrName | null) {
  const all = await writer
    .select({ id: phases.id, name: phases.name, workbook: workbooks.name })
    .from(phases)
    .leftJoin(workbooks, eq(workbooks.id, phases.workbookId))
    .where(eq(phases.containerId, containerId))
    .orderBy(phases.order, phases.id);
  const named = all.filter(({ name }) => name.toLowerCase() === String(reference).toLowerCase());
  const numbered = all.filter(({ id }) => String(id) === String(reference));
  const found = typeof reference === "string" && named.length ? named : numbered;
  const listed = (some: typeof all) =>
    some.map(({ id, name, workbook }) => `${id} ${JSON.stringify(name)} of ${JSON.stringify(workbook)}`).join(", ");
  if (found.length > 1)
    return refuse(
      "AMBIGUOUS",
      `Several phases are named ${JSON.stringify(reference)}; use the id: ${listed(found)}.`,
      "phase",
    );
  if (found[0]) return found[0];
  const choice = all.length ? `It has ${listed(all)}.` : "It has none; add a workbook first.";
  return refuse("NOT_FOUND", `Container ${containerId} has no phase ${JSON.stringify(reference)}. ${choice}`, "phase");
}

export const getPhase = question({
  name: "getPhase",
  description: "phantom.get_phase: the phase a container is in.",
  decided: ["In no phase, id and name are null and the answer is a success."],
  may: "containers:view",
  input: { container },
  payload: {
    phaseId: given(int, "Id of the phase; null: it is in none."),
    phaseName: given(text, "Name of the phase; null: it is in none."),
    phase: found(Phase, "phaseId", "The phase itself."),
  },
  on: atContainer,
  async run({ writer }, { id, currentPhaseId }) {
    const [phase] = await writer
      .select({ phaseId: phases.id, phaseName: phases.name })
      .from(phases)
      .where(sql`${phases.id} = ${currentPhaseId}`);
    if (!phase) return { message: `Container ${id} is in no phase.`, result: {} };
    return { message: `Container ${id} is in phase ${JSON.stringify(phase.phaseName)}.`, result: phase };
  },
});
