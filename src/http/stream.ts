import type { FastifyInstance, FastifyRequest } from "fastify";
import { visitorOf } from "../auth/callers.js";
import { credentialsOf } from "../auth/credentials.js";
import { type Context, contextOf } from "../context.js";
import { AppError, type ErrorCode, httpStatus } from "../errors.js";
import { patiently } from "../events/patience.js";
import { documentOf } from "./documents.js";
import { EventStream } from "./event-stream.js";
import type { Live } from "./live.js";
import { type Asked, answersTo, toldErrors } from "./subscriptions.js";

/**
 * Serves subscriptions as Server-Sent Events at `/graphql/stream`, in the distinct connections form of graphql-sse, with
 * the cursor of each event as its id: whoever comes back with `Last-Event-ID` goes on there.
 */
export function serveStreams(app: FastifyInstance, live: Live): void {
  const streams = new Set<EventStream>();
  app.route({
    method: ["GET", "POST"],
    url: "/graphql/stream",
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
  refuseStrangers(request, live);
  const visitor = visitorOf(credentialsOf(request.headers), request.ip);
  // Browsers never come back to a stream that was refused.
  const caller = await patiently(
    () => live.callers.current(visitor),
    () => request.socket.destroyed,
  );
  const asked = askedBy(request);
  const contextValue: Context = contextOf(live, {
    caller,
    callerNow: () => live.callers.current(visitor),
    requestId: request.id,
    address: request.ip,
    headers: request.headers,
    body: null,
  });
  const document = documentOf(live.schema, asked);
  const { operationName, variables: variableValues } = asked;
  const frames = await answersTo(live, { schema: live.schema, document, operationName, variableValues, contextValue });

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

/** The GraphQL request of a POST's body or a GET's query string. */
function askedBy({ method, body, query }: FastifyRequest): Asked {
  const given = (method === "POST" ? body : query) as Partial<Record<keyof Asked, unknown>> | null;
  const { query: text, operationName, variables } = given ?? {};
  if (typeof text !== "string") throw malformed("`query` is missing: it holds the subscription.");
  if (operationName && typeof operationName !== "string") throw malformed("`operationName` is no text.");
  const values = typeof variables === "string" ? parsed(variables) : (variables ?? {});
  if (typeof values !== "object" || Array.isArray(values)) throw malformed("`variables` is no JSON object.");
  return {
    query: text,
    operationName: (operationName as string) || undefined,
    variables: values as Asked["variables"],
  };
}

function parsed(variables: string): unknown {
  try {
    return variables ? JSON.parse(variables) : {};
  } catch {
    throw malformed("`variables` is not valid JSON.");
  }
}

const malformed = (message: string) => new AppError("BAD_REQUEST", message);
