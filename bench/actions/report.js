import { availableParallelism } from "node:os";
import { markdown, median, ratioOf } from "../report.js";

/** The part of RESULTS.md that tells how actions run. */
export function report({ windows, recoveries, postgres, rounds, samples, backlog, places, askers }) {
  const of = (name) => windows.filter(({ contender }) => contender === name);
  const recovered = recoveries.map((seconds) => seconds.toFixed(1));
  return `# Actions

Written by \`npm run bench:actions\` on ${new Date().toISOString().slice(0, 10)}; see [README.md](README.md).

- Machine: ${availableParallelism()} cores, Node ${process.versions.node}, Postgres ${postgres}; gateway, worker, connectors, Postgres and clients share the cores,
  and other work went on beside. Medians of ${rounds} rounds, in brackets the lowest and the highest.
- \`graphile\` is graphile-worker with one job for each call of the same connector in the same kind of process, its answer kept in
  one row. \`ours\` checks the action and its rights, keeps runs, results, counts, leases and audit, and tells each step.

Milliseconds from asking (\`ours\` by \`act\` over HTTP, \`graphile\` by \`addJob\`) until the connector is called, ${samples} one after the
other; actions asked for in a second by ${askers} clients; actions that a worker with ${places} places does in a second out of a backlog of ${backlog}.

${markdown(
  ["hand-out", "asked to called, p50 ms", "p95 ms", "asked/s", "done/s", "× graphile"],
  ["ours", "graphile"].map((name) => row(name, of)),
)}

A worker that is killed with ${places} actions under way, another being idle: all of them are done again after ${median(recovered.map(Number)).toFixed(1)} s
(${recovered.join(", ")}), by leases of 10 s. graphile-worker frees the jobs of a worker that died after four hours.
`;
}

function row(name, of) {
  const own = of(name);
  const at = (part) => median(own.map(({ times }) => times.toSorted((a, b) => a - b)[Math.floor(times.length * part)]));
  const range = (key) => {
    const values = own.map((one) => one[key]);
    return `${median(values).toFixed(0)} (${Math.min(...values).toFixed(0)}–${Math.max(...values).toFixed(0)})`;
  };
  const speeds = (some) => some.map(({ perSecond }) => perSecond);
  return [
    name,
    at(0.5).toFixed(1),
    at(0.95).toFixed(1),
    range("taken"),
    range("perSecond"),
    ratioOf(speeds(own), speeds(of("graphile"))),
  ];
}
