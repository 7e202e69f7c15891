import { eq, sql } from "drizzle-orm";
import { personId } from "../auth/who.js";
import { refuse } from "../errors.js";
import { operation, type Work } from "../operation.js";
import { Container } from "../schema/container.js";
import { nodeIdOf } from "../schema/expose.js";
import { defaulted, flag, found, given, int, nodeId, optional, required, text, word } from "../schema/operations.js";
import { Pin, pinStyle, pins, pinType } from "../schema/pin.js";
import { systemSettings } from "../schema/system.js";
import { container, lockContainerOf, onContainer } from "./container.js";
import { atMost } from "./names.js";

export const pin = operation({
  name: "pin",
  description:
    "phantom.pin: pins data to a container. A pin of the same name there is changed instead of adding one: its type and style, and message and data where given.",
  decided: [
    "An empty message, data or name is none. Lengths are counted in whole characters; the limit is the setting `pinLengthLimit`.",
    "Pinning a name again keeps a message or data that is left out.",
  ],
  may: "containers:edit",
  input: {
    container,
    message: optional(text, "What the data means; needed unless data is given."),
    data: optional(text, "The fact to pin; needed unless message is given."),
    pinType: defaulted(word(pinType), "data", "How it is laid out."),
    pinStyle: defaulted(word(pinStyle), "grey", "What colour it has."),
    truncate: defaulted(flag, true, "Whether to cut a message or data that is too long; false refuses it as TOO_LONG."),
    name: optional(text, "A name, unique in the container."),
  },
  payload: {
    pinId: given(int, "Id of the new or changed pin."),
    pin: found(Pin, "pinId", "The pin itself."),
  },
  on: onContainer,
  async run(work, { id }) {
    const { writer, input, context, emit } = work;
    const [message, data] = [blankAsNull(input.message), blankAsNull(input.data)];
    if (message === null && data === null) return refuse("INVALID_VALUE", "A pin needs message or data.", "message");
    const limit = await lengthLimit(work);
    const content = {
      message: fit("message", message, limit, input.truncate),
      data: fit("data", data, limit, input.truncate),
      pinType: input.pinType,
      pinStyle: input.pinStyle,
    };
    const [pinned] = await writer
      .insert(pins)
      .values({
        ...content,
        containerId: id,
        name: blankAsNull(atMost("name", 255, input.name ?? "")),
        authorId: personId(context.caller),
      })
      .onConflictDoUpdate({
        target: [pins.containerId, pins.name],
        targetWhere: sql`${pins.name} is not null`,
        set: {
          ...content,
          message: content.message ?? sql`${pins.message}`,
          data: content.data ?? sql`${pins.data}`,
          modifiedTime: sql`now()`,
        },
      })
      .returning({ id: pins.id, added: sql<boolean>`xmax = 0` });
    emit(pinned!.added ? "PIN_ADDED" : "PIN_CHANGED", id, "Pin", pinned!.id);
    const done = pinned!.added ? `added to container ${id}` : `of container ${id} changed`;
    return { message: `Pin ${pinned!.id} ${done}.`, result: { pinId: pinned!.id, containerId: id } };
  },
});

export const updatePin = operation({
  name: "updatePin",
  description: "phantom.update_pin: changes what is given of a pin; null clears.",
  decided: [
    "A message or data that is too long is refused, not cut. A pin keeps at least one of the two.",
    "A type or style that is cleared is the default one again.",
  ],
  may: "containers:edit",
  input: {
    pinId: required(int, "Id of the pin."),
    message: optional(text, "What the data means."),
    data: optional(text, "The fact itself."),
    pinType: optional(word(pinType), "How it is laid out."),
    pinStyle: optional(word(pinStyle), "What colour it has."),
  },
  payload: { pinId: given(int, "Id of the pin."), pin: found(Pin, "pinId", "The pin itself.") },
  on: (work) => lockContainerOf(work, pins, "pin", work.input.pinId),
  async run(work, { id }) {
    const { writer, input, emit } = work;
    const { pinId, message, data, pinType, pinStyle } = input;
    const limit = await lengthLimit(work);
    const [standing] = await writer.select().from(pins).where(eq(pins.id, pinId));
    const content = {
      message: message === undefined ? standing!.message : fit("message", blankAsNull(message), limit, false),
      data: data === undefined ? standing!.data : fit("data", blankAsNull(data), limit, false),
    };
    if (content.message === null && content.data === null)
      return refuse("INVALID_VALUE", "A pin needs message or data; both would be cleared.", "message");
    await writer
      .update(pins)
      .set({
        ...content,
        pinType: pinType === null ? "data" : pinType,
        pinStyle: pinStyle === null ? "grey" : pinStyle,
        modifiedTime: sql`now()`,
      })
      .where(eq(pins.id, pinId));
    emit("PIN_CHANGED", id, "Pin", pinId);
    return { message: `Pin ${pinId} changed.`, result: { pinId, containerId: id } };
  },
});

export const deletePin = operation({
  name: "deletePin",
  description: "phantom.delete_pin: deletes a pin.",
  may: "containers:edit",
  input: { pinId: required(int, "Id of the pin.") },
  payload: {
    pinId: given(int, "Id of the deleted pin."),
    deletedNodeId: given(nodeId, "Its `nodeId`, for lists that a client keeps."),
    container: found(Container, "containerId", "The container it was pinned to."),
  },
  on: (work) => lockContainerOf(work, pins, "pin", work.input.pinId),
  async run({ writer, input, emit }, { id }) {
    const { pinId } = input;
    await writer.delete(pins).where(eq(pins.id, pinId));
    emit("PIN_DELETED", id, "Pin", pinId);
    return {
      message: `Pin ${pinId} deleted.`,
      result: { pinId, deletedNodeId: nodeIdOf("Pin", pinId), containerId: id },
    };
  },
});

const blankAsNull = (given: string | null | undefined) => given || null;

async function lengthLimit({ writer }: Work<unknown>): Promise<number> {
  const [settings] = await writer.select({ limit: systemSettings.pinLengthLimit }).from(systemSettings);
  return settings!.limit;
}

/** Counts and cuts whole characters, never half an emoji. */
function fit(field: string, given: string | null, limit: number, cut: boolean): string | null {
  if (given === null || given.length <= limit) return given;
  const characters = [...given];
  if (characters.length <= limit) return given;
  if (cut) return characters.slice(0, limit).join("");
  return refuse(
    "TOO_LONG",
    `The ${field} has ${characters.length} characters; ${limit} are the limit. Shorten it, or let \`pin\` cut it with truncate: true.`,
    field,
  );
}
