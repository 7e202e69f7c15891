import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { type ClientRequest, type IncomingMessage, request as openRequest } from "node:http";
import { join } from "node:path";
import { parse } from "content-disposition";
import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { sweep } from "../src/housekeeping.js";
import { contentLock, keepContent } from "../src/operations/vault.js";
import { openVault } from "../src/vault.js";
import { openGateway, told } from "./support/gateway.js";

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

/** The hashes of the files in the vault. */
async function files(): Promise<string[]> {
  const hashes: string[] = [];
  for await (const some of vault.hashes()) hashes.push(...some);
  return hashes;
}

/** How many files are arriving. */
const arriving = () => (existsSync(vault.incoming) ? readdirSync(vault.incoming).length : 0);

/** An upload that its sender gives the bytes of by and by. */
function open(query: string, headers: Record<string, string> = {}): ClientRequest {
  const request = openRequest(`${url}/vault?${query}`, { method: "POST", headers: { ...authorization, ...headers } });
  request.on("error", () => {});
  return request;
}

/** Waits until that many files are arriving. */
async function untilArriving(count: number): Promise<void> {
  while (arriving() !== count) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe("a file", () => {
  test("in a form is refused, for the form around it would be kept with it", async () => {
    const before = await items();
    const body = new FormData();
    body.append("file", new Blob(["hello"]), "mail.eml");
    const answer = await fetch(`${url}/vault?container=7&name=mail.eml`, {
      method: "POST",
      headers: authorization,
      body,
    });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain("--data-binary @FILE");
    expect(await items()).toBe(before);
  });

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
      `select kind, container_id, node_type, node_id from ${told} order by later desc, pos desc limit 1`,
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

describe("an upload", () => {
  test("that is broken off leaves nothing", async () => {
    const [rows, kept] = [await items(), await files()];
    const request = open("container=7&name=half", { "content-length": "1000000" });
    request.write(randomBytes(200_000));
    await untilArriving(1);
    request.destroy();
    await untilArriving(0);
    expect([await items(), await files()]).toEqual([rows, kept]);
  });

  test("of the same bytes by a hundred callers at once makes a hundred rows and one file", async () => {
    const bytes = randomBytes(50_000);
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) => upload(`container=79&name=copy-${index}`, bytes)),
    );
    expect(new Set(answers.map(({ body }) => body.vaultId)).size).toBe(100);
    expect(new Set(answers.map(({ status, body }) => `${status} ${body.hash}`))).toEqual(
      new Set([`201 ${sha256(bytes)}`]),
    );
    expect(await items(`hash = '${sha256(bytes)}'`)).toBe(100);
    expect((await files()).filter((hash) => hash === sha256(bytes))).toHaveLength(1);
    expect(arriving()).toBe(0);
  });

  test.each([
    ['a "quoted" name.txt', 'a "quoted" name.txt'],
    ["line\r\nbreak: injected.txt", "line\r\nbreak: injected.txt"],
    ["../../../etc/passwd", "passwd"],
    ["C:\\Windows\\System32\\cmd.exe", "cmd.exe"],
    ["Rechnung – 請求書 🧾.pdf", "Rechnung – 請求書 🧾.pdf"],
    ["100%41.txt", "100%41.txt"],
    ["; rm -rf $HOME #", "; rm -rf $HOME #"],
    ["..", ".."],
  ])("may be called %j: the row keeps the name, the download has a safe one", async (name, safe) => {
    const { status, body } = await upload(`container=7&name=${encodeURIComponent(name)}`, name);
    expect(status).toBe(201);
    const { data } = await ask(`{ vaultItem(id: ${body.vaultId}) { name } }`);
    expect(data.vaultItem.name).toBe(name);
    const answer = await download(body.vaultId);
    expect(await answer.text()).toBe(name);
    const header = answer.headers.get("content-disposition")!;
    expect(header).toMatch(/^attachment; filename/);
    expect(header).not.toMatch(/[\r\n]/);
    expect(parse(header).parameters.filename).toBe(safe);
  });

  test.each([
    ["name=x&container=seven", 400, "BAD_REQUEST"],
    ["name=x&container=7&container=24", 400, "BAD_REQUEST"],
    ["name=x&container=1e1", 400, "BAD_REQUEST"],
    ["name=x&container=-7", 400, "BAD_REQUEST"],
    ["name=x&container=99999999999", 400, "BAD_REQUEST"],
    ["name=x&container[id]=7", 400, "CONTAINER_REQUIRED"],
    ["name=x", 400, "CONTAINER_REQUIRED"],
    ["name=x&container=5000", 404, "NOT_FOUND"],
    ["container=7", 400, "BAD_REQUEST"],
    ["container=7&name=a&name=b", 400, "BAD_REQUEST"],
    ["container=7&name=", 400, "INVALID_VALUE"],
    ["container=7&name=%00", 400, "INVALID_VALUE"],
    [`container=7&name=${"x".repeat(256)}`, 400, "TOO_LONG"],
    ["__proto__=1&constructor=2", 400, "BAD_REQUEST"],
  ])("with the query %s is refused and leaves nothing", async (query, status, code) => {
    const [rows, kept] = [await items(), await files()];
    const answer = await upload(query, randomBytes(1000));
    expect(answer).toMatchObject({ status, body: { errors: [{ message: expect.any(String), extensions: { code } }] } });
    expect(answer.body.errors[0].extensions.requestId).toEqual(expect.any(String));
    expect([await items(), arriving(), await files()]).toEqual([rows, 0, kept]);
  });

  test("that is too large is refused: by its length before a byte is read, else at the limit", async () => {
    await database.pool.query("update system_settings set file_megabytes = 1");
    const refused = { status: 413, code: "QUERY_TOO_COMPLEX", limit: 1048576 };
    const told = await upload("container=7&name=large", randomBytes(1_048_577));
    expect({ status: told.status, ...told.body.errors[0].extensions }).toMatchObject(refused);
    expect(told.body.errors[0].message).toContain("fileMegabytes");
    const untold = open("container=7&name=large", { "transfer-encoding": "chunked" });
    for (let sent = 0; sent < 20; sent++) untold.write(randomBytes(100_000));
    untold.end();
    const [answer] = (await once(untold, "response")) as [IncomingMessage];
    const body = JSON.parse((await answer.toArray()).join(""));
    expect({ status: answer.statusCode, ...body.errors[0].extensions }).toMatchObject(refused);
    expect((await upload("container=7&name=fits", randomBytes(1_048_576))).status).toBe(201);
    expect(arriving()).toBe(0);
    await database.pool.query("update system_settings set file_megabytes = default");
  });

  test("needs a caller who may edit containers, and no page of another site", async () => {
    const reader = await gateway.tokenOf("Observer");
    const nobody = await gateway.tokenOf();
    const status = async (headers: Record<string, string>) => (await upload("container=7&name=x", "x", headers)).status;
    expect(await status({ authorization: "Bearer wrong" })).toBe(401);
    expect(await status({ authorization: `Bearer ${reader}` })).toBe(403);
    expect(await status({ authorization: `Bearer ${nobody}` })).toBe(403);
    expect(await status({ origin: "https://evil.example" })).toBe(403);
    expect(await status({ "sec-fetch-site": "cross-site" })).toBe(403);
    expect(await status({ origin: url })).toBe(201);
    const { body } = await upload("container=7&name=x", "x");
    expect((await download(body.vaultId, { authorization: `Bearer ${reader}` })).status).toBe(200);
    expect((await download(body.vaultId, { authorization: `Bearer ${nobody}` })).status).toBe(404);
    expect((await fetch(`${url}/vault/${body.vaultId}`)).status).toBe(401);
    const audit = await database.pool.query(
      "select 1 from audit_entries where operation = 'uploadVaultItem' and code = 'FORBIDDEN'",
    );
    expect(audit.rowCount).toBe(2);
  });

  test("sent again with its key is done once, and refused with other bytes", async () => {
    const send = (bytes: string) => upload("container=7&name=key", bytes, { "idempotency-key": "vault-key" });
    const first = await send("same");
    expect(await send("same")).toEqual(first);
    expect(await send("other")).toMatchObject({
      status: 409,
      body: { errors: [{ extensions: { code: "IDEMPOTENCY_CONFLICT" } }] },
    });
    expect(await items("name = 'key'")).toBe(1);
  });

  test("keeps the type that it came with, and is served by one that no browser runs", async () => {
    const typeOf = async (type: string) => {
      const { body } = await upload("container=7&name=page.html", "<script>1</script>", { "content-type": type });
      const { data } = await ask(`{ vaultItem(id: ${body.vaultId}) { mimeType } }`);
      return [data.vaultItem.mimeType, (await download(body.vaultId)).headers.get("content-type")];
    };
    expect(await typeOf("text/html; charset=utf-8")).toEqual(["text/html", "application/octet-stream"]);
    expect(await typeOf("image/svg+xml")).toEqual(["image/svg+xml", "application/octet-stream"]);
    expect(await typeOf("Image/PNG")).toEqual(["image/png", "image/png"]);
    expect(await typeOf("application/x-www-form-urlencoded")).toEqual([
      "application/octet-stream",
      "application/octet-stream",
    ]);
    const nonsense = await upload("container=7&name=x", "x", { "content-type": "nonsense" });
    expect(nonsense).toMatchObject({
      status: 415,
      body: { errors: [{ message: expect.stringContaining("octet-stream") }] },
    });
  });
});

describe("a download", () => {
  test.each([
    "5000000",
    "99999999999",
    "..%2f..%2fetc%2fpasswd",
    "7;",
    "0x7",
    "-1",
  ])("of %s finds nothing", async (id) => {
    const answer = await download(id);
    expect([400, 404]).toContain(answer.status);
    // biome-ignore lint/suspicious/noExplicitAny: an error of any shape would do
    expect(((await answer.json()) as any).errors[0].extensions.code).toMatch(/BAD_REQUEST|NOT_FOUND/);
  });

  test("whose bytes are lost says so, and no path", async () => {
    const { body } = await upload("container=7&name=lost", "about to be lost");
    await vault.remove(body.hash);
    const answer = await download(body.vaultId);
    const text = await answer.text();
    expect(answer.status).toBe(503);
    expect(text).toContain(`The bytes of vault item ${body.vaultId} are not in the vault`);
    expect(text).not.toContain(vault.incoming.slice(0, 10));
    expect(answer.headers.get("content-disposition")).toBeNull();
    expect((await upload("container=7&name=found", "about to be lost")).status).toBe(201);
    expect((await download(body.vaultId)).status).toBe(200);
  });
});

describe("addVaultItem", () => {
  const add = (input: object) =>
    ask(
      "mutation ($input: AddVaultItemInput!) { addVaultItem(input: $input) { success code field message vaultId vaultItem { name size contains metadata } } }",
      { input: { container: 7, name: "small.txt", ...input } },
    );

  test("adds a small file", async () => {
    const { data } = await add({ contentBase64: "aGVsbG8=", contains: ["pe file"], metadata: { seen: 1 } });
    expect(data.addVaultItem).toMatchObject({
      success: true,
      vaultItem: { name: "small.txt", size: 5, contains: ["vault id", "pe file"], metadata: { seen: 1 } },
    });
    expect(await (await download(data.addVaultItem.vaultId)).text()).toBe("hello");
  });

  test.each([
    ["without padding", "aGVsbG8", "INVALID_VALUE"],
    ["with a line break", "aGVs\nbG8=", "INVALID_VALUE"],
    ["of the other alphabet", "-_-_", "INVALID_VALUE"],
    ["with stray bits", "aGVsbG9=", "INVALID_VALUE"],
    ["that is none", "<script>", "INVALID_VALUE"],
    ["beyond the limit", Buffer.alloc(524_289).toString("base64"), "TOO_LONG"],
  ])("refuses base64 %s and leaves nothing", async (_, contentBase64, code) => {
    const before = await items();
    const { data } = await add({ contentBase64 });
    expect(data.addVaultItem).toMatchObject({ success: false, code, field: "contentBase64", vaultItem: null });
    expect([await items(), arriving()]).toEqual([before, 0]);
  });
});

describe("cleaning up", () => {
  test("removes files that no row has, and no others", async () => {
    const kept = await upload("container=7&name=kept", "kept");
    const gone = await upload("container=24&name=gone", "gone");
    await database.pool.query("delete from vault_items where id = $1", [gone.body.vaultId]);
    await sweep(database, vault);
    const left = await files();
    expect(left).toContain(kept.body.hash);
    expect(left).not.toContain(gone.body.hash);
  });

  test("for another database in the same folder takes none of these files", async () => {
    const other = await openGateway("empty");
    await other.database.pool.query("update system_settings set installation = 'another'");
    const shared = join(vault.incoming, "..", "..", "..");
    const { hash } = (await upload("container=7&name=ours", "ours alone")).body;
    await sweep(other.database, await openVault(other.database, shared));
    expect(await files()).toContain(hash);
  });

  test("leaves bytes whose row is about to be committed, and takes them when it was not", async () => {
    const arrived = await vault.receive([Buffer.from("about to be committed")]);
    await database.transaction(async (writer) => {
      await keepContent(writer, vault, arrived);
      await sweep(database, vault);
      expect(await files()).toContain(arrived.hash);
    });
    await sweep(database, vault);
    expect(await files()).not.toContain(arrived.hash);
  });

  test("lets an upload of what is just removed wait, and store it anew", async () => {
    const bytes = "just removed";
    await vault.keep(await vault.receive([Buffer.from(bytes)]));
    const uploading = await database.transaction(async (writer) => {
      await writer.execute(sql`select pg_advisory_xact_lock(${contentLock(sha256(bytes))})`);
      const answer = upload("container=24&name=anew", bytes);
      const waiting = "select from pg_stat_activity where wait_event = 'advisory' and datname = current_database()";
      while ((await database.pool.query(waiting)).rowCount === 0);
      await vault.remove(sha256(bytes));
      return { answer };
    });
    expect((await uploading.answer).status).toBe(201);
    expect(await files()).toContain(sha256(bytes));
  });

  test("never takes the bytes of an upload of the same content at that moment", async () => {
    const bytes = "sought after";
    for (let round = 0; round < 20; round++) {
      await database.pool.query("delete from vault_items where hash = $1", [sha256(bytes)]);
      const work = Array.from({ length: 10 }, (_, index) =>
        index % 2 ? sweep(database, vault) : upload(`container=24&name=race-${index}`, bytes),
      );
      await Promise.all(work);
      expect(await items(`hash = '${sha256(bytes)}'`)).toBe(5);
      expect(await files()).toContain(sha256(bytes));
    }
  });

  test("removes what a killed process left arriving, but not what still arrives", async () => {
    const request = open("container=7&name=slow", { "content-length": "10" });
    request.write("01234");
    await untilArriving(1);
    await vault.removeUnfinished();
    expect(arriving()).toBe(1);
    await vault.removeUnfinished(Date.now() + 3_700_000);
    expect(arriving()).toBe(0);
    request.destroy();
  });
});
