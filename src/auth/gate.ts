import { createHmac, randomBytes } from "node:crypto";
import { and, eq } from "drizzle-orm";
import { LRUCache } from "lru-cache";
import type { Database, Writer } from "../database/pools.js";
import { AppError } from "../errors.js";
import { users } from "../schema/user.js";
import { isAmong } from "./addresses.js";
import { countAttempt, forgetAttempt } from "./attempts.js";
import { type Credentials, credentialsOf, type Headers } from "./credentials.js";
import { isSigned, type OpenId, openIdAccounts } from "./openid.js";
import { isPassword } from "./passwords.js";
import { ofSession, ofToken } from "./secrets.js";
import { type Account, type Caller, findAccount, named } from "./who.js";

/** Where every door learns who is calling. */
export interface Gate {
  /** The caller whose credentials came with a request; refused without valid ones. */
  admit(headers: Headers, address: string): Promise<Caller>;
  /** The caller that credentials stand for. */
  identify(credentials: Credentials, address: string): Promise<Caller>;
}

/** Opens the gate to the users of a database, and of an identity provider if there is one. */
export function openGate(database: Database, openId?: OpenId): Gate {
  const ofProvider = openId && openIdAccounts(database, openId);
  const ofPassword = passwordAccounts(database);

  async function identify(credentials: Credentials, address: string): Promise<Caller> {
    const account = await accountOf(credentials, address);
    if (account.caller.type === "automation" && !isAmong(address, account.allowedIps)) {
      throw new AppError(
        "FORBIDDEN",
        `${account.caller.username} may not call from ${address}; an administrator can allow it with updateUser(input: {allowedIps}).`,
        { address },
      );
    }
    return account.caller;
  }

  async function accountOf(credentials: Credentials, address: string): Promise<Account> {
    if (credentials.by === "password") return ofPassword(credentials, address);
    if (credentials.by === "session")
      return known(await findAccount(database, ofSession(credentials.secret)), "The session has ended; log in again.");
    if (ofProvider && isSigned(credentials.token)) return ofProvider(credentials.token);
    return known(
      await findAccount(database, ofToken(credentials.token)),
      "The token is unknown, expired or revoked; `npm run token -- --user NAME` makes a new one.",
    );
  }

  return {
    identify,
    admit: async (headers, address) => {
      const credentials = credentialsOf(headers);
      if (credentials) return identify(credentials, address);
      throw noCredentials();
    },
  };
}

export function noCredentials(): AppError {
  return new AppError(
    "UNAUTHENTICATED",
    "Send a token: `Authorization: Bearer <token>` or `ph-auth-token: <token>`; or log in at /session.",
  );
}

function known(account: Account | undefined, otherwise: string): Account {
  if (account) return account;
  throw new AppError("UNAUTHENTICATED", otherwise);
}

/** How long a password that was right need not be hashed again, for those who send it with every request. */
const remembered = 60_000;

function passwordAccounts(database: Database) {
  const key = randomBytes(32);
  const proofs = new LRUCache<string, Promise<boolean>>({ max: 1_000, ttl: remembered });

  return async ({ username, password }: Credentials & { by: "password" }, address: string): Promise<Account> => {
    const account = await findAccount(database, and(named(username), eq(users.type, "normal"))!);
    // The kept hash is part of it: a changed password is a wrong one at once.
    const told = JSON.stringify([username.toLowerCase(), account?.passwordHash, password]);
    const mark = createHmac("sha256", key).update(told).digest("base64");
    // The same words many times at once are one attempt.
    const proof = proofs.get(mark) ?? attempt(database.writer, { account: username, address }, password, account);
    proofs.set(mark, proof);
    const right = await proof.catch((error) => {
      proofs.delete(mark);
      throw error;
    });
    if (right) return account!;
    proofs.delete(mark);
    throw new AppError("UNAUTHENTICATED", "The user name or the password is wrong.");
  };
}

async function attempt(
  writer: Writer,
  subject: { account: string; address: string },
  password: string,
  account: Account | undefined,
): Promise<boolean> {
  await countAttempt(writer, subject);
  const right = await isPassword(password, account?.passwordHash ?? null);
  if (right) await forgetAttempt(writer, subject);
  return right;
}
