import type { comments } from "../../schema/comment.js";
import type { notes } from "../../schema/note.js";
import type { pins } from "../../schema/pin.js";
import type { phases, tasks, workbooks } from "../../schema/workbook.js";
import type { Random } from "../random.js";
import { instant } from "./containers.js";
import { phaseNames, type Shape, tasksOfPhase } from "./shape.js";

const minute = 60_000;

/** The workbooks of cases. */
export function* workbookRows(random: Random, shapes: readonly Shape[]): Iterable<typeof workbooks.$inferInsert> {
  for (const { id, workbook, created } of shapes) {
    if (!workbook) continue;
    const createTime = instant(random, created + minute);
    yield { id: workbook.id, containerId: id, name: "Investigation", description: "From alarm to report.", createTime };
  }
}

/** The phases of those workbooks. */
export function* phaseRows(shapes: readonly Shape[]): Iterable<typeof phases.$inferInsert> {
  for (const { id: containerId, workbook } of shapes) {
    if (!workbook) continue;
    for (const [index, name] of phaseNames.entries())
      yield { id: workbook.phaseId + index, containerId, workbookId: workbook.id, name, order: index + 1 };
  }
}

/** The tasks of those phases: all done in resolved cases, the first ones in open cases. */
export function* taskRows(random: Random, shapes: readonly Shape[]): Iterable<typeof tasks.$inferInsert> {
  for (const { id: containerId, workbook, stage, created, owner, role } of shapes) {
    if (!workbook) continue;
    const reached = stage === "resolved" ? phaseNames.length * tasksOfPhase : random.between(0, 8);
    for (let index = 0; index < phaseNames.length * tasksOfPhase; index++) {
      const began = index <= reached ? created + (index + 1) * 7 * minute : undefined;
      const status = index < reached ? "complete" : began ? "in_progress" : "not_started";
      yield {
        id: workbook.taskId + index,
        containerId,
        phaseId: workbook.phaseId + Math.floor(index / tasksOfPhase),
        name: random.pick([
          "Collect logs",
          "Interview the owner",
          "Isolate the host",
          "Check for copies",
          "Reset keys",
        ]),
        description: "As the handbook says.",
        order: (index % tasksOfPhase) + 1,
        status,
        ownerId: owner,
        roleId: role,
        suggestions: { actions: ["geolocate ip"], playbooks: [] },
        createTime: instant(random, created + minute),
        modifiedTime: began ? instant(random, began) : null,
        startTime: began ? instant(random, began) : null,
        endTime: status === "complete" && began ? instant(random, began + 6 * minute) : null,
      };
    }
  }
}

/** The notes on containers, on an artifact and on the first task of a case. */
export function* noteRows(random: Random, shapes: readonly Shape[]): Iterable<typeof notes.$inferInsert> {
  for (const { id: containerId, artifactId, workbook, stage, owner, created, ingested } of shapes) {
    if (stage === "new") continue;
    for (let left = random.pick([0, 0, 1, 1, 2]); left > 0; left--) {
      const noteType = random.pick(["general", "artifact", workbook ? "task" : "general"] as const);
      const written = created + random.between(10, 600) * minute;
      yield {
        containerId,
        noteType,
        artifactId: noteType === "artifact" ? artifactId + random.between(0, ingested - 1) : null,
        taskId: noteType === "task" ? workbook!.taskId : null,
        phaseId: workbook?.phaseId ?? null,
        title: random.pick(["First look", "Asked the owner", "Timeline", "Conclusion"]),
        content: `Seen before under number ${random.between(1, 90_000)}.\n\n- nothing was taken\n- the owner was told`,
        authorId: owner,
        createTime: instant(random, written),
        modifiedTime: random.next() < 0.1 ? instant(random, written + minute) : null,
      };
    }
  }
}

/** The pins of containers. */
export function* pinRows(random: Random, shapes: readonly Shape[]): Iterable<typeof pins.$inferInsert> {
  for (const { id: containerId, owner, created } of shapes) {
    for (let order = random.pick([0, 0, 0, 1, 1, 2]); order > 0; order--) {
      const pinned = created + random.between(5, 60) * minute;
      yield {
        containerId,
        name: order === 1 ? "verdict" : null,
        message: random.pick(["Verdict", "Located by maxmind", "Owner of the host"]),
        data: random.pick(["malicious", "harmless", "Zurich, Switzerland", "unknown"]),
        pinType: random.pick(["data", "card_small", "card_medium"] as const),
        pinStyle: random.pick(["grey", "blue", "red", "white", "purple"] as const),
        order,
        authorId: owner,
        createTime: instant(random, pinned),
        modifiedTime: random.next() < 0.1 ? instant(random, pinned + minute) : null,
      };
    }
  }
}

/** What was said about containers. */
export function* commentRows(random: Random, shapes: readonly Shape[]): Iterable<typeof comments.$inferInsert> {
  for (const { id: containerId, owner, created } of shapes) {
    for (let left = random.pick([0, 0, 1, 1, 2, 3]); left > 0; left--) {
      yield {
        containerId,
        comment: random.pick(["Looking into it.", "Waiting for the owner.", "Same as yesterday's.", "Handed over."]),
        authorId: owner,
        createTime: instant(random, created + random.between(5, 900) * minute),
      };
    }
  }
}
