import { sql } from "drizzle-orm";
import type { FastifyInstance } from "fastify";
import type { Database } from "../database/pools.js";
import type { Feed } from "../events/feed.js";

/** Tells whoever starts and stops this process how it is: alive, and ready for requests. */
export function serveHealth(app: FastifyInstance, database: Database, feed: Feed): void {
  let draining = false;
  app.addHook("preClose", async () => {
    draining = true;
  });
  app.get("/healthz", async () => ({ status: "alive" }));
  app.get("/readyz", async (_, reply) => {
    const answers = !draining && (await inTime(database.read(sql`select 1`))) !== undefined;
    const ready = answers && feed.alive;
    return reply.code(ready ? 200 : 503).send({ ready, database: answers, feed: feed.alive, draining });
  });
}

/** How long in milliseconds the database may take to tell how it is. */
const patience = 2_000;

/** An answer of the database; undefined when it fails, or takes too long. */
export function inTime<Answer>(answer: Promise<Answer>): Promise<Answer | undefined> {
  const late = new Promise<undefined>((resolve) => setTimeout(resolve, patience, undefined).unref());
  return Promise.race([answer.catch(() => undefined), late]);
}
