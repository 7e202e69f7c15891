import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

/** Whether a process of this number exists, whoever owns it. */
export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** When a process began, as its system tells it: with the number it names one process, where the number alone is reused. */
export function birth(pid: number): string | undefined {
  if (!existsSync("/proc/self/stat")) return ps(pid, "lstart=");
  const stat = read(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
}

/** The words a process was started with. */
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
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function ps(pid: number, column: string): string | undefined {
  try {
    return execFileSync("ps", ["-o", column, "-p", String(pid)], { encoding: "utf8" }).trim() || undefined;
  } catch {
    return undefined;
  }
}
