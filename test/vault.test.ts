import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { request as openRequest } from "node:http";
import { describe, expect, test } from "vitest";
import { sweep } from "../src/housekeeping.js";
import { type Gateway, openGateway } from "./support/gateway.js";

const gateway = await openGateway();
const { ask, database, vault, url, token } = gateway;

const sha256 = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest("hex");
const authorization = { authorization: `Bearer ${token}` };

async function upload(query: string, bytes: Uint8Array | string, headers: Record<string, string> = {}) {
  const answer = await fetch(`${url}/vault?${query}`, {
    method: "POST",
    headers: { ...authorization, "content-type": "application/octet-stream", ...headers },
    body: bytes as BodyInit,
  });
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape
  return { status: answer.status, body: (await answer.json()) as any };
}

const download = (id: number | string, headers: Record<string, string> = {}) =>
  fetch(`${url}/vault/${id}`, { headers: { ...authorization, ...headers } });
const bytesOf = async (answer: Response) => Buffer.from(await answer.arrayBuffer());
const items = async (where = "true") =>
  Number((await database.pool.query(`select count(*) from vault_items where ${where}`)).rows[0].count);

/** The hashes of the files in the vault, and how many are still arriving. */
async function files({ vault }: Pick<Gateway, "vault"> = gateway) {
  const hashes: string[] = [];
  for await (const some of vault.hashes()) hashes.push(...some);
  return hashes.sort();
}

/** Waits until nothing is arriving any more. */
async function settled(count: number): Promise<void> {
  while (arriving() !== count) await new Promise((resolve) => setImmediate(resolve));
}

function arriving(): number {
  try {
    return readdirSync(vault.incoming).length;
  } catch {
    return 0;
  }
}

describe("a file", () => {
  test("comes back as it was sent, by the number that its upload answers", async () => {
    const bytes = randomBytes(300_000);
    const { status, body } = await upload("container=7&name=sample.bin", bytes);
    expect({ status, body }).toEqual({
      status: 201,
      body: { vaultId: expect.any(Number), hash: sha256(bytes), size: 300_000 },
    });
    const answer = await download(body.vaultId);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      "content-length": "300000",
      "content-type": "application/octet-stream",
      "content-disposition": 'attachment; filename="sample.bin"',
      "x-content-type-options": "nosniff",
      etag: `"${sha256(bytes)}"`,
    });
    expect((await bytesOf(answer)).equals(bytes)).toBe(true);
    const { data } = await ask(
      `{ vaultItem(id: ${body.vaultId}) { name hash sha1 md5 size mimeType contains createdVia user { username } container { id } } }`,
    );
    expect(data.vaultItem).toEqual({
      name: "sample.bin",
      hash: sha256(bytes),
      sha1: createHash("sha1").update(bytes).digest("hex"),
      md5: createHash("md5").update(bytes).digest("hex"),
      size: 300_000,
      mimeType: "application/octet-stream",
      contains: ["vault id"],
      createdVia: "upload",
      user: { username: "admin" },
      container: { id: 7 },
    });
  });

  test("may be empty", async () => {
    const { body } = await upload("container=7&name=empty", "");
    expect(body).toMatchObject({ size: 0, hash: sha256("") });
    expect(await (await download(body.vaultId)).text()).toBe("");
  });

  test("leaves an audit entry and an event, and goes to the current container", async () => {
    const { body } = await upload("name=here.txt", "here", { "soar-container": "24" });
    const { rows } = await database.pool.query(
      "select operation, outcome, container_id, ids from audit_entries order by id desc limit 1",
    );
    expect(rows).toEqual([
      {
        operation: "uploadVaultItem",
        outcome: "done",
        container_id: 24,
        ids: { vaultId: body.vaultId, containerId: 24 },
      },
    ]);
    const events = await database.pool.query(
      "select kind, container_id, node_type, node_id from outbox order by id desc limit 1",
    );
    expect(events.rows).toEqual([
      { kind: "VAULT_ITEM_ADDED", container_id: 24, node_type: "VaultItem", node_id: body.vaultId },
    ]);
  });

  test("is read in parts, and not read again by who has it", async () => {
    const { body } = await upload("container=7&name=parts", "0123456789");
    const part = async (range: string) => {
      const answer = await download(body.vaultId, { range });
      return [answer.status, answer.headers.get("content-range"), await answer.text()];
    };
    expect(await part("bytes=2-4")).toEqual([206, "bytes 2-4/10", "234"]);
    expect(await part("bytes=7-")).toEqual([206, "bytes 7-9/10", "789"]);
    expect(await part("bytes=-3")).toEqual([206, "bytes 7-9/10", "789"]);
    expect(await part("bytes=5-99")).toEqual([206, "bytes 5-9/10", "56789"]);
    expect(await part("bytes=10-")).toEqual([416, "bytes */10", ""]);
    expect(await part("bytes=0-1,3-4")).toEqual([200, null, "0123456789"]);
    const known = await download(body.vaultId, { "if-none-match": `"${body.hash}"` });
    expect([known.status, await known.text()]).toEqual([304, ""]);
    const head = await fetch(`${url}/vault/${body.vaultId}`, { method: "HEAD", headers: authorization });
    expect([head.status, head.headers.get("content-length"), await head.text()]).toEqual([200, "10", ""]);
  });

  test("of the sample can be downloaded, and its hashes are true", async () => {
    const { data } = await ask("{ vaultItems(first: 100) { nodes { id hash size mimeType } } }");
    const sample = data.vaultItems.nodes.filter(({ mimeType }: { mimeType: string }) => mimeType === "text/plain");
    expect(sample.length).toBeGreaterThan(10);
    for (const { id, hash, size } of sample) {
      const bytes = await bytesOf(await download(id));
      expect({ hash: sha256(bytes), size: bytes.length }).toEqual({ hash, size });
    }
  });
});
