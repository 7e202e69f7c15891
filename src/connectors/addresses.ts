import { isIP } from "node:net";
import ipaddr from "ipaddr.js";

/** An IP address, in its shortest form. */
export interface Address {
  readonly ip: string;
  readonly bytes: readonly number[];
  /** What it is set aside for, such as `private`; undefined for one of the public internet. */
  readonly range: string | undefined;
}

/** What actions on an address take. */
export const addressParameter = {
  dataType: "string",
  description: "The address, of either family.",
  required: true,
  primary: true,
  contains: ["ip", "ipv6"],
} as const;

/** Reads an address of either family; an IPv4 address written as IPv6 is the IPv4 address. */
export function readAddress(text: string): Address {
  const trimmed = text.trim();
  if (!isIP(trimmed) || trimmed.includes("%")) throw new Error(`${JSON.stringify(text)} is not an IP address.`);
  const address = ipaddr.process(trimmed);
  return { ip: address.toString(), bytes: address.toByteArray(), range: rangeOf(address) };
}

/** The network of so many bits that an address is in, such as `192.0.2.0/24`. */
export function networkOf({ ip, bytes }: Address, bits: number): string {
  const family = bytes.length === 4 ? ipaddr.IPv4 : ipaddr.IPv6;
  return `${family.networkAddressFromCIDR(`${ip}/${bits}`)}/${bits}`;
}

/** The name that a DNS server knows an address by. */
export function reverseName({ bytes }: Address): string {
  if (bytes.length === 4) return `${[...bytes].reverse().join(".")}.in-addr.arpa`;
  const digits = bytes.flatMap((byte) => [byte >> 4, byte & 15]);
  return `${digits
    .reverse()
    .map((digit) => digit.toString(16))
    .join(".")}.ip6.arpa`;
}

function rangeOf(address: ipaddr.IPv4 | ipaddr.IPv6): string | undefined {
  const range = ipaddr.subnetMatch(address, special, address.range());
  if (range !== "unicast") return names[range] ?? range;
  return address.kind() === "ipv4" || address.match(allocated) ? undefined : "reserved";
}

/** Ranges that the library calls otherwise or not at all. */
const special = Object.fromEntries(
  Object.entries({
    documentation: ["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20"],
    benchmarking: ["198.18.0.0/15"],
    "site-local": ["fec0::/10"],
    "discard-only": ["100::/64"],
  }).map(([name, ranges]) => [name, ranges.map((range) => ipaddr.parseCIDR(range))]),
);

/** What IANA has given out of IPv6 so far. */
const allocated = ipaddr.parseCIDR("2000::/3") as [ipaddr.IPv6, number];

const names: Record<string, string> = {
  linkLocal: "link-local",
  uniqueLocal: "private",
  carrierGradeNat: "carrier-grade NAT",
  rfc6052: "NAT64",
  rfc6145: "NAT64",
  as112: "AS112",
  as112v6: "AS112",
  amt: "AMT",
  orchid2: "ORCHID",
  deprecatedOrchid: "ORCHID",
  droneRemoteIdProtocolEntityTags: "drone remote ID",
};
