import { hostname } from "node:os";
import { setTimeout } from "node:timers/promises";
import { lt, sql } from "drizzle-orm";
import type { Database } from "../database/pools.js";
import { serviceSnapshots } from "../schema/service-snapshot.js";
import { ownUsage, postgresUsage } from "./processes.js";

const halfMinute = 30_000;

/** How long a process that stops waits for a database that may be gone. */
const patience = 1_000;

/** The processes of this product, by what they do. */
export type Service = "gateway" | "worker";

/**
 * Tells twice a minute how this process is, and the database with it, from now until the function that it gives is called.
 * `report` hears of what goes wrong: a snapshot that is missing stops nothing.
 */
export async function watchService(
  database: Database,
  name: Service,
  report: (error: unknown) => void,
): Promise<() => Promise<unknown>> {
  const snap = (stopped: boolean) => takeSnapshot(database, name, stopped).catch(report);
  let latest = snap(false);
  await latest;
  const timer = setInterval(() => {
    latest = snap(false);
  }, halfMinute).unref();
  return () => {
    clearInterval(timer);
    // One that is under way must not have the last word.
    const last = latest.then(() => snap(true));
    return Promise.race([last, setTimeout(patience, undefined, { ref: false })]);
  };
}

export async function takeSnapshot({ writer, read }: Database, name: Service, stopped: boolean): Promise<void> {
  const own = { name, host: hostname(), pid: process.pid, stopped, ...(await ownUsage()) };
  const backends = await read(sql`select pid from pg_stat_activity`);
  const pids = backends.map(([pid]) => Number(pid));
  const database = { name: "postgres", host: "", pid: 0, numInstances: pids.length, ...(await postgresUsage(pids)) };
  const t = serviceSnapshots;
  const period = sql`floor(extract(epoch from now()) / 30)::int`;
  await writer
    .insert(t)
    .values([own, database].map((snapshot) => ({ ...snapshot, period })))
    .onConflictDoUpdate({
      target: [t.name, t.host, t.pid, t.period],
      set: {
        stopped: sql`excluded.stopped`,
        numInstances: sql`excluded.num_instances`,
        rsKb: sql`excluded.rs_kb`,
        vmKb: sql`excluded.vm_kb`,
        utime: sql`excluded.utime`,
        stime: sql`excluded.stime`,
        time: sql`excluded.time`,
      },
    });
  await writer.delete(t).where(lt(t.time, sql`now() - interval '1 day'`));
}
