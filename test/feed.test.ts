import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { callerNamed } from "../src/auth/who.js";
import { contextOf } from "../src/context.js";
import { operation } from "../src/operation.js";
import { playbookRuns } from "../src/schema/playbook.js";
import { openGateway } from "./support/gateway.js";
import { openSocket, overSocket, overStream, type Told } from "./support/live.js";

const { app, ask, beside, database, url, token, tokenOf } = await openGateway();
const second = await beside();
const transports = [
  ["a WebSocket", overSocket],
  ["an event stream", overStream],
] as const;

const containerEvents = `subscription ($after: String, $filter: ContainerEventFilter) {
  containerEvents(after: $after, filter: $filter) { kind cursor time sequence container { id } node { __typename ... on Comment { comment } } }
}`;

/** Comments on a container and gives the text, which no other comment has. */
let said = 0;
async function comment(container: number): Promise<string> {
  const text = `comment ${++said}`;
  const { data } = await ask("mutation ($input: CommentInput!) { comment(input: $input) { success } }", {
    input: { container, comment: text },
  });
  expect(data.comment.success).toBe(true);
  return text;
}

const texts = (told: Told) => told.events.flatMap(({ node }) => (node ? [node.comment] : []));
const execute = (statement: string) => database.pool.query(statement);

describe.each(transports)("%s", (_, follow) => {
  test("starts where the log ends, then tells what happens, with the objects as they are", async () => {
    await comment(7);
    const told = follow(url, token, containerEvents);
    await told.until(({ events }) => events.length === 1);
    const text = await comment(7);
    const [start, event] = (await told.until(({ events }) => events.length === 2)).events;
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

  test("stops telling of what its caller may not see any more, and moves on past it", async () => {
    const theirs = await tokenOf("Observer");
    const told = follow(url, theirs, containerEvents, { filter: { container: 11 } });
    await told.until(({ events }) => events.length === 1);
    const seen = await comment(11);
    await told.until(({ events }) => events.length === 2);
    const role = "update roles set disabled = $1 where name = 'Observer'";
    await database.pool.query(role, [true]);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await comment(11);
    const other = follow(url, token, containerEvents, { filter: { container: 11 } });
    await other.until(({ events }) => events.length === 1);
    await comment(11);
    await other.until(({ events }) => events.length === 2);
    other.cut();
    expect(texts(told)).toEqual([seen]);
    await database.pool.query(role, [false]);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    const seenAgain = await comment(11);
    await told.until(({ events }) => events.length === 3);
    expect(texts(told)).toEqual([seen, seenAgain]);
    told.cut();
  });
});
