import DataLoader from "dataloader";
import { type SQL, sql } from "drizzle-orm";
import type { Caller } from "../auth/who.js";
import type { Database } from "../database/pools.js";

/** What an app run gave, under the names that a callback of SOAR reads. */
export interface Given {
  asset_id: number | null;
  status: string;
  name: string;
  app: string;
  action_results: { status: string; data: unknown[]; message: string; parameter: object; summary: object }[];
  app_id: number | null;
  summary: object;
  asset: string;
  action: string;
  message: string;
  app_run_id: number;
  action_run_id: number;
}

/** The columns of an action run that a callback gets. */
export interface EndedRun {
  id: number;
  containerId: number;
  action: string;
  name: string;
  status: string;
  handle: string | null;
  filteredArtifacts: unknown;
  filteredResults: unknown;
  customFunction: unknown;
}

/** What callbacks tell beyond the row of their action run: read for all of a request together. */
export class CallbackReads {
  readonly #results: DataLoader<number, Given[]>;
  readonly #containers: DataLoader<number, Record<string, unknown>>;

  constructor(database: Database, caller: Caller) {
    this.#results = loader(
      database,
      (ids) => resultsOf(ids),
      (found) => found as Given[],
    );
    const mayViewAssets = caller.permissions.has("assets:view");
    this.#containers = loader(
      database,
      (ids) => containersOf(ids, mayViewAssets),
      ([found]) => found as Record<string, unknown>,
    );
  }

  results(actionRunId: number): Promise<Given[]> {
    return this.#results.load(actionRunId);
  }

  /** What a Python callback is called with: `callback(**kwargs)`. */
  async kwargs(run: EndedRun): Promise<Record<string, unknown>> {
    const [container, results] = await Promise.all([this.#containers.load(run.containerId), this.results(run.id)]);
    return {
      action: { action_run_id: run.id, action_name: run.action, action: run.action, name: run.name },
      success: run.status === "success",
      container,
      results,
      handle: run.handle,
      filtered_artifacts: run.filteredArtifacts,
      filtered_results: run.filteredResults,
      custom_function: run.customFunction,
    };
  }
}

/** All results of one kind, flat: each with where it was gotten. */
export function flat(results: readonly Given[], success: boolean): Record<string, unknown>[] {
  return results.flatMap(({ action_results, summary: _, message: __, status: ___, ...where }) =>
    action_results
      .filter(({ status }) => (status === "success") === success)
      .map((result) => ({ ...camelCase(where), ...result })),
  );
}

/** The same under the names that GraphQL uses. */
export function camelCase(given: object): Record<string, unknown> {
  const entries = Object.entries(given);
  return Object.fromEntries(
    entries.map(([name, value]) => [name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()), value]),
  );
}

function loader<T>(
  database: Database,
  statement: (ids: SQL) => SQL,
  take: (found: unknown[]) => T,
): DataLoader<number, T> {
  return new DataLoader(async (ids) => {
    const rows = await database.read(statement(sql`${sql.param(ids)}::int[]`));
    return ids.map((id) => take(rows.flatMap(([key, json]) => (Number(key) === id ? [JSON.parse(json!)] : []))));
  });
}

const resultsOf = (ids: SQL) => sql`
  select r.action_run_id, json_build_object('asset_id', r.asset_id, 'status', r.status, 'name', a.name, 'app', r.app_name,
    'action_results', (select coalesce(json_agg(json_build_object('status', x.status, 'data', x.data, 'message', x.message,
      'parameter', x.parameter, 'summary', x.summary) order by x.id), '[]') from action_results x where x.app_run_id = r.id),
    'app_id', r.app_id, 'summary', r.result_summary, 'asset', r.asset_name, 'action', r.action, 'message', r.message,
    'app_run_id', r.id, 'action_run_id', r.action_run_id)
  from app_runs r join action_runs a on a.id = r.action_run_id where r.action_run_id = any(${ids}) order by r.id`;

/** Containers as Python sees them, by id: times as Postgres prints them, and the empty text for what there is not. */
export const containersOf = (ids: SQL, mayViewAssets: boolean) => sql`
  select c.id, json_build_object('sensitivity', c.sensitivity, 'create_time', c.create_time::text,
    'owner', coalesce(u.username, roles.name, ''), 'id', c.id, 'close_time', coalesce(c.close_time::text, ''), 'severity', c.severity,
    'label', c.label, 'due_time', coalesce(c.due_time::text, ''), 'version', c.version::text,
    'current_rule_run_id', coalesce((select max(p.id) from playbook_runs p where p.container_id = c.id), 0), 'status', c.status,
    'owner_name', coalesce(trim(u.first_name || ' ' || u.last_name), ''), 'hash', c.hash, 'description', c.description,
    'tags', c.tags, 'start_time', c.start_time::text,
    'asset_name', coalesce((select s.name from assets s where s.id = c.asset_id and ${mayViewAssets}), ''),
    'artifact_update_time', c.artifact_update_time::text, 'container_update_time', c.container_update_time::text,
    'kill_chain', coalesce(c.kill_chain, ''), 'name', c.name, 'ingest_app_id', coalesce(c.ingest_app_id::text, ''),
    'source_data_identifier', c.source_data_identifier, 'end_time', coalesce(c.end_time::text, ''),
    'artifact_count', (select count(*) from artifacts f where f.container_id = c.id))
  from containers c left join users u on u.id = c.owner_id left join roles on roles.id = c.role_id where c.id = any(${ids})`;
