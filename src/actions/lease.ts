import { type SQL, sql } from "drizzle-orm";
import type { Writer } from "../database/pools.js";

/** What proves that an app run belongs to somebody. */
export interface Lease {
  readonly id: number;
  readonly leaseToken: string;
}

/** Holds leases for so long from now on, and gives the ids of the app runs whose leases were not lost. */
export function extension(leases: readonly Lease[], seconds: number): SQL {
  return sql`update app_runs set claim_time = now() + make_interval(secs => ${seconds}) ${where(leases)} returning app_runs.id`;
}

/** Notes, for good, that actions are about to be done; false when a lease was lost, and they must not be. */
export async function dispatch(writer: Writer, leases: readonly Lease[]): Promise<boolean> {
  const { rowCount } = await writer.execute(sql`update app_runs set dispatch_time = now() ${where(leases)}`);
  return rowCount === leases.length;
}

/** Lets anybody take app runs at once, which is no death of a worker. */
export async function handBack(writer: Writer, leases: readonly Lease[]): Promise<void> {
  await writer.execute(sql`update app_runs set claim_time = now(), lease_token = null ${where(leases)}`);
}

function where(leases: readonly Lease[]): SQL {
  const [ids, tokens] = [leases.map(({ id }) => id), leases.map(({ leaseToken }) => leaseToken)];
  return sql`from unnest(${sql.param(ids)}::int[], ${sql.param(tokens)}::text[]) held(id, token)
    where app_runs.id = held.id and lease_token::text = held.token and status = 'running'`;
}
