import { type SQL, sql } from "drizzle-orm";
import type { Database } from "../database/pools.js";
import { AppError } from "../errors.js";
import { instant } from "../schema/columns.js";
import { namedEnum } from "../schema/enums.js";
import { bigint, flag, int, list, optional, required, type Token, text, time } from "../schema/operations.js";
import { record } from "../schema/record.js";
import { fromPostgresTime } from "../schema/scalars.js";
import { serviceSnapshots } from "../schema/service-snapshot.js";
import { machine, machineFields } from "./machine.js";

const ServiceSnapshot = record("ServiceSnapshot", "How a process of a service was at a moment.", {
  id: required(int, "Its number."),
  name: required(text, "Name of the service."),
  host: required(text, "The machine it runs on; empty for the database."),
  pid: required(int, "The process; 0 for a service of several processes."),
  numInstances: required(int, "How many processes it tells of."),
  rsKb: optional(bigint, "Kilobytes of resident memory; null: it runs on another machine."),
  vmKb: optional(bigint, "Kilobytes of virtual memory; null: the system does not tell it."),
  utime: optional(bigint, "User time in clock ticks; null: it runs on another machine."),
  stime: optional(bigint, "System time in clock ticks; null: it runs on another machine."),
  time: required(time, "When it was taken."),
});

const statuses = namedEnum("ServiceStatus", "Whether a service is there.", {
  running: "A process of it was heard of in the last minute and a half.",
  stopped: "None was, or it said that it stops.",
});
const status: Token<string> = { thunk: () => statuses };

const ServiceHealth = record("ServiceHealth", "A service of this product, and how it was lately.", {
  name: required(text, "`gateway`, `worker` or `postgres`."),
  status: required(status, "Whether it is there."),
  snapshots: required(list(ServiceSnapshot), "How its processes were, the latest first."),
});

export const Health = record("Health", "How the services and their machine are.", {
  allRunning: required(flag, "Whether every service of the last day is there."),
  lastSnapshotTime: optional(time, "When a process was last heard of; null: none was."),
  services: required(list(ServiceHealth), "Every service that was there in the last day."),
  ...machineFields,
});

/** How many snapshots of a service a day has, when it has one process. */
const most = 2880;

/** How everything is, with so many of the latest snapshots of each service. */
export async function health(
  database: Database,
  { dataDir, folder }: { dataDir: string; folder: string },
  snapshots: number,
) {
  if (snapshots < 0 || snapshots > most)
    throw new AppError("BAD_USER_INPUT", `\`snapshots\` is ${snapshots}; it can be 0 to ${most}.`, {
      snapshots,
      limit: most,
    });
  const [rows, figures] = await Promise.all([database.read(lately(snapshots)), machine(dataDir, folder)]);
  const [all, last] = rows[0]!;
  const services: { status: string }[] = JSON.parse(all!);
  return {
    allRunning: services.every(({ status }) => status === "running"),
    lastSnapshotTime: last && fromPostgresTime(last),
    services,
    ...figures,
  };
}

function lately(snapshots: number): SQL {
  return sql`
    with recent as (select * from ${serviceSnapshots} where time > now() - interval '1 day'),
    processes as (select distinct on (name, host, pid) * from recent order by name, host, pid, time desc),
    services as (
      select name, bool_or(not stopped and time > now() - interval '90 seconds') as runs from processes group by name)
    select coalesce(json_agg(json_build_object(
        'name', name,
        'status', case when runs then 'running' else 'stopped' end,
        'snapshots', (select coalesce(json_agg(s), '[]') from (
          select id, name, host, pid, num_instances as "numInstances", rs_kb as "rsKb", vm_kb as "vmKb", utime, stime,
            ${instant(sql`time`)} as time
          from recent where recent.name = services.name order by recent.time desc, id desc limit ${snapshots}) s)
      ) order by name), '[]'),
      (select max(time) from recent)
    from services`;
}
