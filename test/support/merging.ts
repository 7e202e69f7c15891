import type { Gateway } from "./gateway.js";

/** The ids of what is in a container made to be merged. */
export interface Filled {
  container: number;
  artifacts: number[];
  finishedRun: number;
  runningRun: number;
  /** Of the finished run, of the running run, and of none. */
  actionRuns: { ofFinished: number; ofRunning: number; alone: number; pending: number };
  file: number;
}

const sql = async <T>({ database }: Gateway, text: string, values: unknown[] = []): Promise<T[]> =>
  (await database.pool.query(text, values)).rows;

/** A new container with two artifacts, notes on it, an artifact and a task, a comment, a file, and runs that ended and runs that did not. */
export async function fill(gateway: Gateway): Promise<Filled> {
  const container = await makeContainer(gateway, [
    {
      name: "first",
      cefData: { sourceAddress: "203.0.113.9", fileHash: "c8e5", port: 25 },
      fieldMapping: { fileHash: ["md5"] },
    },
    { name: "second", cefData: { sourceAddress: "203.0.113.10" } },
  ]);
  const { data } = await gateway.ask(`mutation {
    general: addNote(input: { container: ${container}, title: "general", content: "on the container" }) { success }
    comment(input: { container: ${container}, comment: "a remark" }) { success }
    addVaultItem(input: { container: ${container}, name: "mail.eml", contentBase64: "bWFpbA==", metadata: { from: "mail" } }) { vaultId }
  }`);
  const artifacts = (
    await sql<{ id: number }>(gateway, "select id from artifacts where container_id = $1 order by id", [container])
  ).map(({ id }) => id);
  const [ids] = await sql<Record<string, number>>(
    gateway,
    `with task as (insert into tasks (container_id, name) values ($1, 'task') returning id),
      of_task as (insert into notes (container_id, note_type, task_id, title) select $1, 'task', id, 'on a task' from task),
      of_artifact as (insert into notes (container_id, note_type, artifact_id, title) values ($1, 'artifact', $2, 'on an artifact')),
      finished as (insert into playbook_runs (container_id, playbook_id, status, log, last_artifact_id)
        select $1, min(id), 'success', 'what it logged', $2 from playbooks returning id),
      running as (insert into playbook_runs (container_id, playbook_id, status) select $1, min(id), 'running' from playbooks returning id),
      a as (insert into action_runs (container_id, playbook_run_id, action, name, status)
        select $1, id, 'geolocate ip', 'of finished', 'success' from finished returning id),
      b as (insert into action_runs (container_id, playbook_run_id, action, name, status)
        select $1, id, 'geolocate ip', 'of running', 'failed' from running returning id),
      c as (insert into action_runs (container_id, action, name, status) values ($1, 'block ip', 'alone', 'cancelled') returning id),
      d as (insert into action_runs (container_id, playbook_run_id, action, name, status)
        select $1, id, 'block ip', 'pending', 'pending' from finished returning id),
      app as (insert into app_runs (container_id, action_run_id, playbook_run_id, action, status)
        select $1, a.id, finished.id, 'geolocate ip', 'success' from a, finished returning id),
      unfinished as (insert into app_runs (container_id, action_run_id, action, status)
        select $1, id, 'block ip', 'pending' from d),
      result as (insert into action_results (app_run_id, container_id, status, message, data)
        select id, $1, 'success', 'Located', '[{"country": "Australia"}]' from app)
    select (select id from finished) as finished, (select id from running) as running,
      (select id from a) as a, (select id from b) as b, (select id from c) as c, (select id from d) as d`,
    [container, artifacts[0]],
  );
  return {
    container,
    artifacts,
    finishedRun: ids!.finished!,
    runningRun: ids!.running!,
    actionRuns: { ofFinished: ids!.a!, ofRunning: ids!.b!, alone: ids!.c!, pending: ids!.d! },
    file: data.addVaultItem.vaultId,
  };
}

/** A new container with artifacts. */
export async function makeContainer(
  { ask }: Gateway,
  artifacts: object[] = [],
  containerType = "DEFAULT",
): Promise<number> {
  const added = artifacts.map((artifact, index) => ({
    rawData: { index },
    cefData: {},
    label: "event",
    name: "artifact",
    severity: "high",
    identifier: `source-${index}`,
    ...artifact,
  }));
  const { data } = await ask(
    "mutation ($input: CreateContainerInput!) { createContainer(input: $input) { containerId } }",
    {
      input: { name: "merged", label: "events", containerType, artifacts: added },
    },
  );
  return data.createContainer.containerId;
}

export const makeCase = (gateway: Gateway) => makeContainer(gateway, [], "CASE");

const fields = `success code field message counts case { id } caseItem { id sourceType sourceId iocField }
  caseItems(first: 100) { totalCount nodes { id sourceType sourceId iocField source { nodeId } copy { nodeId } } }`;

/** Merges, and gives the payload. */
export async function mergeInto(
  gateway: Gateway,
  into: number | null,
  item: object,
  more: object = {},
  headers = {},
  // biome-ignore lint/suspicious/noExplicitAny: tests look into payloads of every shape
): Promise<any> {
  const { data, errors } = await gateway.ask(
    `mutation ($input: MergeInput!) { merge(input: $input) { ${fields} } }`,
    { input: { case: into, item, ...more } },
    headers,
  );
  if (!data?.merge) throw new Error(JSON.stringify(errors));
  return data.merge;
}
