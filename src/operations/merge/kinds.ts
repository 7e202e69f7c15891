import { eq, type SQL, sql } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import { actionResults, actionRuns, appRuns } from "../../schema/action-run.js";
import { artifacts } from "../../schema/artifact.js";
import { caseItems } from "../../schema/case-item.js";
import { comments } from "../../schema/comment.js";
import { containers } from "../../schema/container.js";
import { notes } from "../../schema/note.js";
import { playbookRuns } from "../../schema/playbook.js";
import { vaultItems } from "../../schema/vault.js";
import { copyClaimed, copyOf, copyRows, type Merge, nextId, sourcesOf, typeOf } from "./copying.js";

/*
 * What is merged, kind by kind: which rows come along, and what of them is not as it was.
 */

const none = sql`null`;
const now = sql`now()`;

/** A container by its parts: runs before the artifacts that they added, and artifacts before the notes on them. */
export async function copyContainer(merge: Merge): Promise<void> {
  const all = ({ containerId }: { containerId: PgColumn }) => eq(containerId, merge.from);
  await copyRows(merge, playbookRuns, { rows: all, finished, changes: ofPlaybookRun });
  await copyActionRuns(merge, all);
  await copyRows(merge, artifacts, { rows: all, changes: ofArtifact(merge) });
  await copyRows(merge, notes, { rows: all, changes: ofNote(merge) });
  await copyRows(merge, comments, { rows: all, changes: () => ({}) });
  await copyRows(merge, vaultItems, { rows: all, changes: ofFile });
  const { writer } = merge.work;
  await writer
    .update(artifacts)
    .set({ inCase: true, revision: sql`${artifacts.revision} + 1`, updateTime: now })
    .where(sql`not ${artifacts.inCase} and ${artifacts.id} in ${sourcesOf(merge, artifacts)}`);
  await changeSource(merge, sql`parent_container_id = ${merge.into}`);
}

/** An artifact, or of its record only one CEF key. */
export async function copyArtifact(merge: Merge): Promise<void> {
  await copyClaimed(merge, artifacts, ofArtifact(merge));
  await changeSource(merge, sql`in_case = true`);
}

export async function copyCefField(merge: Merge, key: string): Promise<void> {
  await copyClaimed(merge, artifacts, (artifact) => ({
    ...ofArtifact(merge)(artifact),
    cef: only(artifact.cef, key),
    cefTypes: only(artifact.cefTypes, key),
    data: sql`'{}'`,
  }));
}

export async function copyPlaybookRun(merge: Merge, id: number): Promise<void> {
  await copyClaimed(merge, playbookRuns, ofPlaybookRun);
  await copyActionRuns(merge, ({ playbookRunId }) => eq(playbookRunId, id));
}

export async function copyActionRun(merge: Merge): Promise<void> {
  await copyClaimed(merge, actionRuns, ofActionRun(merge));
  await copyAppRuns(merge);
}

/** Bytes are not copied, both rows name the same ones: they stay while the source has its row, which its locked container keeps. */
export async function copyFile(merge: Merge): Promise<void> {
  await copyClaimed(merge, vaultItems, ofFile);
}

async function copyActionRuns(merge: Merge, rows: (run: typeof actionRuns) => SQL): Promise<void> {
  await copyRows(merge, actionRuns, { rows, finished, changes: ofActionRun(merge) });
  await copyAppRuns(merge);
}

/** With their results, which are part of them and have no case items of their own. */
async function copyAppRuns(merge: Merge): Promise<void> {
  await copyRows(merge, appRuns, {
    rows: ({ actionRunId }) => sql`${actionRunId} in ${sourcesOf(merge, actionRuns)}`,
    finished,
    changes: ({ actionRunId, playbookRunId }) => ({
      actionRunId: copyOf(merge, actionRuns, actionRunId),
      playbookRunId: copyOf(merge, playbookRuns, playbookRunId),
    }),
  });
  await merge.work.writer.execute(sql`
    insert into ${actionResults} (id, app_run_id, container_id, status, message, parameter, data, summary)
    select ${nextId(actionResults)}, item.copy_id, ${merge.into}::int, r.status, r.message, r.parameter, r.data, r.summary
    from ${caseItems} item join ${actionResults} r on r.app_run_id = item.source_id
    where item.merged_with_id = ${merge.itemId} and item.source_type = ${typeOf(appRuns)} order by r.id`);
}

const finished = ({ status }: { status: PgColumn }) => sql`${status} not in ('pending', 'running')`;

const ofPlaybookRun = () => ({ lastArtifactId: none });

const ofActionRun =
  (merge: Merge) =>
  ({ playbookRunId }: typeof actionRuns) => ({ playbookRunId: copyOf(merge, playbookRuns, playbookRunId) });

/** S4: a copy's hash is not that of its original, so that neither is taken for the other. */
const ofArtifact = (merge: Merge) => (artifact: typeof artifacts) => ({
  hash: sql`md5(concat_ws(' ', ${artifact.hash}, 'copy', ${caseItems.copyId}))`,
  identified: sql`false`,
  createTime: now,
  updateTime: now,
  playbookRunId: copyOf(merge, playbookRuns, artifact.playbookRunId),
  inCase: sql`false`,
  parentContainerId: sql`${artifact.containerId}`,
  parentArtifactId: sql`${artifact.id}`,
  revision: sql`1`,
});

/** Tasks are not copied, nor phases: a note on a task becomes one on the case. */
const ofNote = (merge: Merge) => (note: typeof notes) => {
  const artifactId = copyOf(merge, artifacts, note.artifactId);
  return {
    noteType: sql`(case when ${artifactId} is null then 'general' else 'artifact' end)::note_type`,
    artifactId,
    taskId: none,
    phaseId: none,
    revision: sql`1`,
  };
};

const ofFile = () => ({ taskId: none, createdVia: sql`'merge'`, createTime: now });

/** Of a record only what is under a key, as it was written; nothing when it has no such key. */
const only = (record: PgColumn, key: string) =>
  sql`case when ${record} -> ${key}::text is null then '{}' else json_build_object(${key}::text, ${record} -> ${key}::text) end`;

async function changeSource({ work: { writer }, from }: Merge, change: SQL): Promise<void> {
  await writer.execute(
    sql`update ${containers} set ${change}, revision = revision + 1, container_update_time = now() where id = ${from}`,
  );
}
