import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import type { FastifyInstance } from "fastify";
import pg from "pg";
import { afterAll, inject } from "vitest";
import { createToken } from "../../src/auth/who.js";
import { readConfig } from "../../src/config.js";
import { type Database, openDatabase } from "../../src/database/pools.js";
import { userRoles, users } from "../../src/schema/user.js";
import { createServer } from "../../src/server.js";
import { openVault, type Vault } from "../../src/vault.js";
import { run } from "./postgres.js";

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
  /** How many statements the database ran for what `work` asked, finding the caller not counted. */
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
  const app = await createServer(readConfig({ LOG_LEVEL: "silent", DATA_DIR: folder }), database);
  await app.listen({ port: 0, host: "127.0.0.1" });
  const url = `http://127.0.0.1:${(app.server.address() as { port: number }).port}`;
  afterAll(async () => {
    await app.close();
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
    statements: (work) => watchStatements(work),
    tokenOf: (role, type) => addUser(database, role, type),
  };
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
  return seen.filter((text) => !text.includes('"tokens"'));
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
