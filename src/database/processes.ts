import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

/** Whether a process of this number runs, whoever owns it; one that has ended and whose parent has not noticed does not. */
export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  return status(pid)?.[0] !== "Z";
}

/** The number of a process and when it began, in one word without spaces: numbers alone are used again. */
export function identity(pid: number): string {
  const birth = existsSync("/proc/self/stat") ? status(pid)?.[19] : ps(pid, "lstart=");
  return `${pid}:${birth?.replaceAll(/\s+/g, "_") ?? ""}`;
}

/** What Linux tells of a process after its name, which may hold anything. */
function status(pid: number): string[] | undefined {
  const stat = read(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/** The words a process was started with; undefined when they cannot be seen. */
export function commandLine(pid: number): string | undefined {
  if (!existsSync("/proc/self/cmdline")) return ps(pid, "command=");
  return read(`/proc/${pid}/cmdline`)?.replaceAll("\0", " ");
}

/** Resolves to true once the process is gone, to false when it outlives the given time. */
export async function gone(pid: number, milliseconds: number): Promise<boolean> {
  const deadline = Date.now() + milliseconds;
  while (alive(pid)) {
    if (Date.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return true;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8") || undefined;
  } catch {
    return undefined;
  }
}

function ps(pid: number, column: string): string | undefined {
  try {
    return execFileSync("ps", ["-ww", "-o", column, "-p", String(pid)], { encoding: "utf8" }).trim() || undefined;
  } catch {
    return undefined;
  }
}
