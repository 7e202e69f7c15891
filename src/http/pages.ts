import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance } from "fastify";

/** The pages as vite built them. */
const built = fileURLToPath(new URL("../../dist/web", import.meta.url));

const strict = {
  "default-src": "'none'",
  "script-src": "'self'",
  // The editor and the graph set styles of their own.
  "style-src": "'self' 'unsafe-inline'",
  "img-src": "'self' data:",
  "font-src": "'self' data:",
  "connect-src": "'self'",
  "worker-src": "'self'",
  "base-uri": "'none'",
  "form-action": "'none'",
  "frame-ancestors": "'none'",
};

/** The graph is laid out by WebAssembly, in a worker; the library carries both within itself. */
const withGraph = {
  ...strict,
  "script-src": "'self' 'wasm-unsafe-eval'",
  "connect-src": "'self' data:",
  "worker-src": "'self' blob: data:",
};

/** The pages with what each may load: never anything from another host. */
const pages: Record<string, { file: string; policy: Record<string, string> }> = {
  "/": { file: "home.html", policy: strict },
  "/start": { file: "start.html", policy: strict },
  "/explorer": { file: "explorer.html", policy: strict },
  "/board": { file: "board.html", policy: strict },
  "/schema": { file: "schema.html", policy: withGraph },
};

/** Serves the pages, and the schema as a file; none of them needs credentials. */
export async function servePages(app: FastifyInstance, schemaDocument: string): Promise<void> {
  app.get("/schema.graphql", async (_, reply) => reply.type("text/plain; charset=utf-8").send(schemaDocument));
  if (!existsSync(built)) return app.log.warn("the pages are not built; `npm start` builds them");
  await app.register(fastifyStatic, { root: built, serve: false, preCompressed: true });
  for (const [path, { file, policy }] of Object.entries(pages)) {
    app.get(path, async (_, reply) => reply.headers(headers(policy)).sendFile(file, { maxAge: 0 }));
  }
  // A worker obeys the policy of its own file.
  const ofFiles = { ...headers(strict), vary: "origin, accept-encoding" };
  app.get<{ Params: { "*": string } }>("/assets/*", async (request, reply) =>
    reply.headers(ofFiles).sendFile(`assets/${request.params["*"]}`, { maxAge: "365d", immutable: true }),
  );
}

function headers(policy: Record<string, string>): Record<string, string> {
  return {
    "content-security-policy": Object.entries(policy)
      .map((words) => words.join(" "))
      .join("; "),
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
  };
}
