import { type SQL, sql } from "drizzle-orm";
import type { Writer } from "../database/pools.js";

/** What proves that an app run belongs to somebody. */
export interface Lease {
  readonly id: number;
  readonly leaseToken: string;
}

/** Holds leases for so long from now on, and gives the ids of the app runs whose leases were not lost. */
export function extension(leases: readonly Lease[], seconds: number): SQL {
  return change(leases, sql`claim_time = now() + make_interval(secs => ${seconds})`);
}

/** Notes, for good, that actions are about to be done; false when a lease was lost, and they must not be. */
export async function dispatch(writer: Writer, leases: readonly Lease[]): Promise<boolean> {
  const { rowCount } = await writer.execute(change(leases, sql`dispatch_time = now()`));
  return rowCount === leases.length;
}

/** Lets anybody take app runs at once, which is no death of a worker. */
export async function handBack(writer: Writer, leases: readonly Lease[]): Promise<void> {
  await writer.execute(change(leases, sql`claim_time = now(), lease_token = null`));
}

/** A change of app runs whose leases are held still. They are locked in the order of ids, as by everybody. */
function change(leases: readonly Lease[], set: SQL): SQL {
  const [ids, tokens] = [leases.map(({ id }) => id), leases.map(({ leaseToken }) => leaseToken)];
  return sql`
    with held as (
      select app_runs.id from app_runs join unnest(${sql.param(ids)}::int[], ${sql.param(tokens)}::text[]) lease(id, token)
        on app_runs.id = lease.id and lease_token::text = lease.token
      where status = 'running' order by app_runs.id for no key update of app_runs
    )
    update app_runs set ${set} from held where app_runs.id = held.id returning app_runs.id`;
}
