import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance } from "fastify";

/** The pages as vite built them. */
const built = fileURLToPath(new URL("../../dist/web", import.meta.url));

/** Nothing of a page comes from another host; the editor sets styles, and its workers are files of ours. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Serves the explorer, and the schema as a file; none of them needs credentials. */
export async function servePages(app: FastifyInstance, schemaDocument: string): Promise<void> {
  app.get("/schema.graphql", async (_, reply) => reply.type("text/plain; charset=utf-8").send(schemaDocument));
  app.get("/", async (_, reply) => reply.redirect("/explorer"));
  if (!existsSync(built)) return app.log.warn("the explorer is not built; `npm start` builds it");
  await app.register(fastifyStatic, { root: built, serve: false });
  app.get("/explorer", async (_, reply) => {
    reply.headers({
      "content-security-policy": contentSecurityPolicy,
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
    });
    return reply.sendFile("explorer.html", { cacheControl: false });
  });
  app.get<{ Params: { "*": string } }>("/assets/*", async (request, reply) => {
    return reply.sendFile(`assets/${request.params["*"]}`, { maxAge: "365d", immutable: true });
  });
}
