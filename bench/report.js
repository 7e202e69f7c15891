import { availableParallelism, totalmem } from "node:os";
import { scenarios } from "./scenarios.js";
import { connections, rounds, seconds } from "./settings.js";

const names = ["ours", "limit", "naive"];

/** RESULTS.md. */
export function report({ windows, bytes, counts, postgres }) {
  const of = (scenario, contender) =>
    windows.filter((window) => window.scenario === scenario && window.contender === contender);
  const parts = [heading(counts, postgres), summary(of)];
  for (const [scenario, { title, what }] of Object.entries(scenarios)) {
    const size = bytes[scenario] ? ` An answer has ${(bytes[scenario] / 1024).toFixed(1)} KB.` : "";
    parts.push(`## ${title}\n\n${what[0].toUpperCase()}${what.slice(1)}.${size}\n\n${table(scenario, of)}`);
  }
  parts.push(notes(windows));
  return `${parts.join("\n\n")}\n`;
}

function heading(counts, postgres) {
  const rows = Object.entries(counts).map(([table, count]) => `${count.toLocaleString("en")} ${table}`);
  return `# Results

Written by \`npm run bench\` on ${new Date().toISOString().slice(0, 10)}; see [README.md](README.md) for what the words mean.

- Machine: ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.versions.node}, Postgres ${postgres}; contenders, Postgres and load share the cores.
- Data: ${rows.join(", ")}.
- Load: ${connections} connections, ${rounds} rounds of ${seconds} s windows, shuffled. Medians of the rounds, in brackets the lowest and the highest.`;
}

function summary(of) {
  const rows = Object.entries(scenarios).map(([scenario, { title }]) => {
    const [ours, limit, naive] = names.map((name) => of(scenario, name));
    const cpu = (some) => some.map(({ nodeCpu, postgresCpu }) => 1 / (nodeCpu + postgresCpu));
    return [
      title,
      ratio(ours, limit),
      ratio(ours, naive),
      ratioOf(cpu(ours), cpu(limit)),
      ratioOf(cpu(ours), cpu(naive)),
    ];
  });
  const columns = [
    "ours",
    "req/s to limit",
    "req/s to naive",
    "req per CPU second to limit",
    "req per CPU second to naive",
  ];
  return `## In short\n\n${markdown(columns, rows)}`;
}

function table(scenario, of) {
  const limit = of(scenario, "limit");
  const naive = of(scenario, "naive");
  const rows = names.map((name) => {
    const windows = of(scenario, name);
    const middle = (key, digits) => median(windows.map((window) => window[key])).toFixed(digits);
    const rates = windows.map(({ perSecond }) => perSecond);
    return [
      name,
      `${median(rates).toFixed(0)} (${Math.min(...rates).toFixed(0)}–${Math.max(...rates).toFixed(0)})`,
      ratio(windows, limit),
      ratio(windows, naive),
      middle("p50", 1),
      middle("p99", 1),
      middle("statements", 2),
      middle("nodeCpu", 2),
      middle("postgresCpu", 2),
      middle("memory", 0),
      windows.reduce((sum, { errors }) => sum + errors, 0),
    ];
  });
  const columns = [
    "contender",
    "req/s",
    "× limit",
    "× naive",
    "p50 ms",
    "p99 ms",
    "SQL/req",
    "Node CPU ms/req",
    "Postgres CPU ms/req",
    "RSS MB",
    "errors",
  ];
  return markdown(columns, rows);
}

const ratio = (some, others) => ratioOf(some.map(perSecond), others.map(perSecond));
const perSecond = (window) => window.perSecond;

/** Compared round by round: what slows the machine for a while slows both. */
export function ratioOf(some, others) {
  const ratios = some.map((value, round) => value / others[round]);
  return `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})`;
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** A table, padded as the formatter of this project wants it. */
export function markdown(columns, rows) {
  const texts = [columns, ...rows].map((cells) => cells.map(String));
  const widths = columns.map((_, index) => Math.max(3, ...texts.map((cells) => cells[index].length)));
  const pad = (text, index) => (index ? text.padStart(widths[index]) : text.padEnd(widths[index]));
  const [head, ...body] = texts.map((cells) => `| ${cells.map(pad).join(" | ")} |`);
  const rule = widths.map((width, index) => (index ? `${"-".repeat(width - 1)}:` : `:${"-".repeat(width - 1)}`));
  return [head, `| ${rule.join(" | ")} |`, ...body].join("\n");
}

function notes(windows) {
  const foreign = windows.map((window) => window.foreign * 100);
  return `## What these numbers do not say

- Only the ratios count: absolute times belong to this machine and this hour. Gaps below 15% are ties.
- Other processes took ${median(foreign).toFixed(0)}% of one core (median of the windows; ${Math.max(...foreign).toFixed(0)}% in the worst).
  Up to ten windows in which they took more than 30% were measured once more.
- \`limit\` answers only these four operations and does not read the GraphQL document: no parsing, validation, limits, fragments,
  error handling of GraphQL or logging. It looks up the token, as all contenders do.
- In M1, \`limit\` and \`naive\` insert in one statement: no transaction of several statements, no lock of the container, no check of
  names, no audit row, no idempotency key, no event, no time stamp on the container. \`ours\` does all of it.
- \`naive\` asks its database once per parent and has no limits, permissions per row or prepared statements.
- The load is made by a Node process on the same cores, which slows the fastest contender most: compare the CPU per request too.
- CPU comes in steps of 10 ms per window and includes what Node and Postgres do beside the requests. M1 waits for the disk.`;
}
