import { and, eq, type SQL, sql } from "drizzle-orm";
import { personId } from "../auth/who.js";
import { refuse } from "../errors.js";
import { type Look, operation, question, type Work } from "../operation.js";
import {
  defaulted,
  flag,
  given,
  type InputOf,
  idOrName,
  int,
  object,
  optional,
  required,
  text,
} from "../schema/operations.js";
import { savedObjects } from "../schema/saved-object.js";
import { statuses } from "../schema/status.js";
import { findContainer, lockContainer } from "./container.js";
import { atMost, isGiven, playbookMeant } from "./names.js";

const place = {
  key: required(text, "The key it is kept under, of at most 255 characters."),
  container: optional(int, "The container it belongs to; left out, none. No header stands in."),
  playbook: optional(idOrName, "The playbook it belongs to, by id or `repository/name`; left out, none."),
};

type Place = InputOf<typeof place>;

const decided = ["A key means another object for each container and playbook, and for none of them."];

export const saveObject = operation({
  name: "saveObject",
  description:
    "phantom.save_object: keeps an object under a key for later runs, in place of the one there. WRONG_STATE with autoDelete on a resolved container, where it would never go.",
  decided,
  may: "containers:edit",
  input: {
    ...place,
    value: required(object, "The object, kept as it is."),
    autoDelete: defaulted(flag, true, "Whether it goes when its container is resolved."),
  },
  payload: { key: given(text, "The key.") },
  on: (work) => lockPlace(work),
  async run({ writer, input, context }, at) {
    const { value, autoDelete } = input;
    if (autoDelete && at.resolved) {
      const message = `Container ${at.containerId} is resolved: what goes then goes now. Set autoDelete to false.`;
      return refuse("WRONG_STATE", message, "autoDelete");
    }
    const content = { value, autoDelete, authorId: personId(context.caller) };
    const { key, containerId, playbookId } = at;
    await writer
      .insert(savedObjects)
      .values({ key, containerId, playbookId, ...content })
      .onConflictDoUpdate({
        target: [savedObjects.key, savedObjects.containerId, savedObjects.playbookId],
        set: { ...content, modifiedTime: sql`now()` },
      });
    return { message: `Saved under ${JSON.stringify(key)}.`, result: { key, ...shown(at) } };
  },
});

export const getObject = question({
  name: "getObject",
  description: "phantom.get_object: the object kept under a key. NOT_FOUND when there is none.",
  decided,
  may: "containers:view",
  input: place,
  payload: { value: given(object, "The object, as it was saved.") },
  on: (look) => placeOf(look),
  async run({ writer }, at) {
    const [row] = await writer.select({ value: savedObjects.value }).from(savedObjects).where(kept(at));
    if (!row) return refuse("NOT_FOUND", `Nothing is saved there under ${JSON.stringify(at.key)}.`, "key");
    return { message: `Found under ${JSON.stringify(at.key)}.`, result: { value: row.value } };
  },
});

export const clearObject = operation({
  name: "clearObject",
  description: "phantom.clear_object: removes the object kept under a key. NOT_FOUND when there is none.",
  decided,
  may: "containers:edit",
  input: place,
  payload: { key: given(text, "The key.") },
  on: (work) => lockPlace(work),
  async run({ writer }, at) {
    const [gone] = await writer.delete(savedObjects).where(kept(at)).returning({ id: savedObjects.id });
    if (!gone) return refuse("NOT_FOUND", `Nothing is saved there under ${JSON.stringify(at.key)}.`, "key");
    return { message: `Removed from ${JSON.stringify(at.key)}.`, result: { key: at.key, ...shown(at) } };
  },
});

interface At {
  key: string;
  containerId: number | null;
  playbookId: number | null;
  /** Whether the container is resolved. */
  resolved: boolean;
}

async function lockPlace(work: Work<Place>): Promise<At> {
  const { container } = work.input;
  if (isGiven(container)) await lockContainer(work, container);
  return placeOf(work);
}

async function placeOf(look: Look<Place>): Promise<At> {
  const { key, container, playbook } = look.input;
  if (key === "") refuse("INVALID_VALUE", "A key needs text.", "key");
  const found = isGiven(container) ? await findContainer(look, container) : undefined;
  const [status] = found
    ? await look.writer.select({ type: statuses.statusType }).from(statuses).where(eq(statuses.name, found.status))
    : [];
  return {
    key: atMost("key", 255, key),
    containerId: found?.id ?? null,
    playbookId: isGiven(playbook) ? (await playbookMeant(look, playbook)).id : null,
    resolved: status?.type === "resolved",
  };
}

const kept = ({ key, containerId, playbookId }: At): SQL | undefined =>
  and(
    eq(savedObjects.key, key),
    sql`${savedObjects.containerId} is not distinct from ${containerId}::int`,
    sql`${savedObjects.playbookId} is not distinct from ${playbookId}::int`,
  );

const shown = ({ containerId }: At) => (containerId === null ? {} : { containerId });
