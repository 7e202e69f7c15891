import { isDeepStrictEqual } from "node:util";
import { and, eq, sql } from "drizzle-orm";
import { createRemoteJWKSet, errors, type JWTVerifyGetKey, jwtVerify } from "jose";
import { lower } from "../database/letters.js";
import type { Database } from "../database/pools.js";
import { AppError } from "../errors.js";
import { roles, userRoles, users } from "../schema/user.js";
import { type Account, findAccount, named } from "./who.js";

/** How bearer tokens of an OpenID Connect provider are accepted. */
export interface OpenId {
  issuer: string;
  audience: string;
  usernameClaim: string;
  rolesClaim: string;
  /** The role that each value of the claim stands for; undefined: the role of that name. */
  roleMap?: ReadonlyMap<string, string>;
}

/** Finds the account that a provider's bearer token stands for, making it at its first visit. */
export function openIdAccounts(database: Database, options: OpenId): (token: string) => Promise<Account> {
  let keys: Promise<JWTVerifyGetKey> | undefined;
  return async (token) => {
    keys ??= keysOf(options.issuer);
    // A provider that cannot be reached now may be reached for the next request.
    keys.catch(() => {
      keys = undefined;
    });
    const claims = await verify(token, await keys, options);
    return accountOf(database, claims.username, claims.roles);
  };
}

/** Whether a bearer token is a signed JSON web token rather than one of ours. */
export function isSigned(token: string): boolean {
  const [header, ...rest] = token.split(".");
  if (rest.length !== 2) return false;
  try {
    return typeof JSON.parse(Buffer.from(header!, "base64url").toString()).alg === "string";
  } catch {
    return false;
  }
}

async function keysOf(issuer: string): Promise<JWTVerifyGetKey> {
  try {
    const answer = await fetch(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`, {
      signal: AbortSignal.timeout(5_000),
    });
    const { jwks_uri: address } = (await answer.json()) as { jwks_uri: string };
    return createRemoteJWKSet(new URL(address), { timeoutDuration: 5_000 });
  } catch {
    throw refused("the identity provider cannot be reached");
  }
}

async function verify(token: string, keys: JWTVerifyGetKey, options: OpenId) {
  const { issuer, audience, usernameClaim, rolesClaim, roleMap } = options;
  try {
    const { payload } = await jwtVerify(token, keys, { issuer, audience, requiredClaims: ["exp", usernameClaim] });
    const names = [payload[rolesClaim] ?? []].flat().map(String);
    const granted = roleMap ? names.flatMap((name) => roleMap.get(name) ?? []) : names;
    return { username: String(payload[usernameClaim]), roles: granted };
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw refused("it has expired");
    if (error instanceof errors.JWTClaimValidationFailed) throw refused(`its claim ${error.claim} is not acceptable`);
    if (error instanceof errors.JWKSTimeout) throw refused("the identity provider cannot be reached");
    throw refused("it is not signed by the identity provider");
  }
}

const refused = (why: string) => new AppError("UNAUTHENTICATED", `The bearer token cannot be accepted: ${why}.`);

/** The user of type `openid` of that name, holding the roles that the provider says, no others. */
async function accountOf(database: Database, username: string, granted: readonly string[]): Promise<Account> {
  const which = and(named(username), eq(users.type, "openid"))!;
  const names = sql.param(granted.map(lower));
  const wanted = sql`${roles} where lower(${roles.name}) = any(${names}::text[]) and not ${roles.disabled}`;
  const [standing, [row]] = await Promise.all([
    findAccount(database, which),
    database.read(sql`select coalesce(json_agg(${roles.name} order by ${roles.name}), '[]') from ${wanted}`),
  ]);
  if (standing && isDeepStrictEqual(standing.roles, JSON.parse(row![0]!))) return standing;
  await database.transaction(async (writer) => {
    await writer.insert(users).values({ username, type: "openid" }).onConflictDoNothing();
    const [user] = await writer.select({ id: users.id }).from(users).where(which).for("update");
    if (!user) throw refused(`${JSON.stringify(username)} is the name of an account that logs in here`);
    await writer.delete(userRoles).where(eq(userRoles.userId, user.id));
    await writer.execute(sql`insert into ${userRoles} select ${user.id}, ${roles.id} from ${wanted}`);
  });
  const account = await findAccount(database, which);
  if (!account) throw refused(`the account ${JSON.stringify(username)} is disabled`);
  return account;
}
