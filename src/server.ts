import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import cors from "@fastify/cors";
import proxyAddr from "@fastify/proxy-addr";
import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from "fastify";
import type { GraphQLSchema } from "graphql";
import { Processes } from "./actions/processes.js";
import { Tester } from "./actions/tester.js";
import { openGate } from "./auth/gate.js";
import type { OpenId } from "./auth/openid.js";
import type { Config } from "./config.js";
import type { Database } from "./database/pools.js";
import { AppError } from "./errors.js";
import { Feed } from "./events/feed.js";
import { Budget } from "./guard/budget.js";
import { Guard } from "./guard/guard.js";
import { keepOperations, noneKept } from "./guard/persisted.js";
import { keepHouse } from "./housekeeping.js";
import { contextFor } from "./http/context.js";
import { headersOf, publicError, sendError, statusOf } from "./http/errors.js";
import { serveGraphql } from "./http/graphql.js";
import { serveHealth } from "./http/health.js";
import { serveLive } from "./http/live.js";
import { serveMetrics } from "./http/metrics.js";
import { servePages } from "./http/pages.js";
import { readBody } from "./http/request.js";
import { serveRest } from "./http/rest/serve.js";
import { serveSessions } from "./http/sessions.js";
import { refuseSlowBodies } from "./http/slow-bodies.js";
import { serveVault } from "./http/vault.js";
import { exceeds, limits } from "./limits.js";
import { testDueAssets } from "./operations/asset-tests.js";
import { uploadVaultItem } from "./operations/vault.js";
import { gatewaySchema, schemaDocument } from "./resolvers/schema.js";
import { watchService } from "./system/snapshots.js";
import { openVault } from "./vault.js";

/** Events that a gateway keeps in memory for those who follow: how far one may fall behind. */
const heldEvents = 50_000;

const minute = 60_000;

/** Every door of the gateway on one port, not yet listening. Closing it lets requests under way finish. */
export async function createServer(
  config: Config,
  database: Database,
  { held = heldEvents, bodyWithin }: { held?: number; bodyWithin?: number } = {},
): Promise<FastifyInstance> {
  // Whom a proxy names in X-Forwarded-For is believed only of the proxies that are trusted.
  const trustProxy = proxyAddr.compile(config.TRUSTED_PROXIES ?? []);
  const app = Fastify({
    trustProxy,
    logger: { level: config.LOG_LEVEL },
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: limits.body.most,
    forceCloseConnections: "idle",
    // An address that has no route, because it cannot be one: no hook sees it.
    frameworkErrors: ({ statusCode = 400, message }, _, reply) =>
      sendError(withHeaders(reply), statusCode, "BAD_REQUEST", message),
    genReqId: ({ headers }) => givenId(headers["x-request-id"]) ?? randomUUID(),
  });
  app.addHook("onRequest", async (_, reply) => {
    withHeaders(reply);
  });
  app.decorateRequest("caller", undefined);
  refuseSlowBodies(app, bodyWithin);
  app.addContentTypeParser(
    "application/json",
    { parseAs: "buffer" },
    async ({ headers }: FastifyRequest, body: Buffer) => readBody(headers["content-type"], body),
  );
  answerErrorsAsJson(app);
  const allows = originRule(config);
  await app.register(cors, {
    origin: (origin, answer) => answer(null, origin !== undefined && allows(origin)),
    methods: ["GET", "POST", "DELETE"],
    exposedHeaders: ["x-request-id", "x-query-cost"],
    maxAge: 600,
  });
  const schema = await gatewaySchema();
  const vault = await openVault(database, config.DATA_DIR);
  const report = (error: unknown) => app.log.warn({ err: error }, "the event log cannot be read; trying again");
  const feed = new Feed(database, { held, report });
  const processes = new Processes(config.CONNECTORS);
  app.addHook("onClose", async () => processes.stop());
  const services = { database, vault, feed, tester: new Tester(processes) };
  const gate = openGate(database, openIdOf(config));
  const guard = guardOf(config, schema);
  const toContext = contextFor(services, gate);
  const addressOf = (request: IncomingMessage) => proxyAddr(request, trustProxy);
  const execute = await serveGraphql(app, { guard, gate, contextFor: toContext });
  await serveRest(app, { guard, gate, contextFor: toContext, execute, allows });
  const connections = serveLive(app, { ...services, guard, gate, addressOf }, allows);
  serveSessions(app, database, gate);
  await serveVault(app, { schema, vault, contextFor: toContext, upload: uploadVaultItem, allows });
  serveHealth(app, database, feed);
  serveMetrics(app, { database, feed, connections, gate });
  await servePages(app, await schemaDocument());
  keepHouse(app, database, vault);
  workBeside(app, database, services.tester);
  return app;
}

/** What goes on beside requests, from when the gateway is ready until it closes: this one tells how it is, and tests assets. */
function workBeside(app: FastifyInstance, database: Database, tester: Tester): void {
  const warn = (what: string) => (error: unknown) => app.log.warn({ err: error }, what);
  const stop = new AbortController();
  const test = (connector: string, settings: Record<string, unknown>) => tester.test(connector, settings, stop.signal);
  const testAll = () => testDueAssets(database.writer, test).catch(warn("assets could not be tested"));
  const timer = setInterval(testAll, minute).unref();
  let stopTelling: (() => Promise<unknown>) | undefined;
  app.addHook("onReady", async () => {
    stopTelling = await watchService(database, "gateway", warn("a snapshot of this gateway is missing"));
    testAll();
  });
  app.addHook("preClose", async () => {
    clearInterval(timer);
    stop.abort();
    await stopTelling?.();
  });
}

function guardOf({ PERSISTED_OPERATIONS, PERSISTED_ONLY, COST_PER_MINUTE }: Config, schema: GraphQLSchema): Guard {
  const persisted = PERSISTED_OPERATIONS ? keepOperations(PERSISTED_OPERATIONS, PERSISTED_ONLY, schema) : noneKept;
  return new Guard(schema, persisted, new Budget(COST_PER_MINUTE));
}

function openIdOf(config: Config): OpenId | undefined {
  const { OIDC_ISSUER: issuer, OIDC_AUDIENCE: audience, OIDC_ROLE_MAP: roleMap } = config;
  if (!issuer) return undefined;
  return { issuer, audience, usernameClaim: config.OIDC_USERNAME_CLAIM, rolesClaim: config.OIDC_ROLES_CLAIM, roleMap };
}

function givenId(header: string | string[] | undefined): string | undefined {
  return typeof header === "string" && /^[\w.:-]{1,64}$/.test(header) ? header : undefined;
}

/** Which pages may call: the configured ones, else while listening on loopback every page of this machine, and always our own. */
function originRule({ CORS_ORIGINS, HOST }: Config): (origin: string | undefined) => boolean {
  if (CORS_ORIGINS) return (origin) => origin === undefined || CORS_ORIGINS.includes(origin);
  const loopback = ["127.0.0.1", "::1", "localhost"];
  const local = loopback.includes(HOST);
  return (origin) =>
    origin === undefined ||
    (local && URL.canParse(origin) && loopback.includes(new URL(origin).hostname.replace(/[[\]]/g, "")));
}

/** What every answer tells browsers; pages and their files say more. */
const safeHeaders = {
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

const withHeaders = (reply: FastifyReply) => reply.headers({ ...safeHeaders, "x-request-id": reply.request.id });

const hints: Record<string, [code: string, message: string]> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    "BAD_REQUEST",
    "The body must be JSON: add the header `content-type: application/json`.",
  ],
  FST_ERR_CTP_EMPTY_JSON_BODY: ["BAD_REQUEST", "The body is empty."],
};

/** Whatever goes wrong outside GraphQL is told in the form GraphQL clients read. */
function answerErrorsAsJson(app: FastifyInstance): void {
  app.setErrorHandler((raised: FastifyError, request, reply) => {
    const error = raised.code === "FST_ERR_CTP_BODY_TOO_LARGE" ? bodyTooLarge(request) : raised;
    const shown = publicError(error);
    if (shown instanceof AppError) {
      const { code, message, details } = shown;
      reply.headers(headersOf(shown));
      return sendError(reply, error === raised ? statusOf(shown) : 413, code, message, details);
    }
    const status = raised.statusCode ?? 500;
    if (status >= 500) request.log.error({ err: error }, "a request failed");
    const [code, message] =
      hints[raised.code] ??
      (status < 500 ? ["BAD_REQUEST", raised.message] : ["INTERNAL_SERVER_ERROR", "Internal server error"]);
    return sendError(reply, status, code, message);
  });
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split("?", 1)[0]!;
    if (path !== "/graphql")
      return sendError(reply, 404, "NOT_FOUND", `There is nothing at ${path}; the API is at /graphql.`);
    reply.header("allow", "GET, POST");
    return sendError(reply, 405, "BAD_REQUEST", `${request.method} is not for /graphql; use POST, or GET for queries.`);
  });
}

function bodyTooLarge({ headers, routeOptions }: FastifyRequest): AppError {
  const limit = routeOptions.bodyLimit === limits.login.most ? "login" : "body";
  return exceeds(limit, headers["content-length"] ?? `more than ${limits[limit].most}`);
}
