import type { IncomingMessage } from "node:http";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { http } from "../../src/connectors/http.js";
import { closedPort, httpServer, jobWith, lineServer } from "../support/servers.js";

const requests: { method: string; url: string; headers: IncomingMessage["headers"]; body: string }[] = [];

const elsewhere = await httpServer((request, response) => {
  requests.push({ method: request.method!, url: `elsewhere${request.url}`, headers: request.headers, body: "" });
  response.end("you should not be here");
});

const deep = `${"[".repeat(5000)}${"]".repeat(5000)}`;
const redirects: Record<string, string> = {
  "/api/moved": "hosts/7",
  "/api/out": elsewhere.url,
  "/api/up": "/admin",
  "/api/hidden": "/api/..%2fadmin",
  "/api/user": "http://user:word@127.0.0.1/api/",
  "/api/loop": "/api/loop",
  "/api/strange": "http://[",
};

const server = await httpServer((request, response) => {
  let body = "";
  request.on("data", (chunk) => {
    body += chunk;
  });
  request.on("end", () => {
    const { method, url, headers } = request;
    requests.push({ method: method!, url: url!, headers, body });
    const json = (value: unknown, status = 200) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
    if (url! in redirects) return void response.writeHead(302, { location: redirects[url!] }).end();
    if (url === "/api/echo") return void json({ ...headers, says: headers.authorization });
    if (url === "/api/forbidden") return void json({ reason: "no" }, 403);
    if (url === "/api/bytes") return void response.end(Buffer.from([0xff, 0xfe, 0x00]));
    if (url === "/api/deep") return void response.end(deep);
    if (url === "/api/proto") return void response.end('{"__proto__":{"polluted":true},"nul":"a\\u0000b"}');
    if (url === "/api/bomb") {
      response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(Buffer.alloc(50 * 1024 * 1024)));
      return;
    }
    if (url === "/api/endless") {
      const more = () => response.write("x".repeat(65_536)) && setImmediate(more);
      response.on("drain", more);
      return void more();
    }
    if (url === "/api/hanging") return;
    if (url === "/api/slow") return void response.write("half of it");
    return void json({ id: 7, url });
  });
});

const settings = { base_url: `${server.url}/api`, timeout: 5 };
const get = (location: string, changes = {}) =>
  http.run("get data", { location }, jobWith({ ...settings, ...changes }));

test("what is below the base URL is read, as text and as what its JSON says", async () => {
  expect(await get("hosts/7?fields=name")).toEqual({
    success: true,
    message: "Status code: 200, Reason: OK",
    data: [
      {
        location: `${server.url}/api/hosts/7?fields=name`,
        status_code: 200,
        content_type: "application/json",
        response_body: '{"id":7,"url":"/api/hosts/7?fields=name"}',
        encoding: "utf-8",
        parsed_response_body: { id: 7, url: "/api/hosts/7?fields=name" },
      },
    ],
    summary: { status_code: 200, reason: "OK" },
  });
});

test.each([
  "/hosts/7",
  "@scope/name",
  "search:all",
  "a/b%20c",
  "q?next=http://example.com/../",
  "hosts/v1..2/x",
])("%s is a path below the base URL", async (location) => {
  expect(await get(location)).toMatchObject({ success: true });
  expect(requests.at(-1)!.url).toMatch(/^\/api\//);
});

test.each([
  "http://example.com/",
  "HTTPS://example.com",
  `${server.url}/api/hosts`,
  "file:///etc/passwd",
  "//example.com/",
  "///example.com/",
  "/%2fexample.com",
  "\\\\example.com",
  "/\\example.com",
  "..",
  "../admin",
  "../apix/",
  "a/../../admin",
  "./hosts",
  "%2e%2e/admin",
  "%2E%2e%2Fadmin",
  "a%2f..%2f..%2fadmin",
  "%252e%252e%252fadmin",
  "a/..;/admin",
  "a/..;x=1/../admin",
  "..\\admin",
  "%5c..%5cadmin",
  "a/.. /admin",
  "hosts\r\nX-Injected: 1",
  "hosts%0d%0aX-Injected: 1",
  "hosts/%00",
  ".\t./admin",
  "%zz",
  "%c0%ae%c0%ae/admin",
  "．．／admin",
])("%j leads out of the base URL, and nothing is sent", async (location) => {
  const before = requests.length;
  await expect(get(location)).rejects.toThrow("is not a path below the base URL");
  expect(requests.length).toBe(before);
});

test("what is posted goes with the attempt key, and is never sent on elsewhere", async () => {
  const post = (location: string) =>
    http.run(
      "post data",
      { location, body: '{"a":1}', context: { artifact_id: 3 } },
      jobWith(settings, { attemptKey: "17:0" }),
    );
  expect(await post("tickets")).toMatchObject({ success: true, summary: { status_code: 200 } });
  const { method, headers, body } = requests.at(-1)!;
  expect({ method, body, key: headers["idempotency-key"], type: headers["content-type"] }).toEqual({
    method: "POST",
    body: '{"a":1}',
    key: "17:0",
    type: "application/json",
  });
  const before = requests.length;
  expect(await post("moved")).toMatchObject({ success: false, message: "Status code: 302, Reason: Found" });
  expect(requests.length).toBe(before + 1);
});

test("a redirect is followed below the base URL and nowhere else", async () => {
  expect(await get("moved")).toMatchObject({ success: true, data: [{ location: `${server.url}/api/hosts/7` }] });
  const before = requests.length;
  for (const location of ["out", "up", "hidden", "user", "strange"])
    await expect(get(location)).rejects.toThrow("redirects to somewhere outside the base URL");
  expect(requests.slice(before).map(({ url }) => url)).toEqual(
    ["out", "up", "hidden", "user", "strange"].map((one) => `/api/${one}`),
  );
  await expect(get("loop")).rejects.toThrow("redirects more than 5 times");
});

test("an answer that is an error is a failed result with the answer in it", async () => {
  expect(await get("forbidden")).toMatchObject({
    success: false,
    message: "Status code: 403, Reason: Forbidden",
    data: [{ parsed_response_body: { reason: "no" } }],
  });
});

test("bytes that are no text come as Base64", async () => {
  expect(await get("bytes")).toMatchObject({ data: [{ response_body: "//4A", encoding: "base64" }] });
});

const secrets = { username: "soc", password: "pass word+/=7" };
const basic = Buffer.from(`${secrets.username}:${secrets.password}`).toString("base64");

test("secrets are sent, and what comes back of them is hidden", async () => {
  const withBasic = await get("echo", secrets);
  expect(requests.at(-1)!.headers.authorization).toBe(`Basic ${basic}`);
  expect(withBasic).toMatchObject({ data: [{ parsed_response_body: { says: "Basic ********" } }] });

  const withToken = await get("echo", { auth_header: "X-Key", auth_token: "Token t0p-s3cret" });
  expect(requests.at(-1)!.headers["x-key"]).toBe("Token t0p-s3cret");
  expect(JSON.stringify(withToken)).not.toContain("t0p-s3cret");
  expect(JSON.stringify(withBasic)).not.toContain(basic);
});

test("a secret header goes beside a login", async () => {
  await get("echo", { ...secrets, auth_header: "X-Key", auth_token: "t0p-s3cret" });
  expect(requests.at(-1)!.headers).toMatchObject({ authorization: `Basic ${basic}`, "x-key": "t0p-s3cret" });
});

test("secrets are in no error either", async () => {
  const broken = get("echo", { auth_header: "X-Key", auth_token: "line\nbreak-s3cret" });
  await expect(broken).rejects.toThrow();
  await expect(broken).rejects.not.toThrow(/s3cret/);
  await expect(get("x", { base_url: "https://user:word@example.com/" })).rejects.toThrow("may have no user");
});

test("an answer that is endless, or unpacks to more than may be, is not read to its end", async () => {
  const message = `${new URL(server.url).host} answers with more than 1048576 bytes.`;
  await expect(get("endless")).rejects.toThrow(message);
  await expect(get("bomb")).rejects.toThrow(message);
  await expect(get("hosts", { max_bytes: 5 })).rejects.toThrow("answers with more than 5 bytes.");
});

test("a hostile answer harms nothing", async () => {
  await expect(get("deep")).rejects.toThrow("The answer is nested deeper than 64 levels.");
  const { data } = await get("proto");
  const [{ parsed_response_body: body }] = data as [{ parsed_response_body: object }];
  expect(Object.keys(body)).toEqual(["__proto__", "nul"]);
  expect(Object.getPrototypeOf(body)).toBe(Object.prototype);
  expect(body).toMatchObject({ nul: "a\uFFFDb" });
});

test("a server that is down, hangs, stops half-way or speaks something else is told in words", async () => {
  const down = await closedPort();
  await expect(get("x", { base_url: `http://127.0.0.1:${down}` })).rejects.toThrow(
    `127.0.0.1:${down} refuses connections.`,
  );
  await expect(get("hanging", { timeout: 0.3 })).rejects.toThrow("did not answer within 0.3 seconds.");
  await expect(get("slow", { timeout: 0.3 })).rejects.toThrow("did not answer within 0.3 seconds.");
  const other = await lineServer((_, socket) => socket.end("220 not the web\r\n"));
  await expect(get("x", { base_url: `http://${other.address}` })).rejects.toThrow(
    `${other.address} does not answer in HTTP.`,
  );
});

test("a call ends at the signal", async () => {
  const ending = new AbortController();
  const silent = await httpServer(() => ending.abort());
  const job = jobWith({ base_url: silent.url, timeout: 60 }, { signal: ending.signal });
  await expect(http.run("get data", { location: "x" }, job)).rejects.toThrow("The action was ended before");
});

test("an asset without a base URL, or with a strange one, cannot be used", async () => {
  await expect(http.run("get data", { location: "x" }, jobWith({}))).rejects.toThrow(
    'The asset cannot be used: the setting "base_url" is missing.',
  );
  await expect(get("x", { base_url: "ftp://example.com" })).rejects.toThrow("must begin with http:// or https://");
  await expect(get("x", { timeout: "5" })).rejects.toThrow('the setting "timeout" must be a number, is "5".');
});

test("the test of an asset says whether the API lets us in", async () => {
  expect(await http.test(jobWith(settings))).toMatch(/answers\. Status code: 200, Reason: OK$/);
  await expect(http.test(jobWith({ ...settings, test_path: "forbidden" }))).rejects.toThrow(
    "does not let us in. Status code: 403",
  );
});
