import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { GraphQLSchema } from "graphql";
import { AppError } from "../errors.js";
import type { Operation } from "../operation.js";
import type { Vault } from "../vault.js";
import { asksForPassword, type ContextFor } from "./context.js";
import { download } from "./download.js";
import { answerStatus, publicError, sendError } from "./errors.js";
import { upload } from "./upload.js";

/** What the door for files works with. */
export interface Door {
  schema: GraphQLSchema;
  vault: Vault;
  contextFor: ContextFor;
  /** The operation that adds the row of an uploaded file. */
  upload: Operation;
  /** Whether a page of that origin may call. */
  allows(origin: string | undefined): boolean;
}

/** Files up and down at `/vault`, as they are: a chunk of them in memory at a time. */
export async function serveVault(app: FastifyInstance, door: Door): Promise<void> {
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    // Whatever its type says, a body is bytes, and read by the handler.
    scope.addContentTypeParser("*", (_request, _body, done) => done(null));
    scope.setErrorHandler(answerError);
    scope.post("/vault", (request, reply) => upload(door, request, reply));
    scope.get("/vault/:vaultId", (request, reply) => download(door, request, reply));
  });
}

function answerError(error: FastifyError, request: FastifyRequest, reply: FastifyReply) {
  if (error.statusCode === 415) {
    const message = `${JSON.stringify(request.headers["content-type"])} is no content type; send application/octet-stream, or none.`;
    return sendError(reply, 415, "BAD_REQUEST", message);
  }
  const shown = publicError(error);
  if (!(shown instanceof AppError)) throw error;
  // A fault of the disk is over sooner or later.
  const status = shown.code === "INTERNAL_SERVER_ERROR" ? 503 : (answerStatus[shown.code] ?? 400);
  if (status >= 500) request.log.error({ reason: shown.message, ...shown.details }, "a file could not be served");
  if (status === 401 && asksForPassword(request)) reply.header("www-authenticate", 'Basic realm="soar-graphql"');
  for (const header of ["etag", "accept-ranges", "content-disposition"]) reply.removeHeader(header);
  return sendError(reply, status, shown.code, shown.message, shown.details);
}
