import { randomUUID } from "node:crypto";
import cors from "@fastify/cors";
import Fastify, { type FastifyError, type FastifyInstance, type FastifyRequest, LogController } from "fastify";
import type { Config } from "./config.js";
import type { Database } from "./database/pools.js";
import { AppError } from "./errors.js";
import { Budget } from "./guard/budget.js";
import { Guard } from "./guard/guard.js";
import { keepOperations, noneKept } from "./guard/persisted.js";
import { keepHouse } from "./housekeeping.js";
import { errorBody, headersOf, statusOf } from "./http/errors.js";
import { serveGraphql } from "./http/graphql.js";
import { serveHealth } from "./http/health.js";
import { servePages } from "./http/pages.js";
import { readBody } from "./http/request.js";
import { serveSockets } from "./http/sockets.js";
import { exceeds, limits } from "./limits.js";
import { gatewaySchema, schemaDocument } from "./resolvers/schema.js";

/** Every door of the gateway on one port, not yet listening. Closing it lets requests under way finish. */
export async function createServer(config: Config, database: Database): Promise<FastifyInstance> {
  const app = Fastify({
    logger: { level: config.LOG_LEVEL },
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: limits.body.most,
    forceCloseConnections: "idle",
    genReqId: ({ headers }) => givenId(headers["x-request-id"]) ?? randomUUID(),
  });
  app.addHook("onRequest", async (request, reply) => {
    reply.headers({ ...safeHeaders, "x-request-id": request.id });
  });
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
  const { PERSISTED_OPERATIONS, PERSISTED_ONLY, COST_PER_MINUTE } = config;
  const persisted = PERSISTED_OPERATIONS ? keepOperations(PERSISTED_OPERATIONS, PERSISTED_ONLY, schema) : noneKept;
  const guard = new Guard(schema, persisted, new Budget(COST_PER_MINUTE));
  await serveGraphql(app, guard, database);
  serveSockets(app, guard, database, allows);
  serveHealth(app, database);
  await servePages(app, await schemaDocument());
  keepHouse(app, database);
  return app;
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
    if (error instanceof AppError)
      return reply
        .code(error === raised ? statusOf(error) : 413)
        .headers(headersOf(error))
        .type("application/json; charset=utf-8")
        .send(errorBody(error.code, error.message, request.id, error.details));
    const status = error.statusCode ?? 500;
    if (status >= 500) request.log.error({ err: error }, "a request failed");
    const [code, message] =
      hints[error.code] ??
      (status < 500 ? ["BAD_REQUEST", error.message] : ["INTERNAL_SERVER_ERROR", "Internal server error"]);
    return reply
      .code(status)
      .type("application/json; charset=utf-8")
      .send(errorBody(code, message, request.id));
  });
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split("?", 1)[0]!;
    const [status, message] =
      path === "/graphql"
        ? [405, `${request.method} is not for /graphql; use POST, or GET for queries.`]
        : [404, `There is nothing at ${path}; the API is at /graphql.`];
    if (status === 405) reply.header("allow", "GET, POST");
    return reply
      .code(status as number)
      .type("application/json; charset=utf-8")
      .send(errorBody(status === 405 ? "BAD_REQUEST" : "NOT_FOUND", message as string, request.id));
  });
}

function bodyTooLarge({ headers }: FastifyRequest): AppError {
  return exceeds("body", headers["content-length"] ?? `more than ${limits.body.most}`);
}
