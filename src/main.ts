import { parseArgs } from "node:util";
import type { FastifyInstance } from "fastify";
import { workerFor } from "./actions/serve.js";
import { createToken } from "./auth/secrets.js";
import { type Config, readConfig } from "./config.js";
import { refuseUnsafe } from "./database/safety.js";
import { AppError, StartError } from "./errors.js";
import { appInput, importFile, templateInput } from "./import.js";
import { operations, schemaDocument } from "./resolvers/schema.js";
import { growDatabase } from "./sample/grow.js";
import { showProgress } from "./sample/growth/progress.js";
import { createServer } from "./server.js";
import { ensureSample, ensureToken, openStore } from "./start.js";
import { closeWhenIdle, drain, toldToStop } from "./stopping.js";
import { watchService } from "./system/snapshots.js";
import { openVault } from "./vault.js";

const say = (sentence: string) => console.log(sentence);

/** Serves the gateway until it is told to stop; then requests finish first, and Postgres stops last. */
async function serve(config: Config): Promise<void> {
  const told = toldToStop(say);
  const store = await openStore(config, say);
  try {
    await refuseUnsafe(store.place.connection, config.ACCEPT_DATA_LOSS);
    const newToken = await ensureToken(store.database, config);
    await ensureSample(store, config, say);
    const app = await createServer(config, store.database);
    const worker = await workerFor(store.forWorker, config, (error, what) => app.log.warn({ err: error }, what));
    closeWhenIdle(app);
    try {
      if (config.WORKER) worker.start();
      welcome(config.HOST, await listen(app, config), newToken);
      const lost = await Promise.race([told, store.place.ended]);
      if (lost) throw new StartError(`Postgres has ended: ${lost}`);
    } finally {
      await Promise.all([drain(app), worker.stop()]);
    }
  } finally {
    await store.close();
  }
}

/** Runs actions and serves nothing, beside gateways on the same database. */
async function work(config: Config): Promise<void> {
  const told = toldToStop(say);
  const store = await openStore(config, say, { join: true });
  try {
    await refuseUnsafe(store.place.connection, config.ACCEPT_DATA_LOSS);
    const report = (error: unknown, what: string) => console.error(`${what}: ${(error as Error).message}`);
    const worker = await workerFor(store.forWorker, config, report);
    worker.start();
    const stopTelling = await watchService(store.database, "worker", (error) => report(error, "A snapshot is missing"));
    say("Waiting for actions to run.");
    await Promise.race([told, store.place.ended]);
    await worker.stop();
    await stopTelling();
  } finally {
    await store.close();
  }
}

/** The port it listens on. */
async function listen(app: FastifyInstance, { PORT, HOST }: Config): Promise<number> {
  try {
    await app.listen({ port: PORT, host: HOST });
    return (app.server.address() as { port: number }).port;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === "EADDRINUSE" ? "another program uses that port" : message;
    throw new StartError(`The gateway cannot listen on port ${PORT} of ${HOST}: ${reason}; set PORT or HOST.`);
  }
}

function welcome(host: string, port: number, newToken: string | undefined): void {
  const everywhere: Record<string, string> = { "0.0.0.0": "127.0.0.1", "::": "::1" };
  const name = everywhere[host] ?? host;
  const address = `http://${name.includes(":") ? `[${name}]` : name}:${port}`;
  const fragment = newToken ? `#token=${newToken}` : "";
  say(`\n  Explorer   ${address}/explorer${fragment}\n  GraphQL    ${address}/graphql`);
  if (newToken) say(`\n  Administrator's token, shown this once: ${newToken}\n`);
  else say("\n  Another token: npm run token -- --user admin\n");
}

/** Brings the database up to date and ends. */
async function migrate(config: Config): Promise<void> {
  const store = await openStore(config, say, { join: true });
  await store.close();
  say("The database is up to date.");
}

/** Prints a new token of a user. */
async function token(config: Config): Promise<void> {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: { user: { type: "string", default: "admin" } },
  });
  const store = await openStore(config, () => {}, { join: true, standing: true });
  try {
    say(await createToken(store.database.writer, values.user));
  } finally {
    await store.close();
  }
}

/** Adds made-up containers by the thousand, to try things at size. */
async function seed(config: Config): Promise<void> {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: { containers: { type: "string", default: "1000" } },
  });
  const containers = Number(values.containers);
  if (!Number.isInteger(containers) || containers < 1) {
    throw new StartError(`--containers takes how many to add, 1 or more; it is ${values.containers}.`);
  }
  const store = await openStore(config, say, { join: true });
  try {
    await growDatabase(store.place.connection, { containers, report: showProgress(process.stdout) });
  } finally {
    await store.close();
  }
}

/** Imports a file that another SOAR system exported. */
function importing(kind: string, toInput: (file: unknown) => { name: string }) {
  return async (config: Config) => {
    const path = process.argv[3];
    if (!path) throw new StartError("Say which file to import.");
    const [create, update] = [`create${kind}`, `update${kind}`].map(
      (name) => operations.find((one) => one.name === name)!,
    );
    const store = await openStore(config, say, { join: true });
    try {
      const vault = await openVault(store.database, config.DATA_DIR);
      say(await importFile(store.database, vault, path, toInput, create!, update!));
    } finally {
      await store.close();
    }
  };
}

/** Prints the schema document, and waits until a pipe has taken all of it. */
async function schema(): Promise<void> {
  const document = await schemaDocument();
  await new Promise((taken) => process.stdout.write(document, taken));
}

const commands = new Map<string, (config: Config) => Promise<void>>(
  Object.entries({
    serve,
    worker: work,
    migrate,
    token,
    seed,
    "import-template": importing("WorkbookTemplate", templateInput),
    "import-app": importing("App", appInput),
    schema,
  }),
);

// A reader of the output that goes away must not end a server.
for (const output of [process.stdout, process.stderr]) output.on("error", () => {});

const name = process.argv[2] ?? "serve";
try {
  const command = commands.get(name);
  if (!command) throw new StartError(`${name} is no command; there are ${[...commands.keys()].join(", ")}.`);
  await command(readConfig());
} catch (error) {
  const { code } = error as NodeJS.ErrnoException;
  const forOperator = error instanceof StartError || error instanceof AppError || code?.startsWith("ERR_PARSE_ARGS");
  console.error(forOperator ? (error as Error).message : error);
  process.exitCode = 1;
}
process.exit();
