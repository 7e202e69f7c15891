import { readFile } from "node:fs/promises";

/** What processes use: memory in kilobytes, processor time in ticks of a hundredth second; null where it is unknown. */
export interface Usage {
  rsKb: number | null;
  vmKb: number | null;
  utime: number | null;
  stime: number | null;
}

/** What this process uses. */
export async function ownUsage(): Promise<Usage> {
  const found = await usageOf(process.pid);
  if (found) return found;
  const { user, system } = process.cpuUsage();
  const rsKb = Math.round(process.memoryUsage.rss() / 1024);
  return { rsKb, vmKb: null, utime: Math.round(user / 10_000), stime: Math.round(system / 10_000) };
}

/** What the processes of a Postgres use together, by the numbers of some of them; nulls when it is on another machine. */
export async function postgresUsage(pids: readonly number[]): Promise<Usage> {
  const parent = pids.length ? await parentOf(pids[0]!) : undefined;
  const all =
    parent === undefined ? [] : await Promise.all([parent, ...pids].map((pid) => usageOf(pid, pid === parent)));
  const known = all.filter((usage) => usage !== undefined);
  if (known.length === 0) return { rsKb: null, vmKb: null, utime: null, stime: null };
  const sum = (field: keyof Usage) => known.reduce((total, usage) => total + (usage[field] ?? 0), 0);
  return { rsKb: sum("rsKb"), vmKb: sum("vmKb"), utime: sum("utime"), stime: sum("stime") };
}

/** The process that started a Postgres process; undefined when that number is no Postgres here. */
async function parentOf(pid: number): Promise<number | undefined> {
  const stat = await read(pid, "stat");
  return stat?.startsWith(`${pid} (postgres) `) ? Number(fieldsOf(stat)[1]) : undefined;
}

/** What a process uses, with the time of its children that ended where that counts; undefined when it is not here. */
async function usageOf(pid: number, withEnded = false): Promise<Usage | undefined> {
  const [stat, status] = await Promise.all([read(pid, "stat"), read(pid, "status")]);
  if (!stat || !status) return undefined;
  const [utime, stime, endedUtime, endedStime] = fieldsOf(stat).slice(11, 15).map(Number) as [
    number,
    number,
    number,
    number,
  ];
  const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1] ?? 0);
  return {
    rsKb: kilobytes("VmRSS"),
    vmKb: kilobytes("VmSize"),
    utime: utime + (withEnded ? endedUtime : 0),
    stime: stime + (withEnded ? endedStime : 0),
  };
}

const read = (pid: number, file: string) => readFile(`/proc/${pid}/${file}`, "utf8").catch(() => undefined);

/** The fields after the program's name, which may hold anything. */
const fieldsOf = (stat: string) => stat.slice(stat.lastIndexOf(")") + 2).split(" ");
