import { eq, sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { callerNamed } from "../src/auth/who.js";
import { contextOf } from "../src/context.js";
import { operation } from "../src/operation.js";
import { int, required, word } from "../src/schema/operations.js";
import { playbookRuns, runStatus } from "../src/schema/playbook.js";
import { openGateway } from "./support/gateway.js";
import { openSocket, overSocket, overStream, Told } from "./support/live.js";

const { ask, beside, database, vault, url, token, tokenOf } = await openGateway();
const second = await beside();
const transports = [
  ["a WebSocket", overSocket],
  ["an event stream", overStream],
] as const;

const containerEvents = `subscription ($after: String, $filter: ContainerEventFilter) {
  containerEvents(after: $after, filter: $filter) { kind cursor time sequence container { id } node { __typename ... on Comment { comment } } }
}`;

/** Comments on a container, waits until the gateway knows of the event, and gives the text, which no other comment has. */
let said = 0;
async function comment(container: number): Promise<string> {
  const text = `comment ${++said}`;
  const { data } = await ask("mutation ($input: CommentInput!) { comment(input: $input) { success } }", {
    input: { container, comment: text },
  });
  expect(data.comment.success).toBe(true);
  while (!known.texts.has(text)) await learn();
  return text;
}

/** The comments whose events were read so far, and where to read on. */
const known = { texts: new Set<string>(), cursor: undefined as string | undefined };

async function learn(): Promise<void> {
  const { data } = await ask(
    `query ($after: String) { containerEvents(after: $after, first: 100, waitSeconds: 5) {
      nodes { node { ... on Comment { comment } } } pageInfo { endCursor }
    } }`,
    { after: known.cursor },
  );
  for (const { node } of data.containerEvents.nodes) known.texts.add(node.comment);
  known.cursor = data.containerEvents.pageInfo.endCursor;
}

const texts = (told: Told) => told.events.flatMap(({ node }) => (node ? [node.comment] : []));
const change = (statement: string, values: unknown[] = []) => database.pool.query(statement, values);

/** What is known of a caller is a second old at most. */
const forgotten = () => new Promise((resolve) => setTimeout(resolve, 1_100));

describe.each(transports)("%s", (_, follow) => {
  test("starts where the log ends, then tells what happens, with the objects as they are", async () => {
    await comment(7);
    const told = follow(url, token, containerEvents);
    await told.until(({ events }) => events.length === 1);
    const text = await comment(7);
    const { events } = await told.until(() => texts(told).at(-1) === text);
    const [start, event] = [events[0], events.at(-1)];
    expect(start).toEqual({
      kind: "START",
      cursor: expect.any(String),
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
      sequence: null,
      container: null,
      node: null,
    });
    expect(event).toMatchObject({
      kind: "COMMENT_ADDED",
      sequence: expect.any(Number),
      container: { id: 7 },
      node: { __typename: "Comment", comment: text },
    });
    told.cut();
  });

  test("goes on after a cursor, on whichever gateway, over whichever transport", async () => {
    const told = follow(url, token, containerEvents);
    await told.until(({ events }) => events.length === 1);
    const first = await comment(7);
    const { cursor } = (await told.until(({ events }) => events.length === 2)).events[1];
    told.cut();
    const missed = [await comment(7), await comment(8)];
    for (const [, other] of transports) {
      for (const gateway of [url, second.url]) {
        const again = other(gateway, token, containerEvents, { after: cursor });
        await again.until(({ events }) => events.length === 2);
        expect(texts(again)).toEqual(missed);
        again.cut();
      }
    }
    const { data } = await ask(
      `query ($after: String) { containerEvents(after: $after) { nodes { node { ... on Comment { comment } } } } }`,
      { after: cursor },
    );
    expect(data.containerEvents.nodes.map(({ node }: { node: { comment: string } }) => node.comment)).toEqual(missed);
    expect(missed).not.toContain(first);
  });

  test("tells only what its filter lets through, of events counted before it", async () => {
    const told = follow(url, token, containerEvents, { filter: { container: 9, kind: "COMMENT_ADDED" } });
    await told.until(({ events }) => events.length === 1);
    await comment(7);
    const one = await comment(9);
    await ask(`mutation { addNote(input: { container: 9, title: "not asked for" }) { success } }`);
    const two = await comment(9);
    await told.until(({ events }) => events.length === 3);
    expect(texts(told)).toEqual([one, two]);
    const [a, b] = told.events.slice(1);
    expect(b.sequence).toBe(a.sequence + 2);
    told.cut();
  });

  test("reads the objects anew for every event", async () => {
    const query =
      "subscription { containerEvents(filter: { container: 10 }) { container { comments { totalCount } } } }";
    const told = follow(url, token, query);
    await told.until(({ answers }) => answers.length === 1);
    for (const count of [1, 2]) {
      await comment(10);
      await told.until(({ answers }) => answers.length === count + 1);
    }
    const [before, after] = told.events.slice(1).map(({ container }) => container.comments.totalCount);
    expect(after).toBe(before + 1);
    told.cut();
  });

  test("refuses a cursor that is damaged, or of another database", async () => {
    const told = follow(url, token, containerEvents);
    const { cursor } = (await told.until(({ events }) => events.length === 1)).events[0];
    told.cut();
    const inside = Buffer.from(cursor, "base64url").toString();
    const altered = (change: (text: string) => string) => Buffer.from(change(inside)).toString("base64url");
    for (const wrong of [
      "nonsense",
      "",
      altered((text) => text.replace(/\d+$/, "999999999999")),
      altered((text) => text.replace(/\.[0-9a-f]{8}\./, ".00000000.")),
      altered((text) => text.replace("e1", "e2")),
    ]) {
      const refused = follow(url, token, containerEvents, { after: wrong });
      await refused.until(({ ended }) => ended);
      expect(refused.errors).toMatchObject([
        {
          message: expect.stringContaining("cursor"),
          extensions: { code: "CURSOR_INVALID", cursor: wrong, requestId: expect.any(String) },
        },
      ]);
    }
  });

  test("says where a document is wrong", async () => {
    for (const [query, code] of [
      ["subscription {", "GRAPHQL_PARSE_FAILED"],
      ["subscription { containerEvents { nothing } }", "GRAPHQL_VALIDATION_FAILED"],
      ["{ viewer { permissions } }", "BAD_REQUEST"],
      ["subscription ($id: [Int!]) { containerEvents(filter: { container: $id }) { kind } }", "BAD_USER_INPUT"],
    ] as const) {
      const refused = follow(url, token, query, { id: "x" });
      await refused.until(({ ended }) => ended);
      expect(refused.errors, query).toMatchObject([{ extensions: { code, requestId: expect.any(String) } }]);
    }
  });

  test("stops telling of what its caller may not see any more, and ends", async () => {
    const theirs = await tokenOf("Observer");
    const told = follow(url, theirs, containerEvents, { filter: { container: 11 } });
    await told.until(({ events }) => events.length === 1);
    const seen = await comment(11);
    await told.until(({ events }) => events.length === 2);
    await change("update roles set disabled = $1 where name = 'Observer'", [true]);
    await forgotten();
    await comment(11);
    await told.until(({ ended }) => ended);
    expect(texts(told)).toEqual([seen]);
    await change("update roles set disabled = $1 where name = 'Observer'", [false]);
  });

  test("passes over what its caller may not see, and its cursor moves on", async () => {
    await change("insert into roles (name, permissions) values ('Events', $1) on conflict do nothing", [
      ["containers:view", "cases:view"],
    ]);
    await change(
      "insert into role_labels select r.id, l.id from roles r, labels l, containers c where r.name = 'Events' and c.id = 7 and l.name = c.label on conflict do nothing",
      [],
    );
    const hidden = (
      await database.pool.query(
        "select id from containers where label <> (select label from containers where id = 7) limit 1",
      )
    ).rows[0].id;
    const told = follow(url, await tokenOf("Events"), containerEvents);
    await told.until(({ events }) => events.length === 1);
    await comment(hidden);
    const seen = await comment(7);
    await told.until(() => texts(told).includes(seen));
    expect(told.events.map(({ container }) => container?.id).filter((id) => id === hidden)).toEqual([]);
    told.cut();
  });
});

describe("the events", () => {
  test("are told by connections that outlive the requests whose events they are", async () => {
    const lost: unknown[] = [];
    const lose = (client: unknown) => lost.push(client);
    database.pool.on("remove", lose);
    for (let n = 0; n < 30; n++) await comment(7);
    database.pool.off("remove", lose);
    expect(lost).toEqual([]);
  });

  test("of an operation that is refused, fails or is done already, are not told", async () => {
    const told = overSocket(url, token, containerEvents, { filter: { container: 12 } });
    await told.until(({ events }) => events.length === 1);
    const key = { "idempotency-key": "told once" };
    const mutation = `mutation { comment(input: { container: 12, comment: "once" }) { success } }`;
    await ask(mutation, {}, key);
    await ask(mutation, {}, key);
    await ask(`mutation { addNote(input: { container: 12, taskId: 999999, title: "no" }) { success } }`);
    const last = await comment(12);
    await told.until(({ events }) => texts(told).includes(last) || events.length > 3);
    expect(texts(told)).toEqual(["once", last]);
    told.cut();
  });

  test("of playbook runs tell the status of each moment", async () => {
    const told = overSocket(
      url,
      token,
      `subscription ($filter: PlaybookRunEventFilter) {
        playbookRunEvents(filter: $filter) { kind sequence status playbookRun { status container { id } } }
      }`,
      { filter: { container: [7] } },
    );
    await told.until(({ events }) => events.length === 1);
    const context = contextOf(
      { database, vault },
      {
        caller: await callerNamed(database, "admin"),
        requestId: "test",
        address: "",
        headers: {},
        body: null,
      },
    );
    const { result } = await queueRun.execute(context, {}, "queueRun");
    await told.until(({ events }) => events.length === 2);
    for (const status of ["running", "success"])
      await advanceRun.execute(context, { id: result.id, status }, "advance");
    await told.until(({ events }) => events.length === 4);
    expect(told.events).toMatchObject([
      { kind: "START", sequence: null, status: null, playbookRun: null },
      { kind: "CHANGE", sequence: 1, status: "PENDING", playbookRun: { container: { id: 7 } } },
      { kind: "CHANGE", sequence: 2, status: "RUNNING" },
      { kind: "CHANGE", sequence: 3, status: "SUCCESS", playbookRun: { status: "SUCCESS" } },
    ]);
    told.cut();
    const { data } = await ask(
      "query ($id: [Int!]) { playbookRunEvents(filter: { playbookRunId: $id, status: [RUNNING, SUCCESS] }) { nodes { sequence status } } }",
      { id: result.id },
    );
    expect(data.playbookRunEvents.nodes).toEqual([
      { sequence: 2, status: "RUNNING" },
      { sequence: 3, status: "SUCCESS" },
    ]);
  });

  test("are counted for each object, without a gap, however many write", async () => {
    const writers = Array.from({ length: 100 }, (_, n) => comment(20 + (n % 5)));
    await Promise.all(writers);
    const told = overSocket(url, token, containerEvents, {
      after: await oldest(),
      filter: { container: [20, 21, 22, 23, 24] },
    });
    await told.until(({ events }) => events.length === 100);
    for (const id of [20, 21, 22, 23, 24]) {
      const own = told.events.filter(({ container }) => container.id === id).map(({ sequence }) => sequence);
      expect(own).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
    }
    told.cut();
  });
});

/** A cursor before every event kept. */
async function oldest(): Promise<string> {
  const { data } = await ask("{ containerEvents(first: 0) { pageInfo { endCursor } } }");
  return data.containerEvents.pageInfo.endCursor;
}

const queueRun = operation({
  name: "queueRun",
  description: "Queues a playbook run, as an operation does.",
  may: "playbooks:execute",
  input: {},
  payload: {},
  async run({ writer, emitRun }) {
    const run = { containerId: 7, playbookId: sql`(select min(id) from playbooks)` };
    const [{ id }] = (await writer.insert(playbookRuns).values(run).returning({ id: playbookRuns.id })) as [
      { id: number },
    ];
    emitRun("playbookRun", { id, containerId: 7, status: "pending" });
    return { message: "Queued.", result: { id } };
  },
});

const advanceRun = operation({
  name: "advanceRun",
  description: "Brings a playbook run to a status, as an operation does.",
  may: "playbooks:execute",
  input: { id: required(int, "The run."), status: required(word(runStatus), "The status.") },
  payload: {},
  async run({ writer, input, emitRun }) {
    const { id, status } = input;
    await writer.update(playbookRuns).set({ status }).where(eq(playbookRuns.id, id));
    emitRun("playbookRun", { id, containerId: 7, status });
    return { message: "Advanced.", result: { id } };
  },
});

describe("a poller", () => {
  const page = `query ($after: String, $filter: ContainerEventFilter, $first: Int, $waitSeconds: Int) {
    containerEvents(after: $after, filter: $filter, first: $first, waitSeconds: $waitSeconds) {
      edges { cursor node { cursor sequence } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }`;

  test("reads page by page, from the oldest event kept", async () => {
    for (let n = 0; n < 5; n++) await comment(30);
    const sequences: number[] = [];
    let after: string | undefined;
    for (let more = true; more; ) {
      const { data } = await ask(page, { after, first: 2, filter: { container: 30 } });
      const { edges, pageInfo } = data.containerEvents;
      expect(edges.length).toBeLessThanOrEqual(2);
      expect(pageInfo.hasPreviousPage).toBe(after !== undefined);
      for (const { cursor, node } of edges) expect(cursor).toBe(node.cursor);
      sequences.push(...edges.map(({ node }: { node: { sequence: number } }) => node.sequence));
      [after, more] = [pageInfo.endCursor, pageInfo.hasNextPage];
    }
    expect(sequences).toEqual([1, 2, 3, 4, 5]);
  });

  test("waits for an event, and is answered when there is one", async () => {
    const { data } = await ask(page, { first: 0, filter: { container: 31 } });
    let after = data.containerEvents.pageInfo.endCursor;
    const { data: none } = await ask(page, { after, filter: { container: 31 } });
    expect(none.containerEvents.edges).toEqual([]);
    after = none.containerEvents.pageInfo.endCursor;
    const began = Date.now();
    const waiting = ask(page, { after, filter: { container: 31 }, waitSeconds: 30 });
    await comment(32);
    await comment(31);
    expect((await waiting).data.containerEvents.edges).toMatchObject([{ node: { sequence: 1 } }]);
    expect(Date.now() - began).toBeLessThan(5_000);
    const { data: later } = await ask(page, { after, filter: { container: 33 }, waitSeconds: 1 });
    expect(later.containerEvents.edges).toEqual([]);
    expect(later.containerEvents.pageInfo.endCursor).not.toBe(after);
  });

  test.each([
    [{ waitSeconds: 31 }, "30"],
    [{ waitSeconds: -1 }, "30"],
    [{ first: 101 }, "100"],
    [{ first: -1 }, "negative"],
  ])("is told the limit that %o breaks", async (variables, limit) => {
    const { errors } = await ask(page, variables);
    expect(errors).toMatchObject([{ message: expect.stringContaining(limit), extensions: { code: "BAD_USER_INPUT" } }]);
  });

  test("is refused a cursor of another list", async () => {
    const { data } = await ask("{ containers(first: 1) { pageInfo { endCursor } } }");
    const { errors } = await ask(page, { after: data.containers.pageInfo.endCursor });
    expect(errors).toMatchObject([{ extensions: { code: "CURSOR_INVALID" } }]);
  });
});

describe("old events", () => {
  test("are dropped by whole days, and who asks for them is told", async () => {
    const lowMemory = await beside({ held: 3 });
    await comment(40);
    const before = await oldest();
    const { data } = await ask("{ containerEvents(first: 1) { pageInfo { endCursor } } }");
    const first = data.containerEvents.pageInfo.endCursor;
    await change("select add_event_day('2020-02-02')");
    await change("update event_log set day = '2020-02-02'");
    const text = await comment(40);
    await change("select drop_old_events()");
    for (const [, follow] of transports) {
      for (const after of [before, first]) {
        const told = follow(lowMemory.url, token, containerEvents, { after });
        await told.until(({ ended }) => ended);
        expect(told.errors).toMatchObject([{ extensions: { code: "CURSOR_EXPIRED", cursor: after } }]);
      }
      const told = follow(lowMemory.url, token, containerEvents, { after: await oldest() });
      await told.until(({ events }) => events.length === 1);
      expect(texts(told)).toEqual([text]);
      told.cut();
    }
    const parts = await change(
      "select inhrelid::regclass::text as name from pg_inherits where inhparent = 'event_log'::regclass",
    );
    expect(parts.rows).toEqual([{ name: expect.stringMatching(/^event_log_20[2-9]/) }]);
    expect(parts.rows[0].name).not.toContain("20200202");
  });
});

describe("a connection", () => {
  test("ends when its token is revoked", async () => {
    const theirs = await tokenOf("Observer");
    const [socket, stream] = transports.map(([, follow]) => follow(url, theirs, containerEvents));
    for (const told of [socket!, stream!]) await told.until(({ events }) => events.length === 1);
    await change("update tokens set revoke_time = now() where id = (select max(id) from tokens)");
    await socket!.until(({ ended }) => ended === 4403);
    await stream!.until(({ ended }) => ended === "complete");
    expect(stream!.errors).toMatchObject([{ extensions: { code: "UNAUTHENTICATED" } }]);
  });

  test("runs a hundred subscriptions and no more", async () => {
    const told = new Told();
    const socket = openSocket(url, token, told);
    await new Promise((resolve) => socket.once("message", resolve));
    const query = "subscription { containerEvents(filter: { container: 50 }) { kind } }";
    for (let id = 0; id <= 100; id++)
      socket.send(JSON.stringify({ id: String(id), type: "subscribe", payload: { query } }));
    await told.until(({ answers }) => answers.length === 101);
    expect(told.events.map(({ kind }) => kind)).toEqual(Array(100).fill("START"));
    expect(told.errors).toMatchObject([{ extensions: { code: "RATE_LIMITED" } }]);
    await comment(50);
    await told.until(({ events }) => events.length === 200);
    socket.terminate();
  });

  test.each(transports)("is told to come back when the gateway stops: %s", async (_, follow) => {
    const leaving = await beside();
    const told = follow(leaving.url, token, containerEvents);
    await told.until(({ events }) => events.length === 1);
    const text = await comment(7);
    await told.until(({ events }) => events.length === 2);
    expect(texts(told)).toEqual([text]);
    await leaving.app.close();
    await told.until(({ ended }) => ended);
    expect(told.ended).toBe(follow === overSocket ? 1001 : "sent away");
    const missed = await comment(7);
    const again = follow(url, token, containerEvents, { after: told.events[1].cursor });
    await again.until(({ events }) => events.length === 1);
    expect(texts(again)).toEqual([missed]);
    again.cut();
  });
});

describe("an event stream", () => {
  const query = "subscription { containerEvents { kind } }";
  const get = (search: Record<string, string>, headers: Record<string, string> = {}) =>
    fetch(`${url}/graphql/stream?${new URLSearchParams(search)}`, { headers });
  const own = { authorization: `Bearer ${token}` };

  test("answers a GET, is not stored or held back on the way, and ids its events", async () => {
    const answer = await get({ query }, own);
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "text/event-stream; charset=utf-8"]);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.get("x-accel-buffering")).toBe("no");
    let text = "";
    for await (const part of answer.body!) {
      text += Buffer.from(part).toString();
      if (text.includes("START")) break;
    }
    expect(text).toMatch(
      /^retry: \d+\n\nevent: next\nid: \S+\ndata: {"data":{"containerEvents":{"kind":"START"}}}\n\n$/,
    );
  });

  test("goes on after `Last-Event-ID`, whatever `after` says", async () => {
    const early = await oldest();
    const text = await comment(60);
    const { data } = await ask("{ containerEvents(filter: { container: 60 }) { nodes { cursor } } }");
    const last = await comment(60);
    const again = overStream(
      url,
      token,
      containerEvents,
      { after: early },
      { "last-event-id": data.containerEvents.nodes[0].cursor },
    );
    await again.until(({ events }) => events.length === 1);
    expect(texts(again)).toEqual([last]);
    expect(again.lastEventId).toBe(again.events[0].cursor);
    expect(text).not.toBe(last);
    again.cut();
  });

  test.each([
    ["no credentials", { query }, {}, 401, "UNAUTHENTICATED"],
    ["another site's page", { query }, { ...own, origin: "https://evil.example" }, 403, "FORBIDDEN"],
    ["no document", {}, own, 400, "BAD_REQUEST"],
    ["damaged variables", { query, variables: "{" }, own, 400, "BAD_REQUEST"],
    ["a client that reads no streams", { query }, { ...own, accept: "application/json" }, 400, "BAD_REQUEST"],
    ["a mutation", { query: "mutation { __typename }" }, own, 400, "BAD_REQUEST"],
  ])("is refused to %s", async (_, search, headers, status, code) => {
    const answer = await get(search as Record<string, string>, headers as Record<string, string>);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ errors: [{ extensions: { code, requestId: expect.any(String) } }] });
  });
});
