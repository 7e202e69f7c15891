import type { FastifyInstance, FastifyRequest } from "fastify";
import { visitorOf } from "../auth/callers.js";
import { credentialsOf } from "../auth/credentials.js";
import { type Context, contextOf } from "../context.js";
import { AppError, type ErrorCode, httpStatus } from "../errors.js";
import { patiently } from "../events/patience.js";
import { callersFirst } from "./context.js";
import { subscriptionOf } from "./documents.js";
import { EventStream } from "./event-stream.js";
import type { Live } from "./live.js";
import { requestOf } from "./request.js";
import { answersTo, toldErrors } from "./subscriptions.js";

/**
 * Serves subscriptions as Server-Sent Events at `/graphql/stream`, in the distinct connections form of graphql-sse, with
 * the cursor of each event as its id: whoever comes back with `Last-Event-ID` goes on there.
 */
export function serveStreams(app: FastifyInstance, live: Live): void {
  const streams = new Set<EventStream>();
  app.route({
    method: ["GET", "POST"],
    url: "/graphql/stream",
    onRequest: callersFirst(async (request) => {
      refuseStrangers(request, live);
      // Browsers never come back to a stream that was refused.
      return patiently(
        () => live.callers.current(visitorOf(credentialsOf(request.headers), request.ip)),
        () => request.socket.destroyed,
      );
    }),
    handler: async (request, reply) => {
      reply.header("cache-control", "no-store");
      try {
        const stream = await open(request, live);
        streams.add(stream);
        stream.body.once("close", () => streams.delete(stream));
        return reply.type("text/event-stream; charset=utf-8").header("x-accel-buffering", "no").send(stream.body);
      } catch (error) {
        const errors = toldErrors(error, request.id, live.log);
        const status = httpStatus[errors[0]!.extensions.code as ErrorCode] ?? 400;
        return reply.code(status).type("application/json; charset=utf-8").send({ errors });
      }
    },
  });
  app.addHook("preClose", async () => {
    for (const stream of streams) stream.sendAway();
  });
}

/** Opens the stream of a request; one that cannot be is refused before anything is sent. */
async function open(request: FastifyRequest, live: Live): Promise<EventStream> {
  const visitor = visitorOf(credentialsOf(request.headers), request.ip);
  const caller = request.caller!;
  const subscription = subscriptionOf(live.guard, requestOf(request), caller);
  const contextValue: Context = contextOf(live, {
    caller,
    callerNow: () => live.callers.current(visitor),
    requestId: request.id,
    address: request.ip,
    headers: request.headers,
    body: null,
  });
  const frames = await answersTo(live, { ...subscription, contextValue });

  const stream = new EventStream(frames);
  const told = (error: unknown) => ({ errors: toldErrors(error, request.id, live.log) });
  const end = (why: string) => stream.end(told(new AppError("UNAUTHENTICATED", why)));
  stream.body.once("close", live.connections.add({ caller, visitor, end }));
  void stream.run(told);
  return stream;
}

/** A page of another site cannot read what its browser may fetch with our caller's cookie, and shall not make it try. */
function refuseStrangers({ headers }: FastifyRequest, { admits }: Live): void {
  if (!admits(headers))
    throw new AppError("FORBIDDEN", `Pages of ${headers.origin} may not connect; see CORS_ORIGINS.`);
  const { accept = "*/*" } = headers;
  if (/text\/event-stream|\*\/\*/.test(accept)) return;
  throw new AppError("BAD_REQUEST", "This answers a stream of events: send `Accept: text/event-stream`.");
}
