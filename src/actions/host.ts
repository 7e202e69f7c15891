import { Worker } from "node:worker_threads";
import type { Job } from "../connectors/connector.js";
import { loadConnectors } from "./connectors.js";
import type { Answer, Order } from "./processes.js";

/*
 * A process in which connectors run, one job after the other. It has nothing of the gateway but what a job says, and can
 * be ended at any time, whatever the connector in it does.
 */

const { connectors, stop } = await ready();

/** A connector that spins never hears that the gateway is gone: a thread of its own ends the process then. */
const watch = `const parent = process.ppid; setInterval(() => process.ppid === parent || process.kill(process.pid, "SIGKILL"), 1000);`;
new Worker(watch, { eval: true }).unref();

process.on("disconnect", () => process.exit());
process.on("message", async (order: Order) => {
  if ("abort" in order) return stop.controller.abort();
  stop.controller = new AbortController();
  tell(await answer(order, stop.controller.signal));
});
tell({ ready: true });

async function ready() {
  const loaded = await loadConnectors(process.argv.slice(2));
  return {
    connectors: new Map(loaded.map((one) => [one.manifest.appid, one])),
    stop: { controller: new AbortController() },
  };
}

async function answer(order: Extract<Order, { connector: string }>, signal: AbortSignal): Promise<Answer> {
  const job: Job = {
    settings: order.settings,
    attemptKey: order.attemptKey,
    signal,
    log: (line) => tell({ log: String(line) }),
  };
  const connector = connectors.get(order.connector);
  try {
    if (!connector) return { error: `This gateway has no connector ${order.connector}.` };
    if (order.action !== null) return { result: await connector.run(order.action, order.parameters, job) };
    return { result: { success: true, message: await connector.test(job), data: [], summary: {} } };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

function tell(answer: Answer): void {
  process.send!(answer, undefined, undefined, (error) => {
    // What cannot be written as JSON is not sent at all, and the gateway would wait for it.
    if (error && "result" in answer) process.send!({ error: error.message });
  });
}
