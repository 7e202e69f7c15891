import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { serverAudits } from "graphql-http";
import { describe, expect, test } from "vitest";
import { sessionCookie } from "../src/auth/credentials.js";
import { beginSession } from "../src/auth/secrets.js";
import { readConfig } from "../src/config.js";
import { createServer } from "../src/server.js";
import { openGateway } from "./support/gateway.js";

const { url, token, ask, database } = await openGateway();
const bearer = { authorization: `Bearer ${token}` };
const json = { "content-type": "application/json" };
const query = JSON.stringify({ query: "{ viewer { user { username } } }" });
const send = (path: string, init?: RequestInit) => fetch(`${url}${path}`, init);

describe("GraphQL over HTTP", () => {
  const fetchWithToken: typeof fetch = (input, init) =>
    fetch(input, { ...init, headers: { ...(init?.headers as Record<string, string>), ...bearer } });
  // Apollo answers a document it cannot run with 400 also where application/json may have 200: the more telling answer.
  const known = new Set(["572B", "FDE2", "7B9B"]);

  test.each(
    serverAudits({ url: `${url}/graphql`, fetchFn: fetchWithToken }).map(
      (audit) => [audit.id, audit.name, audit] as const,
    ),
  )("%s %s", async (id, _, audit) => {
    const result = await audit.fn();
    expect(
      result.status === "ok" || (result.status === "warn" && known.has(id)),
      "reason" in result ? result.reason : "",
    ).toBe(true);
  });
});

describe("a caller", () => {
  const who = async (headers: Record<string, string>) =>
    (await send("/graphql", { method: "POST", headers: { ...json, ...headers }, body: query })).status;
  const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString("base64")}` });

  test.each([
    ["a bearer token", bearer, 200],
    ["a bearer token, whatever the letter case", { authorization: `bEARER ${token}` }, 200],
    ["SOAR's own header", { "ph-auth-token": token }, 200],
    ["a token as Basic password without a user", basic(`:${token}`), 200],
    ["nothing", {}, 401],
    ["a wrong token", { authorization: "Bearer nonsense" }, 401],
    ["an empty token", { "ph-auth-token": "" }, 401],
    ["a user with a token as password", basic(`admin:${token}`), 401],
  ])("with %s gets %s → %i", async (_, headers, status) => {
    expect(await who(headers as Record<string, string>)).toBe(status);
  });

  test("whose token was revoked, has expired, or whose account is disabled is turned away at once", async () => {
    const change = (statement: string) => database.pool.query(statement);
    for (const [before, after] of [
      ["update tokens set revoke_time = now()", "update tokens set revoke_time = null"],
      ["update tokens set expire_time = now()", "update tokens set expire_time = null"],
      ["update users set is_active = false where id = 1", "update users set is_active = true where id = 1"],
    ] as const) {
      await change(before);
      expect(await who(bearer)).toBe(401);
      await change(after);
      expect(await who(bearer)).toBe(200);
    }
  });

  test("is asked for a password only as a script with Basic or nothing", async () => {
    const asked = async (headers: Record<string, string>) =>
      (await send("/graphql", { method: "POST", headers: { ...json, ...headers }, body: query })).headers.get(
        "www-authenticate",
      );
    expect(await asked({})).toBe('Basic realm="soar-graphql"');
    expect(await asked(basic("x:y"))).toBe('Basic realm="soar-graphql"');
    expect(await asked({ authorization: "Bearer nonsense" })).toBeNull();
    expect(await asked({ "sec-fetch-site": "same-origin" })).toBeNull();
  });

  test("by GET needs a header that no other site can send", async () => {
    const path = `/graphql?query=${encodeURIComponent("{ viewer { user { username } } }")}`;
    expect((await send(path, { headers: bearer })).status).toBe(200);
    const cookie = `${sessionCookie}=${await beginSession(database.writer, 1, undefined)}`;
    const bare = await send(path, { headers: { cookie } });
    expect(bare.status).toBe(400);
    expect(JSON.stringify(await bare.json())).toContain("CSRF");
    expect(
      (await send(path.replace("viewer", "mutation"), { headers: { "apollo-require-preflight": "1" } })).status,
    ).toBe(401);
  });

  test("by GET cannot change anything", async () => {
    const answer = await send(
      `/graphql?query=${encodeURIComponent('mutation { comment(input: { container: 7, comment: "x" }) { success } }')}`,
      { headers: bearer },
    );
    expect(answer.status).toBe(405);
  });
});

describe("every answer", () => {
  test("that wants to follow is told where", async () => {
    const following = "subscription { containerEvents { kind } }";
    for (const answer of [
      await send("/graphql", {
        method: "POST",
        headers: { ...json, ...bearer },
        body: JSON.stringify({ query: following }),
      }),
      await send(`/graphql?${new URLSearchParams({ query: following })}`, { headers: bearer }),
    ]) {
      expect(answer.status).toBe(400);
      const { errors } = (await answer.json()) as Awaited<ReturnType<typeof ask>>;
      expect(errors![0]).toMatchObject({
        message: expect.stringMatching(/WebSocket at \/graphql, .* event stream at \/graphql\/stream/),
        extensions: { code: "BAD_REQUEST" },
      });
    }
  });

  test("is not to be stored and names its request", async () => {
    const answer = await ask("{ viewer { permissions } }", {}, { "x-request-id": "mine-1" });
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.get("x-request-id")).toBe("mine-1");
    const other = await ask("{ viewer { permissions } }", {}, { "x-request-id": "not\tgood".replace("\t", " ") });
    expect(other.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  });

  test.each([
    [
      "a body that is no JSON",
      "/graphql",
      { method: "POST", headers: { ...json, ...bearer }, body: "{" },
      400,
      "BAD_REQUEST",
      "not valid JSON",
    ],
    [
      "an empty body",
      "/graphql",
      { method: "POST", headers: { ...json, ...bearer }, body: "" },
      400,
      "BAD_REQUEST",
      "empty",
    ],
    [
      "a form",
      "/graphql",
      { method: "POST", headers: { ...bearer, "content-type": "application/x-www-form-urlencoded" }, body: "query=x" },
      415,
      "BAD_REQUEST",
      "content-type: application/json",
    ],
    [
      "a body that is too large",
      "/graphql",
      { method: "POST", headers: { ...json, ...bearer }, body: `"${"x".repeat(1024 * 1024)}"` },
      413,
      "QUERY_TOO_COMPLEX",
      "1048576",
    ],
    [
      "a method that is not for it",
      "/graphql",
      { method: "PUT", headers: { ...json, ...bearer }, body: query },
      405,
      "BAD_REQUEST",
      "use POST",
    ],
    ["a path that is not there", "/nothing?x=1", { headers: bearer }, 404, "NOT_FOUND", "/nothing"],
    [
      "an array of requests",
      "/graphql",
      { method: "POST", headers: { ...json, ...bearer }, body: `[${query}]` },
      400,
      "BAD_REQUEST",
      "",
    ],
    [
      "a document that does not parse",
      "/graphql",
      { method: "POST", headers: { ...json, ...bearer }, body: '{"query":"{"}' },
      400,
      "GRAPHQL_PARSE_FAILED",
      "Syntax Error",
    ],
    [
      "a field that is not there",
      "/graphql",
      { method: "POST", headers: { ...json, ...bearer }, body: '{"query":"{ nope }"}' },
      400,
      "GRAPHQL_VALIDATION_FAILED",
      "nope",
    ],
    [
      "a variable of the wrong type",
      "/graphql",
      {
        method: "POST",
        headers: { ...json, ...bearer },
        body: '{"query":"query ($id: Int!) { container(id: $id) { id } }","variables":{"id":"x"}}',
      },
      400,
      "BAD_USER_INPUT",
      "$id",
    ],
    ["no credentials", "/graphql", { method: "POST", headers: json, body: query }, 401, "UNAUTHENTICATED", "token"],
    [
      "a user name that cannot be",
      "/graphql",
      { method: "POST", headers: { ...json, authorization: `Basic ${btoa("ad\0min:x")}` }, body: query },
      401,
      "UNAUTHENTICATED",
      "token",
    ],
    ["an address that is no UTF-8", "/vault/%ff", {}, 400, "BAD_REQUEST", "%ff"],
  ] as const)("to %s is JSON with code, request and reason", async (_, path, init, status, code, words) => {
    const answer = await send(path, init);
    expect(answer.status).toBe(status);
    expect(answer.headers.get("content-type")).toContain("json");
    const { errors } = (await answer.json()) as { errors: { message: string; extensions: Record<string, unknown> }[] };
    expect(errors[0]).toMatchObject({
      message: expect.stringContaining(words),
      extensions: { code, requestId: answer.headers.get("x-request-id") },
    });
  });

  test.each([
    "/graphql",
    "/graphql/stream",
    "/rest/action_run",
  ])("to somebody without credentials tells nothing of the schema, and comes before the body: POST %s", async (path) => {
    const length = { ...json, "content-length": "1000000" };
    const asking = request(`${url}${path}`, { method: "POST", headers: length });
    asking.on("error", () => {});
    asking.write('{"query":"{ contaners { id } }"');
    const [answer] = (await once(asking, "response")) as [IncomingMessage];
    const told = (await answer.toArray()).join("");
    asking.destroy();
    expect(answer.statusCode).toBe(401);
    expect(told).not.toMatch(/contai?ner/i);
  });

  test("hides what is wrong with us and tells the log instead", async () => {
    await database.pool.query("alter table comments rename to hidden");
    const { data, errors } = await ask('mutation { comment(input: { container: 7, comment: "x" }) { success } }');
    const read = await ask("{ comments { totalCount } viewer { user { id } } }");
    await database.pool.query("alter table hidden rename to comments");
    expect(data).toEqual({ comment: null });
    expect(read.data).toEqual({ comments: null, viewer: { user: { id: 1 } } });
    for (const error of [errors![0], read.errors![0]]) {
      expect(error).toMatchObject({
        message: "Internal server error",
        extensions: { code: "INTERNAL_SERVER_ERROR", requestId: expect.any(String) },
      });
      expect(JSON.stringify(error)).not.toMatch(/relation|select |insert |\.js|\/src\//);
    }
    const { rows } = await database.pool.query("select outcome, code from audit_entries order by id desc limit 1");
    expect(rows).toEqual([{ outcome: "failed", code: "INTERNAL_SERVER_ERROR" }]);
  });

  test("to a slow statement is TIMEOUT", async () => {
    const blocker = await database.pool.connect();
    await blocker.query("begin; lock table comments in access exclusive mode");
    const { errors } = await ask('mutation { comment(input: { container: 7, comment: "x" }) { success } }');
    await blocker.query("rollback");
    blocker.release();
    expect(errors).toMatchObject([{ extensions: { code: "TIMEOUT" } }]);
  });
});

describe("pages of other origins", () => {
  const preflight = async (origin: string, base = url) =>
    (
      await fetch(`${base}/graphql`, {
        method: "OPTIONS",
        headers: {
          origin,
          "access-control-request-method": "POST",
          "access-control-request-headers": "authorization,content-type",
        },
      })
    ).headers.get("access-control-allow-origin");

  test("on this machine may call while the gateway listens on loopback", async () => {
    expect(await preflight("http://localhost:5173")).toBe("http://localhost:5173");
    expect(await preflight("http://127.0.0.1:3000")).toBe("http://127.0.0.1:3000");
    expect(await preflight("https://evil.example")).toBeNull();
    expect(await preflight("http://localhost.evil.example")).toBeNull();
  });

  test("may call when configured, and then only those", async () => {
    const app = await createServer(
      readConfig({ LOG_LEVEL: "silent", CORS_ORIGINS: "https://soc.example.com" }),
      database,
    );
    const base = await app.listen({ port: 0, host: "127.0.0.1" });
    expect(await preflight("https://soc.example.com", base)).toBe("https://soc.example.com");
    expect(await preflight("http://localhost:5173", base)).toBeNull();
    await app.close();
  });
});

describe("the process", () => {
  test("tells whether it is alive and ready, without credentials", async () => {
    expect(await (await send("/healthz")).json()).toEqual({ status: "alive" });
    const ready = await send("/readyz");
    expect([ready.status, await ready.json()]).toEqual([
      200,
      { ready: true, database: true, feed: true, draining: false },
    ]);
  });

  test("serves its schema as a document", async () => {
    const answer = await send("/schema.graphql");
    expect(await answer.text()).toContain("type Container implements Node");
  });
});
