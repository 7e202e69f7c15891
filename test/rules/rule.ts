import type { Gateway } from "../support/gateway.js";

/** Something the manual of SOAR states, in our own words, and how it is seen to hold. */
export interface Rule {
  /** The document, the operation or heading, and a number: `S0.add_tags.1`. */
  id: string;
  sentence: string;
  check(gateway: Gateway): Promise<void>;
}
