import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, inject, test } from "vitest";
import { type Database, openDatabase } from "../src/database/pools.js";
import { sweep } from "../src/housekeeping.js";
import { openVault, type Vault } from "../src/vault.js";
import { run } from "./support/postgres.js";

/*
 * The vault of a gateway that is a process of its own, and has an end of its own.
 */

const root = join(import.meta.dirname, "..");
const token = "a-token-of-these-tests";
const folder = mkdtempSync(join(tmpdir(), "soar-vault-"));
const { connection, sample } = inject("postgres");
const name = `${sample}_${process.pid}_vault`;

let database: Database;
let vault: Vault;
let child: ChildProcess;

beforeAll(async () => {
  execFileSync(process.execPath, ["build.js"], { cwd: root });
  await run(connection, `create database ${name} template ${sample}`);
  database = openDatabase({ ...connection, database: name });
  await database.pool.query("delete from vault_items");
  vault = await openVault(database, folder);
});
afterEach(() => {
  if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
});
afterAll(async () => {
  await database.close();
  await run(connection, `drop database ${name} with (force)`);
  rmSync(folder, { recursive: true });
});

/** Starts a gateway, by bash with some words before it, and gives its address. */
async function start(before = ""): Promise<string> {
  const { host, port, user, password } = connection;
  const login = [user, password].map((part) => encodeURIComponent(String(part ?? ""))).join(":");
  const url = `postgres://${login}@localhost:${port ?? 5432}/${name}?host=${encodeURIComponent(host!)}`;
  const settings = { DATA_DIR: folder, PORT: "0", ADMIN_TOKEN: token, LOG_LEVEL: "warn", ACCEPT_DATA_LOSS: "true" };
  const env = { ...process.env, DATABASE_URL: url, ...settings };
  child = spawn("bash", ["-c", `${before} exec "$0" dist/main.js serve`, process.execPath], { cwd: root, env });
  let output = "";
  for await (const text of child.stdout!) {
    output += text;
    const address = /GraphQL +(http:\S+)\/graphql\s/.exec(output)?.[1];
    if (!address) continue;
    return address;
  }
  throw new Error(`It did not start:\n${output}`);
}

const upload = (address: string, bytes: Buffer) =>
  fetch(`${address}/vault?container=7&name=file`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: new Uint8Array(bytes),
  });

const hashesOfRows = async () =>
  (await database.pool.query<{ hash: string; size: string }>("select distinct hash, size from vault_items")).rows;

test("has the bytes of every row, whenever its gateway is killed, and what else there is goes with the next cleaning", async () => {
  let stored = 0;
  for (let round = 1; round <= 4; round++) {
    const address = await start();
    const until = stored + 10 * round;
    const uploading = Array.from({ length: 8 }, async () => {
      for (;;) {
        const answer = await upload(address, randomBytes(20_000 + 1000 * round));
        if (answer.status === 201) stored++;
        if (stored >= until) child.kill("SIGKILL");
      }
    });
    await Promise.allSettled(uploading);
    if (child.signalCode === null) await once(child, "exit");
    expect(child.signalCode).toBe("SIGKILL");
    for (const { hash, size } of await hashesOfRows()) {
      const file = await vault.open({ hash, size: Number(size) });
      expect(
        createHash("sha256")
          .update(await file!.readFile())
          .digest("hex"),
      ).toBe(hash);
      await file!.close();
    }
  }
  const rows = (await hashesOfRows()).map(({ hash }) => hash).sort();
  expect(rows.length).toBeGreaterThanOrEqual(stored);
  await vault.removeUnfinished(Date.now() + 3_700_000);
  await sweep(database, vault);
  const files: string[] = [];
  for await (const some of vault.hashes()) files.push(...some);
  expect(files.sort()).toEqual(rows);
});

test("refuses a file for which the disk has no room, leaves nothing of it and takes the next", async () => {
  const address = await start("ulimit -f 1024;");
  const before = await hashesOfRows();
  const answer = await upload(address, randomBytes(3_000_000));
  expect({ status: answer.status, body: await answer.json() }).toMatchObject({
    status: 503,
    body: { errors: [{ message: "The vault has no room for the file; nothing was stored." }] },
  });
  expect(await hashesOfRows()).toEqual(before);
  expect((await upload(address, randomBytes(500_000))).status).toBe(201);
});
