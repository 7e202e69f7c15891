import { describe, expect, test } from "vitest";
import { fromPostgresTime, IdOrNameScalar, parseTime, toPostgresTime } from "../src/schema/scalars.js";

describe("DateTime", () => {
  test.each([
    ["2020-11-05T21:39:22.048641Z", "2020-11-05T21:39:22.048641Z"],
    ["2020-11-05t21:39:22.048641z", "2020-11-05T21:39:22.048641Z"],
    ["2020-11-05T23:39:22.5+02:00", "2020-11-05T21:39:22.500000Z"],
    ["2020-12-31T23:59:59-00:30", "2021-01-01T00:29:59.000000Z"],
    ["2020-11-05 21:39:22.04864+00", "2020-11-05T21:39:22.048640Z"],
    ["2020-11-05 21:39:22-0330", "2020-11-06T01:09:22.000000Z"],
    ["2020-02-29T00:00:00Z", "2020-02-29T00:00:00.000000Z"],
    ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"],
  ])("takes %s", (given, expected) => {
    expect(parseTime(given)).toBe(expected);
  });

  test.each([
    "now",
    "tomorrow",
    "infinity",
    "",
    "2020-11-05",
    "2020-11-05T21:39:22",
    "2021-02-29T00:00:00Z",
    "2020-13-01T00:00:00Z",
    "2020-11-05T24:00:00Z",
    "2020-11-05T21:39:60Z",
    "2020-11-05T21:39:22.0486411Z",
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00+01:00",
    "9999-12-31T23:59:59-01:00",
    "2020-11-05T21:39:22+25:00",
    "2020-11-05T21:39:22Z; drop",
    1604612362,
    null,
    true,
  ])("refuses %s and shows it", (given) => {
    expect(() => parseTime(given)).toThrow(JSON.stringify(given));
  });

  test.each([
    ["2020-11-05 21:39:22.048641+00", "2020-11-05T21:39:22.048641Z"],
    ["2020-11-05 21:39:22.55643+00", "2020-11-05T21:39:22.556430Z"],
    ["2020-11-05 21:39:00+00", "2020-11-05T21:39:00.000000Z"],
  ])("is %s in Postgres and %s here, both ways", (postgres, here) => {
    expect([fromPostgresTime(postgres), toPostgresTime(here)]).toEqual([here, postgres]);
  });
});

describe("IdOrName", () => {
  test("is a number, a name, or null when empty", () => {
    expect([7, 0, "seven", "7", ""].map((given) => IdOrNameScalar.parseValue(given))).toEqual([
      7,
      0,
      "seven",
      "7",
      null,
    ]);
    for (const given of [1.5, 2 ** 31, true, {}, []])
      expect(() => IdOrNameScalar.parseValue(given)).toThrow("neither an id");
  });
});
