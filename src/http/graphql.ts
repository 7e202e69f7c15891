import { Readable } from "node:stream";
import { ApolloServer, type ApolloServerPlugin, HeaderMap, type HTTPGraphQLRequest } from "@apollo/server";
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from "@apollo/server/plugin/disabled";
import { fastifyApolloDrainPlugin } from "@as-integrations/fastify";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type FormattedExecutionResult, OperationTypeNode } from "graphql";
import type { Gate } from "../auth/gate.js";
import type { Context } from "../context.js";
import { AppError } from "../errors.js";
import type { Admitted, Guard } from "../guard/guard.js";
import { mistakesTold } from "../limits.js";
import { asksForPassword, type ContextFor, callersFirst } from "./context.js";
import { endOf } from "./ending.js";
import { costOf, formatError, isRefusal, nameRequest, publicError, refusalBody, requestError } from "./errors.js";
import { queryString, requestOf } from "./request.js";

/** What one request carries, and beside its answer the cost where that was asked for. */
type LoggedContext = Context & { log: FastifyRequest["log"]; told: { cost?: number }; asText?: boolean };

/** Runs what the guard let in and gives the whole answer, errors in the form that callers may read. */
export type Execute = (
  admitted: Admitted,
  context: Context,
  log: FastifyRequest["log"],
) => Promise<FormattedExecutionResult>;

const followElsewhere =
  "A subscription is followed over WebSocket at /graphql, or as an event stream at /graphql/stream; one answer cannot hold it.";

/** Serves GraphQL over HTTP at `/graphql`; other doors run their documents by the function it gives. */
export async function serveGraphql(
  app: FastifyInstance,
  { guard, gate, contextFor }: { guard: Guard; gate: Gate; contextFor: ContextFor },
): Promise<Execute> {
  const apollo = new ApolloServer<LoggedContext>({
    schema: guard.schema,
    introspection: true,
    // The guard has parsed and checked the document, under its limits; Apollo finds it there by its hash.
    documentStore: {
      get: async (key) => guard.document(key.slice(-64)),
      set: async () => {},
      delete: async () => {},
    },
    executionOptions: { maxCoercionErrors: mistakesTold },
    // Unmodified urql sends short queries by GET: credentials in a header are proof enough that no other site made the browser send it.
    csrfPrevention: {
      requestHeaders: ["authorization", "ph-auth-token", "apollo-require-preflight", "x-apollo-operation-name"],
    },
    persistedQueries: false,
    stopOnTerminationSignals: false,
    includeStacktraceInErrorResponses: false,
    formatError,
    stringifyResult: textOf,
    plugins: [
      fastifyApolloDrainPlugin(app),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginCacheControlDisabled(),
      answerAsText,
      logErrors,
      addExtensions,
    ],
  });
  await apollo.start();
  const admit = async (request: FastifyRequest, reply: FastifyReply, http: HTTPGraphQLRequest) => {
    const admitted = guard.admit(requestOf(request), request.caller!);
    const { query, operation, operationName, variables, extensions, cost } = admitted;
    if (operation?.operation === OperationTypeNode.SUBSCRIPTION) throw new AppError("BAD_REQUEST", followElsewhere);
    reply.header("x-query-cost", cost);
    http.body = { query, operationName: operationName ?? null, variables };
    if (request.method === "GET") http.search = queryString({ query, operationName, variables });
    const body = [query, operationName, variables];
    const context = await contextFor(request, { body, ending: endOf(reply.raw) });
    return { ...context, log: request.log, told: extensions.cost === true ? { cost } : {}, asText: true };
  };
  const findCaller = callersFirst(({ headers, ip }) => gate.admit(headers, ip));
  app.route({
    method: ["GET", "POST"],
    url: "/graphql",
    onRequest: async (request, reply) => {
      reply.header("x-query-cost", 0);
      await findCaller(request);
    },
    handler: async (request, reply) => {
      const http = { method: request.method, headers: headerMap(request), search: "", body: {} };
      let refusal: string | undefined;
      const context = async () => {
        try {
          return await admit(request, reply, http);
        } catch (error) {
          if (!isRefusal(error)) {
            request.log.error({ err: error }, "a request could not be admitted");
            throw error;
          }
          // A document may hold a password in the wrong place, and its mistakes quote it.
          const reason = error instanceof AppError ? error.message : error.code;
          request.log.info({ reason }, "a request was refused");
          reply.header("x-query-cost", costOf(error) ?? 0);
          refusal = refusalBody(error);
          throw requestError(error);
        }
      };
      const { headers, status, body } = await apollo.executeHTTPGraphQLRequest({ httpGraphQLRequest: http, context });
      for (const [name, value] of headers) reply.header(name, value);
      reply.code(status ?? 200);
      return body.kind === "complete" ? (refusal ?? body.string) : reply.send(Readable.from(body.asyncIterator));
    },
    onSend: async (request, reply, body) => {
      if (reply.statusCode === 401 && asksForPassword(request))
        reply.header("www-authenticate", 'Basic realm="soar-graphql"');
      return typeof body === "string" ? nameRequest(body, request.id) : body;
    },
  });
  return async ({ query, operationName, variables }, context, log) => {
    const contextValue = { ...context, log, told: {} };
    const { body } = await apollo.executeOperation({ query, operationName, variables }, { contextValue });
    return (body as Extract<typeof body, { kind: "single" }>).singleResult;
  };
}

function headerMap({ headers }: FastifyRequest): HeaderMap {
  const given = Object.entries(headers).filter((entry): entry is [string, string | string[]] => !!entry[1]);
  return new HeaderMap(given.map(([name, value]) => [name, [value].flat().join(", ")]));
}

/** The data of an answer that is JSON already; for Apollo it is an object like any other. */
class Written {
  constructor(readonly text: string) {}
}

/** Answers queries for rows alone without making objects of them. */
const answerAsText: ApolloServerPlugin<LoggedContext> = {
  async requestDidStart() {
    return {
      async responseForOperation({ schema, document, operation, request, contextValue }) {
        // Undefined where the document has none of the name given, whatever the types say.
        if (!contextValue.asText || !operation) return null;
        const variables = request.variables ?? {};
        const text = await contextValue.reads.answer({ schema, document, operation, variables });
        if (text === undefined) return null;
        const singleResult = { data: new Written(text) as never };
        return { http: { status: undefined, headers: new HeaderMap() }, body: { kind: "single", singleResult } };
      },
    };
  },
};

/** An answer as JSON. Apollo's own adds a line break, for which the whole text is copied. */
function textOf(answer: FormattedExecutionResult): string {
  const { data, ...rest } = answer;
  if (!(data instanceof Written)) return JSON.stringify(answer);
  const more = JSON.stringify(rest).slice(1);
  return `{"data":${data.text}${more === "}" ? "" : ","}${more}`;
}

const logErrors: ApolloServerPlugin<LoggedContext> = {
  async requestDidStart() {
    return {
      async didEncounterErrors({ errors, contextValue, operationName }) {
        for (const error of errors) {
          const shown = publicError(error);
          // What graphql-js says of a value quotes it, and it may be a password in the wrong place.
          const reason = shown instanceof AppError ? shown.message : shown?.extensions.code;
          if (shown) contextValue.log.info({ operationName, path: error.path, reason }, "a request was refused");
          else
            contextValue.log.error(
              { operationName, path: error.path, err: error.originalError ?? error },
              "a request failed",
            );
        }
      },
    };
  },
};

/** What is told beside the answer: what operations did and what it cost, to who asked. */
const addExtensions: ApolloServerPlugin<LoggedContext> = {
  async requestDidStart() {
    return {
      async willSendResponse({ contextValue: { trace, told }, response }) {
        if (response.body.kind !== "single") return;
        const { singleResult } = response.body;
        if (trace.length) singleResult.extensions = { ...singleResult.extensions, trace };
        if (told.cost !== undefined) singleResult.extensions = { ...singleResult.extensions, cost: told.cost };
      },
    };
  },
};
