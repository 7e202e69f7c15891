import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

const ticksPerSecond = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));

/** One contender under one load for some seconds: what clients saw, and what it cost. */
export async function measureWindow({ server, scenario, duration, window, load, database }) {
  await load({ url: server.url, name: scenario, duration: 0.4, window: window + 0.5 });
  await database.quiet();
  const before = await readings(server, database, load.pid);
  const seen = await load({ url: server.url, name: scenario, duration, window });
  await database.quiet();
  const after = await readings(server, database, load.pid);

  const spent = (what) => after[what] - before[what];
  return {
    perSecond: seen.completed / seen.seconds,
    p50: seen.p50,
    p99: seen.p99,
    errors: seen.errors,
    statements: spent("statements") / seen.sent,
    nodeCpu: (spent("node") * 1000) / seen.sent,
    postgresCpu: (spent("postgres") * 1000) / seen.sent,
    // Of one core, by processes that are no part of this.
    foreign: (spent("machine") - spent("node") - spent("postgres") - spent("bench")) / (after.time - before.time),
    memory: memoryOf(server.pid),
  };
}

/** Seconds of CPU spent so far, and statements counted so far. */
async function readings(server, database, loadPid) {
  return {
    time: performance.now() / 1000,
    statements: await database.statements(),
    node: cpuOf(server.pid),
    postgres: cpuOfFamily(database.pid),
    bench: cpuOf(loadPid) + cpuOf(process.pid),
    machine: cpuOfMachine(),
  };
}

function cpuOf(pid) {
  const { user, system } = statOf(pid);
  return (user + system) / ticksPerSecond;
}

/** A process with its children, those that ended included: the time of an ended child passes to its parent. */
function cpuOfFamily(pid) {
  const { user, system, ended } = statOf(pid);
  let ticks = user + system + ended;
  for (const name of readdirSync("/proc")) {
    const child = /^\d+$/.test(name) ? statOf(name) : undefined;
    if (child?.parent === pid) ticks += child.user + child.system;
  }
  return ticks / ticksPerSecond;
}

function statOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text
      .slice(text.lastIndexOf(")") + 2)
      .split(" ")
      .map(Number);
    return { parent: fields[1], user: fields[11], system: fields[12], ended: fields[13] + fields[14] };
  } catch {
    return { parent: 0, user: 0, system: 0, ended: 0 };
  }
}

function cpuOfMachine() {
  const [user, nice, system, , , irq, softirq] = readFileSync("/proc/stat", "utf8")
    .split("\n")[0]
    .split(/ +/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq) / ticksPerSecond;
}

/** Megabytes in memory, now and at most. */
function memoryOf(pid) {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024;
}
