import type { GraphQLFieldResolver } from "graphql";
import { ObjectType, Query, Resolver, Subscription } from "type-graphql";
import type { Context } from "../context.js";
import { AppError } from "../errors.js";
import type { Delivery, Follower, Page, Wish } from "../events/feed.js";
import { type Topic, topics } from "../events/topics.js";
import { pageSize } from "../reads/connection.js";
import { addArguments, addField, type Class, namedClass } from "../schema/classes.js";
import { pagesOf } from "../schema/connections.js";
import { columnOf, Node } from "../schema/expose.js";
import { inputType, int, text, time, word } from "../schema/operations.js";
import { runStatus } from "../schema/playbook.js";

/*
 * Each topic becomes an event type, a subscription, and a list of the same name.
 */

/** What callers give of a topic: to follow it, or to read a page of it. */
interface Arguments {
  after?: string | null;
  filter?: Record<string, unknown> | null;
  first?: number | null;
  waitSeconds?: number | null;
}

type Resolve<Source> = GraphQLFieldResolver<Source, Context, never>;

export const longestWait = 30;

export const Subscriptions = namedClass("Subscriptions");
export const EventLists = namedClass("EventLists");
Resolver()(Subscriptions);
Resolver()(EventLists);

/** The resolvers that type-graphql does not know: of which type and field each is. */
export const eventResolvers: [type: string, field: string, resolve: Resolve<never>][] = [];

for (const topic of topics) {
  const { field, description, event } = topic;
  const type = eventType(topic);
  const { connection } = pagesOf(event.name, type, "`after`");
  const filter = inputType(`${event.name}Filter`, "Which events; all conditions given must hold.", topic.filter);

  const subscribe = ({ args, context }: { args: Arguments; context: Context }) => follow(topic, args, context);
  Subscription(() => type as never, { subscribe, description: `${description}, as it happens.` })(
    Subscriptions.prototype,
    field,
    {},
  );
  addArguments(Subscriptions, field, [
    ["after", text.thunk, "Every event after this cursor. Left out: from now, and the first event is a `START`."],
    ["filter", () => filter, "Only events that match."],
  ]);
  eventResolvers.push(["Subscription", field, (event: Delivery) => event]);

  const list = { nullable: true, description: `${description}, page by page and the oldest first.` };
  Query(() => connection as never, list)(EventLists.prototype, field, {});
  addArguments(EventLists, field, [
    ["after", text.thunk, "Only events after this cursor. Left out: from the oldest one kept."],
    ["filter", () => filter, "Only events that match."],
    ["first", int.thunk, "At most this many, 0 to 100; 50 when left out."],
    ["waitSeconds", int.thunk, `Where there is no event yet, waits so long for one; ${longestWait} at most.`],
  ]);
  eventResolvers.push(["Query", field, (_: unknown, args: Arguments, context) => page(topic, args, context)]);
}

function eventType({ event, object, part, node, status }: Topic): Class {
  const type = namedClass(event.name);
  ObjectType(event.name, { description: event.description, simpleResolvers: true })(type);
  addField(type, "kind", event.kind.thunk, "What happened; `START` where following begins.", {});
  addField(type, "cursor", text.thunk, "Its place among all events, for `after` and `Last-Event-ID`.", {});
  addField(type, "time", time.thunk, "When it happened.", {});
  addField(type, "sequence", int.thunk, `1, 2, 3 … without a gap for each ${object.target.name}; null at a \`START\`.`);
  if (status) addField(type, "status", word(runStatus).thunk, "The status it brought; null at a `START`.");
  addField(
    type,
    object.field,
    () => object.target.type,
    `The ${object.target.name} as it is now; null at a \`START\`.`,
  );
  const column = columnOf(object.target.table, "id");
  eventResolvers.push([
    event.name,
    object.field,
    (told: Delivery, _, { reads }, info) =>
      reads.one(told[object.key] ?? null, { target: object.target, column }, info),
  ]);
  if (part) {
    const { field, target } = part;
    addField(type, field, () => target.type, `The ${target.name} that brought it; null: none did.`);
    eventResolvers.push([
      event.name,
      field,
      ({ nodeType, nodeId }: Delivery, _, { reads }, info) =>
        nodeType === target.name ? reads.one(nodeId!, { target, column: columnOf(target.table, "id") }, info) : null,
    ]);
  }
  if (!node) return type;
  addField(type, "node", () => Node, "The object that changed, as it is now; null at a `START`, and when it is gone.");
  eventResolvers.push([
    event.name,
    "node",
    (told: Delivery, _, { reads }, info) => reads.node(told.nodeType ?? "", told.nodeId ?? null, info),
  ]);
  return type;
}

function follow(topic: Topic, { after, filter }: Arguments, context: Context): Follower {
  return context.feed!.follow(wish(topic, filter, context), context.lastEventId ?? after ?? undefined);
}

async function page(topic: Topic, args: Arguments, context: Context) {
  const waitSeconds = waitOf(args, context);
  const first = pageSize("first", args.first);
  const after = args.after ?? undefined;
  return asConnection(await context.feed!.page(wish(topic, args.filter, context), after, first, waitSeconds), after);
}

/** How long a caller is willing to wait, which the request may then take; refused beyond the limit. */
export function waitOf({ waitSeconds: given }: { waitSeconds?: number | null }, { ending }: Context): number {
  const waitSeconds = given ?? 0;
  if (waitSeconds >= 0 && waitSeconds <= longestWait) {
    ending?.extend(waitSeconds * 1000);
    return waitSeconds;
  }
  throw new AppError("BAD_USER_INPUT", `\`waitSeconds\` is ${waitSeconds}; it can be 0 to ${longestWait}.`, {
    waitSeconds,
    limit: longestWait,
  });
}

export function wish(topic: Topic, filter: Arguments["filter"], context: Context): Wish {
  return { topic, filter: filter ?? {}, caller: async () => (await context.later()).caller };
}

/** The end of a page is where reading ended, past the events that did not match: to read on is never to read anew. */
function asConnection({ deliveries, cursor, more }: Page, after: string | undefined) {
  return {
    nodes: deliveries,
    edges: deliveries.map((node) => ({ node, cursor: node.cursor })),
    pageInfo: {
      hasNextPage: more,
      hasPreviousPage: after !== undefined,
      startCursor: deliveries[0]?.cursor,
      endCursor: cursor,
    },
  };
}
