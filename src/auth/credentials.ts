import { parse } from "cookie";

/** What a caller proves with who they are. */
export type Credentials =
  | { by: "token"; token: string }
  | { by: "password"; username: string; password: string }
  | { by: "session"; secret: string };

/** Headers with names in lower case. */
export type Headers = Record<string, string | string[] | undefined>;

export const sessionCookie = "soar_session";

/** The credentials of `ph-auth-token`, of `Authorization`, or of the session cookie, in this order. */
export function credentialsOf(headers: Headers): Credentials | undefined {
  return headerCredentials(headers) ?? cookieCredentials(headers);
}

/** Those of a header alone, which no other site can make a browser send. */
export function headerCredentials(headers: Headers): Credentials | undefined {
  const [own, authorization] = [headers["ph-auth-token"], headers.authorization];
  if (typeof own === "string" && own) return { by: "token", token: own.trim() };
  if (typeof authorization !== "string") return undefined;
  const [scheme, credentials = ""] = authorization.trim().split(/ +/, 2) as [string, string?];
  if (scheme.toLowerCase() === "bearer") return { by: "token", token: credentials };
  if (scheme.toLowerCase() !== "basic") return undefined;
  const told = Buffer.from(credentials, "base64").toString();
  // Nobody has such a name, and Postgres cannot even be asked for it.
  if (told.includes("\0")) return undefined;
  const [username = "", ...rest] = told.split(":");
  const password = rest.join(":");
  return username === "" ? { by: "token", token: password } : { by: "password", username, password };
}

/** A browser adds the cookie by itself: it counts only when a page of ours made it send the request. */
export function cookieCredentials(headers: Headers): (Credentials & { by: "session" }) | undefined {
  const secret = typeof headers.cookie === "string" ? parse(headers.cookie)[sessionCookie] : undefined;
  return secret && fromOurPage(headers) ? { by: "session", secret } : undefined;
}

/** Whether a browser says that a page of this very host asked, or nothing says that another one did. */
export function fromOurPage({ origin, host, "sec-fetch-site": site }: Headers): boolean {
  if (typeof origin === "string") return URL.canParse(origin) && new URL(origin).host === host;
  return site === undefined || site === "same-origin" || site === "none";
}
