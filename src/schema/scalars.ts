import { GraphQLError, GraphQLScalarType, Kind } from "graphql";

export { GraphQLJSON, GraphQLJSONObject } from "graphql-scalars";

/** RFC 3339 or the form Postgres prints: date, `T` or a space, time, at most six digits of a second, an offset. */
const timeForm = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?([Zz]|[+-]\d\d(?::?\d\d)?)$/;

/** An instant in UTC with its microseconds, as the API writes it; refuses whatever is not exactly one instant. */
export function parseTime(value: unknown): string {
  const parts = typeof value === "string" ? timeForm.exec(value) : null;
  const refuse = (why: string) => {
    throw new GraphQLError(`${JSON.stringify(value)} ${why}.`);
  };
  if (!parts) return refuse("is not a time such as 2020-11-05T21:39:22.048641Z");
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const offset = offsetMinutes(parts[8]!);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const inCalendar = year > 0 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  if (!inCalendar || hour > 23 || minute > 59 || second > 59) return refuse("does not exist in the calendar");
  if (offset === undefined) return refuse("has no offset from UTC that exists");
  date.setUTCHours(hour, minute - offset, second);
  if (date.getUTCFullYear() < 1 || date.getUTCFullYear() > 9999) return refuse("is outside the years 1 to 9999 in UTC");
  return `${date.toISOString().slice(0, 19)}.${(parts[7] ?? "").padEnd(6, "0")}Z`;
}

function offsetMinutes(offset: string): number | undefined {
  if (/z/i.test(offset)) return 0;
  const [hours, minutes] = [Number(offset.slice(1, 3)), Number(offset.slice(3).replace(":", ""))];
  if (hours > 23 || minutes > 59) return undefined;
  return (offset.startsWith("-") ? -1 : 1) * (hours * 60 + minutes);
}

/** Postgres' text of a time in UTC, `2020-11-05 21:39:22.048641+00`, as the API writes it. */
export function fromPostgresTime(text: string): string {
  return `${text.slice(0, 10)}T${text.slice(11, 19)}.${text.slice(20, -3).padEnd(6, "0")}Z`;
}

/** The reverse of {@link fromPostgresTime}: trailing zeros of the second are dropped, as Postgres prints them. */
export function toPostgresTime(time: string): string {
  return `${time.slice(0, 19).replace("T", " ")}${time.slice(19, -1).replace(/\.?0+$/, "")}+00`;
}

const text = (value: unknown) => value as string;

export const DateTime = new GraphQLScalarType<string, string>({
  name: "DateTime",
  description:
    "An instant in UTC with microseconds, `2020-11-05T21:39:22.048641Z`. Input may carry any RFC 3339 offset or be in Postgres' form, `2020-11-05 21:39:22.048641+00`.",
  specifiedByURL: "https://www.rfc-editor.org/rfc/rfc3339",
  serialize: text,
  parseValue: parseTime,
  parseLiteral: (node) => parseTime(node.kind === Kind.STRING ? node.value : undefined),
});

function parseReference(value: unknown): number | string | null {
  if (value === "") return null;
  if (typeof value === "string") return value;
  if (Number.isInteger(value) && Math.abs(value as number) <= 2147483647) return value as number;
  throw new GraphQLError(`${JSON.stringify(value)} is neither an id (a whole number) nor a name.`);
}

/** What a caller refers to an object by. */
export type IdOrName = number | string;

export const IdOrNameScalar = new GraphQLScalarType<IdOrName | null>({
  name: "IdOrName",
  description:
    "Refers to an object: a number is its id, a string its name (or its id, when no object has that name and it is all digits); the empty string is null.",
  serialize: (value) => value as IdOrName,
  parseValue: parseReference,
  parseLiteral: (node) =>
    parseReference(node.kind === Kind.INT ? Number(node.value) : node.kind === Kind.STRING ? node.value : undefined),
});

export const BigIntScalar = new GraphQLScalarType<number>({
  name: "BigInt",
  description: "A whole number up to 9007199254740991 (2^53 − 1), for sizes in bytes.",
  serialize: (value) => value as number,
  parseValue: (value) => {
    if (Number.isSafeInteger(value)) return value as number;
    throw new GraphQLError(`${JSON.stringify(value)} is not a whole number up to 9007199254740991.`);
  },
});
