import type { FastifyReply, FastifyRequest } from "fastify";
import type { Context } from "../context.js";
import { AppError } from "../errors.js";
import type { Operation } from "../operation.js";
import { type Arrived, tooLarge, type Vault } from "../vault.js";
import { ask, numberOf } from "./context.js";
import { refusalStatus, sendError } from "./errors.js";
import { refuseOtherSites } from "./sites.js";
import type { Door } from "./vault.js";

const megabyte = 1024 * 1024;

/** Streams a body into the vault, then adds its row. */
export async function upload(
  { vault, contextFor, upload, ...door }: Door,
  request: FastifyRequest,
  reply: FastifyReply,
) {
  refuseOtherSites(request, door.allows);
  const asked = { ...uploadQuery(request.query), mimeType: mimeTypeOf(request.headers["content-type"]) };
  const caller = await contextFor(request);
  const limit = await limitFor(door.schema, caller, upload, asked.container ?? caller.container);
  // What will be refused anyway is not read.
  const arrived = limit === undefined ? undefined : await receive(vault, request, limit);
  const { success, code, field, message, result } = await contextFor(request, { body: [asked, arrived?.hash] })
    .then((context) => upload.execute(context, { ...asked, arrived }, upload.name))
    .finally(() => arrived && vault.discard(arrived));
  if (!success) return sendError(reply, refusalStatus[code!] ?? 409, code!, message, { field });
  const { vaultId, hash, size } = result;
  return reply.code(201).header("location", `/vault/${vaultId}`).send({ vaultId, hash, size });
}

function uploadQuery(query: unknown): { container: number | undefined; name: string } {
  const { container, name } = query as Record<string, unknown>;
  if (typeof name !== "string")
    throw new AppError("BAD_REQUEST", "Say once how the file is called: /vault?container=7&name=mail.eml");
  return { container: container === undefined ? undefined : numberOf("container", container), name };
}

/** Programs that were told nothing send the type of a form. A form with its parts around the bytes would be kept as the file. */
function mimeTypeOf(header: string | undefined): string {
  const type = /^\s*([\w!#$&^.+-]{1,64}\/[\w!#$&^.+-]{1,64})\s*(;|$)/.exec(header ?? "")?.[1]?.toLowerCase();
  if (type === "multipart/form-data")
    throw new AppError(
      "BAD_REQUEST",
      "Send the bytes of the file alone, as `curl --data-binary @FILE` does, not a form.",
    );
  return !type || type === "application/x-www-form-urlencoded" ? "application/octet-stream" : type;
}

/** How many bytes the caller may add to the container; undefined: none, as the operation will say. */
async function limitFor(
  schema: Door["schema"],
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
