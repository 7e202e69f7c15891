import { type SQL, sql } from "drizzle-orm";
import { actionResults } from "../../schema/action-run.js";
import { artifacts } from "../../schema/artifact.js";

const milliseconds = (time: unknown) => sql`coalesce(floor(extract(epoch from ${time}) * 1000)::bigint, 0)`;

/** What Python sees of an artifact (S0). */
export const fields: Record<string, SQL> = {
  create_time: milliseconds(artifacts.createTime),
  id: sql`${artifacts.id}`,
  severity: sql`${artifacts.severity}`,
  label: sql`${artifacts.label}`,
  version: sql`${artifacts.version}`,
  type: sql`coalesce(${artifacts.type}, '')`,
  owner_id: sql`coalesce(${artifacts.ownerId}, 0)`,
  cef: sql`${artifacts.cef}`,
  update_time: milliseconds(artifacts.updateTime),
  hash: sql`${artifacts.hash}`,
  description: sql`coalesce(${artifacts.description}, '')`,
  tags: sql`${artifacts.tags}`,
  cef_types: sql`${artifacts.cefTypes}`,
  start_time: milliseconds(artifacts.startTime),
  container_id: sql`${artifacts.containerId}`,
  kill_chain: sql`coalesce(${artifacts.killChain}, '')`,
  playbook_run_id: sql`coalesce(${artifacts.playbookRunId}, 0)`,
  data: sql`${artifacts.data}`,
  name: sql`${artifacts.name}`,
  ingest_app_id: sql`coalesce(${artifacts.ingestAppId}, 0)`,
  source_data_identifier: sql`${artifacts.sourceDataIdentifier}`,
  end_time: milliseconds(artifacts.endTime),
};

/** What Python sees of what an action gave. */
export const results: Record<string, SQL> = {
  status: sql`${actionResults.status}`,
  message: sql`${actionResults.message}`,
  parameter: sql`${actionResults.parameter}`,
  data: sql`${actionResults.data}`,
  summary: sql`${actionResults.summary}`,
};
