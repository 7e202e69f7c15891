import contentDisposition from "content-disposition";
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type GraphQLSchema, graphql } from "graphql";
import type { Context } from "../context.js";
import { AppError, httpStatus, type RefusalCode } from "../errors.js";
import type { Operation } from "../operation.js";
import { type Arrived, tooLarge, type Vault } from "../vault.js";
import { errorBody, publicError } from "./errors.js";
import { asksForPassword, type ContextFor } from "./request.js";

interface Door {
  schema: GraphQLSchema;
  vault: Vault;
  contextFor: ContextFor;
  /** The operation that adds the row of an uploaded file. */
  upload: Operation;
  /** Whether a page of that origin may call. */
  allows(origin: string | undefined): boolean;
}

const megabyte = 1024 * 1024;

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

async function upload({ vault, contextFor, upload, ...door }: Door, request: FastifyRequest, reply: FastifyReply) {
  refuseOtherSites(request, door.allows);
  const asked = { ...uploadQuery(request.query), mimeType: mimeTypeOf(request.headers["content-type"]) };
  const caller = await contextFor(request);
  const limit = await limitFor(door.schema, caller, upload, asked.container ?? caller.container);
  // What will be refused anyway is not read.
  const arrived = limit === undefined ? undefined : await receive(vault, request, limit);
  const { success, code, field, message, result } = await contextFor(request, [asked, arrived?.hash])
    .then((context) => upload.execute(context, { ...asked, arrived }, upload.name))
    .finally(() => arrived && vault.discard(arrived));
  if (!success) return sendError(reply, refusalStatus[code!] ?? 409, code!, message, { field });
  const { vaultId, hash, size } = result;
  return reply.code(201).header("location", `/vault/${vaultId}`).send({ vaultId, hash, size });
}

/** A page of another site could make a browser upload with the credentials that the browser keeps. */
function refuseOtherSites({ headers }: FastifyRequest, allows: Door["allows"]): void {
  const elsewhere = ["cross-site", "same-site"].includes(String(headers["sec-fetch-site"]));
  const { origin, host } = headers;
  const ours = origin !== undefined && URL.canParse(origin) && new URL(origin).host === host;
  if (origin === undefined ? !elsewhere : ours || allows(origin)) return;
  throw new AppError("FORBIDDEN", `Pages of ${origin ?? "other sites"} may not upload; see CORS_ORIGINS.`);
}

function uploadQuery(query: unknown): { container: number | undefined; name: string } {
  const { container, name } = query as Record<string, unknown>;
  if (typeof name !== "string")
    throw new AppError("BAD_REQUEST", "Say once how the file is called: /vault?container=7&name=mail.eml");
  return { container: container === undefined ? undefined : numberOf("container", container), name };
}

function numberOf(what: string, given: unknown): number {
  if (typeof given === "string" && /^\d{1,10}$/.test(given) && Number(given) <= 2147483647) return Number(given);
  throw new AppError("BAD_REQUEST", `${what} is ${JSON.stringify(given)}; it takes one numeric id.`);
}

/** Programs that were told nothing send the type of a form. */
function mimeTypeOf(header: string | undefined): string {
  const type = /^\s*([\w!#$&^.+-]{1,64}\/[\w!#$&^.+-]{1,64})\s*(;|$)/.exec(header ?? "")?.[1]?.toLowerCase();
  return !type || type === "application/x-www-form-urlencoded" ? "application/octet-stream" : type;
}

/** How many bytes the caller may add to the container; undefined: none, as the operation will say. */
async function limitFor(
  schema: GraphQLSchema,
  context: Context,
  { may }: Operation,
  container: number | undefined,
): Promise<number | undefined> {
  if (container === undefined || !context.caller.permissions.has(may)) return undefined;
  const source = "query ($id: Int!) { container(id: $id) { id } systemSettings { fileMegabytes } }";
  const found = await ask(schema, context, source, container);
  return found.container ? (found.systemSettings as { fileMegabytes: number }).fileMegabytes * megabyte : undefined;
}

async function receive(vault: Vault, { raw, headers }: FastifyRequest, limit: number): Promise<Arrived> {
  try {
    const size = Number(headers["content-length"] ?? 0);
    if (size > limit) throw tooLarge(limit, size);
    // The connection outlives the bytes that are not read: the caller has to learn why.
    return await vault.receive(raw.iterator({ destroyOnReturn: false }), limit);
  } catch (error) {
    if (raw.destroyed && !raw.complete)
      throw new AppError("BAD_REQUEST", "The upload ended before its last byte; nothing was stored.");
    raw.resume();
    throw error;
  }
}

interface Item {
  id: number;
  name: string;
  hash: string;
  size: number;
  mimeType: string;
}

async function download({ schema, vault, contextFor }: Door, request: FastifyRequest, reply: FastifyReply) {
  const id = numberOf("The vault item", (request.params as { vaultId: string }).vaultId);
  const source = "query ($id: Int!) { vaultItem(id: $id) { id name hash size mimeType } }";
  const item = (await ask(schema, await contextFor(request), source, id)).vaultItem as Item | null;
  if (!item) throw new AppError("NOT_FOUND", `There is no vault item ${id}.`);
  reply.headers({
    etag: `"${item.hash}"`,
    "accept-ranges": "bytes",
    "cache-control": "private, no-cache",
    "content-disposition": contentDisposition(item.name.replace(/.*[/\\]/s, "") || "file"),
    "content-security-policy": "sandbox; default-src 'none'",
    "content-type": harmless.has(item.mimeType) ? item.mimeType : "application/octet-stream",
    "x-content-type-options": "nosniff",
  });
  if (request.headers["if-none-match"] === `"${item.hash}"`) return reply.code(304).send();
  return sendFile(vault, item, request.headers.range, reply);
}

/** Types that no program runs. */
const harmless = new Set(["text/plain", "image/png", "image/jpeg", "image/gif"]);

async function sendFile(vault: Vault, item: Item, wanted: string | undefined, reply: FastifyReply) {
  const file = await vault.open(item);
  if (!file) {
    const message = `The bytes of vault item ${item.id} are not in the vault of this gateway: restore DATA_DIR from a backup, or let all gateways share one.`;
    throw new AppError("INTERNAL_SERVER_ERROR", message, { hash: item.hash });
  }
  const range = rangeOf(wanted, item.size);
  if (range === "none") {
    await file.close();
    return reply.code(416).header("content-range", `bytes */${item.size}`).send();
  }
  if (range) reply.code(206).header("content-range", `bytes ${range.start}-${range.end}/${item.size}`);
  const { start, end } = range ?? { start: 0, end: item.size - 1 };
  reply.header("content-length", end - start + 1);
  if (end >= start) return reply.send(file.createReadStream({ start, end }));
  await file.close();
  return reply.send("");
}

/** The one range of bytes asked for; undefined: all of them, as for several ranges; "none": they are not there. */
function rangeOf(wanted: string | undefined, size: number): { start: number; end: number } | "none" | undefined {
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(wanted ?? "") ?? [];
  if (first === undefined || last === undefined || first + last === "") return undefined;
  const start = first === "" ? Math.max(size - Number(last), 0) : Number(first);
  const end = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  return start <= end ? { start, end } : "none";
}

/** Asks what any caller can ask, so that nobody sees more here than there. */
async function ask(schema: GraphQLSchema, contextValue: Context, source: string, id: number) {
  const { data, errors } = await graphql({ schema, source, contextValue, variableValues: { id } });
  if (errors?.[0]) throw errors[0].originalError ?? errors[0];
  return data as Record<string, unknown>;
}

const refusalStatus: Partial<Record<RefusalCode, number>> = {
  NOT_FOUND: 404,
  CONTAINER_REQUIRED: 400,
  INVALID_VALUE: 400,
  TOO_LONG: 400,
};

const errorStatus: Record<string, number> = {
  ...httpStatus,
  FORBIDDEN: 403,
  CONFLICT: 409,
  IDEMPOTENCY_CONFLICT: 409,
  QUERY_TOO_COMPLEX: 413,
  TIMEOUT: 503,
  OUTCOME_UNKNOWN: 503,
  INTERNAL_SERVER_ERROR: 503,
};

function answerError(error: FastifyError, request: FastifyRequest, reply: FastifyReply) {
  if (error.statusCode === 415) {
    const type = JSON.stringify(request.headers["content-type"]);
    return sendError(
      reply,
      415,
      "BAD_REQUEST",
      `${type} is no content type; leave it out, or send application/octet-stream.`,
      {},
    );
  }
  const shown = publicError(error);
  if (!(shown instanceof AppError)) throw error;
  const status = errorStatus[shown.code] ?? 400;
  if (status >= 500) request.log.error({ reason: shown.message, ...shown.details }, "a file could not be served");
  if (status === 401 && asksForPassword(request)) reply.header("www-authenticate", 'Basic realm="soar-graphql"');
  for (const header of ["etag", "accept-ranges", "content-disposition"]) reply.removeHeader(header);
  return sendError(reply, status, shown.code, shown.message, shown.details);
}

function sendError(
  reply: FastifyReply,
  status: number,
  code: string,
  message: string,
  details: Record<string, unknown>,
) {
  return reply
    .code(status)
    .header("cache-control", "no-store")
    .type("application/json; charset=utf-8")
    .send(errorBody(code, message, reply.request.id, details));
}
