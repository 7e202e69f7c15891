import fc from "fast-check";
import { expect, test } from "vitest";
import { openGateway } from "./support/gateway.js";
import { atOnce, call, newContainer, read } from "./support/operations.js";

const gateway = await openGateway();

test("a hundred callers who each add a tag and remove one all get their way", async () => {
  const container = await newContainer(gateway, { tags: Array.from({ length: 100 }, (_, index) => `old${index}`) });
  const answers = await atOnce(200, (index) =>
    index % 2
      ? call(gateway, "addTags", { container, tags: [`new${(index - 1) / 2}`] })
      : call(gateway, "removeTags", { container, tags: [`old${index / 2}`] }),
  );
  expect(answers.filter(({ success }) => success)).toHaveLength(200);
  const { tags, revision } = await read(gateway, container, "tags revision");
  expect(new Set(tags)).toEqual(new Set(Array.from({ length: 100 }, (_, index) => `new${index}`)));
  expect(tags).toHaveLength(100);
  expect(revision).toBe(201);
});

test("a hundred callers who add the same tag add it once, and one of them changes the container", async () => {
  const container = await newContainer(gateway);
  await atOnce(100, () => call(gateway, "addTags", { container, tags: ["same", "same"] }));
  expect(await read(gateway, container, "tags revision")).toEqual({ tags: ["same"], revision: 2 });
});

test("tags that are there already, or not there, change nothing", async () => {
  const container = await newContainer(gateway, { tags: ["a", "b"] });
  const before = await read(gateway, container, "revision containerUpdateTime");
  await call(gateway, "addTags", { container, tags: ["b", "a"] });
  await call(gateway, "removeTags", { container, tags: ["c"] });
  expect(await read(gateway, container, "revision containerUpdateTime")).toEqual(before);
});

test("any row of adding and removing leaves each tag once, in the order it came", async () => {
  const container = await newContainer(gateway);
  const tag = fc.oneof(fc.constantFrom("a", "A", "b"), fc.string({ minLength: 1, maxLength: 20, unit: "binary" }));
  const tags = fc.array(
    tag.filter((text) => text.trim() !== "" && !text.includes("\0")),
    { maxLength: 4 },
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom("addTags", "removeTags"), tags, async (operation, given) => {
      const { tags: before } = await read(gateway, container, "tags");
      await call(gateway, operation, { container, tags: given });
      const { tags: after } = await call(gateway, "getTags", { container }, "tags");
      const left = before.filter((one: string) => !given.includes(one));
      expect(after).toEqual(operation === "addTags" ? [...new Set([...before, ...given])] : left);
    }),
    { numRuns: 60 },
  );
});

test("an empty tag is refused and the others with it", async () => {
  const container = await newContainer(gateway);
  const refused = await call(gateway, "addTags", { container, tags: ["good", " "] });
  expect(refused).toMatchObject({ success: false, code: "INVALID_VALUE", field: "tags" });
  expect(await read(gateway, container, "tags")).toEqual({ tags: [] });
});

test("several containers get tags at once, each with an outcome of its own, in few statements", async () => {
  const [one, two] = [await newContainer(gateway), await newContainer(gateway)];
  const act = () =>
    call(
      gateway,
      "addTags",
      { containers: [two, 999_999, one], tags: ["x"] },
      "results { success code message container { id tags } } container { id }",
    );
  const first = await act();
  expect(first).toMatchObject({
    success: true,
    message: "Done for 2 of 3 containers.",
    container: null,
    results: [
      { success: true, code: null, container: { id: two, tags: ["x"] } },
      { success: false, code: "NOT_FOUND", message: "There is no container 999999.", container: null },
      { success: true, code: null, container: { id: one, tags: ["x"] } },
    ],
  });
  expect((await gateway.statements(act)).length).toBeLessThanOrEqual(8);
});

test("none of several containers, more than a hundred, or both ways at once are told apart", async () => {
  const none = await call(gateway, "addTags", { containers: [999_999], tags: ["x"] }, "results { code }");
  expect(none).toMatchObject({ success: false, code: "NOT_FOUND", results: [{ code: "NOT_FOUND" }] });
  expect(await call(gateway, "addTags", { containers: [], tags: ["x"] })).toMatchObject({ code: "CONTAINER_REQUIRED" });
  expect(await call(gateway, "addTags", { containers: [7], container: 7, tags: ["x"] })).toMatchObject({
    code: "INVALID_VALUE",
    field: "containers",
  });
  const { errors } = await gateway.ask(
    "mutation ($ids: [Int!]) { addTags(input: { containers: $ids, tags: [] }) { success } }",
    {
      ids: Array.from({ length: 101 }, (_, index) => index),
    },
  );
  expect(errors).toMatchObject([{ extensions: { code: "BAD_USER_INPUT", limit: 100 } }]);
});
