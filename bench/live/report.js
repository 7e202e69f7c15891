import { availableParallelism } from "node:os";
import { markdown, median, ratioOf } from "../report.js";

/** The live feed's part of RESULTS.md. */
export function report({ latencies, windows, postgres, rounds, single, burst, samples, writers }) {
  const of = (contender, sockets) => windows.filter((one) => one.contender === contender && one.sockets === sockets);
  const counts = [...new Set(windows.map(({ sockets }) => sockets))];
  const fan = counts.flatMap((sockets) => ["ours", "plain"].map((name) => row(name, sockets, of)));
  const at = (times, part) => times[Math.floor(times.length * part)].toFixed(1);
  const lag = Object.entries({
    "nobody else writes": latencies.idle,
    [`${writers} clients write`]: latencies.busy,
  }).map(([name, times]) => [name, at(times, 0.5), at(times, 0.99)]);
  return `# Live feed

Written by \`npm run bench:live\` on ${new Date().toISOString().slice(0, 10)}; see [README.md](README.md).

- Machine: ${availableParallelism()} cores, Node ${process.versions.node}, Postgres ${postgres}; servers, Postgres and clients share the cores, and other
  work went on beside.
- \`plain\` is graphql-ws as its manual shows it, telling from the memory of the one process: nothing is kept, nobody is asked
  what they may see, and its container is not read from a database.

## From a commit to the other gateway

Milliseconds from the answer to a commit until a socket of a gateway that had nothing to do with it has the event with its
container; ${samples} events.

${markdown(["meanwhile", "p50 ms", "p99 ms"], lag)}

## To many sockets

${single} events one by one, then ${burst} at once; every socket gets each of them, with its container. Medians of ${rounds} rounds, in brackets
the lowest and the highest. The ratio is of what was told in a second, in the same round.

${markdown(["server", "sockets", "until all have one, p50 ms", "slowest ms", "told/s", "× plain", "CPU µs each", "RSS MB"], fan)}
`;
}

function row(name, sockets, of) {
  const own = of(name, sockets);
  const [rates, others] = [own, of("plain", sockets)].map((some) => some.map(({ perSecond }) => perSecond));
  const middle = (key, digits = 0) => median(own.map((one) => one[key])).toFixed(digits);
  const range = `${median(rates).toFixed(0)} (${Math.min(...rates).toFixed(0)}–${Math.max(...rates).toFixed(0)})`;
  return [
    name,
    sockets,
    middle("p50"),
    middle("p99"),
    range,
    ratioOf(rates, others),
    middle("cpu", 1),
    middle("memory"),
  ];
}
