import { Resolver } from "node:dns/promises";
import { addressParameter, readAddress, reverseName } from "./addresses.js";
import type { Result } from "./connector.js";
import { action, connector, output, type Work } from "./define.js";
import { readDomain } from "./domains.js";
import { within } from "./network.js";
import type { ValuesOf } from "./values.js";

const types = ["A", "AAAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT", "CAA"] as const;

const configuration = {
  servers: {
    dataType: "string",
    description:
      "Addresses of DNS servers, separated by commas, each with `:port` if it is not 53; left out, the machine's own.",
  },
  timeout: { dataType: "numeric", description: "Seconds to wait for an answer.", default: 5 },
} as const;

type Settings = ValuesOf<typeof configuration>;

const records = output({
  "data.*.record_type": "string",
  "data.*.value": ["string", "ip", "ipv6", "domain", "host name"],
  "data.*.ttl": "numeric",
  "data.*.priority": "numeric",
  "summary.record_info": "string",
  "summary.total_record_infos": "numeric",
});

/** Asks DNS servers; names are asked for as they are, never completed by the machine's search domains. */
export const dns = connector({
  appid: "dfaa6a29-0ca5-40cd-a0c6-4e8fb14bbff7",
  name: "DNS",
  version: "1.0.0",
  description: "Asks DNS servers about names and addresses.",
  product: { name: "DNS", vendor: "Generic" },
  type: "information",
  configuration,
  actions: [
    action({
      action: "lookup domain",
      type: "investigate",
      description: "Finds the records of a domain or host name.",
      effect: "read",
      needsAsset: false,
      parameters: {
        domain: {
          dataType: "string",
          description: "The name.",
          required: true,
          primary: true,
          contains: ["domain", "host name"],
        },
        type: { dataType: "string", description: "The type of the records.", default: "A", valueList: types },
      },
      output: records,
      run: ({ domain, type }, work: Work<Settings>) => lookup(readDomain(domain), type, work),
    }),
    action({
      action: "lookup ip",
      type: "investigate",
      description: "Finds the names of an IP address.",
      effect: "read",
      needsAsset: false,
      parameters: { ip: addressParameter },
      output: records.filter(({ dataPath }) => !/ttl|priority/.test(dataPath)),
      run: ({ ip }, work: Work<Settings>) => lookup(reverseName(readAddress(ip)), "PTR", work),
    }),
  ],
  async test(work) {
    // Every server can say something about the root, if only that it knows nothing.
    await ask(".", "NS", work);
    return "The DNS servers answer.";
  },
});

type Type = (typeof types)[number];

async function lookup(name: string, type: Type, work: Work<Settings>): Promise<Result> {
  const data = await ask(name, type, work);
  const total = data?.length ?? 0;
  const [first] = data ?? [];
  const message = first
    ? `Record type: ${type}, Records: ${total}, First: ${first.value}`
    : data
      ? `${name} has no records of type ${type}.`
      : `There is no name ${name}.`;
  return {
    success: true,
    message,
    data: data ?? [],
    summary: { record_info: first?.value ?? "", total_record_infos: total },
  };
}

interface Found {
  record_type: string;
  value: string;
  ttl?: number;
  priority?: number;
}

/** The records; undefined when the name does not exist. That is an answer too, other failures are none. */
function ask(name: string, type: Type, { settings, signal }: Work<Settings>): Promise<Found[] | undefined> {
  return within(settings.timeout, "DNS", signal, async (end) => {
    // Two tries of a third each, the second of which the library doubles.
    const resolver = new Resolver({ timeout: Math.ceil((settings.timeout * 1000) / 3), tries: 2 });
    if (settings.servers) useServers(resolver, settings.servers);
    end.addEventListener("abort", () => resolver.cancel());
    try {
      return (await asked[type](resolver, name)).map((found) => ({ record_type: type, ...found }));
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === "ENOTFOUND") return undefined;
      if (code === "ENODATA") return [];
      throw code && Object.hasOwn(failures, code) ? new Error(`The DNS server ${failures[code]}.`) : error;
    }
  });
}

const failures: Record<string, string> = {
  ESERVFAIL: `failed to find out ("SERVFAIL")`,
  EREFUSED: `refuses to answer ("REFUSED")`,
  ENOTIMP: `does not know this kind of question ("NOTIMP")`,
  EFORMERR: `does not understand the question ("FORMERR")`,
  EBADRESP: "gives an answer that is malformed",
  ECONNREFUSED: "refuses connections",
  ETIMEOUT: "does not answer",
};

function useServers(resolver: Resolver, servers: string): void {
  try {
    resolver.setServers(servers.split(",").map((server) => server.trim()));
  } catch (error) {
    throw new Error(`The setting "servers" cannot be used: ${(error as Error).message}.`);
  }
}

type Answered = Omit<Found, "record_type">[];

/** How to ask for each type, and its records written as zone files write them. */
const asked: Record<Type, (resolver: Resolver, name: string) => Promise<Answered>> = {
  A: async (resolver, name) => timed(await resolver.resolve4(name, { ttl: true })),
  AAAA: async (resolver, name) => timed(await resolver.resolve6(name, { ttl: true })),
  CNAME: async (resolver, name) => plain(await resolver.resolveCname(name)),
  NS: async (resolver, name) => plain(await resolver.resolveNs(name)),
  PTR: async (resolver, name) => plain(await resolver.resolvePtr(name)),
  TXT: async (resolver, name) => plain((await resolver.resolveTxt(name)).map((parts) => parts.join(""))),
  CAA: async (resolver, name) =>
    plain(
      (await resolver.resolveCaa(name)).map(({ critical, ...tag }) =>
        [critical, ...Object.entries(tag).map(([key, value]) => `${key} ${JSON.stringify(value)}`)].join(" "),
      ),
    ),
  MX: async (resolver, name) =>
    (await resolver.resolveMx(name)).map(({ exchange, priority }) => ({ value: exchange, priority })),
  SRV: async (resolver, name) =>
    (await resolver.resolveSrv(name)).map(({ priority, weight, port, name: host }) => ({
      value: `${priority} ${weight} ${port} ${host}`,
      priority,
    })),
  SOA: async (resolver, name) => {
    const { nsname, hostmaster, serial, refresh, retry, expire, minttl } = await resolver.resolveSoa(name);
    return plain([[nsname, hostmaster, serial, refresh, retry, expire, minttl].join(" ")]);
  },
};

const plain = (values: string[]): Answered => values.map((value) => ({ value }));
const timed = (values: { address: string; ttl: number }[]): Answered =>
  values.map(({ address, ttl }) => ({ value: address, ttl }));
