import { lt, sql } from "drizzle-orm";
import type { FastifyInstance } from "fastify";
import { expiredAttempts } from "./auth/attempts.js";
import type { Database } from "./database/pools.js";
import { dropOldEvents } from "./events/log.js";
import { expired } from "./ledger.js";
import { idempotencyKeys } from "./schema/system.js";
import { loginAttempts, sessions } from "./schema/token.js";

const hour = 3_600_000;

/**
 * Removes once an hour what need not be kept: old idempotency keys and events, and sessions and attempts to log in that
 * are over.
 */
export function keepHouse(app: FastifyInstance, { writer, read }: Database): void {
  const clean = async () => {
    try {
      await writer.delete(idempotencyKeys).where(expired);
      await writer.delete(sessions).where(lt(sessions.expireTime, sql`now()`));
      await writer.delete(loginAttempts).where(expiredAttempts);
      await read(dropOldEvents);
    } catch (error) {
      app.log.warn({ err: error }, "what is over could not be removed");
    }
  };
  const timer = setInterval(clean, hour).unref();
  app.addHook("onReady", clean);
  app.addHook("preClose", async () => clearInterval(timer));
}
