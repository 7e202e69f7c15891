import { type Action, action, connector, output, type Work } from "./define.js";
import { remembering } from "./files.js";
import { type Kind, keysFor } from "./indicators.js";
import { type List, readList, worst } from "./lists.js";
import type { ValuesOf } from "./values.js";

const configuration = {
  lists: {
    dataType: "string",
    description:
      "Files with one indicator a line, or CSV with a header that has a column `indicator`; separated by commas.",
    required: true,
  },
  verdict: {
    dataType: "string",
    description: "What lines without a verdict of their own mean.",
    default: "malicious",
    valueList: ["malicious", "suspicious", "benign"],
  },
} as const;

type Settings = ValuesOf<typeof configuration>;

/** Looks indicators up in lists that are files of this machine. */
export const reputation = connector({
  appid: "052dfdf4-1c80-432f-9ee4-b63f088f53e9",
  name: "Reputation lists",
  version: "1.0.0",
  description: "Looks files, addresses, domains and URLs up in lists of known ones.",
  product: { name: "Reputation lists", vendor: "Generic" },
  type: "reputation",
  configuration,
  actions: [
    lookup("file reputation", "hash", "a file", "Its MD5, SHA-1, SHA-256 or SHA-512.", [
      "hash",
      "md5",
      "sha1",
      "sha256",
    ]),
    lookup("ip reputation", "ip", "an IP address", "The address; a range counts for all in it.", ["ip", "ipv6"]),
    lookup("domain reputation", "domain", "a domain", "The name; its parents count for it.", ["domain", "host name"]),
    lookup("url reputation", "url", "a URL", "The URL; its host counts for it.", ["url"]),
  ],
  async test({ settings, log }) {
    const found = await listsOf(settings, log);
    const total = found.reduce((sum, { entries }) => sum + entries.size, 0);
    return `${found.length} ${found.length === 1 ? "list has" : "lists have"} ${total} indicators.`;
  },
});

function lookup(name: string, kind: Kind, what: string, description: string, contains: string[]): Action {
  return action({
    action: name,
    type: "investigate",
    description: `Finds what the lists say of ${what}.`,
    effect: "read",
    needsAsset: true,
    parameters: { [kind]: { dataType: "string", description, required: true, primary: true, contains } } as const,
    output: output({
      "data.*.indicator": ["string", ...contains],
      "data.*.verdict": "string",
      "data.*.source": "string",
      "data.*.comment": "string",
      "data.*.list": "string",
      "summary.verdict": "string",
      "summary.total_hits": "numeric",
    }),
    run: async (parameters, { settings, log }: Work<Settings>) => {
      const keys = keysFor(kind, parameters[kind]!);
      const lists = await listsOf(settings, log);
      const data = lists.flatMap(({ name: list, entries }) =>
        keys
          .filter((key) => entries.has(key))
          .map((indicator) => ({
            indicator,
            list,
            ...entries.get(indicator),
            verdict: entries.get(indicator)!.verdict ?? settings.verdict,
          })),
      );
      const verdict = worst(data.map((hit) => hit.verdict));
      const [hit] = data.filter((one) => one.verdict === verdict);
      const found = hit ? `, Source: ${hit.source}, Listed as: ${hit.indicator}` : `, Lists: ${lists.length}`;
      return {
        success: true,
        message: `Verdict: ${verdict}${found}`,
        data,
        summary: { verdict, total_hits: data.length },
      };
    },
  });
}

const loadList = remembering(readList);

async function listsOf(settings: Settings, log: (line: string) => void): Promise<List[]> {
  const paths = settings.lists.split(",").map((path) => path.trim());
  const lists = await Promise.all(paths.filter((path) => path !== "").map(loadList));
  for (const { name, mistakes } of lists)
    if (mistakes.length)
      log(`${name}: ${mistakes.length} lines are no indicators and are left out, the first is line ${mistakes[0]}.`);
  return lists;
}
