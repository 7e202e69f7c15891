import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { openGateway } from "./support/gateway.js";
const { ask, database, url, token } = await openGateway();
test("smoke", async () => {
  const q = `{ containerEvents(first: 2) { nodes { kind cursor time sequence container { id name } node { nodeId __typename ... on Comment { comment } } } pageInfo { endCursor hasNextPage } } }`;
  console.log(JSON.stringify(await ask(q)));
  const slow = ask(q.replace("first: 2", "first: 2, waitSeconds: 5"));
  for (const n of [1,2,3]) console.log(JSON.stringify((await ask(`mutation { comment(input: { container: 7, comment: "x${n}" }) { success } }`)).data));
  console.log(JSON.stringify(await slow));
  const answer = await fetch(`${url}/graphql/stream`, { method: "POST", headers: { authorization: `Bearer ${token}`, "content-type": "application/json" }, body: JSON.stringify({ query: "subscription { containerEvents { kind cursor time sequence node { nodeId } } }" }) });
  console.log(answer.status, answer.headers);
  setTimeout(() => ask(`mutation { comment(input: { container: 7, comment: "y" }) { success } }`), 300);
  let text = "";
  for await (const part of answer.body!) { text += Buffer.from(part).toString(); if (/COMMENT/.test(text)) break; }
  console.log(text);
  console.log((await database.writer.execute(sql`select * from event_log`)).rows);
});
