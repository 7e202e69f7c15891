/*
 * Starts a database and the contenders, makes sure that they answer the same, measures them in turn and writes RESULTS.md.
 */
import { fork } from "node:child_process";
import { join } from "node:path";
import { compareAnswers } from "./compare.js";
import { contenders, startContender } from "./contenders.js";
import { startDatabase } from "./database.js";
import { measureWindow } from "./measure.js";
import { report } from "./report.js";
import { writePart } from "./results.js";
import { scenarios } from "./scenarios.js";
import { seed } from "./seed.js";
import { randomFrom, rounds, seconds, sizes } from "./settings.js";

const undo = [];
const cleanUp = (step) => undo.push(step);

/** Undoes what was started, the last first; a step that fails does not keep the others from running. */
async function stop() {
  while (undo.length) await (async () => undo.pop()())().catch(console.error);
}

async function bench() {
  console.log("Filling a database …");
  const database = await startDatabase((client) => seed(client, sizes), cleanUp);
  const counts = await database.counts();
  const load = startLoad();
  const servers = [];
  for (const name of Object.keys(contenders)) servers.push(await startContender(name, database, cleanUp));
  const bytes = await compareAnswers(servers, scenarios);
  console.log("All contenders answer the same. Warming up …");

  const random = randomFrom(2026);
  const windows = [];
  let window = 0;
  let spare = 10;
  for (let round = 0; round <= rounds; round++) {
    await database.tidy();
    for (const scenario of shuffled(Object.keys(scenarios), random)) {
      for (const server of shuffled(servers, random)) {
        // Round 0 only warms up; it is not reported.
        const duration = round === 0 ? 1 : seconds;
        const measure = () => measureWindow({ server, scenario, duration, window: ++window, load, database });
        let measured = await measure();
        // Somebody else was at work. Once more, though not for ever.
        if (measured.foreign > 0.3 && spare-- > 0) measured = await measure();
        if (round > 0) windows.push({ scenario, contender: server.name, ...measured });
      }
    }
    if (round > 0) console.log(`Round ${round} of ${rounds} done.`);
  }
  return { windows, bytes, counts, postgres: database.version };
}

/** The process that makes the load: takes one job at a time. */
function startLoad() {
  const child = fork(join(import.meta.dirname, "load.js"));
  cleanUp(() => child.kill());
  const ask = (job) =>
    new Promise((done, failed) => {
      const late = setTimeout(() => failed(new Error("The load does not end.")), job.duration * 1000 + 20_000);
      const ended = () => failed(new Error("The process that makes the load has ended."));
      child.once("exit", ended);
      child.once("message", (seen) => {
        clearTimeout(late);
        child.off("exit", ended);
        if (seen.failure) failed(new Error(seen.failure));
        else done(seen);
      });
      child.send(job);
    });
  ask.pid = child.pid;
  return ask;
}

function shuffled(list, random) {
  const rest = [...list];
  return list.map(() => rest.splice(Math.floor(random() * rest.length), 1)[0]);
}

let ending;

/** Ends the run once, with what it leaves behind undone. */
function end(error) {
  ending ??= (async () => {
    if (error) console.error(error.message);
    await stop();
    process.exit(error ? 1 : 0);
  })();
  return ending;
}

// Never cleared: it also keeps this process alive while the last steps are undone.
setTimeout(() => end(new Error("The benchmark takes too long.")), 180_000 + rounds * 12 * (seconds + 5) * 1000);
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => end(new Error(`Stopped by ${signal}.`)));

try {
  const measured = await bench();
  const text = report(measured);
  writePart("Results", text);
  console.log(`\n${text}`);
  const errors = measured.windows.reduce((sum, window) => sum + window.errors, 0);
  await end(errors ? new Error(`${errors} requests failed: these numbers are worth nothing.`) : undefined);
} catch (error) {
  await end(error);
}
