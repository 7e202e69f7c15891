import { BlockList, isIP } from "node:net";

const family = (address: string) => (isIP(address) === 6 ? "ipv6" : "ipv4");

/** Whether an address is one of a list of addresses and ranges such as `10.0.0.0/8`, where `any` is all of them. */
export function isAmong(address: string, allowed: readonly string[]): boolean {
  if (allowed.includes("any")) return true;
  const list = new BlockList();
  for (const entry of allowed) {
    const [network = "", bits] = entry.split("/");
    if (bits === undefined) list.addAddress(network, family(network));
    else list.addSubnet(network, Number(bits), family(network));
  }
  // A socket for both families writes IPv4 addresses in a form of IPv6.
  const plain = address.replace(/^::ffff:(?=\d+\.)/, "");
  return isIP(plain) !== 0 && list.check(plain, family(plain));
}

/** Whether a text is an address, a range, or `any`. */
export function isRange(text: string): boolean {
  const [network = "", bits, more] = text.split("/");
  const version = isIP(network);
  if (text === "any" || (version && bits === undefined)) return true;
  return (
    version !== 0 && more === undefined && /^\d{1,3}$/.test(bits ?? "") && Number(bits) <= (version === 6 ? 128 : 32)
  );
}
