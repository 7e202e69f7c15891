import { inArray, lt, sql } from "drizzle-orm";
import type { FastifyInstance } from "fastify";
import { expiredAttempts } from "./auth/attempts.js";
import type { Database } from "./database/pools.js";
import { dropOldEvents } from "./events/log.js";
import { expired } from "./ledger.js";
import { contentLock } from "./operations/vault.js";
import { idempotencyKeys } from "./schema/system.js";
import { loginAttempts, sessions } from "./schema/token.js";
import { vaultItems } from "./schema/vault.js";
import type { Vault } from "./vault.js";

const hour = 3_600_000;

/** Removes once an hour what need not be kept. */
export function keepHouse(app: FastifyInstance, database: Database, vault: Vault): void {
  const { writer, read } = database;
  const chores: [what: string, remove: () => Promise<unknown>][] = [
    ["old idempotency keys", () => writer.delete(idempotencyKeys).where(expired)],
    ["ended sessions", () => writer.delete(sessions).where(lt(sessions.expireTime, sql`now()`))],
    ["old attempts to log in", () => writer.delete(loginAttempts).where(expiredAttempts)],
    ["old events", () => read(dropOldEvents)],
  ];
  const files: (typeof chores)[number] = ["unused files", () => sweep(database, vault)];
  const clean = async (some: typeof chores) => {
    for (const [what, remove] of some)
      await remove().catch((error) => app.log.warn({ err: error }, `${what} could not be removed`));
  };
  const timer = setInterval(() => clean([...chores, files]), hour).unref();
  app.addHook("onReady", () => clean(chores));
  app.addHook("preClose", async () => clearInterval(timer));
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
