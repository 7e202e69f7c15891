import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import type { FastifyInstance } from "fastify";
import pg from "pg";
import { afterAll, inject } from "vitest";
import { createToken } from "../../src/auth/secrets.js";
import { readConfig } from "../../src/config.js";
import { type Database, openDatabase } from "../../src/database/pools.js";
import { userRoles, users } from "../../src/schema/user.js";
import { createServer } from "../../src/server.js";
import { closeWhenIdle } from "../../src/stopping.js";
import { openVault, type Vault } from "../../src/vault.js";
import { run } from "./postgres.js";

/** Everything that was told to followers, whether it has reached the log by now or not: what stands after `from`. */
export const told = `(select topic, kind, container_id, node_type, node_id, 1 as later, id as pos from outbox
  union all select topic, kind, container_id, node_type, node_id, 0, pos from event_log) told`;

interface Answer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  data: any;
  // biome-ignore lint/suspicious/noExplicitAny: likewise
  errors: any[] | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: likewise
  extensions: any;
}

export interface Gateway {
  readonly app: FastifyInstance;
  readonly database: Database;
  readonly vault: Vault;
  readonly url: string;
  readonly token: string;
  /** Sends a query by POST as the administrator, or as whoever the headers say. */
  ask(query: string, variables?: Record<string, unknown>, headers?: Record<string, string>): Promise<Answer>;
  /** Starts another gateway on the same database, that keeps `held` events in memory, at any port unless one is given. */
  beside(options?: { held?: number; port?: number }): Promise<{ app: FastifyInstance; url: string }>;
  /** How many statements the database ran for what `work` asked, finding the caller, following events and what goes on beside requests not counted. */
  statements(work: () => Promise<unknown>): Promise<string[]>;
  /** A token of a new user with one of the built-in roles, or none. */
  tokenOf(role?: string, type?: "normal" | "automation"): Promise<string>;
}

let copies = 0;

/** A gateway of this test file alone, on a database of its own: with the sample incidents or without. */
export async function openGateway(from: "sample" | "empty" = "sample"): Promise<Gateway> {
  const { connection, ...templates } = inject("postgres");
  const name = `${templates[from]}_${process.pid}_${copies++}`;
  await run(connection, `create database ${name} template ${templates[from]}`);
  const database = openDatabase({ ...connection, database: name });
  const token = await createToken(database.writer, "admin");
  const folder = mkdtempSync(join(tmpdir(), "soar-gateway-"));
  if (from === "sample") cpSync(inject("sampleFiles"), folder, { recursive: true });
  const vault = await openVault(database, folder);
  const { app, url } = await serve(database, folder);
  const others: FastifyInstance[] = [];
  afterAll(async () => {
    for (const one of [app, ...others]) await one.close();
    await database.close();
    await run(connection, `drop database ${name} with (force)`);
    rmSync(folder, { recursive: true });
  });

  const ask: Gateway["ask"] = async (query, variables, headers = {}) => {
    const answer = await fetch(`${url}/graphql`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...headers },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors, extensions } = (await answer.json()) as Answer;
    return { status: answer.status, headers: answer.headers, data, errors, extensions };
  };
  return {
    app,
    database,
    vault,
    url,
    token,
    ask,
    beside: async (options) => {
      const other = await serve(database, folder, options);
      others.push(other.app);
      return other;
    },
    statements: (work) => watchStatements(work),
    tokenOf: (role, type) => addUser(database, role, type),
  };
}

async function serve(
  database: Database,
  folder: string,
  { held, port = 0 }: { held?: number; port?: number } = {},
): Promise<{ app: FastifyInstance; url: string }> {
  const app = await createServer(readConfig({ LOG_LEVEL: "silent", DATA_DIR: folder }), database, { held });
  closeWhenIdle(app);
  const url = await app.listen({ port, host: "127.0.0.1" });
  return { app, url };
}

/** Every statement that any connection of this process runs meanwhile. */
async function watchStatements(work: () => Promise<unknown>): Promise<string[]> {
  const seen: string[] = [];
  const original = pg.Client.prototype.query;
  pg.Client.prototype.query = function (this: pg.Client, ...words: unknown[]) {
    const [first] = words as [string | { text: string }];
    seen.push(typeof first === "string" ? first : first.text);
    return Reflect.apply(original, this, words);
  } as typeof original;
  try {
    await work();
  } finally {
    pg.Client.prototype.query = original;
  }
  return seen.filter((text) => !/"tokens"|event_log|stamp\(\)|service_snapshots|pg_stat_activity|test_time/.test(text));
}

let added = 0;

async function addUser(
  database: Database,
  role: string | undefined,
  type: "normal" | "automation" = "normal",
): Promise<string> {
  const username = `user${++added}`;
  const [user] = await database.writer.insert(users).values({ username, type }).returning({ id: users.id });
  if (role)
    await database.writer.execute(sql`insert into ${userRoles} select ${user!.id}, id from roles where name = ${role}`);
  return createToken(database.writer, username);
}
