import type { Job, Manifest } from "./connector.js";

/** What stands where a secret was. */
const hidden = "********";

/** Deeper than any product nests its answers; below it they could not be written as JSON safely. */
const maxDepth = 64;

/**
 * Runs work whose answer, error and log lines come out without the asset's secrets, as JSON that Postgres can keep: a
 * product may send back whatever it was sent, or worse.
 */
export async function hiding<T>(
  configuration: Manifest["configuration"],
  job: Job,
  run: (work: Job & { hide(secret: string): void }) => Promise<T>,
): Promise<T> {
  const secrets = new Set<string>();
  // The longest first, or what is left of one would stay when another is a part of it.
  const clean = (text: string) =>
    [...secrets]
      .sort((a, b) => b.length - a.length)
      .reduce((plain, secret) => plain.replaceAll(secret, hidden), wellFormed(text))
      .replaceAll("\0", "\uFFFD");
  const hide = (secret: string) => {
    for (const form of formsOf(secret)) secrets.add(form);
  };
  for (const [name, { dataType }] of Object.entries(configuration))
    if (dataType === "password" && typeof job.settings[name] === "string") hide(job.settings[name]);

  try {
    const { settings, attemptKey, signal } = job;
    const log = (line: string) => job.log(clean(line));
    return cleaned(await run({ settings, attemptKey, signal, hide, log }), clean) as T;
  } catch (error) {
    throw new Error(clean(error instanceof Error ? error.message : String(error)));
  }
}

/** Halves of surrogate pairs have no form in UTF-8. */
const wellFormed = (text: string) => Buffer.from(text).toString();

/** A secret as it is, and as it travels. */
function formsOf(secret: string): string[] {
  const base64 = Buffer.from(secret).toString("base64");
  return [secret, secret.trim(), encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), base64].filter(
    Boolean,
  );
}

function cleaned(value: unknown, clean: (text: string) => string, depth = 0): unknown {
  if (depth > maxDepth) throw new Error(`The answer is nested deeper than ${maxDepth} levels.`);
  if (typeof value === "string") return clean(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((one) => cleaned(one, clean, depth + 1));
  // fromEntries makes properties of its own of names such as `__proto__`.
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [clean(key), cleaned(one, clean, depth + 1)]));
}
