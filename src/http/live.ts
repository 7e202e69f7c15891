import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import { Callers } from "../auth/callers.js";
import { fromOurPage } from "../auth/credentials.js";
import type { Gate } from "../auth/gate.js";
import type { Services } from "../context.js";
import type { Guard } from "../guard/guard.js";
import { Connections } from "./connections.js";
import { SharedAnswers } from "./shared.js";
import { serveSockets } from "./sockets.js";
import { serveStreams } from "./stream.js";

/** What the doors for subscriptions share. */
export interface Live extends Required<Services> {
  readonly guard: Guard;
  readonly callers: Callers;
  readonly connections: Connections;
  readonly shared: SharedAnswers;
  readonly log: FastifyBaseLogger;
  /** Whether the page that sent these headers may connect. */
  admits(headers: IncomingHttpHeaders): boolean;
  /** The address a request came from, behind the proxies that are trusted. */
  addressOf(request: IncomingMessage): string;
}

/**
 * Serves subscriptions, over WebSocket and as event streams, and gives the list of those connections. `allows`: which pages
 * of other origins may connect.
 */
export function serveLive(
  app: FastifyInstance,
  given: Required<Services> & Pick<Live, "guard" | "addressOf"> & { gate: Gate },
  allows: (origin: string | undefined) => boolean,
): Connections {
  const { feed } = given;
  const callers = new Callers(given.gate);
  const connections = new Connections(callers);
  const admits: Live["admits"] = (headers) => allows(headers.origin) || fromOurPage(headers);
  const live = { ...given, callers, connections, shared: new SharedAnswers(), log: app.log, admits };
  connections.watch(app);
  serveSockets(app, live);
  serveStreams(app, live);
  app.addHook("onReady", () => feed.start());
  // After the doors have closed: those told to come back must not be told that it is over.
  app.addHook("preClose", () => feed.stop());
  return connections;
}
