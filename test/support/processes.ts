import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type pg from "pg";

const main = join(import.meta.dirname, "..", "..", "dist", "main.js");

/** A gateway as a process of its own. */
export interface GatewayProcess {
  readonly url: string;
  readonly child: ChildProcess;
  /** All that it has written so far. */
  said(): string;
  /** Ends it without letting it do anything about it. */
  kill(): Promise<void>;
}

/** Starts a gateway on a database and waits until it listens. */
export async function startGateway(
  databaseUrl: string,
  adminToken: string,
  settings: Record<string, string> = {},
): Promise<GatewayProcess> {
  const child = spawn(process.execPath, [main, "serve"], {
    // Not the checkout: a .env there is not meant for this.
    cwd: tmpdir(),
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: databaseUrl,
      ADMIN_TOKEN: adminToken,
      PORT: "0",
      SAMPLE_DATA: "false",
      LOG_LEVEL: "warn",
      // What a test keeps need not survive the machine.
      ACCEPT_DATA_LOSS: "true",
      ...settings,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(child, "exit");
  const kill = async () => {
    child.kill("SIGKILL");
    await ended;
  };
  let said = "";
  const url = await new Promise<string>((resolve, reject) => {
    ended.then(() => reject(new Error(`The gateway ended: ${said}`)));
    for (const output of [child.stdout!, child.stderr!]) {
      output.on("data", (text) => {
        said += text;
        const address = /(http:\/\/127\.0\.0\.1:\d+)\/graphql/.exec(said);
        if (address) resolve(address[1]!);
      });
    }
  });
  return { url, child, said: () => said, kill };
}

/** The URL of a database of the tests' Postgres, or of what listens at another port of this machine. */
export function urlOf(connection: pg.ClientConfig, database: string, otherPort?: number): string {
  const { host, port, user, password } = connection;
  const credentials = `${encodeURIComponent(user ?? "postgres")}:${encodeURIComponent(String(password ?? ""))}`;
  if (otherPort) return `postgres://${credentials}@127.0.0.1:${otherPort}/${database}`;
  return `postgres://${credentials}@localhost:${port}/${database}?host=${encodeURIComponent(host!)}`;
}

/** Passes connections on to Postgres, until told to let some hang as if a cable had been pulled. */
export class Cable {
  readonly #server: Server;
  readonly #pairs = new Set<{ sockets: Socket[]; said: string; silent: boolean }>();

  constructor({ host, port }: pg.ClientConfig) {
    const place = host!.startsWith("/") ? { path: `${host}/.s.PGSQL.${port}` } : { host, port: port! };
    this.#server = createServer((client) => this.#pass(client, connect(place)));
  }

  async listen(): Promise<number> {
    await once(this.#server.listen(0, "127.0.0.1"), "listening");
    return (this.#server.address() as { port: number }).port;
  }

  /** Lets the connections hang that began by saying this; how many those are. */
  silence(word: string): number {
    const found = [...this.#pairs].filter(({ said, silent }) => !silent && said.includes(word));
    for (const pair of found) pair.silent = true;
    return found.length;
  }

  close(): void {
    this.#server.close();
    for (const { sockets } of this.#pairs) for (const socket of sockets) socket.destroy();
  }

  #pass(client: Socket, server: Socket): void {
    const pair = { sockets: [client, server], said: "", silent: false };
    this.#pairs.add(pair);
    client.once("data", (data) => {
      pair.said = data.toString("latin1");
    });
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.on("data", (data) => pair.silent || to.write(data));
      from.on("error", () => {});
      from.on("close", () => {
        if (pair.silent) return;
        this.#pairs.delete(pair);
        to.destroy();
      });
    }
  }
}
