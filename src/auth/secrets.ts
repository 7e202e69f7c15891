import { createHash, randomBytes } from "node:crypto";
import { eq, type SQL, sql } from "drizzle-orm";
import type { Writer } from "../database/pools.js";
import { fixed } from "../database/session.js";
import { AppError } from "../errors.js";
import { sessions, tokens } from "../schema/token.js";
import { users } from "../schema/user.js";
import { named } from "./who.js";

/*
 * Secrets that stand for a user: the tokens of scripts and the sessions of pages. Only their SHA-256 is kept.
 */

/** How long somebody stays logged in on a page. */
export const sessionHours = 12;

const hashOf = (secret: string) => createHash("sha256").update(secret).digest("hex");

export const newToken = () => `soar_${randomBytes(24).toString("base64url")}`;

const valid = sql`${tokens.revokeTime} is null and (${tokens.expireTime} is null or ${tokens.expireTime} > now())`;
const ownToken = fixed(
  sql`select from ${tokens} where ${tokens.userId} = ${users.id} and ${valid} and ${tokens.hash} =`,
);

/** The condition on `users` that a token stands for them. */
export function ofToken(token: string): SQL {
  return sql`exists (${ownToken} ${hashOf(token)})`;
}

/** The condition on `users` that a session is theirs; one that began with a token ends with it. */
export function ofSession(secret: string): SQL {
  const origin = sql`${sessions.tokenId} is null or exists (select from ${tokens} where ${tokens.id} = ${sessions.tokenId} and ${valid})`;
  return sql`exists (select from ${sessions} where ${sessions.userId} = ${users.id} and ${sessions.hash} = ${hashOf(secret)}
    and ${sessions.expireTime} > now() and (${origin}))`;
}

/** Makes a token for a user by name and gives its only copy. */
export async function createToken(writer: Writer, username: string, token = newToken()): Promise<string> {
  const [user] = await writer.select({ id: users.id }).from(users).where(named(username));
  if (!user) throw new AppError("NOT_FOUND", `There is no user ${JSON.stringify(username)}.`);
  await keepToken(writer, { userId: user.id, token });
  return token;
}

/** Keeps a token's hash and gives its number; undefined when it is kept already. */
export async function keepToken(
  writer: Writer,
  { token, ...rest }: { userId: number; token: string; name?: string; expireTime?: string | null },
): Promise<number | undefined> {
  const values = { ...rest, hash: hashOf(token) };
  const [kept] = await writer.insert(tokens).values(values).onConflictDoNothing().returning({ id: tokens.id });
  return kept?.id;
}

/** Begins a session of a user, bound to the token it was opened with, if any; refused with a token that is none of ours. */
export async function beginSession(writer: Writer, userId: number, token: string | undefined): Promise<string> {
  const secret = randomBytes(24).toString("base64url");
  await writer.insert(sessions).values({
    userId,
    hash: hashOf(secret),
    tokenId: token === undefined ? null : await tokenIdOf(writer, token),
    expireTime: sql`now() + make_interval(hours => ${sessionHours})`,
  });
  return secret;
}

/** An identity provider's token has an end that a session would not know. */
async function tokenIdOf(writer: Writer, token: string): Promise<number> {
  const [kept] = await writer
    .select({ id: tokens.id })
    .from(tokens)
    .where(eq(tokens.hash, hashOf(token)));
  if (kept) return kept.id;
  throw new AppError("BAD_REQUEST", "Only a token of this gateway begins a session; send others with every request.");
}

export async function endSession(writer: Writer, secret: string): Promise<void> {
  await writer.delete(sessions).where(eq(sessions.hash, hashOf(secret)));
}

/** Ends every session of a user, as when their password changes. */
export async function endSessions(writer: Writer, userId: number): Promise<void> {
  await writer.delete(sessions).where(eq(sessions.userId, userId));
}
