import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import type { TestProject } from "vitest/node";
import { embeddedPostgres } from "../../src/database/embedded.js";
import { migrate } from "../../src/database/migrate.js";
import { openDatabase } from "../../src/database/pools.js";
import { loadSample } from "../../src/sample/load.js";
import { openVault } from "../../src/vault.js";

declare module "vitest" {
  interface ProvidedContext {
    /** Where tests find their Postgres, and the databases they copy. */
    postgres: { connection: pg.ClientConfig; sample: string; empty: string };
    /** The DATA_DIR with the files of the sample incidents. */
    sampleFiles: string;
  }
}

/** When the sample incidents of every test end. */
export const sampleEnd = new Date("2026-11-01T00:00:00Z");

/** One Postgres for the whole run: that of DATABASE_URL, else an embedded one that is thrown away. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { connection, stop } = await findPostgres();
  const mark = `soar_test_${process.pid}`;
  const [empty, sample] = [`${mark}_empty`, `${mark}_sample`];
  await run(connection, `create database ${empty}`);
  await migrate({ ...connection, database: empty });
  await run(connection, `create database ${sample} template ${empty}`);
  const database = openDatabase({ ...connection, database: sample });
  const files = mkdtempSync(join(tmpdir(), "soar-files-"));
  const vault = await openVault(database, files);
  await database.transaction((writer) => loadSample(writer, vault, sampleEnd));
  await database.close();
  project.provide("postgres", { connection, sample, empty });
  project.provide("sampleFiles", files);
  return async () => {
    for (const name of [sample, empty]) await run(connection, `drop database ${name} with (force)`);
    rmSync(files, { recursive: true });
    await stop();
  };
}

async function findPostgres() {
  const url = process.env.DATABASE_URL;
  if (url) {
    const { hostname, port, username, password, searchParams } = new URL(url);
    const host = searchParams.get("host") ?? decodeURIComponent(hostname);
    const connection = {
      host,
      port: Number(port || 5432),
      user: decodeURIComponent(username),
      password: decodeURIComponent(password),
    };
    return { connection, stop: async () => {} };
  }
  const folder = mkdtempSync(join(tmpdir(), "soar-test-"));
  const embedded = await embeddedPostgres(folder, () => {}, { throwAway: true });
  const stop = async () => {
    await embedded.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { connection: embedded.connection, stop };
}

export async function run(connection: pg.ClientConfig, statement: string): Promise<void> {
  const client = new pg.Client({ ...connection, database: "postgres" });
  await client.connect();
  await client.query(statement);
  await client.end();
}
