import fc from "fast-check";
import { expect, test } from "vitest";
import { openGateway } from "./support/gateway.js";
import { atOnce, call, newContainer, read } from "./support/operations.js";

const gateway = await openGateway();
const start = "2026-01-01T00:00:00.000000Z";
const minute = 60_000;

async function due(dueTime: string | null): Promise<number> {
  const container = await newContainer(gateway);
  await call(gateway, "update", { container, changes: { dueTime } });
  return container;
}

test("two hundred callers who add and subtract move it by the sum of all", async () => {
  const container = await due(start);
  const answers = await atOnce(200, (index) =>
    call(gateway, "setDuetime", { container, minutes: index, operation: index % 2 ? "-" : "+" }, "newDueTime"),
  );
  expect(answers.filter(({ success }) => success)).toHaveLength(200);
  const { dueTime, revision } = await read(gateway, container, "dueTime revision");
  expect(Date.parse(dueTime) - Date.parse(start)).toBe(-100 * minute);
  // One for the time it starts from; adding zero moves nothing.
  expect(revision).toBe(201);
});

test("any row of steps moves it by their sum, and each answer tells the time after it", async () => {
  const container = await due(start);
  const step = fc.record({
    minutes: fc.integer({ min: 0, max: 1_000_000 }),
    operation: fc.constantFrom("+", "add", "-", "subtract"),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 5 }), async (steps) => {
      let expected = Date.parse((await read(gateway, container, "dueTime")).dueTime);
      for (const { minutes, operation } of steps) {
        const { newDueTime } = await call(gateway, "setDuetime", { container, minutes, operation }, "newDueTime");
        expected += (operation === "+" || operation === "add" ? minutes : -minutes) * minute;
        expect(Date.parse(newDueTime)).toBe(expected);
      }
    }),
    { numRuns: 30 },
  );
});

test("microseconds survive", async () => {
  const container = await due("2020-11-05T21:39:22.048641Z");
  expect((await call(gateway, "setDuetime", { container, minutes: 1 }, "newDueTime")).newDueTime).toBe(
    "2020-11-05T21:40:22.048641Z",
  );
});

test("without a due time it counts from now", async () => {
  const container = await due(null);
  const before = Date.now();
  const { newDueTime } = await call(gateway, "setDuetime", { container, minutes: 60 }, "newDueTime");
  expect(Math.abs(Date.parse(newDueTime) - before - 60 * minute)).toBeLessThan(20_000);
});

test.each([
  ["9999-12-31T23:59:00Z", "+", 1],
  ["9999-12-31T23:59:00Z", "+", 2147483647],
  ["0001-01-01T00:00:00Z", "-", 1],
  ["0001-01-01T00:00:00Z", "-", 2147483647],
])("%s %s %i minutes is refused, as no calendar has it", async (dueTime, operation, minutes) => {
  const container = await due(dueTime);
  const refused = await call(gateway, "setDuetime", { container, minutes, operation }, "newDueTime");
  expect(refused).toMatchObject({ success: false, code: "INVALID_VALUE", field: "minutes", newDueTime: null });
  expect(Date.parse((await read(gateway, container, "dueTime")).dueTime)).toBe(Date.parse(dueTime));
});
