import { type Client, createClient } from "graphql-ws";
import { describe, expect, test } from "vitest";
import WebSocket from "ws";
import { openGateway } from "./support/gateway.js";

const { url, token } = await openGateway();
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
    expect(await handshake("/other", own)).toBe(404);
    expect(await handshake("/graphql", "graphql-ws")).toBe(400);
    expect(await handshake("/graphql", own, { origin: "https://evil.example" })).toBe(403);
  });
});
