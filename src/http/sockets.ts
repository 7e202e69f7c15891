import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { FastifyInstance } from "fastify";
import { type ExecutionArgs, GraphQLError } from "graphql";
import { CloseCode, GRAPHQL_TRANSPORT_WS_PROTOCOL } from "graphql-ws";
import { type Extra, useServer } from "graphql-ws/use/ws";
import { type WebSocket, WebSocketServer } from "ws";
import { type Caller, findCaller, tokenOf } from "../auth/who.js";
import type { Database } from "../database/pools.js";
import type { Guard } from "../guard/guard.js";
import { readJson } from "../guard/json.js";
import { limits } from "../limits.js";
import { isRefusal, publicError, refusalErrors } from "./errors.js";

type Socket = Extra & { caller?: Caller } & Record<PropertyKey, unknown>;

/** Serves subscriptions over WebSocket at `/graphql`; queries and mutations belong on HTTP. `allows`: which pages may connect. */
export function serveSockets(
  app: FastifyInstance,
  guard: Guard,
  database: Database,
  allows: (origin: string | undefined) => boolean,
): void {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: limits.message.most,
    handleProtocols: (offered) => (offered.has(GRAPHQL_TRANSPORT_WS_PROTOCOL) ? GRAPHQL_TRANSPORT_WS_PROTOCOL : false),
  });
  sockets.on("connection", closeOnBadMessage);
  const server = useServer<Record<string, unknown>, Socket>(
    {
      connectionInitWaitTimeout: 5_000,
      onConnect: async ({ connectionParams, extra }) => {
        const { headers } = extra.request;
        try {
          extra.caller = await findCaller(database, tokenOf({ ...headers, ...lowerCase(connectionParams) }));
        } catch (error) {
          extra.socket.close(CloseCode.Unauthorized, publicError(error)?.message.slice(0, 120) ?? "Unauthorized");
          return false;
        }
      },
      onSubscribe: ({ extra }, _, payload) => admit(guard, payload, extra.caller!),
    },
    sockets,
  );
  app.server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // Nobody else listens to it any more, and an error that nobody hears ends the process.
    socket.on("error", () => {});
    const refusal = refuse(request, allows);
    if (refusal) return socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    sockets.handleUpgrade(request, socket, head, (opened) => {
      sockets.emit("connection", opened, request);
      // ws closes the socket with the right code; graphql-ws would print a stack for each frame that is none.
      opened.removeAllListeners("error").on("error", () => {});
    });
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

/** graphql-ws reads messages by itself, so what its reading would change in silence is refused before. */
function closeOnBadMessage(socket: WebSocket): void {
  socket.on("message", (data: Buffer) => {
    try {
      readJson(data);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      socket.close(CloseCode.BadRequest, error.message.slice(0, 120));
    }
  });
}

/** What runs on a socket, or why it does not. */
function admit(guard: Guard, request: unknown, caller: Caller): ExecutionArgs | readonly GraphQLError[] {
  try {
    const { document, operation, operationName, variables: variableValues } = guard.admit(request, caller);
    if (operation?.operation === "subscription")
      return { schema: guard.schema, document, operationName, variableValues };
  } catch (error) {
    if (isRefusal(error)) return refusalErrors(error);
    throw error;
  }
  const message = "Only subscriptions run over WebSocket; send queries and mutations by POST to /graphql.";
  return [new GraphQLError(message, { extensions: { code: "BAD_REQUEST" } })];
}

/** The status line with which a connection is refused before it becomes a WebSocket; undefined: it is welcome. */
function refuse(
  { url, headers }: IncomingMessage,
  allows: (origin: string | undefined) => boolean,
): string | undefined {
  // Read as it is: what is no URL would throw here, and end the process.
  if (url?.split("?", 1)[0] !== "/graphql") return "404 Not Found";
  const ours =
    headers.origin !== undefined && URL.canParse(headers.origin) && new URL(headers.origin).host === headers.host;
  if (!ours && !allows(headers.origin)) return "403 Origin not allowed";
  const offered = (headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
  return offered.includes(GRAPHQL_TRANSPORT_WS_PROTOCOL)
    ? undefined
    : `400 Speak the subprotocol ${GRAPHQL_TRANSPORT_WS_PROTOCOL}`;
}

function lowerCase(params: Record<string, unknown> | undefined): Record<string, string> {
  const texts = Object.entries(params ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  return Object.fromEntries(texts.map(([name, value]) => [name.toLowerCase(), value]));
}
