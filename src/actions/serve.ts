import type { Config } from "../config.js";
import type { Database } from "../database/pools.js";
import { loadConnectors } from "./connectors.js";
import { registerConnectors } from "./register.js";
import { Worker } from "./worker.js";

/** Makes the connectors apps of the system, and a worker for them, which does not work yet. */
export async function workerFor(
  database: Database,
  { CONNECTORS, WORKER_PLACES: places, ACTION_SECONDS: seconds }: Config,
  report: (error: unknown, what: string) => void,
): Promise<Worker> {
  const loaded = await loadConnectors(CONNECTORS);
  await registerConnectors(database, loaded);
  const connectors = loaded.map(({ manifest }) => manifest.appid);
  return new Worker(database, { connectors, files: CONNECTORS, places, seconds, report });
}
