import { eq, sql } from "drizzle-orm";
import { refuse } from "../errors.js";
import { operation } from "../operation.js";
import { Container, containers } from "../schema/container.js";
import { defaulted, found, given, int, required, text, time } from "../schema/operations.js";
import { fromPostgresTime } from "../schema/scalars.js";
import { changeContainers } from "./changes.js";
import { container, onContainer } from "./container.js";

const signs: Record<string, 1 | -1> = { "+": 1, add: 1, "-": -1, subtract: -1 };

export const setDuetime = operation({
  name: "setDuetime",
  description:
    "phantom.set_duetime: moves the time a container is due by some minutes, later or earlier. INVALID_VALUE for a negative number, another operation, or a time that no calendar has.",
  decided: [
    "A container without a due time is due so many minutes from now, or before now.",
    "Zero is legal and moves nothing. To go back, subtract: negative minutes are refused.",
  ],
  may: "containers:edit",
  input: {
    container,
    operation: defaulted(text, "+", "`+` or `add`, `-` or `subtract`."),
    minutes: required(int, "How many minutes, 0 or more."),
  },
  payload: {
    newDueTime: given(time, "When it is due now."),
    container: found(Container, "containerId", "The container itself."),
  },
  on: onContainer,
  async run(work, { id }) {
    const { operation, minutes } = work.input;
    const sign = Object.hasOwn(signs, operation) ? signs[operation] : undefined;
    if (sign === undefined)
      return refuse("INVALID_VALUE", `${JSON.stringify(operation)} is none of + - add subtract.`, "operation");
    if (minutes < 0) return refuse("INVALID_VALUE", `minutes is ${minutes}; it takes 0 or more.`, "minutes");
    const moved = sql`coalesce(${containers.dueTime}, clock_timestamp()) + make_interval(mins => ${sign * minutes}::int)`;
    await changeContainers(work, [id], { dueTime: moved });
    const [row] = await work.writer
      .select({
        dueTime: containers.dueTime,
        inCalendar: sql<boolean>`${containers.dueTime} >= '0001-01-01Z' and ${containers.dueTime} < '10000-01-01Z'`,
      })
      .from(containers)
      .where(eq(containers.id, id));
    if (!row!.inCalendar)
      return refuse("INVALID_VALUE", `${minutes} minutes lead out of the years 1 to 9999.`, "minutes");
    const newDueTime = fromPostgresTime(row!.dueTime!);
    return { message: `Container ${id} is due ${newDueTime}.`, result: { newDueTime, containerId: id } };
  },
});
