/*
 * Keeping to what is below a base URL. What is asked for comes from artifacts, so from whoever wrote the mail or the log
 * line; it may name a place below the base and never get out, however it is written.
 */

/** Reads a base URL; all its paths are below it. */
export function readBase(text: string): URL {
  const base = URL.canParse(text) ? new URL(text) : undefined;
  if (!base || !/^https?:$/.test(base.protocol))
    throw new Error(`The setting "base_url" must begin with http:// or https://, is ${JSON.stringify(text)}.`);
  if (base.username || base.password || base.search || base.hash)
    throw new Error(`The setting "base_url" may have no user, query or fragment; there are settings for secrets.`);
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  return base;
}

/** The URL of a path and query below a base. */
export function below(base: URL, location: string): URL {
  const path = location.startsWith("/") ? location.slice(1) : location;
  const text = base.href + path;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (leavesItsFolder(path) || !url || !isBelow(base, url))
    throw new Error(`${JSON.stringify(location)} is not a path below the base URL, such as \`hosts/7?fields=name\`.`);
  return url;
}

/** Whether a URL is a base or below it, for any server that reads it. */
export function isBelow(base: URL, url: URL): boolean {
  const inside = url.origin === base.origin && !url.username && !url.password && url.pathname.startsWith(base.pathname);
  return inside && !leavesItsFolder(url.pathname.slice(base.pathname.length));
}

/**
 * Whether a path could be read as one that goes up, or to another host. Servers differ in what they decode, how often,
 * and whether `\` or `／` is `/` and `..;x` is `..`; so all of it counts.
 */
function leavesItsFolder(path: string): boolean {
  const [plain = ""] = path.split(/[?#]/);
  const decoded = decodedFully(plain)?.normalize("NFKC");
  if (decoded === undefined || /[\\\0-\x1f\x7f]/.test(decoded)) return true;
  if (/^\/|^[a-z][a-z0-9+.-]*:\/\//i.test(decoded)) return true;
  return decoded.split(/[/?#]/).some((segment) => /^\.{1,2}$/.test(segment.split(";")[0]!.trim()));
}

/** What is left when there is nothing more to decode; undefined where a `%` stands for nothing. */
function decodedFully(text: string): string | undefined {
  try {
    const decoded = decodeURIComponent(text);
    return decoded === text ? text : decodedFully(decoded);
  } catch {
    return undefined;
  }
}
