import { sql } from "drizzle-orm";
import type { Writer } from "../database/pools.js";
import { AppError } from "../errors.js";
import { loginAttempts } from "../schema/token.js";

/** Wrong passwords within a quarter of an hour after which an account, or an address, has to wait. */
const limits = { account: 10, address: 50 };
const window = sql`interval '15 minutes'`;

export const expiredAttempts = sql`${loginAttempts.windowEnd} < now()`;

type Attempt = { account: string; address: string };

/**
 * Counts an attempt before it is judged, so that a hundred at once are a hundred; refused when there were too many, by
 * any gateway of the database.
 */
export async function countAttempt(writer: Writer, attempt: Attempt): Promise<void> {
  const t = loginAttempts;
  const counted = await writer
    .insert(t)
    .values(subjectsOf(attempt).map((subject) => ({ subject, attempts: 1, windowEnd: sql`now() + ${window}` })))
    .onConflictDoUpdate({
      target: t.subject,
      set: {
        attempts: sql`case when ${expiredAttempts} then 1 else ${t.attempts} + 1 end`,
        windowEnd: sql`case when ${expiredAttempts} then now() + ${window} else ${t.windowEnd} end`,
      },
    })
    .returning({
      subject: t.subject,
      attempts: t.attempts,
      wait: sql<number>`ceil(extract(epoch from ${t.windowEnd} - now()))::int`,
    });
  for (const { subject, attempts, wait } of counted) {
    const kind = subject.split(" ", 1)[0] as keyof typeof limits;
    if (attempts <= limits[kind]) continue;
    throw new AppError(
      "RATE_LIMITED",
      `Too many attempts to log in with this ${kind}; ${limits[kind]} in 15 minutes are the limit. Retry in ${wait} seconds.`,
      { limit: limits[kind], retryAfter: wait },
    );
  }
}

/** A right password clears the account, and does not count for the address. */
export async function forgetAttempt(writer: Writer, attempt: Attempt): Promise<void> {
  const [account, address] = subjectsOf(attempt);
  await writer
    .update(loginAttempts)
    .set({
      attempts: sql`case when ${loginAttempts.subject} = ${account} then 0 else ${loginAttempts.attempts} - 1 end`,
    })
    .where(sql`${loginAttempts.subject} in (${account}, ${address})`);
}

/** In an order of their own, in which concurrent attempts lock them. Long names share a row rather than fill the table. */
const subjectsOf = ({ account, address }: Attempt): [string, string] => [
  `account ${account.toLowerCase().slice(0, 255)}`,
  `address ${address}`,
];
