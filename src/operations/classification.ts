import { operation } from "../operation.js";
import { Container, sensitivity } from "../schema/container.js";
import { found, int, required, text, word } from "../schema/operations.js";
import { startPlaybooks, withRuns } from "./automation.js";
import { changeContainers } from "./changes.js";
import { container, lockContainer, onContainer } from "./container.js";
import { activeLabel, activeSeverity } from "./names.js";
import { answered, namedContainers, onNamedContainers, severalPayload } from "./several.js";

const itself = { container: found(Container, "containerId", "The container itself.") };

export const setLabel = operation({
  name: "setLabel",
  description:
    "phantom.set_label: gives a container another label, which starts active playbooks of that label. NOT_FOUND when the system has no such label.",
  decided: [
    "The label it has already changes nothing and starts nothing.",
    "Playbooks start as for `update`: none on a resolved container, none that ran on it before and would find no new artifact.",
  ],
  may: "containers:edit",
  input: { container, label: required(text, "The name of an active label, whatever its letter case.") },
  payload: itself,
  on: onContainer,
  async run(work, { id }) {
    const label = await activeLabel(work, work.input.label);
    const [changed] = await changeContainers(work, [id], { label });
    const runs = changed === undefined ? [] : await startPlaybooks(work, id);
    return { message: `The label of container ${id} is ${label}${withRuns(runs)}.`, result: { containerId: id } };
  },
});

export const setSensitivity = operation({
  name: "setSensitivity",
  description:
    "phantom.set_sensitivity: sets with whom a container may be shared, in the words of the Traffic Light Protocol.",
  may: "containers:edit",
  input: {
    container: required(int, "The container to act on."),
    sensitivity: required(word(sensitivity), "With whom it may be shared."),
  },
  payload: itself,
  on: (work) => lockContainer(work, work.input.container),
  async run(work, { id }) {
    const { sensitivity } = work.input;
    await changeContainers(work, [id], { sensitivity });
    return {
      message: `The sensitivity of container ${id} is ${sensitivity.toUpperCase()}.`,
      result: { containerId: id },
    };
  },
});

export const setSeverity = operation({
  name: "setSeverity",
  description:
    "phantom.set_severity: sets the severity of a container or several, by the name of an active severity in any letter case. INACTIVE when it is disabled.",
  decided: ["The time it is due stays: the SLA of the severity it came in with was promised."],
  may: "containers:edit",
  input: {
    ...namedContainers,
    severity: required(text, "The name of an active severity, whatever its letter case."),
  },
  payload: severalPayload,
  on: onNamedContainers,
  async run(work, several) {
    const severity = await activeSeverity(work, work.input.severity);
    const ids = several.locked.map(({ id }) => id);
    await changeContainers(work, ids, { severity });
    return answered(several, ({ id }) => `The severity of container ${id} is ${severity}.`);
  },
});
