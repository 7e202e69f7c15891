import { hash } from "node:crypto";
import type { artifacts } from "../../schema/artifact.js";
import type { containers } from "../../schema/container.js";
import type { Random } from "../random.js";
import type { Shape } from "./shape.js";
import type { Surroundings } from "./surroundings.js";

const minute = 60_000;
const words = ["vip", "kiosk", "external", "finance", "remote", "lab", "repeat", "watchlist", "cloud", "legacy"];

/** An instant with the microseconds that a database would have given it. */
export function instant(random: Random, milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, -1)}${String(random.between(0, 999)).padStart(3, "0")}Z`;
}

/** An identifier that belongs to one row, so that no other run can give it again. */
function identifierOf(table: string, id: number): string {
  const digits = hash("md5", `${table} ${id}`);
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-8${digits.slice(17, 20)}-${digits.slice(20)}`;
}

/** The milder a severity, the more there is of it. */
const severityOf = (random: Random, { severities }: Surroundings) =>
  severities[Math.floor(severities.length * Math.sqrt(random.next()))]!;

const tagsOf = (random: Random) =>
  random.next() < 0.7 ? [] : [...new Set([random.pick(words), `campaign-${random.between(1, 500)}`])];

/** The rows of the containers themselves. */
export function* containerRows(
  random: Random,
  around: Surroundings,
  shapes: readonly Shape[],
): Iterable<typeof containers.$inferInsert> {
  for (const { id, theme, stage, created, resolved, owner, role, source, isCase, parent, closedBy } of shapes) {
    const sourceDataIdentifier = identifierOf("container", id);
    const opened = stage === "new" ? null : Math.min(created + random.between(2, 9) * minute, resolved);
    const changed = stage === "resolved" ? resolved : (opened ?? created);
    yield {
      id,
      name: theme.name(random),
      description: theme.description,
      label: around.labels.includes(theme.label) ? theme.label : random.pick(around.labels),
      containerType: isCase ? "case" : "default",
      status: random.pick(around.statuses[stage]),
      severity: severityOf(random, around),
      sensitivity: random.pick(["amber", "amber", "green", "white", "red"] as const),
      ownerId: owner,
      roleId: role,
      tenantId: random.pick(around.tenants),
      createTime: instant(random, created),
      startTime: instant(random, created - random.between(1, 600) * minute),
      endTime: random.next() < 0.5 ? instant(random, created) : null,
      dueTime: instant(random, created + random.pick([60, 720, 1440]) * minute),
      openTime: opened === null ? null : instant(random, opened),
      closeTime: stage === "resolved" ? instant(random, resolved) : null,
      artifactUpdateTime: instant(random, created + random.between(0, 5) * 1000),
      containerUpdateTime: instant(random, changed),
      hash: hash("md5", sourceDataIdentifier),
      sourceDataIdentifier,
      externalId: random.next() < 0.2 ? `INC${id}` : null,
      tags: tagsOf(random),
      killChain: theme.killChain,
      inCase: parent !== undefined,
      parentContainerId: parent?.id ?? null,
      closingOwnerId: stage === "resolved" && !closedBy ? owner : null,
      assetId: source?.assets[0] ?? null,
      ingestAppId: source?.appId ?? null,
      data: { source: "growth", number: id },
    };
  }
}

/** The rows of the artifacts that came with the containers, or of those that their playbooks added. */
export function* artifactRows(
  random: Random,
  around: Surroundings,
  shapes: readonly Shape[],
  added: boolean,
): Iterable<typeof artifacts.$inferInsert> {
  for (const shape of shapes) {
    const first = added ? shape.artifactId + shape.ingested : shape.artifactId;
    const rows = added ? shape.added : shape.ingested;
    for (let id = first; id < first + rows; id++) {
      const { name, label, type, cef, cefTypes } = random.pick(shape.theme.findings)(random);
      const sourceDataIdentifier = identifierOf("artifact", id);
      const time = instant(random, shape.created + random.between(0, 5000));
      yield {
        id,
        containerId: shape.id,
        name,
        label,
        severity: severityOf(random, around),
        type,
        cef,
        cefTypes,
        data: { vendor: "growth", raw: `${label} ${sourceDataIdentifier}` },
        tags: random.next() < 0.1 ? tagsOf(random) : [],
        sourceDataIdentifier,
        identified: true,
        hash: hash("md5", sourceDataIdentifier + JSON.stringify(cef)),
        createTime: time,
        updateTime: time,
        startTime: instant(random, shape.created - random.between(1, 600) * minute),
        endTime: random.next() < 0.3 ? time : null,
        killChain: shape.theme.killChain,
        ownerId: added || random.next() < 0.9 ? null : shape.owner,
        playbookRunId: added ? random.pick(shape.runs).id : null,
        ingestAppId: added ? null : (shape.source?.appId ?? null),
        inCase: shape.parent !== undefined,
      };
    }
  }
}
