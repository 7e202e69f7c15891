import type { Result } from "./connector.js";
import { action, connector, output, type Work } from "./define.js";
import { readAtMost, within } from "./network.js";
import { below, isBelow, readBase } from "./place.js";
import type { ValuesOf } from "./values.js";

const configuration = {
  base_url: {
    dataType: "string",
    description: "The address everything is below, such as https://edr.example.com/api/; nothing outside it is called.",
    required: true,
  },
  username: { dataType: "string", description: "The name to log in with, for Basic authentication." },
  password: { dataType: "password", description: "The password that goes with the name." },
  auth_header: { dataType: "string", description: "The header the secret goes into.", default: "Authorization" },
  auth_token: { dataType: "password", description: "The secret, as the header has it, such as `Bearer …`." },
  test_path: { dataType: "string", description: "What connectivity is tested with, below the base URL." },
  timeout: { dataType: "numeric", description: "Seconds to wait for a whole answer.", default: 20 },
  max_bytes: { dataType: "numeric", description: "The largest answer that is read.", default: 1024 * 1024 },
} as const;

type Settings = ValuesOf<typeof configuration>;

const location = {
  dataType: "string",
  description: "The path below the base URL, with its query, such as `hosts/7?fields=name`.",
  required: true,
  primary: true,
  contains: ["endpoint"],
} as const;

const answer = output({
  "data.*.location": ["string", "url"],
  "data.*.status_code": "numeric",
  "data.*.content_type": "string",
  "data.*.response_body": "string",
  "data.*.encoding": "string",
  "data.*.parsed_response_body": "object",
  "summary.status_code": "numeric",
  "summary.reason": "string",
});

/** Calls a web API below the base URL of its asset. */
export const http = connector({
  appid: "1987d03a-7861-41de-a179-bd4066f110b8",
  name: "HTTP",
  version: "1.0.0",
  description: "Calls web APIs that have no connector of their own.",
  product: { name: "Web API", vendor: "Generic" },
  type: "information",
  configuration,
  actions: [
    action({
      action: "get data",
      type: "investigate",
      description: "Reads from the API.",
      effect: "read",
      needsAsset: true,
      parameters: { location },
      output: answer,
      run: (parameters, work: Work<Settings>) => call("GET", parameters.location, {}, work),
    }),
    action({
      action: "post data",
      type: "generic",
      description: "Sends something to the API, with the attempt key as `Idempotency-Key`.",
      // Whether an API heeds the key is not known here, so nothing is sent again that may have arrived.
      effect: "unsafe",
      needsAsset: true,
      parameters: {
        location,
        body: { dataType: "string", description: "What is sent.", required: true },
        content_type: { dataType: "string", description: "What kind of text it is.", default: "application/json" },
      },
      output: answer,
      run: ({ location, body, content_type: type }, work: Work<Settings>) => {
        const headers = { "content-type": type, "idempotency-key": work.attemptKey };
        return call("POST", location, { headers, body }, work);
      },
    }),
  ],
  async test(work) {
    const { success, message } = await call("GET", work.settings.test_path ?? "", {}, work);
    if (!success) throw new Error(`${work.settings.base_url} does not let us in. ${message}`);
    return `${work.settings.base_url} answers. ${message}`;
  },
});

const maxRedirects = 5;

interface Sent {
  headers?: Record<string, string>;
  body?: string;
}

function call(method: "GET" | "POST", location: string, sent: Sent, work: Work<Settings>): Promise<Result> {
  const { settings, signal } = work;
  const base = readBase(settings.base_url);
  const headers = { accept: "application/json, */*;q=0.5", ...sent.headers, ...credentials(work) };
  return within(settings.timeout, base.host, signal, async (end) => {
    let url = below(base, location);
    for (let hops = 0; ; hops++) {
      const response = await fetch(url, { ...sent, method, headers, signal: end, redirect: "manual" });
      const next = response.headers.get("location");
      // What was posted is not sent again to wherever an answer says.
      if (method === "POST" || !isRedirect(response.status) || !next)
        return resultOf(url, response, settings.max_bytes);
      await response.body?.cancel();
      if (hops === maxRedirects) throw new Error(`${base.host} redirects more than ${maxRedirects} times.`);
      const target = URL.canParse(next, url.href) ? new URL(next, url.href) : undefined;
      if (!target || !isBelow(base, target))
        throw new Error(`${base.host} redirects to somewhere outside the base URL, where nothing is called.`);
      url = target;
    }
  });
}

const isRedirect = (status: number) => [301, 302, 303, 307, 308].includes(status);

function credentials({ settings, hide }: Work<Settings>): Record<string, string> {
  const { username, password, auth_header: name, auth_token: secret } = settings;
  // `Bearer x` is a secret whole, and so is `x`.
  hide(secret?.replace(/^\S+\s+/, "") ?? "");
  const basic = Buffer.from(`${username}:${password ?? ""}`).toString("base64");
  if (username) hide(basic);
  return {
    ...(username && { authorization: `Basic ${basic}` }),
    ...(secret && { [name.toLowerCase()]: secret }),
  };
}

async function resultOf(url: URL, response: Response, limit: number): Promise<Result> {
  const { status, statusText: reason, ok, body } = response;
  const bytes = body ? await readAtMost(limit, url.host, body) : Buffer.alloc(0);
  const summary = { status_code: status, reason };
  const data = {
    location: url.href,
    status_code: status,
    content_type: response.headers.get("content-type") ?? "",
    ...read(bytes),
  };
  return { success: ok, message: `Status code: ${status}, Reason: ${reason}`, data: [data], summary };
}

/** A body as text and, where it is JSON, as what that says; bytes that are no text as Base64. */
function read(bytes: Buffer) {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return { response_body: text, encoding: "utf-8", ...parsed(text) };
  } catch {
    return { response_body: bytes.toString("base64"), encoding: "base64" };
  }
}

function parsed(text: string): { parsed_response_body?: unknown } {
  try {
    return { parsed_response_body: JSON.parse(text) };
  } catch {
    return {};
  }
}
