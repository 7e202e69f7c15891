import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { FastifyInstance } from "fastify";
import { GraphQLError, type GraphQLSchema, getOperationAST, parse } from "graphql";
import { CloseCode, GRAPHQL_TRANSPORT_WS_PROTOCOL } from "graphql-ws";
import { type Extra, useServer } from "graphql-ws/use/ws";
import { WebSocketServer } from "ws";
import { credentialsOf, fromOurPage, headerCredentials } from "../auth/credentials.js";
import type { Gate } from "../auth/gate.js";
import { AppError } from "../errors.js";
import { publicError } from "./errors.js";
import type { Guest } from "./guests.js";

type Socket = Extra & { guest?: Guest } & Record<PropertyKey, unknown>;

const largestMessage = 64 * 1024;

/** Serves subscriptions over WebSocket at `/graphql`; queries and mutations belong on HTTP. `allows`: which pages may connect. */
export function serveSockets(
  app: FastifyInstance,
  schema: GraphQLSchema,
  gate: Gate,
  guests: Set<Guest>,
  allows: (origin: string | undefined) => boolean,
  addressOf: (request: IncomingMessage) => string,
): void {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: largestMessage,
    handleProtocols: (offered) => (offered.has(GRAPHQL_TRANSPORT_WS_PROTOCOL) ? GRAPHQL_TRANSPORT_WS_PROTOCOL : false),
  });
  const server = useServer<Record<string, unknown>, Socket>(
    {
      schema,
      connectionInitWaitTimeout: 5_000,
      onConnect: async ({ connectionParams, extra }) => {
        try {
          extra.guest = await welcome(extra, lowerCase(connectionParams), gate, addressOf(extra.request));
          guests.add(extra.guest);
        } catch (error) {
          extra.socket.close(CloseCode.Unauthorized, publicError(error)?.message.slice(0, 120) ?? "Unauthorized");
          return false;
        }
      },
      onClose: ({ extra }) => {
        if (extra.guest) guests.delete(extra.guest);
      },
      onSubscribe: (_, __, { query, operationName }) => refusalOf(query, operationName),
    },
    sockets,
  );
  app.server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const refusal = refuse(request, allows);
    if (refusal) return socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    sockets.handleUpgrade(request, socket, head, (opened) => sockets.emit("connection", opened, request));
  });
  app.addHook("preClose", async () => {
    // Clients that do not answer the farewell may not hold up the stop.
    const late = setTimeout(() => {
      for (const client of sockets.clients) client.terminate();
    }, 1_000);
    await server.dispose();
    clearTimeout(late);
  });
}

/** Credentials come in the connection's parameters, else in the headers of the request that opened it. */
async function welcome(
  { request, socket }: Extra,
  params: Record<string, string>,
  gate: Gate,
  address: string,
): Promise<Guest> {
  const credentials = headerCredentials(params) ?? credentialsOf(request.headers);
  if (!credentials) throw new AppError("UNAUTHENTICATED", "Send a token in the connection's parameters.");
  const caller = await gate.identify(credentials, address);
  const dismiss = (reason: string) => socket.close(CloseCode.Forbidden, reason.slice(0, 120));
  return { caller, credentials, address, dismiss };
}

/** Why an operation does not run on a socket; undefined: it does. */
function refusalOf(query: string, operationName: string | null | undefined): GraphQLError[] | undefined {
  try {
    if (getOperationAST(parse(query), operationName)?.operation === "subscription") return undefined;
  } catch (error) {
    return [new GraphQLError((error as Error).message, { extensions: { code: "GRAPHQL_PARSE_FAILED" } })];
  }
  const message = "Only subscriptions run over WebSocket; send queries and mutations by POST to /graphql.";
  return [new GraphQLError(message, { extensions: { code: "BAD_REQUEST" } })];
}

/** The status line with which a connection is refused before it becomes a WebSocket; undefined: it is welcome. */
function refuse(
  { url, headers }: IncomingMessage,
  allows: (origin: string | undefined) => boolean,
): string | undefined {
  if (new URL(url ?? "/", "http://localhost").pathname !== "/graphql") return "404 Not Found";
  if (!fromOurPage(headers) && !allows(headers.origin)) return "403 Origin not allowed";
  const offered = (headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
  return offered.includes(GRAPHQL_TRANSPORT_WS_PROTOCOL)
    ? undefined
    : `400 Speak the subprotocol ${GRAPHQL_TRANSPORT_WS_PROTOCOL}`;
}

function lowerCase(params: Record<string, unknown> | undefined): Record<string, string> {
  const texts = Object.entries(params ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  return Object.fromEntries(texts.map(([name, value]) => [name.toLowerCase(), value]));
}
