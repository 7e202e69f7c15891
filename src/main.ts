import { parseArgs } from "node:util";
import { createToken } from "./auth/who.js";
import { type Config, readConfig } from "./config.js";
import { AppError, StartError } from "./errors.js";
import { schemaDocument } from "./resolvers/schema.js";
import { createServer } from "./server.js";
import { ensureSample, openStore } from "./start.js";

const say = (sentence: string) => console.log(sentence);

/** Serves the gateway until it is told to stop. */
async function serve(config: Config): Promise<void> {
  const store = await openStore(config, say);
  await ensureSample(store, config, say);
  const app = await createServer(config, store.database);
  onStop(async () => {
    await app.close();
    await store.close();
  });
  await app.listen({ port: config.PORT, host: config.HOST });
  const { port } = app.server.address() as { port: number };
  const host = config.HOST.includes(":") ? `[${config.HOST}]` : config.HOST === "0.0.0.0" ? "127.0.0.1" : config.HOST;
  const fragment = store.newToken ? `#token=${store.newToken}` : "";
  say(`\n  Explorer   http://${host}:${port}/explorer${fragment}\n  GraphQL    http://${host}:${port}/graphql`);
  if (store.newToken) say(`\n  Administrator's token, shown this once: ${store.newToken}\n`);
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
  const store = await openStore(config, () => {}, { join: true });
  try {
    console.log(store.newToken ?? (await createToken(store.database.writer, values.user)));
  } finally {
    await store.close();
  }
}

/** Prints the schema document. */
async function schema(): Promise<void> {
  process.stdout.write(await schemaDocument());
}

/** Ends in good order on the first signal; a second one, or 14 seconds, end it at once. */
function onStop(stop: () => Promise<void>): void {
  let stopping = false;
  const begin = (signal: NodeJS.Signals) => {
    if (stopping) process.exit(1);
    stopping = true;
    say(`${signal}: finishing requests under way, then stopping.`);
    setTimeout(() => process.exit(1), 14_000).unref();
    stop().then(
      () => process.exit(0),
      (error) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", begin);
  process.on("SIGINT", begin);
}

const commands: Record<string, (config: Config) => Promise<void>> = { serve, migrate, token, schema };

// A reader of the output that goes away must not end a server.
process.stdout.on("error", () => {});

const command = commands[process.argv[2] ?? "serve"];
try {
  if (!command)
    throw new StartError(`${process.argv[2]} is no command; there are ${Object.keys(commands).join(", ")}.`);
  await command(readConfig());
} catch (error) {
  const forOperator = error instanceof StartError || error instanceof AppError;
  console.error(forOperator ? error.message : error);
  process.exitCode = 1;
}
