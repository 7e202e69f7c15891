import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readConfig } from "../src/config.js";
import { createServer } from "../src/server.js";
import { openGateway } from "./support/gateway.js";
import { openSocket, overSocket, Told } from "./support/live.js";

const { database, token, url } = await openGateway("empty");

// The system holds little of what is not read from a Unix socket, so a reader is soon stuck.
const folder = mkdtempSync(join(tmpdir(), "soar-feed-"));
const path = join(folder, "socket");
const held = 500;
const readers = 1_000;
const app = await createServer(readConfig({ LOG_LEVEL: "silent" }), database, { held });
await app.listen({ path, backlog: readers });
afterAll(async () => {
  await app.close();
  rmSync(folder, { recursive: true });
});

const change = (statement: string, values: unknown[] = []) => database.pool.query(statement, values);

/** Tells of as many changes of a container. */
async function happen(times: number): Promise<void> {
  for (let done = 0; done < times; done += held / 2) {
    await change(
      `insert into outbox (topic, kind, container_id, node_type, node_id)
       select 'container', 'TEST', 1, 'Container', 1 from generate_series(1, $1)`,
      [Math.min(times - done, held / 2)],
    );
    while ((await change("select stamp()")).rows[0].stamp > 0);
  }
}

const query =
  "subscription ($after: String) { containerEvents(after: $after) { sequence cursor container { description } } }";

test("a thousand readers that are stuck cost little, and are told that they lost their place", {
  timeout: 60_000,
}, async () => {
  await change(
    `insert into containers (id, name, label, status, severity, hash, source_data_identifier, description)
     values (1, 'C', 'events', 'new', 'low', '1', '1', repeat('x', 20000))`,
  );
  const sockets = await Promise.all(Array.from({ length: readers }, stuckReader));
  const oneMore = new Told();
  openSocket(`ws+unix:${path}:`, token, oneMore);
  await oneMore.until(({ ended }) => ended);
  expect(oneMore.ended).toBe(4429);

  const before = process.memoryUsage().rss;
  await happen(3 * held);
  await app.inject("/healthz");
  const grown = (process.memoryUsage().rss - before) / 2 ** 20;
  // What they do not read is three times as many answers of twenty kilobytes for each.
  expect(grown).toBeLessThan(256);

  for (const { socket } of sockets) socket.resume();
  await Promise.all(sockets.map(({ told }) => told.until(({ ended }) => ended)));
  for (const { told } of sockets) {
    expect(told.ended).toBe("errors");
    const sequences = told.events.slice(1).map(({ sequence }) => sequence);
    expect(sequences).toEqual(sequences.map((_, n) => n + 1));
    expect(told.errors).toMatchObject([
      { extensions: { code: "STREAM_OVERFLOW", limit: held, cursor: told.events.at(-1).cursor } },
    ]);
  }

  const { told } = sockets[0]!;
  const last = told.events.at(-1);
  const again = overSocket(url, token, query, { after: last.cursor });
  await again.until(({ events }) => events.length === 3 * held - last.sequence);
  expect(again.events.map(({ sequence }) => sequence)).toEqual(
    Array.from({ length: 3 * held - last.sequence }, (_, n) => last.sequence + n + 1),
  );
  again.cut();
  for (const { socket } of sockets) socket.terminate();
});

/** Somebody who subscribes, is told where it starts, and reads no more. */
async function stuckReader() {
  const told = new Told();
  const socket = openSocket(`ws+unix:${path}:`, token, told);
  socket.once("message", () => socket.send(JSON.stringify({ id: "1", type: "subscribe", payload: { query } })));
  await told.until(({ events }) => events.length === 1);
  socket.pause();
  return { told, socket };
}
