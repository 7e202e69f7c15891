import type { Connector } from "./connector.js";
import { dns } from "./dns.js";
import { geolocate } from "./geolocate.js";
import { http } from "./http.js";
import { mail } from "./mail.js";
import { reputation } from "./reputation.js";
import { whois } from "./whois.js";

/** The connectors of this gateway. */
export const connectors: readonly Connector[] = [geolocate, dns, whois, http, reputation, mail];
