import { sql } from "drizzle-orm";
import { refuse } from "../errors.js";
import { operation, question } from "../operation.js";
import { Container, containers } from "../schema/container.js";
import { found, given, list, required, text } from "../schema/operations.js";
import { changeContainers } from "./changes.js";
import { atContainer, container, onContainer } from "./container.js";
import { atMost } from "./names.js";
import { answered, onContainers, severalContainers, severalPayload } from "./several.js";

export const addTags = operation({
  name: "addTags",
  description: "phantom.add_tags: adds tags to a container or several; those it has already stay as they are.",
  decided: ["Tags are compared letter by letter. An empty one is refused; an empty list adds nothing and succeeds."],
  may: "containers:edit",
  input: { ...severalContainers, tags: required(list(text), "The tags to add; a single one may stand alone.") },
  payload: severalPayload,
  on: onContainers,
  async run(work, several) {
    const tags = distinctTags(work.input.tags);
    const fresh = sql`array(select t from unnest(${sql.param(tags, containers.tags)}::text[]) with ordinality u(t, n)
      where t <> all(${containers.tags}) order by n)`;
    const ids = several.locked.map(({ id }) => id);
    await changeContainers(work, ids, { tags: sql`${containers.tags} || ${fresh}` });
    return answered(several, ({ id }) => `Tags added to container ${id}: ${quoted(tags)}.`);
  },
});

export const removeTags = operation({
  name: "removeTags",
  description: "phantom.remove_tags: removes tags from a container; those it does not have are no mistake.",
  may: "containers:edit",
  input: { container, tags: required(list(text), "The tags to remove; a single one may stand alone.") },
  payload: { container: found(Container, "containerId", "The container itself.") },
  on: onContainer,
  async run(work, { id }) {
    const { tags } = work.input;
    const left = sql`array(select t from unnest(${containers.tags}) with ordinality u(t, n)
      where t <> all(${sql.param(tags, containers.tags)}::text[]) order by n)`;
    await changeContainers(work, [id], { tags: left });
    return { message: `Tags removed from container ${id}: ${quoted(tags)}.`, result: { containerId: id } };
  },
});

export const getTags = question({
  name: "getTags",
  description: "phantom.get_tags: the tags of a container.",
  may: "containers:view",
  input: { container },
  payload: { tags: given(list(text), "Its tags, in the order in which they were added.") },
  on: atContainer,
  async run({ writer }, { id }) {
    const [row] = await writer.select({ tags: containers.tags }).from(containers).where(sql`${containers.id} = ${id}`);
    const tags = row?.tags ?? [];
    return { message: `Container ${id} has ${tags.length} ${tags.length === 1 ? "tag" : "tags"}.`, result: { tags } };
  },
});

/** Tags as they are stored: each once, none of them empty. */
export function distinctTags(tags: readonly string[] | null | undefined, field = "tags"): string[] {
  for (const tag of tags ?? []) {
    if (tag.trim() === "") refuse("INVALID_VALUE", "A tag needs text.", field);
    atMost("tag", 255, tag);
  }
  return [...new Set(tags)];
}

const quoted = (tags: readonly string[]) => tags.map((tag) => JSON.stringify(tag)).join(", ") || "none";
