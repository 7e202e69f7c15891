import type { FastifyInstance } from "fastify";
import type { Database } from "./database/pools.js";
import { dropOldEvents } from "./events/log.js";
import { expired } from "./ledger.js";
import { idempotencyKeys } from "./schema/system.js";

const hour = 3_600_000;

/** Removes once an hour what need not be kept: idempotency keys older than a day, and old events. */
export function keepHouse(app: FastifyInstance, database: Database): void {
  const clean = async () => {
    await database.writer
      .delete(idempotencyKeys)
      .where(expired)
      .catch((error) => app.log.warn({ err: error }, "old idempotency keys could not be removed"));
    await database
      .read(dropOldEvents)
      .catch((error) => app.log.warn({ err: error }, "old events could not be removed"));
  };
  const timer = setInterval(clean, hour).unref();
  app.addHook("onReady", clean);
  app.addHook("preClose", async () => clearInterval(timer));
}
