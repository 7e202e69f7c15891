import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { createClient } from "graphql-ws";
import { afterAll, describe, expect, test } from "vitest";
import WebSocket from "ws";
import { sessionCookie } from "../src/auth/credentials.js";
import { beginSession } from "../src/auth/secrets.js";
import { readConfig } from "../src/config.js";
import { Ending } from "../src/database/ending.js";
import type { Database } from "../src/database/pools.js";
import { AppError } from "../src/errors.js";
import { hashOf } from "../src/guard/document.js";
import { createServer } from "../src/server.js";
import { openGateway } from "./support/gateway.js";

const { url, token, ask, database, tokenOf } = await openGateway();
const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
const cookie = `${sessionCookie}=${await beginSession(database.writer, 1, undefined)}`;

const folder = mkdtempSync(join(tmpdir(), "soar-limits-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Another gateway on the same database, with other settings, for one test. */
async function serving<T>(
  settings: Record<string, string>,
  work: (base: string) => Promise<T>,
  options?: Parameters<typeof createServer>[2],
): Promise<T> {
  const app = await createServer(readConfig({ LOG_LEVEL: "silent", ...settings }), database, options);
  try {
    return await work(await app.listen({ port: 0, host: "127.0.0.1" }));
  } finally {
    await app.close();
  }
}

async function post(base: string, body: unknown, more: Record<string, string> = {}) {
  const answer = await fetch(`${base}/graphql`, {
    method: "POST",
    headers: { ...headers, ...more },
    body: JSON.stringify(body),
  });
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape
  const { data, errors, extensions } = (await answer.json()) as any;
  return { status: answer.status, headers: answer.headers, data, errors, extensions };
}

describe("the cost of a request", () => {
  test("is in a header always, and in the answer when asked for", async () => {
    const query = "{ containers(first: 3) { nodes { id owner { id } } } }";
    const bare = await ask(query);
    expect([bare.headers.get("x-query-cost"), bare.extensions]).toEqual(["7", undefined]);
    const asked = await post(url, { query, extensions: { cost: true } });
    expect([asked.headers.get("x-query-cost"), asked.extensions]).toEqual(["7", { cost: 7 }]);
    expect((await ask("{ __typename }")).headers.get("x-query-cost")).toBe("1");
  });

  test("is told when it is why the request was refused", async () => {
    const query = "{ containers(first: 100) { nodes { artifacts(first: 100) { nodes { notes { nodes { id } } } } } } }";
    const refused = await ask(query);
    expect(refused.status).toBe(400);
    expect(refused.errors).toMatchObject([
      { extensions: { code: "QUERY_TOO_COMPLEX", limitName: "cost", limit: 500_000, value: refused.extensions.cost } },
    ]);
    expect(refused.headers.get("x-query-cost")).toBe(String(refused.extensions.cost));
    expect(refused.extensions.cost).toBeGreaterThan(500_000);
  });

  test("is 0 when nothing was looked at", async () => {
    const refused = await post(url, { query: "{" });
    expect([refused.status, refused.headers.get("x-query-cost")]).toEqual([400, "0"]);
    const unread = await fetch(`${url}/graphql`, { method: "POST", headers, body: "{" });
    expect([unread.status, unread.headers.get("x-query-cost")]).toEqual([400, "0"]);
  });

  test("is limited for each caller and minute, and the refusal says when to retry", async () => {
    await serving({ COST_PER_MINUTE: "500000" }, async (base) => {
      const query =
        "{ containers(first: 100) { nodes { artifacts(first: 100) { nodes { notes(first: 22) { nodes { id } } } } } } }";
      const other = await tokenOf("Observer");
      expect((await post(base, { query })).headers.get("x-query-cost")).toBe("240201");
      expect((await post(base, { query })).status).toBe(200);
      const refused = await post(base, { query });
      expect(refused.status).toBe(429);
      const { retryAfter, ...extensions } = refused.errors[0].extensions;
      expect(extensions).toMatchObject({
        code: "RATE_LIMITED",
        limitName: "costPerMinute",
        limit: 500_000,
        value: 240_201,
      });
      expect(refused.headers.get("retry-after")).toBe(String(retryAfter));
      expect(retryAfter).toBeGreaterThan(15);
      expect(retryAfter).toBeLessThanOrEqual(60);
      expect((await post(base, { query }, { authorization: `Bearer ${other}` })).status).toBe(200);
    });
  });
});

describe("operations that are kept", () => {
  const open = "query Open($id: Int!) { container(id: $id) { id } }";
  const manifest = join(folder, "manifest.json");
  writeFileSync(
    manifest,
    JSON.stringify({
      format: "apollo-persisted-query-manifest",
      version: 1,
      operations: [{ id: hashOf(open), body: open, name: "Open", type: "query" }],
    }),
  );
  const named = join(folder, "named");
  mkdirSync(named);
  writeFileSync(join(named, "open.graphql"), open);
  const variables = { id: 7 };
  const persistedQuery = (sha256Hash: string) => ({ persistedQuery: { version: 1, sha256Hash } });

  test.each([
    ["by its name", { documentId: "open" }],
    ["by its hash", { documentId: hashOf(open) }],
    ["by its hash with its kind", { documentId: `sha256:${hashOf(open)}` }],
    ["in the form of Apollo's clients", { extensions: persistedQuery(hashOf(open)) }],
    ["in that form with its text", { extensions: persistedQuery(hashOf(open)), query: open }],
    ["by its text", { query: open }],
  ])("run when named %s", async (_, request) => {
    await serving({ PERSISTED_OPERATIONS: named, PERSISTED_ONLY: "true" }, async (base) => {
      expect((await post(base, { ...request, variables })).data).toEqual({ container: { id: 7 } });
    });
  });

  test("are read from a manifest, run by GET, and let other texts run", async () => {
    await serving({ PERSISTED_OPERATIONS: manifest }, async (base) => {
      const search = new URLSearchParams({
        variables: JSON.stringify(variables),
        extensions: JSON.stringify(persistedQuery(hashOf(open))),
      });
      const answer = await fetch(`${base}/graphql?${search}`, { headers: { authorization: headers.authorization } });
      expect(await answer.json()).toEqual({ data: { container: { id: 7 } } });
      expect((await post(base, { query: "{ viewer { user { id } } }" })).data).toEqual({ viewer: { user: { id: 1 } } });
    });
  });

  test("can be the only ones, on every door", async () => {
    await serving({ PERSISTED_OPERATIONS: named, PERSISTED_ONLY: "true" }, async (base) => {
      const other = await post(base, { query: "{ viewer { permissions } }" });
      expect([other.status, other.errors[0].extensions.code]).toEqual([403, "FORBIDDEN"]);
      const unknown = await post(base, { extensions: persistedQuery("00") });
      expect([unknown.status, unknown.errors[0]]).toMatchObject([
        400,
        { message: "PersistedQueryNotFound", extensions: { code: "PERSISTED_QUERY_NOT_FOUND", documentId: "00" } },
      ]);
      const another = await post(base, { documentId: "open", query: "{ viewer { permissions } }" });
      expect([another.status, another.errors[0].extensions]).toMatchObject([400, { documentId: "open" }]);
      const client = createClient({
        url: `${base.replace("http", "ws")}/graphql`,
        webSocketImpl: WebSocket,
        connectionParams: { authorization: headers.authorization },
        retryAttempts: 0,
      });
      const refused = await new Promise((resolve) => {
        client.subscribe({ query: "subscription { nothing }" }, { next: resolve, error: resolve, complete: () => {} });
      });
      await client.dispose();
      expect(refused).toMatchObject([{ extensions: { code: "FORBIDDEN" } }]);
    });
  });

  test("that would not run stop the start, by name", async () => {
    for (const [name, text, why] of [
      ["broken", "{", "Syntax Error"],
      ["unknown", "{ nothing }", 'Cannot query field "nothing"'],
      [
        "large",
        "{ containers(first: 100) { nodes { artifacts(first: 100) { nodes { notes { nodes { id } } } } } } }",
        "500000",
      ],
    ] as const) {
      const file = join(folder, `${name}.json`);
      writeFileSync(file, JSON.stringify({ [name]: text }));
      const start = createServer(readConfig({ LOG_LEVEL: "silent", PERSISTED_OPERATIONS: file }), database);
      await expect(start).rejects.toThrow(`The operation "${name}" of PERSISTED_OPERATIONS would not run: `);
      await expect(start).rejects.toThrow(why);
    }
    const start = createServer(
      readConfig({ LOG_LEVEL: "silent", PERSISTED_OPERATIONS: join(folder, "none") }),
      database,
    );
    await expect(start).rejects.toThrow(`PERSISTED_OPERATIONS cannot be read from ${join(folder, "none")}`);
  });
});

describe("a request that is given up", () => {
  /** Statements of the gateway that Postgres is running, or holding up. */
  const running = async () => {
    const { rows } = await database.pool.query(
      "select count(*)::int as count from pg_stat_activity where datname = current_database() and state <> 'idle' and wait_event_type = 'Lock'",
    );
    return rows[0].count as number;
  };

  test("by its client is cancelled in the database", async () => {
    const blocker = await database.pool.connect();
    await blocker.query("begin; lock table comments in access exclusive mode");
    const sent = httpRequest(`${url}/graphql`, { method: "POST", headers });
    sent.on("error", () => {});
    sent.end(JSON.stringify({ query: "{ comments { totalCount } }" }));
    await expect.poll(running, { timeout: 4_000, interval: 20 }).toBe(1);
    const gone = performance.now();
    sent.destroy();
    await expect.poll(running, { timeout: 4_000, interval: 20 }).toBe(0);
    // Without being cancelled it would have waited for its lock for two seconds.
    expect(performance.now() - gone).toBeLessThan(1_900);
    await blocker.query("rollback");
    blocker.release();
    expect((await ask("{ comments { totalCount } }")).errors).toBeUndefined();
  });
});

describe("a request that has taken too long", () => {
  const late = new AppError("TIMEOUT", "too late");
  const sleeping = async () => {
    const { rows } = await database.pool.query(
      "select count(*)::int as count from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'",
    );
    return rows[0].count as number;
  };
  const sleep = sql`select pg_sleep(4)`;

  test.each([
    ["read", (one: Database) => one.read(sleep)],
    ["transaction", (one: Database) => one.transaction((writer) => writer.execute(sleep))],
  ])("has its %s cancelled, and begins no other", async (_, work) => {
    const ending = new Ending();
    const own = database.until(ending);
    const refused = expect(work(own)).rejects.toBe(late);
    await expect.poll(sleeping, { timeout: 3_000, interval: 20 }).toBe(1);
    ending.end(() => late);
    await refused;
    await expect.poll(sleeping, { timeout: 3_000, interval: 20 }).toBe(0);
    await expect(work(own)).rejects.toBe(late);
    expect(await database.read(sql`select 1`)).toEqual([["1"]]);
  });

  test("leaves what it changed undone", async () => {
    const ending = new Ending();
    const change = database.until(ending).transaction(async (writer) => {
      await writer.execute(sql`insert into labels (name) values ('too late')`);
      ending.end(() => late);
      await writer.execute(sql`select 1`);
    });
    await expect(change).rejects.toBe(late);
    expect(await database.read(sql`select count(*) from labels where name = 'too late'`)).toEqual([["0"]]);
  });
});

describe("a body that trickles in", () => {
  const told = (base: string, path: string, { type = "application/json", credentials = headers.authorization } = {}) =>
    new Promise<string>((resolve, reject) => {
      const { port } = new URL(base);
      const socket = connect(Number(port), "127.0.0.1", () =>
        socket.write(
          `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: ${type}\r\nauthorization: ${credentials}\r\ncontent-length: 99\r\n\r\n{`,
        ),
      );
      let answer = "";
      socket.setEncoding("utf8").on("data", (text) => (answer += text));
      socket.on("close", () => resolve(answer)).on("error", reject);
    });

  test.each([
    "/graphql",
    "/graphql/stream",
    "/rest/action_run",
    "/session",
  ])("is not waited for at %s", async (path) => {
    await serving(
      {},
      async (base) => {
        const answer = await told(base, path);
        expect(answer).toMatch(/^HTTP\/1\.1 408 /);
        expect(answer).toContain("The body did not arrive within 0.2 seconds.");
      },
      { bodyWithin: 200 },
    );
  });

  test("after its answer takes the connection with it, and nothing else", async () => {
    await serving(
      {},
      async (base) => {
        expect(await told(base, "/graphql", { type: "text/none" })).toMatch(/^HTTP\/1\.1 415 /);
        expect(await told(base, "/graphql", { credentials: "none" })).toMatch(/^HTTP\/1\.1 401 /);
        expect((await fetch(`${base}/healthz`)).status).toBe(200);
      },
      { bodyWithin: 200 },
    );
  });
});

describe("a name that no index can hold", () => {
  test("is refused, not a fault", async () => {
    const name = Array.from({ length: 5_000 }, () => Math.random().toString(36)[2] ?? "a").join("");
    const { errors } = await ask(
      'mutation ($name: String!) { createContainer(input: {name: $name, label: "events"}) { success } }',
      { name },
    );
    expect(errors).toMatchObject([
      { message: expect.stringContaining("too long"), extensions: { code: "BAD_USER_INPUT" } },
    ]);
  });
});

describe("a large value in the wrong place", () => {
  const large = "x".repeat(500_000);
  const say = (input: string) => `mutation ($large: String!) { answer: ${input} { success message } }`;

  test.each([
    ["that an operation refuses", say('createContainer(input: {name: "n", label: $large})'), { large }],
    [
      "of another type",
      "query ($large: DateTime) { containers(filter: {createTime: {gt: $large}}) { totalCount } }",
      { large },
    ],
    ["that is a name", `{ ${"x".repeat(60_000)} }`, {}],
    ["where nothing can be read", `{ viewer } ${"x".repeat(60_000)}`, {}],
  ])("%s is quoted in short", async (_, query, variables) => {
    const { data, errors } = await ask(query, variables);
    const message = data?.answer.message ?? errors![0].message;
    expect(message).toMatch(/x{100}.*…$/);
    expect(JSON.stringify({ data, errors }).length).toBeLessThan(12_000);
  });
});

describe("connections to the database", () => {
  test("may all be lost at once: the next requests are answered", async () => {
    await Promise.all(Array.from({ length: 10 }, () => ask("{ viewer { user { id } } }")));
    const { rows } = await database.pool.query(
      "select count(pg_terminate_backend(pid))::int as count from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
    );
    expect(rows[0].count).toBeGreaterThan(0);
    await expect
      .poll(async () => (await ask("{ viewer { user { id } } }")).data)
      .toEqual({ viewer: { user: { id: 1 } } });
  });
});

describe("every answer", () => {
  test.each([
    "/graphql",
    "/healthz",
    "/readyz",
    "/nothing",
    "/schema.graphql",
    "/explorer",
  ])("of %s tells browsers to be careful", async (path) => {
    const answer = await fetch(`${url}${path}`);
    const {
      "x-content-type-options": sniff,
      "x-frame-options": frame,
      "referrer-policy": referrer,
    } = Object.fromEntries(answer.headers);
    expect([sniff, frame, referrer]).toEqual(["nosniff", "DENY", "no-referrer"]);
  });

  test("of the API is not kept by caches", async () => {
    for (const path of ["/graphql", "/healthz", "/nothing"])
      expect((await fetch(`${url}${path}`)).headers.get("cache-control")).toBe("no-store");
  });
});

describe("a page of another site", () => {
  const query = "{ viewer { permissions } }";
  const search = `?query=${encodeURIComponent(query)}`;

  test.each([
    ["a form", "application/x-www-form-urlencoded", 415],
    ["a form with files", "multipart/form-data; boundary=x", 415],
    ["plain text", "text/plain", 400],
    ["plain text that calls itself JSON", "text/plain; application/json", 400],
    ["nothing of its type", "", 415],
    ["a type that is none", "application/jsonx", 415],
  ])("cannot send %s", async (_, type, status) => {
    const answer = await fetch(`${url}/graphql`, {
      method: "POST",
      headers: { "content-type": type, cookie },
      body: JSON.stringify({ query }),
    });
    expect(answer.status).toBe(status);
    const { errors } = (await answer.json()) as { errors: { extensions: { code: string } }[] };
    expect(errors[0]!.extensions.code).toBe("BAD_REQUEST");
  });

  test.each<[Record<string, string>, number]>([
    [{}, 400],
    [{ "content-type": "text/plain" }, 400],
    [{ accept: "text/html" }, 400],
    // Not without a preflight.
    [{ "content-type": "application/json" }, 200],
    [{ "apollo-require-preflight": "1" }, 200],
  ])("cannot ask by GET with %j, for its browser would send a cookie along", async (more, status) => {
    expect((await fetch(`${url}/graphql${search}`, { headers: { ...more, cookie } })).status).toBe(status);
  });

  test("cannot say that its JSON is of another charset", async () => {
    const answer = await fetch(`${url}/graphql`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json; charset=utf-16" },
      body: JSON.stringify({ query }),
    });
    expect(answer.status).toBe(400);
    expect(JSON.stringify(await answer.json())).toContain("utf-16");
  });
});
