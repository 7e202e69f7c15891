import { availableParallelism } from "node:os";
import { markdown } from "../report.js";

/** The widgets' part of RESULTS.md. */
export function report({ rows, all, samples, counts, postgres }) {
  const table = rows.map(({ name, windows, granted }) => [
    name,
    ...[7, 30, 365].map((days) => (windows[days] ? shown(windows[days]) : "")),
    shown(granted),
  ]);
  const has = Object.entries(counts).map(([name, count]) => `${count.toLocaleString("en")} ${name.replace("_", " ")}`);
  return `# Widgets

Written by \`npm run bench:widgets\` on ${new Date().toISOString().slice(0, 10)}; see [README.md](README.md).

- Machine: ${availableParallelism()} cores, Node ${process.versions.node}, Postgres ${postgres}; server, Postgres and client share the cores, and other
  work went on beside.
- Data: ${has.join(", ")}, of one year.
- \`GET /rest/widget_data/<name>\`, ${samples} times one after the other: milliseconds in the middle, in brackets of the slowest.
  \`one label\` is somebody who is granted one label, which half of the containers have, and asks for 7 days.

${markdown(["widget", "7 days", "30 days", "a year", "one label"], table)}

All of them at once, for 7 days: ${shown(all)}.
`;
}

const shown = ({ p50, slowest }) => `${p50.toFixed(0)} (${slowest.toFixed(0)})`;
