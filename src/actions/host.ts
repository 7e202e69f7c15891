import { inspect } from "node:util";
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
  let over = false;
  const job: Job = {
    settings: order.settings,
    attemptKey: order.attemptKey,
    signal,
    // What it still says when its answer is given would be taken for a line of the next job.
    log: (line) => void (over || tell({ log: String(line) })),
  };
  const connector = connectors.get(order.connector);
  try {
    if (!connector) return { error: `This gateway has no connector ${order.connector}.` };
    // Nothing would not be sent, and waited for.
    if (order.action !== null) return { result: (await connector.run(order.action, order.parameters, job)) ?? null };
    return { result: { success: true, message: await connector.test(job), data: [], summary: {} } };
  } catch (error) {
    if (error instanceof Error) return { error: error.message };
    return { error: typeof error === "string" ? error : inspect(error) };
  } finally {
    over = true;
  }
}

function tell(answer: Answer): void {
  try {
    send(answer);
  } catch (error) {
    // What cannot be written as JSON is not sent at all, and the gateway would wait for it.
    send({ error: (error as Error).message });
  }
}

/** To a gateway that is gone nothing is told, and nobody would hear that it could not be. */
function send(answer: Answer): void {
  process.send!(answer, undefined, undefined, () => {});
}
