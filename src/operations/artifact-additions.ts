import { refuse } from "../errors.js";
import { operation } from "../operation.js";
import { Artifact } from "../schema/artifact.js";
import { Container } from "../schema/container.js";
import {
  defaulted,
  eachOf,
  flag,
  found,
  foundEdge,
  given,
  int,
  list,
  outcomes,
  required,
  text,
} from "../schema/operations.js";
import {
  type ArtifactFields,
  artifactFields,
  artifactInput,
  insertArtifacts,
  insertRows,
  isRow,
  rowsOf,
} from "./artifacts.js";
import { startPlaybooks, withRuns } from "./automation.js";
import { container, onContainer, touchArtifacts } from "./container.js";

export const addArtifact = operation({
  name: "addArtifact",
  description:
    "phantom.add_artifact: adds an artifact to a container. One that the same caller already added with the same identifier and content is refused as DUPLICATE and answered.",
  decided: [
    "Only an artifact with an identifier can be a duplicate: of one that the same caller added to the same container by the same operation with the same content, whatever the order of keys. Its hash is the MD5 of all that and never changes.",
    "A duplicate starts no playbooks. `runAutomation` is false unless given.",
    "On behalf of a playbook run, the run is the artifact's `playbookRun`.",
  ],
  may: "containers:edit",
  input: {
    container,
    ...artifactFields,
    artifactType: required(text, "Where it comes from, such as `host` or `network`."),
    runAutomation: defaulted(flag, false, "Also start active playbooks of the container's label."),
  },
  payload: {
    artifactId: given(int, "Id of the artifact: the new one, or on DUPLICATE the one that stands."),
    artifact: found(Artifact, "artifactId", "The artifact itself."),
    artifactEdge: foundEdge(Artifact, "artifactId", "The artifact with its cursor, for lists that a client keeps."),
  },
  on: onContainer,
  async run(work, { id }) {
    const [added] = await insertArtifacts(work, id, "addArtifact", [work.input]);
    const { artifactId, fresh } = added!;
    if (!fresh) return refuse("DUPLICATE", duplicate(id, work.input, artifactId), undefined, { artifactId });
    touchArtifacts(work, id);
    const runs = work.input.runAutomation ? await startPlaybooks(work, id) : [];
    return {
      message: `Artifact ${artifactId} added to container ${id}${withRuns(runs)}.`,
      result: { artifactId, containerId: id },
    };
  },
});

const ArtifactResult = outcomes("ArtifactResult", "What became of one of several artifacts.", {
  artifactId: given(int, "Id of the artifact: the new one, or on DUPLICATE the one that stands."),
  artifact: found(Artifact, "artifactId", "The artifact itself."),
});

export const addArtifacts = operation({
  name: "addArtifacts",
  description:
    "Adds many artifacts to a container in one change, each as `addArtifact` would and with an outcome of its own: what is wrong with one does not keep the others out.",
  decided: [
    "It is a success when at least one is new; else the code is that of the first.",
    "Playbooks are started once for all of them, and only when at least one is new.",
  ],
  may: "containers:edit",
  input: {
    container,
    artifacts: required(list(artifactInput), "The artifacts to add."),
    runAutomation: defaulted(flag, false, "Also start active playbooks of the container's label, once."),
  },
  payload: {
    results: eachOf(ArtifactResult, "What became of each artifact, in their order."),
    container: found(Container, "containerId", "The container they were added to."),
  },
  on: onContainer,
  async run(work, { id }) {
    const { artifacts: given, runAutomation } = work.input;
    const rows = await rowsOf(work, id, "addArtifacts", given);
    const added = await insertRows(work, id, rows.filter(isRow));
    const results = rows.map((row, index) => {
      if (!isRow(row)) return { success: false, code: row.code, field: row.field, message: row.message };
      const { artifactId, fresh } = added.shift()!;
      if (fresh) return { success: true, code: null, message: `Artifact ${artifactId} added.`, artifactId };
      return {
        success: false,
        code: "DUPLICATE" as const,
        message: duplicate(id, given[index]!, artifactId),
        artifactId,
      };
    });
    const count = results.filter(({ success }) => success).length;
    const message = `${count} of ${given.length} artifacts added to container ${id}`;
    if (count === 0 && results[0]?.code) return refuse(results[0].code, `${message}.`, "artifacts", { results });
    touchArtifacts(work, id);
    const runs = runAutomation && count ? await startPlaybooks(work, id) : [];
    return { message: `${message}${withRuns(runs)}.`, result: { results, containerId: id } };
  },
});

const duplicate = (containerId: number, { identifier }: ArtifactFields, artifactId: number) =>
  `Container ${containerId} already has this artifact, with identifier ${JSON.stringify(identifier)}, as ${artifactId}.`;
