import { createHash } from "node:crypto";
import type { Writer } from "../database/pools.js";
import { artifacts } from "../schema/artifact.js";
import { caseItems } from "../schema/case-item.js";
import { containers } from "../schema/container.js";
import type { Vault } from "../vault.js";
import { addBackground, backgroundTables } from "./background.js";
import { documented } from "./documented.js";
import { addFile, addIncident, enterPhases, incidentTables, type Told, type Written } from "./incident.js";
import { Random } from "./random.js";
import { Rows } from "./rows.js";
import { addApproval, addDocumentedRuns, addRuns, runTables } from "./runs.js";
import { stories } from "./stories.js";

const minute = 60_000;
const month = 30 * 24 * 60 * minute;

/**
 * Fills an empty database with three hundred incidents of the month before `until`: the same ones every time, only moved
 * to that month. The containers printed in the manuals are among them, under their printed numbers.
 */
export async function loadSample(writer: Writer, vault: Vault, until: Date): Promise<void> {
  const random = new Random(20_201_105);
  const rows = new Rows();
  const background = await addBackground(writer, rows);
  const written = new Map<number, Written>();
  const told = tell(random);
  for (const [index, incident] of told.entries()) {
    const created = new Date(
      until.getTime() - month + (index / told.length) * (month - 90 * minute) + random.between(0, 80) * minute,
    );
    written.set(incident.id, addIncident(rows, random, incident, created, background));
  }
  addDocumentedRuns(rows, written, background);
  for (const incident of written.values()) {
    if (documented.some(({ id }) => id === incident.told.id)) continue;
    addRuns(rows, random, incident, background);
    if (incident.told.tags.includes("insider")) addApproval(rows, incident, background.admin);
    if (incident.told.label === "phishing")
      await addFile(
        rows,
        writer,
        vault,
        incident,
        "mail.eml",
        `Subject: Invoice overdue, action needed\n\nReported for container ${incident.told.id}.\n`,
      );
  }
  mergeIntoCase(rows, written);
  await rows.insert(writer, [...backgroundTables, ...incidentTables, ...runTables, caseItems]);
  await enterPhases(writer);
}

/** The incidents, oldest first: the documented ones among told stories, which take the numbers in between. */
function tell(random: Random): Told[] {
  const known = new Map(documented.map((incident) => [incident.id, incident]));
  const numbers = [...Array.from({ length: 299 }, (_, index) => index + 1), 337];
  let turn = 0;
  return numbers.map((id) => {
    const printed = known.get(id);
    const story = printed ?? stories[turn++ % stories.length]!(random);
    const status = printed?.status ?? (id < 230 ? "closed" : random.pick(["new", "open", "open", "triage"]));
    const identifier = printed?.identifier ?? random.uuid();
    return {
      sensitivity: "amber",
      killChain: null,
      tags: [],
      notes: [],
      pins: [],
      comments: [],
      description: "",
      ...story,
      id,
      status,
      identifier,
      isCase: !printed && story.severity === "high" && id % 3 === 0,
      tenantId: !printed && id % 10 === 0 ? 1 : 0,
    };
  });
}

/** The newest open case gathers the evidence of two containers, as a merge leaves it. */
function mergeIntoCase(rows: Rows, written: Map<number, Written>): void {
  const all = [...written.values()];
  const target = all.findLast(({ told }) => told.isCase && told.status === "open")!;
  for (const source of all.filter(({ told }) => told.tags.includes("c2") && told !== target.told).slice(-2)) {
    const authorId = target.owner;
    rows.change(containers, source.told.id, { parentContainerId: target.told.id });
    rows.number(caseItems, {
      containerId: target.told.id,
      sourceType: "Container",
      sourceId: source.told.id,
      authorId,
      createTime: target.at(40),
    });
    for (const [index, artifact] of source.told.artifacts.entries()) {
      const sourceId = source.artifactIds[index]!;
      rows.change(artifacts, sourceId, { inCase: true });
      const copyId = rows.number(
        artifacts,
        {
          containerId: target.told.id,
          name: artifact.name,
          label: artifact.label,
          severity: artifact.severity,
          type: artifact.type,
          cef: artifact.cef,
          sourceDataIdentifier: `copy-of-${sourceId}`,
          identified: true,
          hash: createHash("md5").update(`copy of ${sourceId}`).digest("hex"),
          parentContainerId: source.told.id,
          parentArtifactId: sourceId,
          createTime: target.at(40),
          updateTime: target.at(40),
        },
        5000,
      );
      rows.number(caseItems, {
        containerId: target.told.id,
        sourceType: "Artifact",
        sourceId,
        copyId,
        authorId,
        createTime: target.at(40),
      });
    }
  }
}
