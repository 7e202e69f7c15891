import { serialize } from "cookie";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { type Credentials, cookieCredentials, fromOurPage, sessionCookie } from "../auth/credentials.js";
import type { Gate } from "../auth/gate.js";
import { beginSession, endSession, sessionHours } from "../auth/secrets.js";
import type { Database } from "../database/pools.js";
import { AppError } from "../errors.js";
import { limits } from "../limits.js";

const login = z.union([
  z.strictObject({ username: z.string().min(1), password: z.string().min(1) }),
  z.strictObject({ token: z.string().min(1) }),
]);

/** Serves `/session`, where pages log in and out: a cookie that scripts of the page cannot read stands for the user. */
export function serveSessions(app: FastifyInstance, database: Database, gate: Gate): void {
  const onRequest = async ({ headers }: FastifyRequest) => {
    if (!fromOurPage(headers)) throw new AppError("FORBIDDEN", "Only pages of this host can log in and out.");
  };
  // Whoever asks is nobody yet.
  app.post("/session", { onRequest, bodyLimit: limits.login.most }, async (request, reply) => {
    const credentials = read(request.body);
    const { id, username } = await gate.identify(credentials, request.ip);
    const token = credentials.by === "token" ? credentials.token : undefined;
    const secret = await beginSession(database.writer, id, token);
    reply.header("set-cookie", cookie(request, secret, sessionHours * 3600)).header("cache-control", "no-store");
    return { user: { id, username }, hours: sessionHours };
  });
  app.delete("/session", { onRequest }, async (request, reply) => {
    const credentials = cookieCredentials(request.headers);
    if (credentials) await endSession(database.writer, credentials.secret);
    return reply
      .code(204)
      .header("set-cookie", cookie(request, "", 0))
      .send();
  });
}

function read(body: unknown): Credentials {
  const given = login.safeParse(body);
  if (!given.success)
    throw new AppError("BAD_REQUEST", "Send {username, password} or {token}, as JSON, and nothing else.");
  return "token" in given.data ? { by: "token", ...given.data } : { by: "password", ...given.data };
}

/** Over TLS, of this process or of what stands in front of it, the cookie stays within TLS. */
function cookie({ protocol, headers }: FastifyRequest, secret: string, maxAge: number): string {
  const secure = protocol === "https" || headers["x-forwarded-proto"] === "https";
  return serialize(sessionCookie, secret, { path: "/", httpOnly: true, sameSite: "strict", secure, maxAge });
}
