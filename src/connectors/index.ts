import type { Connector } from "./connector.js";

/** The connectors of this gateway. */
export const connectors: readonly Connector[] = [];
