import { ApolloServer, type ApolloServerPlugin } from "@apollo/server";
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from "@apollo/server/plugin/disabled";
import { fastifyApolloDrainPlugin, fastifyApolloHandler } from "@as-integrations/fastify";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { GraphQLSchema } from "graphql";
import type { Context } from "../context.js";
import { AppError } from "../errors.js";
import { asksForPassword, type ContextFor } from "./context.js";
import { formatError, nameRequest, publicError, requestError } from "./errors.js";

type LoggedContext = Context & { log: FastifyRequest["log"] };

/** Serves GraphQL over HTTP at `/graphql`. */
export async function serveGraphql(app: FastifyInstance, schema: GraphQLSchema, contextFor: ContextFor): Promise<void> {
  const apollo = new ApolloServer<LoggedContext>({
    schema,
    introspection: true,
    // Unmodified urql sends short queries by GET: credentials in a header are proof enough that no other site made the browser send it.
    csrfPrevention: {
      requestHeaders: ["authorization", "ph-auth-token", "apollo-require-preflight", "x-apollo-operation-name"],
    },
    persistedQueries: false,
    stopOnTerminationSignals: false,
    includeStacktraceInErrorResponses: false,
    formatError,
    // Apollo's own adds a line break, for which the whole text is copied.
    stringifyResult: (value) => JSON.stringify(value),
    plugins: [
      fastifyApolloDrainPlugin(app),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginCacheControlDisabled(),
      logErrors,
      addTrace,
    ],
  });
  await apollo.start();
  const context = async (request: FastifyRequest): Promise<LoggedContext> => {
    try {
      return { ...(await contextFor(request)), log: request.log };
    } catch (error) {
      if (!publicError(error)) request.log.error({ err: error }, "a caller could not be identified");
      throw requestError(error);
    }
  };
  app.route({
    method: ["GET", "POST"],
    url: "/graphql",
    handler: fastifyApolloHandler(apollo, { context }),
    onSend: async (request, reply, body) => {
      reply.header("cache-control", "no-store");
      if (reply.statusCode === 401 && asksForPassword(request))
        reply.header("www-authenticate", 'Basic realm="soar-graphql"');
      return typeof body === "string" ? nameRequest(body, request.id) : body;
    },
  });
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

const addTrace: ApolloServerPlugin<LoggedContext> = {
  async requestDidStart() {
    return {
      async willSendResponse({ contextValue, response }) {
        if (response.body.kind !== "single" || contextValue.trace.length === 0) return;
        response.body.singleResult.extensions = { ...response.body.singleResult.extensions, trace: contextValue.trace };
      },
    };
  },
};
