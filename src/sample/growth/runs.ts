import type { actionResults, actionRuns, appRuns } from "../../schema/action-run.js";
import type { playbookRuns } from "../../schema/playbook.js";
import type { Random } from "../random.js";
import { instant } from "./containers.js";
import type { Ask, Run, Shape } from "./shape.js";

const second = 1000;

/** The playbook runs of the containers, each having seen what came in. */
export function* playbookRunRows(random: Random, shapes: readonly Shape[]): Iterable<typeof playbookRuns.$inferInsert> {
  for (const { id: containerId, runs, created, owner, artifactId, ingested } of shapes) {
    for (const { id, playbookId } of runs) {
      const begun = created + random.between(5, 600) * second;
      const status = endOf(random);
      yield {
        id,
        containerId,
        playbookId,
        ownerId: random.next() < 0.2 ? owner : null,
        status,
        message: status === "success" ? "Ended well." : "A block failed.",
        scope: random.pick(["new", "all"] as const),
        log: `block 1: begun\nblock 2: ${status}`,
        lastArtifactId: artifactId + ingested - 1,
        createTime: instant(random, begun),
        startTime: instant(random, begun + second),
        updateTime: instant(random, begun + 9 * second),
        endTime: instant(random, begun + 9 * second),
      };
    }
  }
}

/** Every action of some containers, with the run that asked for it. */
function* asksOf(shapes: readonly Shape[]): Iterable<{ shape: Shape; ask: Ask; run: Run | undefined }> {
  for (const shape of shapes) {
    for (const run of shape.runs) for (const ask of run.asks) yield { shape, ask, run };
    for (const ask of shape.manual) yield { shape, ask, run: undefined };
  }
}

/** The actions that playbooks and analysts asked for. */
export function* actionRunRows(random: Random, shapes: readonly Shape[]): Iterable<typeof actionRuns.$inferInsert> {
  for (const { shape, ask, run } of asksOf(shapes)) {
    const begun = shape.created + random.between(5, 600) * second;
    yield {
      id: ask.id,
      containerId: shape.id,
      playbookRunId: run?.id ?? null,
      playbookId: run?.playbookId ?? null,
      action: ask.tool.action,
      name: `${ask.tool.action} ${random.between(1, 900)}`,
      type: ask.tool.type,
      targets: [{ app_id: ask.tool.appId, assets: ask.tool.assets.slice(0, ask.appRuns), parameters: [{}] }],
      status: endOf(random),
      message: "1 of 1 succeeded",
      creatorId: run ? null : shape.owner,
      ownerId: run ? null : shape.owner,
      createTime: instant(random, begun),
      startTime: instant(random, begun + second),
      assignTime: run ? null : instant(random, begun),
      dueTime: run ? null : instant(random, begun + 3600 * second),
      updateTime: instant(random, begun + 4 * second),
      closeTime: instant(random, begun + 4 * second),
    };
  }
}

/** Where those actions ran. */
export function* appRunRows(random: Random, shapes: readonly Shape[]): Iterable<typeof appRuns.$inferInsert> {
  for (const { shape, ask, run } of asksOf(shapes)) {
    for (let index = 0; index < ask.appRuns; index++) {
      const begun = shape.created + random.between(5, 600) * second;
      const { action, appId, appName, appVersion, assets } = ask.tool;
      yield {
        id: ask.appRunId + index,
        actionRunId: ask.id,
        containerId: shape.id,
        playbookRunId: run?.id ?? null,
        appId,
        assetId: assets[index] ?? null,
        action,
        appName,
        appVersion,
        status: endOf(random),
        message: "Done.",
        resultSummary: { total_objects: 1, total_objects_successful: 1 },
        createTime: instant(random, begun),
        startTime: instant(random, begun + second),
        endTime: instant(random, begun + 3 * second),
      };
    }
  }
}

/** What they gave. */
export function* actionResultRows(
  random: Random,
  shapes: readonly Shape[],
): Iterable<typeof actionResults.$inferInsert> {
  for (const { shape, ask } of asksOf(shapes)) {
    for (let index = 0; index < ask.appRuns; index++) {
      for (let left = random.pick([1, 1, 1, 2]); left > 0; left--) {
        const address = `198.18.${random.between(0, 255)}.${random.between(2, 254)}`;
        yield {
          appRunId: ask.appRunId + index,
          containerId: shape.id,
          status: endOf(random),
          message: `Answered for ${address}.`,
          parameter: { ip: address, context: { artifact_id: shape.artifactId, guid: "", parent_action_run: [] } },
          data: [{ country_iso_code: "CH", latitude: 47.37, longitude: 8.54, time_zone: "Europe/Zurich" }],
          summary: { country: "Switzerland" },
        };
      }
    }
  }
}

const endOf = (random: Random) => random.pick(["success", "success", "success", "success", "failed"] as const);
