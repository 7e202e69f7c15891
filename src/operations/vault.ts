import { type SQL, sql } from "drizzle-orm";
import type { Writer } from "../database/pools.js";
import { refuse } from "../errors.js";
import { type Done, operation, type Work } from "../operation.js";
import { found, given, int, list, object, optional, required, text } from "../schema/operations.js";
import { VaultItem, vaultItems } from "../schema/vault.js";
import type { Arrived, Vault } from "../vault.js";
import { container, type LockedContainer, onContainer } from "./container.js";
import { atMost } from "./names.js";

/** What fits into one GraphQL request with room for the rest of it. */
const largestInline = 512 * 1024;

const described = {
  container,
  name: required(text, "Its file name, as it is to be shown."),
  contains: optional(list(text), "What it is for actions, such as `pe file`; `vault id` is always added."),
  metadata: optional(object, "What there is to say about it."),
};

export const addVaultItem = operation({
  name: "addVaultItem",
  description:
    "Adds a small file to a container. Larger ones are sent as they are: `POST /vault?container=7&name=mail.eml`.",
  may: "containers:edit",
  input: { ...described, contentBase64: required(text, "Its bytes in base64, 512 KiB of them at most.") },
  payload: {
    vaultId: given(int, "Id of the new vault item."),
    vaultItem: found(VaultItem, "vaultId", "The new vault item."),
  },
  on: onContainer,
  async run(work, target) {
    const bytes = decoded(work.input.contentBase64);
    const { vault } = work.context;
    const arrived = await vault.receive([bytes]);
    try {
      return await attach(work, target, arrived, work.input);
    } finally {
      await vault.discard(arrived);
    }
  },
});

/** What the door for files asks for once it has the bytes; without them what is refused anyway. */
export const uploadVaultItem = operation({
  name: "uploadVaultItem",
  description: "Adds a file whose bytes came in through the vault's own door.",
  may: "containers:edit",
  input: {
    ...described,
    mimeType: required(text, "What kind of file it is."),
    arrived: optional(object, "The bytes."),
  },
  payload: {},
  on: onContainer,
  async run(work, target) {
    const { arrived } = work.input;
    if (!arrived) return refuse("NOT_FOUND", `There was no container ${target.id} a moment ago; try again.`);
    return attach(work, target, arrived as unknown as Arrived, work.input);
  },
});

interface Described {
  name: string;
  contains?: string[] | null;
  metadata?: Record<string, unknown> | null;
  mimeType?: string;
}

async function attach(
  { writer, context, emit }: Work<unknown>,
  { id }: LockedContainer,
  arrived: Arrived,
  { name, contains, metadata, mimeType }: Described,
): Promise<Done> {
  const { hash, sha1, md5, size } = arrived;
  const fileName = usable(name);
  await keepContent(writer, context.vault, arrived);
  const [added] = await writer
    .insert(vaultItems)
    .values({
      containerId: id,
      userId: context.caller.id,
      name: fileName,
      hash,
      sha1,
      md5,
      size,
      mimeType,
      contains: [...new Set(["vault id", ...(contains ?? [])])],
      metadata: metadata ?? {},
    })
    .returning({ id: vaultItems.id });
  emit("VAULT_ITEM_ADDED", id, "VaultItem", added!.id);
  return {
    message: `File ${JSON.stringify(fileName)} of ${size} bytes added to container ${id} as vault item ${added!.id}.`,
    result: { vaultId: added!.id, hash, size, containerId: id },
  };
}

/** Gives bytes their name in the vault, from where nobody removes them until this transaction has committed their row. */
export async function keepContent(writer: Writer, vault: Vault, arrived: Arrived): Promise<void> {
  await writer.execute(sql`select pg_advisory_xact_lock_shared(${contentLock(arrived.hash)})`);
  await vault.keep(arrived);
}

/** The lock of a content: shared by those who add rows for it, alone to whoever removes it. */
export const contentLock = (hash: string): SQL => sql`hashtextextended(${hash}, 0)`;

/** Buffer skips what is not base64: only what it writes the same way was. */
function decoded(contentBase64: string): Buffer {
  const bytes = Buffer.from(contentBase64, "base64");
  if (bytes.toString("base64") !== contentBase64)
    refuse("INVALID_VALUE", "contentBase64 is not base64 with padding and without line breaks.", "contentBase64");
  if (bytes.length <= largestInline) return bytes;
  const message = `The file has ${bytes.length} bytes; ${largestInline} are the limit here. Send it as it is to POST /vault?container=…&name=….`;
  return refuse("TOO_LONG", message, "contentBase64");
}

/** Names are only ever shown, so any is good that can be stored and seen. */
function usable(name: string): string {
  if (name.includes("\0")) return refuse("INVALID_VALUE", "A file name has no NUL character.", "name");
  if (name.trim() === "") return refuse("INVALID_VALUE", "A file needs a name.", "name");
  return atMost("name", 255, name);
}
