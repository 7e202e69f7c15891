import type { Gateway } from "../support/gateway.js";

/** A rule that the specification states, and how to see that it holds. */
export interface Rule {
  id: string;
  /** The rule in our own words. */
  sentence: string;
  check(gateway: Gateway): Promise<void>;
}
