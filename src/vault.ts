import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { sql } from "drizzle-orm";
import type { Database } from "./database/pools.js";
import { AppError } from "./errors.js";
import { systemSettings } from "./schema/system.js";

/** What is known of a file by its bytes: digests in hex, and how many bytes. `hash`, the SHA-256, is its name here. */
export interface Content {
  hash: string;
  sha1: string;
  md5: string;
  size: number;
}

/** Bytes that are on the disk but do not count yet. */
export interface Arrived extends Content {
  file: string;
}

/**
 * The vault of a database: a folder of its own, so that no other database that shares `dataDir` loses files when this
 * one removes what it does not use. Nothing is made before the first file.
 */
export async function openVault(database: Database, dataDir: string): Promise<Vault> {
  const [row] = await database.read(sql`select ${systemSettings.installation} from ${systemSettings}`);
  return new Vault(resolve(dataDir), row![0]!);
}

/**
 * Files by the SHA-256 of their content, so that equal ones are stored once: `ab/abcd…`. They arrive under `incoming` and
 * get their name in one step, whole and on the disk, before any row tells of them.
 */
export class Vault {
  readonly folder: string;
  readonly incoming: string;

  constructor(
    readonly dataDir: string,
    installation: string,
  ) {
    this.folder = join(dataDir, "vault", installation);
    this.incoming = join(this.folder, "incoming");
  }

  /** Takes bytes in, `limit` at most, with one chunk of them in memory. Leaves nothing behind when that fails. */
  async receive(
    chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    limit = Number.POSITIVE_INFINITY,
  ): Promise<Arrived> {
    const file = randomUUID();
    try {
      await makeFolder(this.incoming);
      const handle = await open(join(this.incoming, file), "wx", 0o600);
      try {
        const content = await write(handle, chunks, limit);
        await handle.sync();
        return { ...content, file };
      } finally {
        await handle.close();
      }
    } catch (error) {
      await this.discard({ file });
      throw lackOfRoom(error) ?? error;
    }
  }

  /** Gives bytes that arrived their name. Whoever calls holds the content's lock until a row with its hash is committed. */
  async keep({ file, hash }: Arrived): Promise<void> {
    const place = this.#place(hash);
    await makeFolder(dirname(place));
    try {
      await rename(join(this.incoming, file), place);
    } catch (error) {
      // A transaction that runs again after a deadlock has done it before.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT" || !existsSync(place)) throw error;
    }
    await syncFolder(dirname(place));
  }

  /** Removes bytes that arrived and were not kept. */
  async discard({ file }: { file: string }): Promise<void> {
    await rm(join(this.incoming, file), { force: true });
  }

  /** A file opened for reading; undefined when it is not there, or not whole. */
  async open({ hash, size }: { hash: string; size: number }): Promise<FileHandle | undefined> {
    const handle = await open(this.#place(hash)).catch(absent);
    if (!handle || (await handle.stat()).size === size) return handle;
    await handle.close();
    return undefined;
  }

  /** The hashes of all files, a folder at a time. */
  async *hashes(): AsyncGenerator<string[]> {
    for (const folder of (await readdir(this.folder).catch(absent)) ?? []) {
      if (/^[0-9a-f]{2}$/.test(folder)) yield await readdir(join(this.folder, folder));
    }
  }

  /** Removes a file. Whoever calls holds the content's lock and knows that no row has its hash. */
  async remove(hash: string): Promise<void> {
    await rm(this.#place(hash), { force: true });
  }

  /** Removes what never finished arriving, because its process was killed: nothing was added to it for an hour. */
  async removeUnfinished(now = Date.now()): Promise<void> {
    for (const name of (await readdir(this.incoming).catch(absent)) ?? []) {
      const found = await stat(join(this.incoming, name)).catch(absent);
      if (found && found.mtimeMs < now - 3_600_000) await this.discard({ file: name });
    }
  }

  #place(hash: string): string {
    if (!/^[0-9a-f]{64}$/.test(hash)) throw new Error(`${JSON.stringify(hash)} is no SHA-256`);
    return join(this.folder, hash.slice(0, 2), hash);
  }
}

async function write(
  handle: FileHandle,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  limit: number,
): Promise<Content> {
  const digests = ["sha256", "sha1", "md5"].map((algorithm) => createHash(algorithm));
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > limit) throw tooLarge(limit);
    for (const digest of digests) digest.update(chunk);
    await handle.writeFile(chunk);
  }
  const [hash, sha1, md5] = digests.map((digest) => digest.digest("hex")) as [string, string, string];
  return { hash, sha1, md5, size };
}

/** Also for a size that is known before a byte was read. */
export function tooLarge(limit: number, size?: number): AppError {
  const message = `The file has more than ${limit} bytes, which is the limit: the system setting fileMegabytes.`;
  return new AppError("QUERY_TOO_COMPLEX", message, { limit, size });
}

function lackOfRoom(error: unknown): AppError | undefined {
  const { code } = error as NodeJS.ErrnoException;
  if (!["ENOSPC", "EDQUOT", "EFBIG"].includes(code ?? "")) return undefined;
  return new AppError("INTERNAL_SERVER_ERROR", "The vault has no room for the file; nothing was stored.");
}

/** Makes a folder that a crash does not lose. */
async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 });
  for (let made = folder; first; made = dirname(made)) {
    await syncFolder(dirname(made));
    if (made === first) return;
  }
}

async function syncFolder(folder: string): Promise<void> {
  // Windows opens no folders, and needs not.
  if (process.platform === "win32") return;
  const handle = await open(folder);
  await handle.sync().finally(() => handle.close());
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}
