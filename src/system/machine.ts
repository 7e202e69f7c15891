import { readFile, statfs } from "node:fs/promises";
import { freemem, loadavg, totalmem } from "node:os";
import { dirname } from "node:path";
import { list, number, required, text } from "../schema/operations.js";
import { record } from "../schema/record.js";

const Amount = record("Amount", "A part of a memory or disk.", {
  label: required(text, "`Free`, `Used` or `Cached`."),
  value: required(number, "How much, in megabytes."),
});

const Load = record("Load", "How many processes wanted to run.", {
  time: required(text, "Over how long: `1 minute`, `5 minutes` or `15 minutes`."),
  load: required(number, "How many on average."),
});

/** The machine of the gateway that answers, as it is now. */
export const machineFields = {
  loadData: required(list(Load), "The load averages of the machine of the gateway that answers."),
  memoryData: required(list(Amount), "Its memory without swap space: free, used and cached."),
  swapData: required(list(Amount), "Its swap space; empty where the system does not tell it."),
  dbData: required(list(Amount), "The disk with its data directory."),
  vaultData: required(list(Amount), "The disk with its vault of files."),
};

/** Reads them: the figures of `DATA_DIR` and of the vault's folder are of the disks that they are on. */
export async function machine(dataDir: string, vaultFolder: string) {
  const [memory, dbData, vaultData] = await Promise.all([memoryInfo(), disk(dataDir), disk(vaultFolder)]);
  const times = ["1 minute", "5 minutes", "15 minutes"];
  return { loadData: loadavg().map((load, index) => ({ load, time: times[index] })), ...memory, dbData, vaultData };
}

const megabyte = 1024 * 1024;
const part = (label: string, bytes: number) => ({ label, value: Math.round(bytes / megabyte) });

async function memoryInfo() {
  const text = await readFile("/proc/meminfo", "utf8").catch(() => undefined);
  if (text === undefined)
    return { memoryData: [part("Free", freemem()), part("Used", totalmem() - freemem())], swapData: [] };
  const bytes = (name: string) => Number(new RegExp(`^${name}: +(\\d+) kB$`, "m").exec(text)?.[1] ?? 0) * 1024;
  const [total, free] = [bytes("MemTotal"), bytes("MemFree")];
  const cached = bytes("Buffers") + bytes("Cached") + bytes("SReclaimable");
  const [swap, swapFree] = [bytes("SwapTotal"), bytes("SwapFree")];
  return {
    memoryData: [part("Free", free), part("Used", total - free - cached), part("Cached", cached)],
    swapData: [part("Free", swapFree), part("Used", swap - swapFree)],
  };
}

/** The disk that a folder is on, or will be. */
async function disk(folder: string): Promise<{ label: string; value: number }[]> {
  const found = await statfs(folder).catch(() => undefined);
  if (!found) return disk(dirname(folder));
  const { bsize, blocks, bfree, bavail } = found;
  return [part("Free", bavail * bsize), part("Used", (blocks - bfree) * bsize)];
}
