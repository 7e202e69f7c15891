import { isIP } from "node:net";
import { networkOf, readAddress } from "./addresses.js";
import { readDomain } from "./domains.js";

/*
 * Indicators as lists are searched by: each has one form, whatever the letter case and spelling it came in.
 */

export type Kind = "hash" | "ip" | "domain" | "url";

/** The lengths of MD5, SHA-1, SHA-256 and SHA-512 in hexadecimal. */
const hashLengths = [32, 40, 64, 128];
const isHash = (text: string) => hashLengths.includes(text.length) && /^[0-9a-f]+$/i.test(text);

/** The form of an indicator of any kind, a range of addresses too; undefined where a text is none. */
export function keyOf(text: string): string | undefined {
  if (isHash(text)) return text.toLowerCase();
  // Lists have millions of these, and they have one spelling alone.
  if (isIP(text) === 4) return text;
  const [network = "", bits, more] = text.split("/", 3);
  try {
    if (isIP(network) && bits === undefined) return readAddress(network).ip;
    if (isIP(network) && more === undefined && /^\d{1,3}$/.test(bits!)) return rangeKey(network, Number(bits));
    return bits === undefined ? readDomain(text) : urlKey(text);
  } catch {
    return undefined;
  }
}

/** What to search for: the indicator itself, then what it is part of; refused when it is none of its kind. */
export function keysFor(kind: Kind, text: string): string[] {
  return keys[kind](text.trim());
}

const keys: Record<Kind, (text: string) => string[]> = {
  hash(text) {
    if (!isHash(text))
      throw new Error(`${JSON.stringify(text)} is not an MD5, SHA-1, SHA-256 or SHA-512 in hexadecimal.`);
    return [text.toLowerCase()];
  },
  ip(text) {
    const address = readAddress(text);
    const bits = address.bytes.length * 8;
    const ranges = Array.from({ length: bits - 1 }, (_, index) => networkOf(address, bits - 1 - index));
    return [address.ip, ...ranges];
  },
  domain(text) {
    const labels = readDomain(text).split(".");
    return labels.map((_, index) => labels.slice(index).join("."));
  },
  url(text) {
    const url = urlKey(text);
    const [plain = ""] = url.split("?");
    const host = new URL(`http://${url}`).hostname.replace(/[[\]]/g, "");
    return [...new Set([url, plain]), ...(isIP(host) ? keys.ip(host) : keys.domain(host))];
  },
};

/** A URL without scheme and fragment: lists seldom agree on the former. */
function urlKey(text: string): string {
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  if (!URL.canParse(whole)) throw new Error(`${JSON.stringify(text)} is not a URL.`);
  const { host, pathname, search } = new URL(whole);
  return host + pathname + search;
}

function rangeKey(network: string, bits: number): string | undefined {
  const address = readAddress(network);
  const most = address.bytes.length * 8;
  if (bits === most) return address.ip;
  return bits > 0 && bits < most ? networkOf(address, bits) : undefined;
}
