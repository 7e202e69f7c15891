import { connect as connectTo } from "node:net";
import { type Client, createClient } from "graphql-ws";
import { describe, expect, test } from "vitest";
import WebSocket from "ws";
import { openGateway } from "./support/gateway.js";

const gateway = await openGateway();
const { url, token, database } = gateway;
const address = `${url.replace("http", "ws")}/graphql`;

const connect = (connectionParams: Record<string, unknown>): Client =>
  createClient({ url: address, webSocketImpl: WebSocket, connectionParams, retryAttempts: 0, lazyCloseTimeout: 0 });

/** What a request over the socket ends with: its first answer, or how it was refused. */
const request = (client: Client, query: string) =>
  new Promise((resolve) => {
    client.subscribe(
      { query },
      {
        next: resolve,
        error: (reason) => resolve(reason instanceof Error || Array.isArray(reason) ? reason : { close: reason }),
        complete: () => resolve("complete"),
      },
    );
  });

/** The status of a handshake that is refused, or 101. */
const handshake = (path: string, protocol: string, headers: Record<string, string> = {}) =>
  new Promise<number>((resolve) => {
    const socket = new WebSocket(`${url.replace("http", "ws")}${path}`, protocol, { headers });
    socket.on("open", () => {
      resolve(101);
      socket.close();
    });
    socket.on("unexpected-response", (_, response) => resolve(response.statusCode!));
    socket.on("error", () => {});
  });

/** The status of a handshake that no library would send. */
const rawHandshake = (path: string, protocol: string, more = "") =>
  new Promise<number>((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const socket = connectTo(Number(port), hostname, () => {
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: ${hostname}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
          `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: ${protocol}\r\n${more}\r\n`,
      );
    });
    socket.once("data", (data) => {
      resolve(Number(String(data).split(" ")[1]));
      socket.destroy();
    });
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("Closed without an answer.")));
  });

describe("a WebSocket", () => {
  test.each([
    ["an authorization in its parameters", { authorization: `Bearer ${token}` }],
    ["one in any letter case", { Authorization: `bearer ${token}` }],
    ["SOAR's own header", { "PH-Auth-Token": token }],
  ])("is opened by %s, and runs no queries or mutations", async (_, params) => {
    const client = connect(params);
    expect(await request(client, "{ viewer { permissions } }")).toMatchObject([
      { message: expect.stringContaining("POST to /graphql"), extensions: { code: "BAD_REQUEST" } },
    ]);
    expect(
      await request(client, 'mutation { comment(input: { container: 7, comment: "x" }) { success } }'),
    ).toMatchObject([{ message: expect.stringContaining("Only subscriptions") }]);
    await client.dispose();
  });

  test.each([
    ["no", {}],
    ["wrong", { authorization: "Bearer nonsense" }],
  ])("is closed with 4401 for %s credentials", async (_, params) => {
    const client = connect(params);
    expect(await request(client, "{ viewer { permissions } }")).toMatchObject({ close: { code: 4401 } });
  });

  test("tells where a document is wrong", async () => {
    const client = connect({ authorization: `Bearer ${token}` });
    expect(await request(client, "subscription {")).toMatchObject([
      { message: expect.stringContaining("Syntax Error") },
    ]);
    await client.dispose();
  });

  test("is refused for another path, protocol or origin", async () => {
    const own = "graphql-transport-ws";
    expect(await handshake("/graphql", own)).toBe(101);
    expect(await handshake("/graphql", own, { origin: url })).toBe(101);
    expect(await handshake("/graphql", own, { origin: "http://localhost:5173" })).toBe(101);
    for (const path of ["/other", "/", "//"]) expect(await handshake(path, own)).toBe(404);
    expect(await handshake("/graphql", "graphql-ws")).toBe(400);
    expect(await handshake("/graphql", own, { origin: "https://evil.example" })).toBe(403);
    expect(await handshake("/graphql", own, { origin: "null" })).toBe(403);
    expect(await handshake("/graphql", own, { origin: "http://localhost.evil.example" })).toBe(403);
  });

  test("is refused when its handshake is hostile, and the gateway lives on", async () => {
    const own = "graphql-transport-ws";
    expect(await rawHandshake("//", own)).toBe(404);
    expect(await rawHandshake("http://[", own)).toBe(404);
    expect(await rawHandshake("/graphql", Array.from({ length: 700 }, (_, n) => `graphql-${n}`).join(", "))).toBe(400);
    expect(await rawHandshake("/graphql", `${" ".repeat(9_000)},`)).toBe(400);
    expect(await rawHandshake("/graphql", own, "x: y\r\n".repeat(2_500))).toBe(101);
    expect(await rawHandshake("/graphql", own, `x: ${"y".repeat(20_000)}\r\n`)).toBe(431);
    expect(await handshake("/graphql", own)).toBe(101);
  });

  test("is closed for a message that could not be kept as it was written", async () => {
    const closed = (text: string | Buffer) =>
      new Promise((resolve) => {
        const socket = new WebSocket(address, "graphql-transport-ws");
        socket.on("open", () => socket.send(text, { binary: false }));
        socket.on("close", (code, reason) => resolve([code, String(reason)]));
      });
    const init = (payload: string) => `{"type":"connection_init","payload":${payload}}`;
    expect(await closed(init('{"a":9007199254740993}'))).toEqual([
      4400,
      expect.stringContaining("payload.a: the number"),
    ]);
    expect(await closed(init('{"a":1,"a":2}'))).toEqual([4400, expect.stringContaining('the key "a" twice')]);
    expect(await closed("[".repeat(100))).toEqual([4400, expect.stringContaining("64 are the limit")]);
    expect(await closed(Buffer.from([0x22, 0xff, 0x22]))).toEqual([1007, ""]);
    expect(await closed(init(`"${"x".repeat(70_000)}"`))).toEqual([1009, ""]);
  });
});

describe("an open WebSocket", () => {
  /** Opens one with a token, and tells how and when it is closed. */
  const hold = async (theirs: string) => {
    const socket = new WebSocket(address, "graphql-transport-ws");
    const closed = new Promise<{ code: number; reason: string }>((resolve) =>
      socket.on("close", (code, reason) => resolve({ code, reason: reason.toString() })),
    );
    await new Promise<void>((resolve) => {
      socket.on("open", () =>
        socket.send(JSON.stringify({ type: "connection_init", payload: { authorization: `Bearer ${theirs}` } })),
      );
      socket.on("message", () => resolve());
    });
    return { socket, closed };
  };

  test.each([
    ["their token is revoked", "update tokens set revoke_time = now() where user_id = $1", "revoked"],
    ["their account is disabled", "update users set is_active = false where id = $1", "revoked"],
    ["their roles change", "delete from user_roles where user_id = $1", "rights have changed"],
  ])("is closed within five seconds when %s, and others are not", async (_, change, reason) => {
    const [theirs, others] = [await gateway.tokenOf("Observer"), await gateway.tokenOf("Observer")];
    const [mine, other] = [await hold(theirs), await hold(others)];
    const { rows } = await database.pool.query("select max(id) - 1 as id from users");
    const changed = performance.now();
    await database.pool.query(change, [rows[0].id]);
    expect(await mine.closed).toMatchObject({ code: 4403, reason: expect.stringContaining(reason) });
    expect(performance.now() - changed).toBeLessThan(5_000);
    expect(other.socket.readyState).toBe(WebSocket.OPEN);
    other.socket.close();
  });

  test("is opened by the cookie of a page of ours, and of no other", async () => {
    const login = await fetch(`${url}/session`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ token }),
    });
    const cookie = login.headers.getSetCookie()[0]!.split(";")[0]!;
    const answer = (origin: string, payload = {}) =>
      new Promise((resolve) => {
        const socket = new WebSocket(address, "graphql-transport-ws", { headers: { cookie, origin } });
        socket.on("open", () => socket.send(JSON.stringify({ type: "connection_init", payload })));
        socket.on("message", (message) => {
          resolve(JSON.parse(message.toString()).type);
          socket.close();
        });
        socket.on("close", resolve);
      });
    expect(await answer(url)).toBe("connection_ack");
    expect(await answer("http://localhost:1")).toBe(4401);
    expect(await answer("http://localhost:1", { origin: url, host: new URL(url).host, cookie })).toBe(4401);
  });
});
