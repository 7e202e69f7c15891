import type { Socket } from "node:net";
import type { FastifyInstance } from "fastify";

/**
 * Resolves at the first SIGTERM or SIGINT. A second one, or 14 seconds, end the process at once; an embedded Postgres then
 * ends by itself.
 */
export function toldToStop(say: (sentence: string) => void): Promise<undefined> {
  return new Promise((resolve) => {
    let first = 0;
    const onSignal = (signal: NodeJS.Signals) => {
      // One Ctrl-C comes twice: from the terminal, and from npm, which passes on its own.
      if (first && Date.now() - first < 500) return;
      if (first) process.exit(1);
      first = Date.now();
      setTimeout(() => process.exit(1), 14_000).unref();
      say(`${signal}: finishing requests under way, then stopping.`);
      resolve(undefined);
    };
    process.on("SIGTERM", onSignal);
    process.on("SIGINT", onSignal);
  });
}

/**
 * Makes closing the server close connections as soon as they have nothing under way. Node would cut off answers that are
 * still being sent, and wait for connections that are kept alive after theirs.
 */
export function closeWhenIdle({ server }: FastifyInstance): void {
  const idle = new Set<Socket>();
  let closing = false;
  server.on("connection", (socket) => {
    idle.add(socket);
    socket.once("close", () => idle.delete(socket));
  });
  server.on("request", ({ socket }, response) => {
    idle.delete(socket);
    response.once("close", () => {
      if (closing) socket.destroySoon();
      else if (!socket.destroyed) idle.add(socket);
    });
  });
  server.closeIdleConnections = () => {
    closing = true;
    for (const socket of idle) socket.destroy();
  };
}

/** Requests end within seven seconds by their own limits; a client that has gone silent may not hold the others up. */
export async function drain(app: FastifyInstance): Promise<void> {
  await Promise.race([app.close(), new Promise((resolve) => setTimeout(resolve, 8_000))]);
}
