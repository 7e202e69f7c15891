import { randomUUID } from "node:crypto";
import cors from "@fastify/cors";
import Fastify, { type FastifyError, type FastifyInstance, LogController } from "fastify";
import type { Config } from "./config.js";
import type { Database } from "./database/pools.js";
import { keepHouse } from "./housekeeping.js";
import { errorBody } from "./http/errors.js";
import { serveGraphql } from "./http/graphql.js";
import { serveHealth } from "./http/health.js";
import { servePages } from "./http/pages.js";
import { contextFor } from "./http/request.js";
import { serveSockets } from "./http/sockets.js";
import { serveVault } from "./http/vault.js";
import { uploadVaultItem } from "./operations/vault.js";
import { gatewaySchema, schemaDocument } from "./resolvers/schema.js";
import { openVault } from "./vault.js";

const largestBody = 1024 * 1024;

/** Every door of the gateway on one port, not yet listening. Closing it lets requests under way finish. */
export async function createServer(config: Config, database: Database): Promise<FastifyInstance> {
  const app = Fastify({
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
  const toContext = contextFor(database, vault);
  await serveGraphql(app, schema, toContext);
  await serveVault(app, { schema, vault, contextFor: toContext, upload: uploadVaultItem, allows });
  serveSockets(app, schema, database, allows);
  serveHealth(app, database);
  await servePages(app, await schemaDocument());
  keepHouse(app, database, vault);
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
