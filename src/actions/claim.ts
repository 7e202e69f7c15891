import { type SQL, sql } from "drizzle-orm";
import type { Writer } from "../database/pools.js";
import type { RunChange } from "../ledger.js";

/** An app run that belongs to whoever holds its lease. */
export interface Claimed {
  readonly id: number;
  readonly leaseToken: string;
  readonly actionRunId: number;
  readonly containerId: number;
  /** What the action run is called. */
  readonly name: string;
  readonly action: string;
  readonly parameters: readonly Record<string, unknown>[];
  readonly effect: "read" | "keyed" | "unsafe";
  /** The GUID of the gateway's connector that its app stands for. */
  readonly connector: string | null;
  readonly appName: string;
  readonly assetName: string;
  /** The settings of its asset, secrets included. */
  readonly settings: Record<string, unknown>;
  /** Those of them that are no secrets. */
  readonly shown: Record<string, unknown>;
  readonly deaths: number;
  /** Whether it was about to be done once already. */
  readonly dispatched: boolean;
  /** Whether its app or asset was disabled meanwhile. */
  readonly disabled: boolean;
  /** Whether its action run began by it. */
  readonly first: boolean | null;
}

export interface Claim {
  /** Which app runs are wanted: a condition on their rows. */
  readonly of: SQL;
  readonly most: number;
  readonly leaseSeconds: number;
}

/**
 * Takes app runs that are due, and those whose worker let its lease run out: the same statement for both. Times are the
 * database's. Gives them, and the action runs that began by it; those are locked in the order of ids, as by everybody.
 */
export async function claim(
  writer: Writer,
  { of, most, leaseSeconds }: Claim,
): Promise<{ claimed: Claimed[]; begun: RunChange[] }> {
  const due = sql`app_runs.claim_time <= now() and ${of}`;
  // A statement of its own: the next one sees what others claimed on these assets before they were locked.
  const { rows: assets } = await writer.execute<{ id: number }>(sql`
    select id from assets where concurrency_limit is not null
      and exists (select from app_runs where app_runs.asset_id = assets.id and ${due}) order by id for no key update skip locked`);
  // By arrays of ids, which Postgres takes for short; of rows it would expect many, and read whole tables.
  const { rows } = await writer.execute<Claimed & Record<string, unknown>>(sql`
    with free as materialized (
      select id, concurrency_limit - (select count(*)::int from app_runs
        where app_runs.asset_id = assets.id and app_runs.status = 'running' and app_runs.claim_time > now()) as places
      from assets where id = any(${sql.param(assets.map(({ id }) => id))}::int[])
    ), limited as (
      select one.id from free cross join lateral (
        select app_runs.id from app_runs where app_runs.asset_id = free.id and ${due}
        order by app_runs.claim_time, app_runs.id limit greatest(free.places, 0) for update skip locked) one
      limit ${most}
    ), unlimited as (
      select app_runs.id from app_runs where ${due}
        and not exists (select from assets where assets.id = app_runs.asset_id and concurrency_limit is not null)
      order by app_runs.claim_time, app_runs.id limit ${most} - (select count(*) from limited) for update skip locked
    ), claimed as (
      update app_runs set status = 'running', message = '', attempt = attempt + 1, deaths = deaths + (lease_token is not null)::int,
        lease_token = gen_random_uuid(), claim_time = now() + make_interval(secs => ${leaseSeconds}),
        start_time = coalesce(start_time, now())
      where id = any(array(select id from limited union all select id from unlimited)) returning *
    ), pending as (
      select id from action_runs where id = any(array(select action_run_id from claimed)) and status = 'pending' order by id for no key update
    ), begun as (
      update action_runs set status = 'running', start_time = now(), update_time = now() from pending
      where action_runs.id = pending.id returning action_runs.id
    )
    select c.id, c.lease_token as "leaseToken", c.action_run_id as "actionRunId", c.container_id as "containerId", a.name,
      c.action, c.parameters, c.effect, apps.connector, c.app_name as "appName", c.asset_name as "assetName",
      coalesce(assets.configuration::jsonb || assets.secrets::jsonb, '{}') as settings,
      coalesce(assets.configuration, '{}') as shown, c.deaths, c.dispatch_time is not null as dispatched,
      apps.disabled or coalesce(assets.disabled, false) as disabled,
      c.id = min(c.id) filter (where begun.id is not null) over (partition by c.action_run_id) as first
    from claimed c join action_runs a on a.id = c.action_run_id join apps on apps.id = c.app_id
    left join assets on assets.id = c.asset_id left join begun on begun.id = c.action_run_id order by c.id`);
  const begun = rows.flatMap(({ first, actionRunId: id, containerId, id: appRunId }) =>
    first ? [{ id, containerId, status: "running", appRunId }] : [],
  );
  return { claimed: rows, begun };
}
