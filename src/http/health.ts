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
    const answers = !draining && (await answersInTime(database));
    const ready = answers && feed.alive;
    return reply.code(ready ? 200 : 503).send({ ready, database: answers, feed: feed.alive, draining });
  });
}

async function answersInTime(database: Database): Promise<boolean> {
  const late = new Promise<false>((resolve) => setTimeout(resolve, 2_000, false).unref());
  const answer = database.read(sql`select 1`).then(
    () => true,
    () => false,
  );
  return Promise.race([answer, late]);
}
