/*
 * Who is logged in. The browser keeps the session in a cookie that no script can read; what is remembered here is only
 * whose it is, so that a page knows without asking that nobody is logged in.
 */

export type Credentials = { username: string; password: string } | { token: string };

const place = "soar-user";

/** Who is logged in, or null and why not: by the token in the address's fragment, which never reaches a log, or since earlier. */
export async function enter(): Promise<{ caller: string | null; reason: string }> {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  try {
    if (!token) return { caller: await since(), reason: "" };
    history.replaceState(null, "", location.pathname + location.search);
    return { caller: await logIn({ token }), reason: "" };
  } catch (error) {
    return { caller: null, reason: (error as Error).message };
  }
}

/** Begins a session and gives the user's name; throws the reason when refused. */
export async function logIn(credentials: Credentials): Promise<string> {
  const { user } = await send<{ user: { username: string } }>("/session", credentials);
  localStorage.setItem(place, user.username);
  return user.username;
}

export async function logOut(): Promise<void> {
  await fetch("/session", { method: "DELETE" });
  forget();
}

/** Remembers nobody, when the server says that the session has ended. */
export const forget = () => localStorage.removeItem(place);

export const remembers = () => localStorage.getItem(place) !== null;

async function since(): Promise<string | null> {
  if (!remembers()) return null;
  const query = "{ viewer { user { username } } }";
  const { data } = await send<{ data: { viewer: { user: { username: string } } } }>("/graphql", { query });
  return data.viewer.user.username;
}

async function send<Answer>(path: string, body: unknown): Promise<Answer> {
  const answer = await post(path, body);
  if (answer.status === 401) forget();
  if (!answer.ok) throw new Error(await reasonOf(answer));
  return answer.json();
}

/** Sends JSON to the server. */
export function post(path: string, body: unknown): Promise<Response> {
  const headers = { "content-type": "application/json" };
  return reach(path, { method: "POST", headers, body: JSON.stringify(body) });
}

/** Asks the server; one that cannot be reached answers so too. */
export const reach: typeof fetch = (input, init) =>
  fetch(input, init).catch(() =>
    Response.json({ errors: [{ message: "The server cannot be reached; is it running?" }] }, { status: 503 }),
  );

/** What the server says of a request it refused. */
export async function reasonOf(answer: Response): Promise<string> {
  const body = await answer.json().catch(() => undefined);
  return body?.errors?.[0]?.message ?? `The server answered with status ${answer.status}.`;
}
