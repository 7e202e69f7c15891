import type { IncomingHttpHeaders } from "node:http";
import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import type { GraphQLSchema } from "graphql";
import { Callers } from "../auth/callers.js";
import type { Database } from "../database/pools.js";
import type { Feed } from "../events/feed.js";
import { Connections } from "./connections.js";
import { SharedAnswers } from "./shared.js";
import { serveSockets } from "./sockets.js";
import { serveStreams } from "./stream.js";

/** What the doors for subscriptions share. */
export interface Live {
  readonly schema: GraphQLSchema;
  readonly database: Database;
  readonly feed: Feed;
  readonly callers: Callers;
  readonly connections: Connections;
  readonly shared: SharedAnswers;
  readonly log: FastifyBaseLogger;
  /** Whether the page that sent these headers may connect. */
  admits(headers: IncomingHttpHeaders): boolean;
}

/** Serves subscriptions, over WebSocket and as event streams. `allows`: which pages of other origins may connect. */
export function serveLive(
  app: FastifyInstance,
  given: Pick<Live, "schema" | "database" | "feed">,
  allows: (origin: string | undefined) => boolean,
): void {
  const { feed, database } = given;
  const callers = new Callers(database);
  const connections = new Connections(callers);
  const admits: Live["admits"] = ({ origin, host }) =>
    allows(origin) || (origin !== undefined && URL.canParse(origin) && new URL(origin).host === host);
  const live = { ...given, callers, connections, shared: new SharedAnswers(), log: app.log, admits };
  connections.watch(app);
  serveSockets(app, live);
  serveStreams(app, live);
  app.addHook("onReady", () => feed.start());
  // After the doors have closed: those told to come back must not be told that it is over.
  app.addHook("preClose", () => feed.stop());
}
