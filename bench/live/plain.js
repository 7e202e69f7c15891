/*
 * What graphql-ws gives without more: each socket gets what happens from memory, told in this process and kept nowhere. Every
 * `POST /publish?events=<n>` is n events.
 */
import { EventEmitter, on } from "node:events";
import { createServer } from "node:http";
import { GraphQLInt, GraphQLNonNull, GraphQLObjectType, GraphQLSchema, GraphQLString } from "graphql";
import { useServer } from "graphql-ws/use/ws";
import { WebSocketServer } from "ws";

const events = new EventEmitter().setMaxListeners(0);
const text = { type: new GraphQLNonNull(GraphQLString) };
const int = { type: GraphQLInt };

const Container = new GraphQLObjectType({ name: "Container", fields: { id: int, name: text } });
const ContainerEvent = new GraphQLObjectType({
  name: "ContainerEvent",
  fields: { kind: text, cursor: text, time: text, sequence: int, container: { type: Container } },
});

async function* follow() {
  yield { containerEvents: { kind: "START", cursor: cursorOf(0), time: new Date().toISOString() } };
  for await (const [event] of on(events, "event")) yield { containerEvents: event };
}

const cursorOf = (sequence) => Buffer.from(`e1.00000000.${sequence}`).toString("base64url");

const schema = new GraphQLSchema({
  query: new GraphQLObjectType({ name: "Query", fields: { ok: text } }),
  subscription: new GraphQLObjectType({
    name: "Subscription",
    fields: { containerEvents: { type: ContainerEvent, subscribe: follow } },
  }),
});

let sequence = 0;

function publish(count) {
  for (let n = 0; n < count; n++) {
    sequence++;
    const container = { id: 1, name: "Alert 1: unusual sign-in" };
    const time = new Date().toISOString().replace("Z", "000Z");
    events.emit("event", { kind: "BENCH", cursor: cursorOf(sequence), time, sequence, container });
  }
}

const server = createServer((request, response) => {
  publish(Number(new URL(request.url, "http://localhost").searchParams.get("events")));
  response.end();
});
useServer({ schema }, new WebSocketServer({ server, path: "/graphql" }));
server.listen(Number(process.env.PORT), process.env.HOST, 4096, () =>
  console.log(`http://127.0.0.1:${server.address().port}/graphql`),
);
process.on("SIGTERM", () => process.exit());
