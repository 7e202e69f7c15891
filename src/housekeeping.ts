import { inArray, sql } from "drizzle-orm";
import type { FastifyInstance } from "fastify";
import type { Database } from "./database/pools.js";
import { expired } from "./ledger.js";
import { contentLock } from "./operations/vault.js";
import { idempotencyKeys } from "./schema/system.js";
import { vaultItems } from "./schema/vault.js";
import type { Vault } from "./vault.js";

const hour = 3_600_000;

/** Removes once an hour what need not be kept: idempotency keys older than a day, and files that nothing uses. */
export function keepHouse(app: FastifyInstance, database: Database, vault: Vault): void {
  const chore = (what: string, remove: () => Promise<void>) => async () => {
    await remove().catch((error) => app.log.warn({ err: error }, `${what} could not be removed`));
  };
  const keys = chore("old idempotency keys", () => removeKeys(database));
  const files = chore("unused files", () => sweep(database, vault));
  const timer = setInterval(() => keys().then(files), hour).unref();
  app.addHook("onReady", keys);
  app.addHook("preClose", async () => clearInterval(timer));
}

async function removeKeys({ writer }: Database): Promise<void> {
  await writer.delete(idempotencyKeys).where(expired);
}

/** Removes the files that no vault item has: their containers were deleted, or their rows were never committed. */
export async function sweep(database: Database, vault: Vault): Promise<void> {
  await vault.removeUnfinished();
  for await (const hashes of vault.hashes()) {
    const used = await database.writer
      .selectDistinct({ hash: vaultItems.hash })
      .from(vaultItems)
      .where(inArray(vaultItems.hash, hashes));
    const known = new Set(used.map(({ hash }) => hash));
    for (const hash of hashes) if (!known.has(hash)) await removeUnused(database, vault, hash);
  }
}

/** Whoever is about to commit a row for the file holds its lock; whoever comes later stores the bytes anew. */
async function removeUnused(database: Database, vault: Vault, hash: string): Promise<void> {
  await database.transaction(async (writer) => {
    const { rows } = await writer.execute<{ free: boolean }>(
      sql`select pg_try_advisory_xact_lock(${contentLock(hash)}) as free`,
    );
    if (!rows[0]!.free) return;
    const users = await writer
      .select({ id: vaultItems.id })
      .from(vaultItems)
      .where(sql`${vaultItems.hash} = ${hash}`)
      .limit(1);
    if (users.length === 0) await vault.remove(hash);
  });
}
