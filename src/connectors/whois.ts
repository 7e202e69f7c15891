import { addressParameter, readAddress } from "./addresses.js";
import type { Result } from "./connector.js";
import { action, connector, output, type Work } from "./define.js";
import { readDomain } from "./domains.js";
import { asText, connect, publicAddress, readAtMost, within } from "./network.js";
import type { ValuesOf } from "./values.js";
import { factsOf, fieldsOf, referralIn, type Server, serverIn } from "./whois-answer.js";

const configuration = {
  server: {
    dataType: "string",
    description: "The server that is asked first, with `:port` if it is not 43.",
    default: "whois.iana.org",
  },
  referrals: {
    dataType: "string",
    description:
      "Servers that referrals may lead to beside those on port 43 of the public internet, separated by commas.",
  },
  timeout: { dataType: "numeric", description: "Seconds to wait for each server.", default: 10 },
} as const;

type Settings = ValuesOf<typeof configuration>;

/** Answers are a few KiB long; servers asked are the root's, the registry's, the registrar's. */
const limits = { bytes: 256 * 1024, servers: 5 };

const answers = {
  "data.*.server": "string",
  "data.*.fields": "object",
  "data.*.raw": "string",
  "summary.organization": "string",
  "summary.name": "string",
  "summary.city": "string",
  "summary.country": "string",
  "summary.created": "string",
} as const;

/** Asks whois servers, beginning at the asset's and going where they refer to. */
export const whois = connector({
  appid: "1be03b84-b9a9-46c1-a018-769d2b8fc032",
  name: "WHOIS lookup",
  version: "1.0.0",
  description: "Asks whois servers who has a domain or an address.",
  product: { name: "WHOIS servers", vendor: "Generic" },
  type: "information",
  configuration,
  actions: [
    action({
      action: "whois domain",
      type: "investigate",
      description: "Finds who has registered a domain.",
      effect: "read",
      needsAsset: false,
      parameters: {
        domain: { dataType: "string", description: "The domain.", required: true, primary: true, contains: ["domain"] },
      },
      output: output({
        ...answers,
        "summary.domain": ["string", "domain"],
        "summary.registrar": "string",
        "summary.expires": "string",
      }),
      async run(parameters, work: Work<Settings>) {
        const domain = readDomain(parameters.domain);
        return told("Domain", domain, await follow(domain, work));
      },
    }),
    action({
      action: "whois ip",
      type: "investigate",
      description: "Finds who has an IP address.",
      effect: "read",
      needsAsset: false,
      parameters: { ip: addressParameter },
      output: output({ ...answers, "summary.ip": ["string", "ip", "ipv6"], "summary.range": "string" }),
      async run(parameters, work: Work<Settings>) {
        const { ip, range } = readAddress(parameters.ip);
        if (!range) return told("IP", ip, await follow(ip, work));
        return {
          success: true,
          message: `${ip} belongs to nobody: its range is ${range}.`,
          data: [],
          summary: { ip, range },
        };
      },
    }),
  ],
  async test(work) {
    const server = firstServer(work.settings);
    await ask(server, server.host, "example.com", work);
    return `${server.name} answers.`;
  },
});

interface Answer {
  server: string;
  raw: string;
  fields: Record<string, string[]>;
}

function told(noun: "Domain" | "IP", about: string, data: Answer[]): Result {
  const facts = factsOf(data.map(({ fields }) => fields));
  const words = Object.entries({ [noun.toLowerCase()]: about, ...facts }).map(
    ([name, value]) => `${name === "ip" ? "IP" : name[0]!.toUpperCase() + name.slice(1)}: ${value}`,
  );
  return { success: true, message: words.join(", "), data, summary: { [noun.toLowerCase()]: about, ...facts } };
}

/** The answers from the first server on; a referral that leads nowhere leaves what is known already. */
async function follow(query: string, work: Work<Settings>): Promise<Answer[]> {
  const first = firstServer(work.settings);
  const found = [answerOf(first, await ask(first, first.host, query, work))];
  for (let next = referralIn(found[0]!.raw); next; next = referralIn(found.at(-1)!.raw)) {
    const known = found.some(({ server }) => server === next!.name);
    if (known || found.length === limits.servers) break;
    try {
      found.push(answerOf(next, await ask(next, await hostOf(next, work), query, work)));
    } catch (error) {
      if (work.signal.aborted) throw error;
      work.log(`${found.at(-1)!.server} refers to ${next.name}, which is left out: ${(error as Error).message}`);
      break;
    }
  }
  return found;
}

const answerOf = ({ name }: Server, raw: string): Answer => ({ server: name, raw, fields: fieldsOf(raw) });

function firstServer({ server }: Settings): Server {
  const first = serverIn(server);
  if (!first)
    throw new Error(`The setting "server" must be a host with or without a port, is ${JSON.stringify(server)}.`);
  return first;
}

/** Where a referral leads: a server we know nothing of may not send us into our own network. */
async function hostOf({ host, port, name }: Server, { settings }: Work<Settings>): Promise<string> {
  const allowed = settings.referrals?.split(",").map((one) => serverIn(one.trim())?.name);
  if (allowed?.includes(name)) return host;
  if (port !== 43) throw new Error(`port ${port} is not the port of whois`);
  return publicAddress(host);
}

function ask({ host, port, name }: Server, address: string, query: string, { settings, signal }: Work<Settings>) {
  return within(settings.timeout, name, signal, async (end) => {
    const socket = await connect(address, port, end);
    try {
      socket.write(`${dialect(host, query)}\r\n`);
      const answer = asText(await readAtMost(limits.bytes, name, socket));
      if (!answer.trim()) throw new Error(`${name} gives an empty answer.`);
      return answer;
    } finally {
      socket.destroy();
    }
  });
}

/** Two registries give a whole answer only when they are asked for it. */
function dialect(host: string, query: string): string {
  if (host === "whois.arin.net") return `n + ${query}`;
  if (host === "whois.denic.de") return `-T dn,ace ${query}`;
  return query;
}
