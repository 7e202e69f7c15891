import { hash, verify } from "@node-rs/argon2";
import pLimit from "p-limit";
import { AppError } from "../errors.js";

/** Argon2id with the parameters that OWASP recommends. */
const parameters = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Hashing takes a core and 19 MiB: a storm of logins waits in line, and leaves the threads to others. */
const inLine = pLimit(2);
const longestLine = 100;

/** What the password of nobody is compared with, so that an unknown user takes as long as a wrong password. */
const nobodys = "$argon2id$v=19$m=19456,t=2,p=1$0JURy3wjJ81v+hzJCByiBA$otBJR8QVIg9fUGOR4Vozs8KlgkkS8JDFMbZcB/RNSQs";

export const hashPassword = (password: string): Promise<string> => bounded(() => hash(password, parameters));

/** Whether a password is the one whose hash is kept; null: there is none, and it is not. */
export async function isPassword(password: string, kept: string | null): Promise<boolean> {
  const matches = await bounded(() => verify(kept ?? nobodys, password));
  return matches && kept !== null;
}

function bounded<T>(work: () => Promise<T>): Promise<T> {
  if (inLine.pendingCount < longestLine) return inLine(work);
  throw new AppError("RATE_LIMITED", "Too many people log in at this moment; retry in a few seconds.", {
    retryAfter: 5,
  });
}
