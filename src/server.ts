import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import cors from "@fastify/cors";
import proxyAddr from "@fastify/proxy-addr";
import Fastify, { type FastifyError, type FastifyInstance, LogController } from "fastify";
import { openGate } from "./auth/gate.js";
import type { OpenId } from "./auth/openid.js";
import type { Config } from "./config.js";
import type { Database } from "./database/pools.js";
import { AppError, httpStatus } from "./errors.js";
import { Feed } from "./events/feed.js";
import { keepHouse } from "./housekeeping.js";
import { contextFor } from "./http/context.js";
import { publicError, sendError } from "./http/errors.js";
import { serveGraphql } from "./http/graphql.js";
import { serveHealth } from "./http/health.js";
import { serveLive } from "./http/live.js";
import { servePages } from "./http/pages.js";
import { serveSessions } from "./http/sessions.js";
import { serveVault } from "./http/vault.js";
import { uploadVaultItem } from "./operations/vault.js";
import { gatewaySchema, schemaDocument } from "./resolvers/schema.js";
import { watchService } from "./system/snapshots.js";
import { openVault } from "./vault.js";

const largestBody = 1024 * 1024;

/** Events that a gateway keeps in memory for those who follow: how far one may fall behind. */
const heldEvents = 50_000;

/** Every door of the gateway on one port, not yet listening. Closing it lets requests under way finish. */
export async function createServer(
  config: Config,
  database: Database,
  { held = heldEvents } = {},
): Promise<FastifyInstance> {
  // Whom a proxy names in X-Forwarded-For is believed only of the proxies that are trusted.
  const trustProxy = proxyAddr.compile(config.TRUSTED_PROXIES ?? []);
  const app = Fastify({
    trustProxy,
    logger: { level: config.LOG_LEVEL },
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: largestBody,
    forceCloseConnections: "idle",
    genReqId: ({ headers }) => givenId(headers["x-request-id"]) ?? randomUUID(),
  });
  app.addHook("onRequest", async (request, reply) => {
    reply.header("x-request-id", request.id);
  });
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
  const services = { database, vault, feed };
  const gate = openGate(database, openIdOf(config));
  const toContext = contextFor(services, gate);
  const addressOf = (request: IncomingMessage) => proxyAddr(request, trustProxy);
  await serveGraphql(app, schema, toContext);
  serveLive(app, { ...services, schema, gate, addressOf }, allows);
  serveSessions(app, database, gate);
  await serveVault(app, { schema, vault, contextFor: toContext, upload: uploadVaultItem, allows });
  serveHealth(app, database, feed);
  await servePages(app, await schemaDocument());
  keepHouse(app, database, vault);
  tellHealth(app, database);
  return app;
}

/** Lets every gateway of the database tell how this one is. */
function tellHealth(app: FastifyInstance, database: Database): void {
  let stop: (() => Promise<unknown>) | undefined;
  app.addHook("onReady", async () => {
    stop = await watchService(database, "gateway", (error) => app.log.warn({ err: error }, "a snapshot is missing"));
  });
  app.addHook("preClose", async () => {
    await stop?.();
  });
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

const hints: Record<string, [code: string, message: string]> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    "BAD_REQUEST",
    "The body must be JSON: add the header `content-type: application/json`.",
  ],
  FST_ERR_CTP_INVALID_JSON_BODY: ["BAD_REQUEST", "The body is not valid JSON."],
  FST_ERR_CTP_EMPTY_JSON_BODY: ["BAD_REQUEST", "The body is empty."],
  FST_ERR_CTP_BODY_TOO_LARGE: ["QUERY_TOO_COMPLEX", `The body is larger than ${largestBody} bytes.`],
};

/** Whatever goes wrong outside GraphQL is told in the form GraphQL clients read. */
function answerErrorsAsJson(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const shown = publicError(error);
    if (shown instanceof AppError) {
      const { code, message, details } = shown;
      if (typeof details.retryAfter === "number") reply.header("retry-after", details.retryAfter);
      return sendError(reply, httpStatus[code] ?? 400, code, message, details);
    }
    const status = error.statusCode ?? 500;
    if (status >= 500) request.log.error({ err: error }, "a request failed");
    const [code, message] =
      hints[error.code] ??
      (status < 500 ? ["BAD_REQUEST", error.message] : ["INTERNAL_SERVER_ERROR", "Internal server error"]);
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
