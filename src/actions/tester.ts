import pLimit from "p-limit";
import type { Processes } from "./processes.js";

/** What a test of an asset found: whether its product lets us in, and a sentence. */
export interface Tested {
  readonly passed: boolean;
  readonly message: string;
}

/** How long in milliseconds a product may take to answer. */
export const patience = 30_000;

/** How many are asked at once. */
const atOnce = 4;

/** Asks products whether they can be reached, from this process' machine. */
export class Tester {
  readonly #limit = pLimit(atOnce);

  constructor(readonly processes: Processes) {}

  test(connector: string, settings: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<Tested> {
    return this.#limit(async () => {
      const called = await this.processes.call({
        order: { connector, action: null, parameters: {}, settings, attemptKey: "" },
        milliseconds: patience,
        signal,
        log: () => {},
      });
      if ("error" in called) return { passed: false, message: called.error };
      return { passed: true, message: called.result.message };
    });
  }
}
