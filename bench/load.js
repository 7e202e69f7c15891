/*
 * The process that makes the load. It is told what to ask by messages and answers each with what it counted.
 */
import autocannon from "autocannon";
import { bodyOf, scenarios } from "./scenarios.js";
import { connections, randomFrom, token } from "./settings.js";

process.on("message", async (job) => {
  try {
    process.send(await run(job));
  } catch (error) {
    process.send({ failure: error.message });
  }
});

async function run({ url, name, duration, window }) {
  const scenario = scenarios[name];
  const times = [];
  const load = autocannon({
    url,
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    connections,
    duration,
    // It ends at a multiple of this many milliseconds.
    sampleInt: 20,
    requests: [{ body: "" }],
    setupClient: rotation(scenario, window),
    verifyBody: scenario.write ? (body) => body.includes('"success":true') : (body) => body.startsWith('{"data":{'),
  });
  // Its own percentiles are whole milliseconds.
  load.on("response", (_client, _status, _bytes, time) => times.push(time));
  const result = await load;
  times.sort((a, b) => a - b);
  return {
    completed: result["2xx"],
    // Those under way at the end cost something too.
    sent: result.requests.sent,
    seconds: result.duration,
    errors: result.errors + result.non2xx + result.mismatches,
    p50: times[Math.floor(times.length * 0.5)],
    p99: times[Math.floor(times.length * 0.99)],
  };
}

/** Every connection begins with other variables; a write is new each time, in all windows. */
function rotation(scenario, window) {
  const random = randomFrom(window);
  let number = window * 1_000_000;
  let next = 0;
  if (scenario.write) {
    const setupRequest = (request) => ({ ...request, body: bodyOf(scenario, scenario.write(number++, random)) });
    return (client) => client.setRequests([{ setupRequest }]);
  }
  const bodies = scenario.variables.map((variables) => ({ body: bodyOf(scenario, variables) }));
  return (client) => {
    const begin = next++ % bodies.length;
    client.setRequests([...bodies.slice(begin), ...bodies.slice(0, begin)].map((request) => ({ ...request })));
  };
}
