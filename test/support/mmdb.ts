/** A database in MaxMind's format, of IPv4 networks such as `1.1.1.0/24` and what it has of each. */
export function mmdb(
  networks: Record<string, unknown>,
  about: { type: string; description: string; built: string },
): Buffer {
  const nodes: [number | Leaf | undefined, number | Leaf | undefined][] = [[undefined, undefined]];
  const data: Buffer[] = [];
  for (const [network, record] of Object.entries(networks)) {
    const [address, length] = network.split("/") as [string, string];
    const leaf = { offset: Buffer.concat(data).length };
    data.push(encode(record));
    let node = 0;
    const bits = address.split(".").flatMap((byte) => [...Number(byte).toString(2).padStart(8, "0")].map(Number));
    for (const [depth, bit] of bits.slice(0, Number(length)).entries()) {
      const last = depth === Number(length) - 1;
      if (last) nodes[node]![bit as 0 | 1] = leaf;
      else
        node = nodes[node]![bit as 0 | 1] =
          (nodes[node]![bit as 0 | 1] as number) ?? nodes.push([undefined, undefined]) - 1;
    }
  }
  const value = (one: number | Leaf | undefined) =>
    one === undefined ? nodes.length : typeof one === "number" ? one : nodes.length + 16 + one.offset;
  const tree = Buffer.alloc(nodes.length * 6);
  for (const [index, [zero, one]] of nodes.entries()) {
    tree.writeUIntBE(value(zero), index * 6, 3);
    tree.writeUIntBE(value(one), index * 6 + 3, 3);
  }
  const metadata = encode({
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: Date.parse(about.built) / 1000,
    database_type: about.type,
    description: { en: about.description },
    ip_version: 4,
    languages: ["en"],
    node_count: nodes.length,
    record_size: 24,
  });
  return Buffer.concat([tree, Buffer.alloc(16), ...data, Buffer.from("\xab\xcd\xefMaxMind.com", "latin1"), metadata]);
}

interface Leaf {
  offset: number;
}

const types = { string: 2, double: 3, integer: 6, map: 7, array: 11 };

function encode(value: unknown): Buffer {
  if (typeof value === "string")
    return Buffer.concat([head(types.string, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Array.isArray(value)) return Buffer.concat([head(types.array, value.length), ...value.map(encode)]);
  if (typeof value === "number") {
    const bytes = Buffer.alloc(Number.isInteger(value) ? 4 : 8);
    if (Number.isInteger(value)) bytes.writeUInt32BE(value);
    else bytes.writeDoubleBE(value);
    return Buffer.concat([head(Number.isInteger(value) ? types.integer : types.double, bytes.length), bytes]);
  }
  const entries = Object.entries(value as object);
  return Buffer.concat([head(types.map, entries.length), ...entries.flatMap((entry) => entry.map(encode))]);
}

function head(type: number, size: number): Buffer {
  const [length, more] = size < 29 ? [size, []] : [29, [size - 29]];
  return Buffer.from(type < 8 ? [(type << 5) | length, ...more] : [length, type - 7, ...more]);
}
