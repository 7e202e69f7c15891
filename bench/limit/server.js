/*
 * How fast these answers can be given by hand on this platform: one statement per level, rows as Postgres' text, JSON put
 * together as text. It knows only the operations of the benchmark and does not read the GraphQL document.
 */
import { createServer } from "node:http";
import { addArtifact } from "./add.js";
import { callerOf } from "./database.js";
import { flat, nested, point } from "./reads.js";

const answers = { Nested: nested, Point: point, Flat: flat, Add: addArtifact };

const server = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", async () => {
    try {
      const caller = await callerOf(request.headers.authorization.slice("Bearer ".length));
      const { operationName, variables } = JSON.parse(Buffer.concat(chunks).toString());
      send(response, 200, `{"data":${await answers[operationName](variables, caller)}}`);
    } catch (error) {
      send(response, 500, JSON.stringify({ errors: [{ message: error.message }] }));
    }
  });
});

function send(response, status, text) {
  const body = Buffer.from(text);
  response.writeHead(status, { "content-type": "application/json; charset=utf-8", "content-length": body.length });
  response.end(body);
}

server.listen(Number(process.env.PORT), process.env.HOST, () => {
  console.log(`http://${process.env.HOST}:${server.address().port}/graphql`);
});
