import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { FastifyInstance } from "fastify";
import type { ExecutionArgs, ExecutionResult } from "graphql";
import { CloseCode, GRAPHQL_TRANSPORT_WS_PROTOCOL } from "graphql-ws";
import { type Extra, useServer } from "graphql-ws/use/ws";
import { type WebSocket, WebSocketServer } from "ws";
import { type Visitor, visitorOf } from "../auth/callers.js";
import { credentialsOf, headerCredentials } from "../auth/credentials.js";
import type { Caller } from "../auth/who.js";
import { type Context, contextOf } from "../context.js";
import { AppError } from "../errors.js";
import { readJson } from "../guard/json.js";
import { limits } from "../limits.js";
import { subscriptionOf } from "./documents.js";
import { isRefusal } from "./errors.js";
import type { Live } from "./live.js";
import { answersTo, Failed, type Frames, failure, toldErrors } from "./subscriptions.js";

type Socket = Extra & { caller?: Caller; visitor?: Visitor } & Record<PropertyKey, unknown>;
type Args = ExecutionArgs & { contextValue: Context };

const mostSubscriptions = 100;

/** Clients are asked this often whether they are still there, in milliseconds; one that is silent as long is let go. */
const pingEvery = 12_000;

/** Serves subscriptions over WebSocket at `/graphql`; queries and mutations belong on HTTP. */
export function serveSockets(app: FastifyInstance, live: Live): void {
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
        try {
          await letIn(live, extra, connectionParams);
        } catch (error) {
          extra.socket.close(...farewell(error));
          return false;
        }
      },
      onSubscribe: ({ extra, subscriptions }, _, payload) => {
        const requestId = randomUUID();
        try {
          if (Object.keys(subscriptions).length > mostSubscriptions)
            throw failure(
              "RATE_LIMITED",
              `${mostSubscriptions} subscriptions run on this connection, which is the limit.`,
            );
          const subscription = subscriptionOf(live.guard, payload, extra.caller!);
          return { ...subscription, contextValue: contextOn(extra, live, requestId) };
        } catch (error) {
          return toldErrors(error, requestId, live.log);
        }
      },
      subscribe: (args) => resultsOf(() => answersTo(live, args as Args)),
      onError: (_, __, ___, [error]) =>
        error?.originalError instanceof Failed ? error.originalError.errors : undefined,
    },
    sockets,
    pingEvery,
  );
  app.server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // A client that is gone before it is answered; unheard, the event would end the process.
    socket.on("error", () => {});
    const refusal = refuse(request, live);
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

/**
 * Finds the caller of a connection and puts it on the list of those that are open. Credentials come in its parameters,
 * else in the headers of the request that opened it.
 */
async function letIn(
  { callers, connections, addressOf }: Live,
  extra: Socket,
  params: Record<string, unknown> | undefined,
): Promise<void> {
  const { socket, request } = extra;
  const credentials = headerCredentials(lowerCase(params)) ?? credentialsOf(request.headers);
  const visitor = visitorOf(credentials, addressOf(request));
  const caller = await callers.current(visitor);
  if (socket.readyState !== socket.OPEN) return;
  const end = (why: string) => socket.close(CloseCode.Forbidden, reason(why));
  socket.once("close", connections.add({ caller, visitor, end }));
  Object.assign(extra, { caller, visitor });
}

function contextOn({ caller, visitor }: Socket, live: Live, requestId: string): Context {
  return contextOf(live, {
    caller: caller!,
    callerNow: () => live.callers.current(visitor!),
    requestId,
    address: visitor!.address,
    headers: {},
    body: null,
  });
}

/** The answers as graphql-ws sends them: one at a time, the next is made when the last has left. */
function resultsOf(open: () => Promise<Frames>): AsyncGenerator<ExecutionResult, void, undefined> {
  let frames: Promise<Frames> | undefined;
  const opened = () => {
    frames ??= open();
    return frames;
  };
  const results: AsyncGenerator<ExecutionResult, void, undefined> = {
    next: async () => {
      const step = await (await opened()).next();
      return step.done ? step : { value: step.value.result };
    },
    // One that could not be opened is over already.
    return: () =>
      opened()
        .then(
          (frames) => frames.return(),
          () => undefined,
        )
        .then(() => ({ done: true, value: undefined })),
    throw: async (error) => (await opened()).throw(error) as Promise<IteratorReturnResult<void>>,
    [Symbol.asyncIterator]: () => results,
  };
  return results;
}

/** graphql-ws reads messages by itself, so what its reading would change in silence is refused before. */
function closeOnBadMessage(socket: WebSocket): void {
  socket.on("message", (data: Buffer) => {
    try {
      readJson(data);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      socket.close(CloseCode.BadRequest, reason(error.message));
    }
  });
}

/** The status line with which a connection is refused before it becomes a WebSocket; undefined: it is welcome. */
function refuse({ url, headers }: IncomingMessage, { admits }: Live): string | undefined {
  if (url?.split("?", 1)[0] !== "/graphql") return "404 Not Found";
  if (!admits(headers)) return "403 Origin not allowed";
  const offered = (headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
  return offered.includes(GRAPHQL_TRANSPORT_WS_PROTOCOL)
    ? undefined
    : `400 Speak the subprotocol ${GRAPHQL_TRANSPORT_WS_PROTOCOL}`;
}

/** How a connection is closed that cannot be let in. Clients come back by themselves after `tryAgainLater`, not after the others. */
function farewell(error: unknown): [code: number, reason: string] {
  if (!(error instanceof AppError)) return [tryAgainLater, "The caller cannot be identified at the moment."];
  const code = error.code === "RATE_LIMITED" ? CloseCode.TooManyInitialisationRequests : CloseCode.Unauthorized;
  return [code, reason(error.message)];
}

const tryAgainLater = 1013;

/** A closing frame has room for 123 bytes. */
const reason = (message: string) => Buffer.from(message).subarray(0, 120).toString();

function lowerCase(params: Record<string, unknown> | undefined): Record<string, string> {
  const texts = Object.entries(params ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  return Object.fromEntries(texts.map(([name, value]) => [name.toLowerCase(), value]));
}
