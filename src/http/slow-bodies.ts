import type { FastifyInstance } from "fastify";

/** In how many milliseconds a body has to arrive. */
const patience = 20_000;

/**
 * Refuses bodies that trickle in: what has come of them is held in memory, also for callers who are nobody yet. Files are
 * written as they come, and may take their time.
 */
export function refuseSlowBodies(app: FastifyInstance, within = patience): void {
  app.addHook("onRequest", async ({ raw, method, headers, routeOptions }, reply) => {
    const none = headers["content-length"] === "0" || method === "GET" || method === "HEAD";
    if (none || routeOptions.url === "/vault") return;
    const late = setTimeout(() => {
      // Nobody reads what comes after an answer, and nobody would hear of an error.
      if (reply.sent || raw.listenerCount("error") === 0) return raw.destroy();
      reply.header("connection", "close");
      const message = `The body did not arrive within ${within / 1000} seconds.`;
      raw.emit("error", Object.assign(new Error(message), { statusCode: 408 }));
    }, within);
    for (const over of ["end", "close"]) raw.once(over, () => clearTimeout(late));
  });
}
