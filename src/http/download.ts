import contentDisposition from "content-disposition";
import type { FastifyReply, FastifyRequest } from "fastify";
import { AppError } from "../errors.js";
import type { Vault } from "../vault.js";
import { ask, numberOf } from "./context.js";
import type { Door } from "./vault.js";

interface Item {
  id: number;
  name: string;
  hash: string;
  size: number;
  mimeType: string;
}

/** Streams the bytes of a vault item that the caller may see, as a file to save and not to open. */
export async function download({ schema, vault, contextFor }: Door, request: FastifyRequest, reply: FastifyReply) {
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
