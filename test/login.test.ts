import { describe, expect, test } from "vitest";
import { hashPassword } from "../src/auth/passwords.js";
import { readConfig } from "../src/config.js";
import { createServer } from "../src/server.js";
import { openGateway } from "./support/gateway.js";

const gateway = await openGateway("empty");
const { url, database, token } = gateway;
const json = { "content-type": "application/json" };
const question = JSON.stringify({ query: "{ viewer { user { username } } }" });

async function addUser(username: string, password: string): Promise<void> {
  const hash = await hashPassword(password);
  await database.pool.query("insert into users (username, password_hash) values ($1, $2)", [username, hash]);
}

const logIn = (body: unknown, headers: Record<string, string> = {}) =>
  fetch(`${url}/session`, { method: "POST", headers: { ...json, ...headers }, body: JSON.stringify(body) });
const cookieOf = (answer: Response) => answer.headers.getSetCookie()[0]!.split(";")[0]!;

/** Who a request is taken for; null: nobody. */
async function who(headers: Record<string, string>): Promise<string | null> {
  const answer = await fetch(`${url}/graphql`, { method: "POST", headers: { ...json, ...headers }, body: question });
  const { data } = (await answer.json()) as { data?: { viewer: { user: { username: string } } } };
  return data?.viewer.user.username ?? null;
}
const basic = (name: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}`,
});

await addUser("Alice", "correct horse battery");

describe("a session", () => {
  test("begins with a password, in a cookie that no script of a page can read, and ends when told to", async () => {
    const answer = await logIn({ username: "alice", password: "correct horse battery" });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ user: { username: "Alice" } });
    const [set] = answer.headers.getSetCookie();
    expect(set).toMatch(/^soar_session=[\w-]{32}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/);
    const cookie = cookieOf(answer);
    expect(await who({ cookie })).toBe("Alice");
    const end = await fetch(`${url}/session`, { method: "DELETE", headers: { cookie } });
    expect({ status: end.status, set: end.headers.getSetCookie()[0] }).toMatchObject({
      status: 204,
      set: expect.stringContaining("Max-Age=0"),
    });
    expect(await who({ cookie })).toBeNull();
  });

  test("begins with a token, and ends with it", async () => {
    const cookie = cookieOf(await logIn({ token: await gateway.tokenOf("Observer") }));
    const name = await who({ cookie });
    expect(name).toMatch(/^user\d+$/);
    await database.pool.query(
      "update tokens set revoke_time = now() where user_id = (select id from users where username = $1)",
      [name],
    );
    expect(await who({ cookie })).toBeNull();
  });

  test("has an end of its own, and ends with the account", async () => {
    const cookie = cookieOf(await logIn({ username: "alice", password: "correct horse battery" }));
    for (const [before, after] of [
      ["update sessions set expire_time = now()", "update sessions set expire_time = now() + interval '1 hour'"],
      ["update users set is_active = false where id > 1", "update users set is_active = true"],
    ] as const) {
      await database.pool.query(before);
      expect(await who({ cookie })).toBeNull();
      await database.pool.query(after);
      expect(await who({ cookie })).toBe("Alice");
    }
  });

  test("counts only when a page of ours asked", async () => {
    const cookie = cookieOf(await logIn({ token }));
    expect(await who({ cookie, origin: url, "sec-fetch-site": "same-origin" })).toBe("admin");
    expect(await who({ cookie, "sec-fetch-site": "same-origin" })).toBe("admin");
    for (const [header, value] of [
      ["origin", "http://127.0.0.1:1"],
      ["origin", "null"],
      ["sec-fetch-site", "same-site"],
      ["sec-fetch-site", "cross-site"],
    ] as const)
      expect(await who({ cookie, [header]: value })).toBeNull();
  });

  test("gives way to credentials in a header", async () => {
    const cookie = cookieOf(await logIn({ username: "alice", password: "correct horse battery" }));
    expect(await who({ cookie, authorization: `Bearer ${token}` })).toBe("admin");
    expect(await who({ cookie, authorization: "Bearer nonsense" })).toBeNull();
  });

  test("stays within TLS when it began there", async () => {
    const answer = await logIn({ token }, { "x-forwarded-proto": "https" });
    expect(answer.headers.getSetCookie()[0]).toContain("; Secure");
  });

  test.each([
    ["another site's page", { token }, { origin: "https://evil.example" }, 403],
    ["another page of the same site", { token }, { "sec-fetch-site": "same-site" }, 403],
    ["a form", { token }, { "content-type": "application/x-www-form-urlencoded" }, 415],
    ["a wrong password", { username: "alice", password: "wrong" }, {}, 401],
    ["an unknown user", { username: "nobody", password: "wrong" }, {}, 401],
    ["a body that is no login's size", { username: "a".repeat(9_000), password: "wrong" }, {}, 413],
    ["a user without a password", { username: "admin", password: "" }, {}, 400],
    ["a wrong token", { token: "nonsense" }, {}, 401],
    ["both", { username: "alice", password: "correct horse battery", token }, {}, 400],
    ["nothing", {}, {}, 400],
    ["a list", [], {}, 400],
  ])("is refused to %s", async (_, body, headers, status) => {
    const answer = await logIn(body, headers as Record<string, string>);
    expect(answer.status).toBe(status);
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(await answer.json()).toMatchObject({ errors: [{ extensions: { requestId: expect.any(String) } }] });
  });
});

describe("a password", () => {
  test("serves scripts as Basic, and wrong ones or unknown users get the very same answer", async () => {
    expect(await who(basic("ALICE", "correct horse battery"))).toBe("Alice");
    const answers = await Promise.all(
      [
        ["alice", "wrong"],
        ["nobody", "wrong"],
        ["admin", "wrong"],
      ].map(async ([username, password]) => {
        const answer = await logIn({ username, password });
        return [answer.status, ((await answer.json()) as { errors: { message: string }[] }).errors[0]!.message];
      }),
    );
    expect(new Set(answers.map(String))).toEqual(new Set(["401,The user name or the password is wrong."]));
  });

  test("that was changed is refused at once, although the old one was just right", async () => {
    await addUser("carol", "the old password");
    expect(await who(basic("carol", "the old password"))).toBe("carol");
    await database.pool.query("update users set password_hash = $1 where username = 'carol'", [
      await hashPassword("the new password"),
    ]);
    expect(await who(basic("carol", "the old password"))).toBeNull();
    expect(await who(basic("carol", "the new password"))).toBe("carol");
  });

  test("that an automation has does not log it in", async () => {
    await addUser("robot", "robots have none");
    await database.pool.query("update users set type = 'automation' where username = 'robot'");
    expect((await logIn({ username: "robot", password: "robots have none" })).status).toBe(401);
  });
});

describe("attempts to log in", () => {
  const attempt = async (username: string, password: string) => (await logIn({ username, password })).status;

  test("are counted before they are judged: of thirty at once ten are, whoever they are of", async () => {
    await database.pool.query("delete from login_attempts");
    await addUser("dave", "the right password");
    const same = await Promise.all(Array.from({ length: 30 }, () => attempt("dave", "the same guess")));
    expect(new Set(same)).toEqual(new Set([401]));
    await database.pool.query("delete from login_attempts");
    for (const name of ["dave", "nobody"]) {
      const statuses = await Promise.all(Array.from({ length: 30 }, (_, index) => attempt(name, `guess ${index}`)));
      expect(statuses.filter((status) => status === 401)).toHaveLength(10);
      expect(statuses.filter((status) => status === 429)).toHaveLength(20);
      await database.pool.query("delete from login_attempts where subject like 'address%'");
    }
    expect(await attempt("dave", "the right password")).toBe(429);
    const refused = await logIn({ username: "dave", password: "the right password" });
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(800);
    await database.pool.query("update login_attempts set window_end = now() - interval '1 second'");
    expect(await attempt("dave", "the right password")).toBe(200);
  });

  test("from one address are limited over all accounts, and right ones do not count", async () => {
    await database.pool.query("delete from login_attempts");
    for (let right = 0; right < 15; right++) expect(await attempt("alice", "correct horse battery")).toBe(200);
    const statuses = await Promise.all(Array.from({ length: 60 }, (_, index) => attempt(`name${index}`, "guess")));
    expect(statuses.filter((status) => status === 401)).toHaveLength(50);
    expect(statuses.filter((status) => status === 429)).toHaveLength(10);
    await database.pool.query("delete from login_attempts");
  });
});

describe("a storm of logins", () => {
  test("is worked off in line, and who comes beyond its end is told when to come back", async () => {
    const names = Array.from({ length: 150 }, (_, index) => `storm${index}`);
    const hash = await hashPassword("all have the same");
    await database.pool.query(
      "insert into users (username, password_hash) select name, $2 from unnest($1::text[]) name",
      [names, hash],
    );
    await database.pool.query(
      "insert into login_attempts values ('address 127.0.0.1', -1000, now() + interval '1 hour')",
    );
    const answers = await Promise.all(names.map((username) => logIn({ username, password: "all have the same" })));
    const late = answers.filter(({ status }) => status === 429);
    expect(answers.filter(({ status }) => status === 200).length + late.length).toBe(150);
    expect(answers.length - late.length).toBeGreaterThanOrEqual(100);
    for (const { headers } of late) expect(Number(headers.get("retry-after"))).toBeLessThanOrEqual(5);
    await database.pool.query("delete from login_attempts");
  });

  test("of one script that sends its password with a hundred requests at once is one login", async () => {
    const names = await Promise.all(Array.from({ length: 100 }, () => who(basic("storm0", "all have the same"))));
    expect(new Set(names)).toEqual(new Set(["storm0"]));
  });
});

describe("the address of a caller", () => {
  test("is what a trusted proxy says, and nobody else", async () => {
    const app = await createServer(readConfig({ LOG_LEVEL: "silent", TRUSTED_PROXIES: "10.1.0.0/16" }), database);
    const theirs = await gateway.tokenOf("Automation", "automation");
    const { rows } = await database.pool.query(
      "update users set allowed_ips = $1 where id = (select max(id) from users) returning id",
      [["192.0.2.7"]],
    );
    expect(rows).toHaveLength(1);
    const status = async (remoteAddress: string, forwarded?: string) => {
      const headers = { authorization: `Bearer ${theirs}`, ...(forwarded ? { "x-forwarded-for": forwarded } : {}) };
      const { statusCode } = await app.inject({
        method: "POST",
        url: "/graphql",
        headers,
        remoteAddress,
        payload: { query: "{ __typename }" },
      });
      return statusCode;
    };
    expect(await status("192.0.2.7")).toBe(200);
    expect(await status("10.1.2.3", "192.0.2.7")).toBe(200);
    expect(await status("10.1.2.3", "192.0.2.7, 192.0.2.8")).toBe(403);
    expect(await status("10.2.0.1", "192.0.2.7")).toBe(403);
    await app.close();
  });
});

describe("an automation", () => {
  test("calls only from the addresses it is allowed", async () => {
    const theirs = { authorization: `Bearer ${await gateway.tokenOf("Automation", "automation")}` };
    const name = (await who(theirs))!;
    const allow = (ranges: string[]) =>
      database.pool.query("update users set allowed_ips = $1 where username = $2", [ranges, name]);
    for (const [ranges, admitted] of [
      [["127.0.0.0/8"], true],
      [["10.0.0.1", "127.0.0.1"], true],
      [["10.0.0.0/8", "::1"], false],
      [[], false],
      [["any"], true],
    ] as const) {
      await allow([...ranges]);
      expect(await who(theirs), ranges.join()).toBe(admitted ? name : null);
    }
  });
});
