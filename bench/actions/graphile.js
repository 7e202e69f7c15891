/*
 * The same work handed out by graphile-worker: each job calls the connector in another process, as ours does, and keeps
 * its answer in one statement. It counts nothing, tells nobody and has no lease of its own.
 */
import { join } from "node:path";
import { Logger, run } from "graphile-worker";
import { Processes } from "../../dist/actions/processes.js";
import { connector } from "./connector.js";

const [places] = process.argv.slice(2);
const processes = new Processes([join(import.meta.dirname, "connector.js")]);

const runner = await run({
  connectionString: process.env.DATABASE_URL,
  concurrency: Number(places),
  maxPoolSize: Number(places) + 4,
  noHandleSignals: true,
  logger: new Logger(() => () => {}),
  taskList: {
    async answer({ nth, parameters }, { withPgClient }) {
      const { result } = await processes.call({
        order: {
          connector: connector.manifest.appid,
          action: "answer",
          parameters,
          settings: {},
          attemptKey: `${nth}`,
        },
        milliseconds: 30_000,
        signal: new AbortController().signal,
        log: () => {},
      });
      await withPgClient((client) =>
        client.query("insert into bench_answers (nth, answer, begun) values ($1, $2, to_timestamp($3))", [
          nth,
          JSON.stringify(result),
          result.data[0].at / 1000,
        ]),
      );
    },
  },
});

process.on("SIGTERM", async () => {
  await runner.stop();
  processes.stop();
  process.exit();
});
console.log("Waiting for jobs.");
