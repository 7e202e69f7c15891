import { createHash, randomBytes } from "node:crypto";
import { type SQL, sql } from "drizzle-orm";
import type { Database, Writer } from "../database/pools.js";
import { AppError } from "../errors.js";
import { roles, tokens, userRoles, users } from "../schema/user.js";
import type { Permission } from "./permissions.js";

/** Who is calling and what they may do. */
export interface Caller {
  readonly id: number;
  readonly username: string;
  /** `automation`, or how a person logs in. */
  readonly type: string;
  readonly defaultTenantId: number | null;
  readonly permissions: ReadonlySet<Permission>;
}

/** Whom objects name as their author or owner: automation is nobody. */
export function personId({ id, type }: Caller): number | null {
  return type === "automation" ? null : id;
}

/** The token of an `Authorization` or `ph-auth-token` header; header names in lower case. */
export function tokenOf(headers: Record<string, string | string[] | undefined>): string | undefined {
  const [own, authorization] = [headers["ph-auth-token"], headers.authorization];
  if (typeof own === "string" && own) return own.trim();
  if (typeof authorization !== "string") return undefined;
  const [scheme, credentials = ""] = authorization.trim().split(/ +/, 2) as [string, string?];
  if (scheme.toLowerCase() === "bearer") return credentials;
  if (scheme.toLowerCase() !== "basic") return undefined;
  const [user, ...password] = Buffer.from(credentials, "base64").toString().split(":");
  return user === "" ? password.join(":") : undefined;
}

/** The active user a valid token stands for. */
export async function findCaller(database: Database, token: string | undefined): Promise<Caller> {
  if (!token) {
    throw new AppError("UNAUTHENTICATED", "Send a token: `Authorization: Bearer <token>` or `ph-auth-token: <token>`.");
  }
  const caller = await readCaller(
    database,
    sql`exists (select from ${tokens} where ${tokens.userId} = ${users.id} and ${tokens.hash} = ${hashOf(token)}
      and ${tokens.revokeTime} is null and (${tokens.expireTime} is null or ${tokens.expireTime} > now()))`,
  );
  if (caller) return caller;
  throw new AppError(
    "UNAUTHENTICATED",
    "The token is unknown, expired or revoked; `npm run token -- --user NAME` makes a new one.",
  );
}

/** The active user of that name, for commands given on the machine itself. */
export async function callerNamed(database: Database, username: string): Promise<Caller> {
  const caller = await readCaller(database, sql`lower(${users.username}) = lower(${username})`);
  if (caller) return caller;
  throw new AppError("NOT_FOUND", `There is no active user ${JSON.stringify(username)}.`);
}

async function readCaller(database: Database, which: SQL): Promise<Caller | undefined> {
  const [row] = await database.read(sql`
    select ${users.id}, ${users.username}, ${users.type}, ${users.defaultTenantId},
      (select json_agg(distinct permission) from ${userRoles}
        join ${roles} on ${roles.id} = ${userRoles.roleId} and not ${roles.disabled}, unnest(${roles.permissions}) permission
        where ${userRoles.userId} = ${users.id})
    from ${users} where ${users.isActive} and ${which}`);
  if (!row) return undefined;
  const [id, username, type, defaultTenantId, permissions] = row;
  return {
    id: Number(id),
    username: username!,
    type: type!,
    defaultTenantId: defaultTenantId === null ? null : Number(defaultTenantId),
    permissions: new Set(JSON.parse(permissions ?? "[]")),
  };
}

/** Makes a token for a user and gives its only copy. */
export async function createToken(
  writer: Writer,
  username: string,
  token = `soar_${randomBytes(24).toString("base64url")}`,
): Promise<string> {
  const [user] = await writer
    .select({ id: users.id })
    .from(users)
    .where(sql`lower(${users.username}) = lower(${username})`);
  if (!user) throw new AppError("NOT_FOUND", `There is no user ${JSON.stringify(username)}.`);
  await writer
    .insert(tokens)
    .values({ userId: user.id, hash: hashOf(token) })
    .onConflictDoNothing();
  return token;
}

const hashOf = (token: string) => createHash("sha256").update(token).digest("hex");
