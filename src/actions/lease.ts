import { sql } from "drizzle-orm";
import type { Connection, Writer } from "../database/pools.js";

/** What proves that an app run belongs to somebody. */
export interface Lease {
  readonly id: number;
  readonly leaseToken: string;
}

/** Holds leases for so long from now on, and gives the ids of the app runs whose leases were not lost. */
export async function extend(
  connection: Pick<Connection, "read">,
  leases: readonly Lease[],
  seconds: number,
): Promise<Set<number>> {
  const rows = await connection.read(sql`
    update app_runs set claim_time = now() + make_interval(secs => ${seconds}) from ${held(leases)}
    where app_runs.id = held.id and lease_token = held.token and status = 'running' returning app_runs.id`);
  return new Set(rows.map(([id]) => Number(id)));
}

/** Notes, for good, that an action is about to be done; false when the lease was lost, and it must not be. */
export async function dispatch(writer: Writer, { id, leaseToken }: Lease): Promise<boolean> {
  const { rowCount } = await writer.execute(sql`
    update app_runs set dispatch_time = now() where id = ${id} and lease_token = ${leaseToken} and status = 'running'`);
  return rowCount === 1;
}

/** Lets anybody take app runs at once, which is no death of a worker. */
export async function handBack(writer: Writer, leases: readonly Lease[]): Promise<void> {
  await writer.execute(sql`
    update app_runs set claim_time = now(), lease_token = null from ${held(leases)}
    where app_runs.id = held.id and lease_token = held.token and status = 'running'`);
}

function held(leases: readonly Lease[]) {
  const [ids, tokens] = [leases.map(({ id }) => id), leases.map(({ leaseToken }) => leaseToken)];
  return sql`unnest(${sql.param(ids)}::int[], ${sql.param(tokens)}::uuid[]) held(id, token)`;
}
