import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from "fastify";
import type { GraphQLFormattedError } from "graphql";
import type { Gate } from "../../auth/gate.js";
import { AppError, type ErrorCode, Refusal } from "../../errors.js";
import type { Guard } from "../../guard/guard.js";
import { noneKept } from "../../guard/persisted.js";
import { asksForPassword, type ContextFor, callersFirst } from "../context.js";
import { endOf } from "../ending.js";
import { answerStatus, headersOf, publicError, refusalStatus } from "../errors.js";
import type { Execute } from "../graphql.js";
import { readBody, searchOf } from "../request.js";
import { refuseOtherSites } from "../sites.js";
import { routes } from "./index.js";
import type { Asked } from "./route.js";

/** What the door for REST works with. */
export interface Door {
  guard: Guard;
  gate: Gate;
  contextFor: ContextFor;
  execute: Execute;
  /** Whether a page of that origin may call. */
  allows(origin: string | undefined): boolean;
}

const methods: readonly HTTPMethods[] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/** The endpoints of the REST manual at `/rest`, answered by GraphQL documents. */
export async function serveRest(app: FastifyInstance, door: Door): Promise<void> {
  await app.register(rest, { prefix: "/rest" });

  async function rest(scope: FastifyInstance): Promise<void> {
    scope.removeAllContentTypeParsers();
    // Whatever its type says, a body is JSON: `curl -d` sends the type of a form.
    scope.addContentTypeParser("*", { parseAs: "buffer" }, async ({ headers }: FastifyRequest, body: Buffer) =>
      readBody(headers["content-type"], body),
    );
    scope.setErrorHandler(answerError);
    scope.setNotFoundHandler(({ url }, reply) => fail(reply, 404, `There is nothing at ${url.split("?", 1)[0]}.`));
    const onRequest = callersFirst(({ headers, ip }) => door.gate.admit(headers, ip));
    for (const { method, url, answer } of routes)
      scope.route({
        method,
        url,
        onRequest,
        handler: async (request, reply) => answer(await askedOf(door, request, reply)),
      });
    for (const url of new Set(routes.map((route) => route.url))) refuseOthers(scope, url);
  }
}

/** Tells whoever comes by another method which ones there are, whatever the body, which is not read. */
function refuseOthers(scope: FastifyInstance, url: string): void {
  const offered = routes.filter((route) => route.url === url).map(({ method }) => method as HTTPMethods);
  const allow = offered.join(", ");
  const refuse = async ({ method, url }: FastifyRequest, reply: FastifyReply) =>
    fail(reply.header("allow", allow), 405, `${method} is not for ${url.split("?", 1)[0]}; use ${allow}.`);
  scope.route({
    method: methods.filter((method) => !offered.includes(method)),
    url,
    onRequest: refuse,
    handler: refuse,
  });
}

async function askedOf(
  { guard, contextFor, execute, allows }: Door,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Asked> {
  if (request.method === "POST") refuseOtherSites(request, allows);
  const ending = endOf(reply.raw);
  let cost = 0;
  const run: Asked["run"] = async (query, variables = {}) => {
    // The documents are our own, also where callers may send none but those that are kept.
    const admitted = guard.admit({ query, variables }, request.caller!, noneKept);
    cost += admitted.cost;
    reply.header("x-query-cost", cost);
    const context = await contextFor(request, { body: [query, variables], ending });
    const { data, errors } = await execute(admitted, context, request.log);
    if (errors?.[0]) throw failureOf(errors[0]);
    return data;
  };
  const { params, url, body } = request;
  return { params: params as Record<string, string>, search: searchOf(url), body, run };
}

function failureOf({ message, extensions = {} }: GraphQLFormattedError): AppError {
  const { code, ...details } = extensions;
  return new AppError(code as ErrorCode, message, details);
}

function answerError(error: FastifyError, request: FastifyRequest, reply: FastifyReply) {
  if (error instanceof Refusal) return fail(reply, refusalStatus[error.code] ?? 409, error.message);
  const shown = publicError(error);
  if (!(shown instanceof AppError)) {
    const status = error.statusCode ?? 500;
    if (status >= 500) request.log.error({ err: error }, "a request failed");
    return fail(reply, status, status < 500 ? error.message : "Internal server error");
  }
  const status = answerStatus[shown.code] ?? 400;
  if (status === 401 && asksForPassword(request)) reply.header("www-authenticate", 'Basic realm="soar-graphql"');
  return fail(reply.headers(headersOf(shown)), status, shown.message);
}

function fail(reply: FastifyReply, status: number, message: string) {
  return reply.code(status).send({ failed: true, message });
}
