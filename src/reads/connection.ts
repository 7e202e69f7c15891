import type { TextRow } from "../database/pools.js";
import { AppError } from "../errors.js";
import { defaultPage, largestPage } from "../limits.js";
import type { Exposed, Row } from "../schema/expose.js";
import { readCursor, writeCursor } from "./cursor.js";
import type { Filter } from "./filter.js";
import { countedAtMost, type Page } from "./level.js";
import type { Found, objectsOf } from "./objects.js";
import type { OrderKey } from "./order.js";

/** The arguments of a connection as callers give them. */
export interface ConnectionArguments {
  first?: number | null;
  after?: string | null;
  last?: number | null;
  before?: string | null;
  filter?: Filter | null;
  orderBy?: { field: string; direction: "asc" | "desc" }[] | null;
}

/** The page that arguments ask for; refuses what contradicts itself or a limit. */
export function pageOf(target: Exposed, args: ConnectionArguments, fields: { has(field: string): boolean }): Page {
  const { first, last, after, before } = args;
  if (isGiven(first) && isGiven(last))
    throw wrong("`first` and `last` exclude each other; give one of them.", { first, last });
  const backward = isGiven(last) || (!isGiven(first) && isGiven(before) && !isGiven(after));
  const limit = pageSize(backward ? "last" : "first", backward ? last : first);
  const order = orderOf(args.orderBy);
  const place = (cursor?: string | null) => (isGiven(cursor) ? readCursor(cursor, target, order) : undefined);
  const rowsWanted = ["nodes", "edges", "pageInfo"].some((field) => fields.has(field));
  return {
    order,
    backward,
    // One row more is read to see whether there is one; of a count alone, none.
    limit: rowsWanted ? limit : -1,
    after: place(after),
    before: place(before),
    filter: args.filter,
    count: fields.has("totalCount") || fields.has("totalCountExact"),
  };
}

const isGiven = <T>(value: T | null | undefined): value is T => value !== null && value !== undefined;

/** How many objects a page has at most; refuses what is no such number. */
export function pageSize(name: "first" | "last", given: number | null | undefined): number {
  const value = given ?? defaultPage;
  if (value < 0) throw wrong(`\`${name}\` is ${value}; it cannot be negative.`, { [name]: value });
  if (value > largestPage)
    throw wrong(`\`${name}\` is ${value}; it can be ${largestPage} at most, read on with a cursor.`, {
      [name]: value,
      limit: largestPage,
    });
  return value;
}

function wrong(message: string, details: Record<string, unknown>): AppError {
  return new AppError("BAD_USER_INPUT", message, details);
}

/** The keys given, then the id, so that no two rows are equal; keys after the first mention of one change nothing. */
function orderOf(given: ConnectionArguments["orderBy"]): OrderKey[] {
  const order: OrderKey[] = [];
  for (const { field, direction } of given ?? []) {
    if (!order.some(({ property }) => property === field)) order.push({ property: field, direction });
  }
  const id = order.findIndex(({ property }) => property === "id");
  if (id >= 0) return order.slice(0, id + 1);
  return [...order, { property: "id", direction: order.at(-1)?.direction ?? "asc" }];
}

/** A page of what one parent has. */
export class Slice {
  /** Its rows in the order of the list, as Postgres' text. */
  readonly rows: readonly TextRow[];
  readonly #more: boolean;

  constructor(
    readonly page: Page,
    readonly properties: readonly string[],
    readonly found: Found,
  ) {
    const within = found.rows.slice(0, page.limit);
    this.#more = found.rows.length > page.limit;
    this.rows = page.backward ? within.reverse() : within;
  }

  get from(): number {
    return this.found.from;
  }

  get pageInfo() {
    const [first, last] = [this.rows.at(0), this.rows.at(-1)];
    const { backward, after, before } = this.page;
    return {
      hasNextPage: backward ? before !== undefined : this.#more,
      hasPreviousPage: backward ? this.#more : after !== undefined,
      startCursor: first && this.cursorOf(first),
      endCursor: last && this.cursorOf(last),
    };
  }

  get totalCount(): number {
    return Math.min(this.found.count, countedAtMost);
  }

  get totalCountExact(): boolean {
    return this.found.counted && this.found.count <= countedAtMost;
  }

  cursorOf(cells: TextRow): string {
    const { page, properties } = this;
    return writeCursor(
      page.order,
      page.order.map(({ property }) => cells[this.from + properties.indexOf(property)]!),
    );
  }
}

/** The same as graphql-js reads it. */
export class Connection extends Slice {
  readonly #objects: readonly Row[];

  constructor(page: Page, properties: readonly string[], found: Found, toObject: ReturnType<typeof objectsOf>) {
    super(page, properties, found);
    this.#objects = this.rows.map((cells) => toObject(cells, this.from));
  }

  get nodes(): readonly Row[] {
    return this.#objects;
  }

  get edges(): { node: Row; cursor: string }[] {
    return this.#objects.map((node, index) => ({ node, cursor: this.cursorOf(this.rows[index]!) }));
  }
}
