import { createHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import { afterAll, describe, expect, test } from "vitest";
import WebSocket from "ws";
import { errorCodes } from "../src/errors.js";
import { Guard } from "../src/guard/guard.js";
import { readJson } from "../src/guard/json.js";
import { isRefusal } from "../src/http/errors.js";
import { gatewaySchema } from "../src/resolvers/schema.js";
import { openGateway } from "./support/gateway.js";
import { type Family, families } from "./support/hostile.js";

const { url, token, ask } = await openGateway();
const address = `${url}/graphql`;
const authorization = `Bearer ${token}`;

const block = monitorEventLoopDelay({ resolution: 1 });
const refusals = createHistogram();
const slowest = { milliseconds: 0, name: "" };
const sent = { post: 0, get: 0, stream: 0, socket: 0 };

// A process that just began to listen answers its first request late, whatever that is.
await ask("{ viewer { permissions } }");

afterAll(() => {
  const { post, get, stream, socket } = sent;
  const milliseconds = (nanoseconds: number) => (nanoseconds / 1e6).toFixed(1);
  console.log(
    `${families.length} families; sent by POST ${post}, by GET ${get}, for an event stream ${stream}, over WebSocket ${socket}. ` +
      `Refusals: median ${milliseconds(refusals.percentile(50))} ms, 99 of 100 within ${milliseconds(refusals.percentile(99))} ms, ` +
      `slowest ${slowest.milliseconds.toFixed(1)} ms (${slowest.name}). Longest block of the loop, which the callers share: ${milliseconds(block.max)} ms.`,
  );
});

test("the guard by itself throws nothing but refusals", async () => {
  const schema = await gatewaySchema();
  // Those it refuses, each in the best of three times, which the machine's other work disturbs least.
  const refused = families.filter(({ code, late }) => code && !late);
  const times = refused.map((family) => {
    const tries = [1, 2, 3].map(() => {
      const [guard, bytes, start] = [new Guard(schema), bytesOf(family), performance.now()];
      try {
        guard.admit(readJson(bytes), { id: 1 });
      } catch (error) {
        expect(isRefusal(error), family.name).toBe(true);
        return performance.now() - start;
      }
      throw new Error(`${family.name} was let in.`);
    });
    return { name: family.name, milliseconds: Math.min(...tries) };
  });
  const [slowest, second] = times.sort((a, b) => b.milliseconds - a.milliseconds);
  console.log(
    `The guard alone: median ${times[times.length >> 1]!.milliseconds.toFixed(2)} ms, slowest ` +
      [slowest!, second!].map(({ name, milliseconds }) => `${milliseconds.toFixed(1)} ms (${name})`).join(", "),
  );
});

interface Refused {
  status?: number;
  errors: { message: string; extensions: Record<string, unknown> }[];
}

const bytesOf = ({ body, request }: Family) => body ?? Buffer.from(JSON.stringify(request));

async function timed<T>({ name, code }: Family, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const answer = await work();
  const milliseconds = performance.now() - start;
  if (!code) return answer;
  refusals.record(Math.max(1, Math.round(milliseconds * 1e6)));
  if (milliseconds > slowest.milliseconds) Object.assign(slowest, { milliseconds, name });
  return answer;
}

async function post(body: Buffer | string, door: "post" | "stream" = "post"): Promise<Refused> {
  sent[door]++;
  const headers = { authorization, "content-type": "application/json" };
  const at = door === "post" ? address : `${address}/stream`;
  const answer = await fetch(at, { method: "POST", headers, body: new Uint8Array(Buffer.from(body as string)) });
  return { status: answer.status, ...((await answer.json()) as Refused) };
}

async function get(parts: Record<string, unknown>): Promise<Refused | undefined> {
  const search = new URLSearchParams();
  for (const [name, part] of Object.entries(parts))
    search.set(name, typeof part === "string" ? part : JSON.stringify(part));
  if (String(search).length > 12_000) return undefined;
  sent.get++;
  const answer = await fetch(`${address}?${search}`, { headers: { authorization } });
  return { status: answer.status, ...((await answer.json()) as Refused) };
}

/** What a message over a socket is answered with: errors of the operation, or why the socket was closed. */
function overSocket(
  payload: Buffer | string,
): Promise<{ errors: Refused["errors"] } | { closed: number; reason: string }> {
  sent.socket++;
  return new Promise((resolve) => {
    const socket = new WebSocket(address.replace("http", "ws"), "graphql-transport-ws");
    socket.on("open", () => socket.send(JSON.stringify({ type: "connection_init", payload: { authorization } })));
    socket.on("message", (data) => {
      const { type, payload: errors } = JSON.parse(String(data));
      if (type === "connection_ack") socket.send(message(payload), { binary: false });
      if (type !== "error" && type !== "complete" && type !== "next") return;
      resolve({ errors: type === "error" ? errors : [] });
      socket.terminate();
    });
    socket.on("close", (closed, reason) => resolve({ closed, reason: String(reason) }));
    socket.on("error", () => {});
  });
}

function message(payload: Buffer | string): Buffer {
  return Buffer.concat([
    Buffer.from('{"type":"subscribe","id":"1","payload":'),
    Buffer.from(payload as string),
    Buffer.from("}"),
  ]);
}

const known = new Set([
  ...Object.keys(errorCodes),
  "GRAPHQL_PARSE_FAILED",
  "GRAPHQL_VALIDATION_FAILED",
  "OPERATION_RESOLUTION_FAILURE",
]);

function assertRefused({ errors }: Refused, { code, limitName }: Family): void {
  expect(errors[0]!.extensions).toMatchObject({
    code,
    ...(limitName && { limitName, limit: expect.any(Number), value: expect.anything() }),
  });
  expect(errors.length).toBeLessThanOrEqual(6);
  expect(JSON.stringify(errors)).not.toMatch(/select |\/src\/|node_modules/);
}

describe("hostile requests by POST", () => {
  test.each(families)("$name", async (family) => {
    const body = bytesOf(family);
    block.enable();
    const answer = await timed(family, () => post(body));
    block.disable();
    if (!family.code) return expect(answer.status).toBe(200);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    assertRefused(answer, family);
  });
});

describe("hostile requests by GET", () => {
  const readable = families.filter(({ request }) => typeof request?.query === "string" && request.query.trim() !== "");
  test.each(readable)("$name", async (family) => {
    const answer = await timed(family, () => get(family.request!));
    if (!answer || !family.code) return;
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    assertRefused(answer, family);
  });
});

const noSubscription = /^(Only subscriptions run here|Say by `operationName`)/;

describe("hostile requests for an event stream", () => {
  test.each(families)("$name", async (family) => {
    const answer = await timed(family, () => post(bytesOf(family), "stream"));
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    if (!family.code || family.late) return expect(answer.errors[0]!.message).toMatch(noSubscription);
    assertRefused(answer, family);
  });
});

describe("hostile requests over WebSocket", () => {
  test.each(families)("$name", async (family) => {
    const answer = await timed(family, () => overSocket(bytesOf(family)));
    if ("closed" in answer) return expect([1007, 1009, 4400]).toContain(answer.closed);
    if (!family.code || family.late) return expect(answer.errors[0]!.message).toMatch(noSubscription);
    assertRefused(answer, family);
  });
});

/** A generator of numbers that is the same in every run. */
function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test("two thousand mutated bodies are answered or refused, and none is a fault", async () => {
  const bodies = [
    {
      query: "query A($id: Int!) { container(id: $id) { id name artifacts(first: 5) { nodes { cef } } } }",
      variables: { id: 7 },
      operationName: "A",
    },
    {
      query:
        '{ containers(first: 3, filter: { and: [{ status: { eq: "open" } }, { not: { id: { in: [1, 2] } } }] }, orderBy: [{ field: CREATE_TIME, direction: DESC }]) { edges { cursor node { nodeId } } pageInfo { endCursor } } }',
    },
    {
      query: "query ($f: ArtifactFilter) { artifacts(filter: $f) { totalCount } }",
      variables: { f: { cef: { key: "sourceAddress", eq: "1.1.1.1" }, createTime: { gt: "2020-11-05T21:39:22Z" } } },
    },
    {
      query: "mutation ($i: AddArtifactInput!) { addArtifact(input: $i) { success code } }",
      variables: {
        i: {
          container: 7,
          name: "n",
          label: "event",
          severity: "low",
          identifier: "x",
          rawData: { a: [1, 2.5e3] },
          cefData: { b: "\ud83d\ude00" },
        },
      },
    },
    {
      query:
        'fragment F on Container { id ... on Container @include(if: true) { tags } } { a: container(id: 1) { ...F } node(nodeId: "Q29udGFpbmVyOjc") { nodeId __typename } }',
      extensions: { cost: true },
    },
  ].map((body) => Buffer.from(JSON.stringify(body)));
  const pick = chance(20_261_101);
  const words = [
    "{",
    "}",
    "[",
    "]",
    '"',
    "\\u0000",
    "\\ud800",
    "null",
    "-1",
    "1e400",
    "9007199254740993",
    "...F",
    "@skip",
    "$x",
    "__proto__",
    "\u00ff",
    "first: 101",
    ":",
    ",",
  ];
  const statuses = new Map<number, number>();
  const mutate = (body: Buffer): Buffer => {
    let bytes = body;
    for (let times = 1 + pick(2); times > 0; times--) {
      const [at, end] = [pick(bytes.length), pick(bytes.length)].sort((a, b) => a - b) as [number, number];
      const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)];
      const kind = pick(5);
      if (kind === 0) bytes = Buffer.concat([head, Buffer.from([pick(256)]), tail.subarray(1)]);
      if (kind === 1) bytes = Buffer.concat([head, Buffer.from(words[pick(words.length)]!), tail]);
      if (kind === 2) bytes = Buffer.concat([head, bytes.subarray(Math.min(end, at + 20))]);
      if (kind === 3) bytes = Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
      if (kind === 4)
        bytes = Buffer.concat([head, Buffer.from(words[pick(words.length)]!), tail.subarray(1 + pick(4))]);
    }
    return bytes;
  };
  for (let n = 0; n < 2_000; n++) {
    const body = bodies[n % bodies.length]!;
    const { query, ...rest } = JSON.parse(String(body));
    // The whole body, or only its document.
    const bytes =
      n % 2 ? mutate(body) : Buffer.from(JSON.stringify({ query: mutate(Buffer.from(query)).toString(), ...rest }));
    const { status, errors = [] } = await post(bytes);
    statuses.set(status!, (statuses.get(status!) ?? 0) + 1);
    expect([200, 400, 403], bytes.toString()).toContain(status);
    for (const { extensions } of errors) {
      expect(known, bytes.toString()).toContain(extensions.code);
      expect(extensions.code, bytes.toString()).not.toBe("INTERNAL_SERVER_ERROR");
    }
    if (n % 4 < 2 && n % 8 < 4) {
      const answer = await overSocket(bytes);
      if ("closed" in answer) expect([1007, 1009, 4400], bytes.toString()).toContain(answer.closed);
    }
    if (n % 4 >= 2 && n % 8 < 4) {
      const answer = await get({ query: bytes.toString("latin1") });
      expect(answer?.status ?? 400, bytes.toString()).toBeLessThan(500);
    }
    if (n % 8 >= 4) {
      const { status, errors } = await post(bytes, "stream");
      expect([400, 403], bytes.toString()).toContain(status);
      expect(known, bytes.toString()).toContain(errors[0]!.extensions.code);
    }
  }
  console.log("Statuses of the mutated bodies:", Object.fromEntries(statuses));
  expect((await ask("{ viewer { user { id } } }")).data).toEqual({ viewer: { user: { id: 1 } } });
}, 120_000);
