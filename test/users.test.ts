import { describe, expect, test } from "vitest";
import { openGateway } from "./support/gateway.js";

const gateway = await openGateway("empty");
const { ask, database, url } = gateway;
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** Sends one mutation with an input of variables, as the administrator or whoever holds a token. */
async function send(name: string, input: Record<string, unknown>, selection: string, token = gateway.token) {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`;
  const query = `mutation ($input: ${type}!) { ${name}(input: $input) { success message code field ${selection} } }`;
  return ask(query, { input }, bearer(token));
}
async function run(name: string, input: Record<string, unknown>, selection = "", token?: string) {
  const { data, errors } = await send(name, input, selection, token);
  expect(errors).toBeUndefined();
  return data[name];
}
const logIn = async (username: string, password: string) =>
  (
    await fetch(`${url}/session`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ username, password }),
    })
  ).status;
const tokenFor = async (user: string) => (await run("createToken", { user }, "value")).value as string;

describe("a user", () => {
  test("is made with a password and roles, changed, disabled, and used again by the same name", async () => {
    const made = await run(
      "createUser",
      { username: "Erin", password: "a long password", email: "erin@example.com", roles: ["observer"] },
      "userId user { username email type isActive roles { nodes { name } } }",
    );
    expect(made).toMatchObject({
      success: true,
      user: {
        username: "Erin",
        email: "erin@example.com",
        type: "normal",
        isActive: true,
        roles: { nodes: [{ name: "Observer" }] },
      },
    });
    expect(await logIn("erin", "a long password")).toBe(200);
    const twice = await run("createUser", { username: "ERIN" }, "user { username }");
    expect(twice).toMatchObject({ code: "DUPLICATE", field: "username", user: { username: "Erin" } });
    expect(
      await run(
        "updateUser",
        { id: made.userId, roles: ["Automation", "Asset Owner"], title: "Lead" },
        "user { title email roles(orderBy: [{ field: NAME }]) { nodes { name } } }",
      ),
    ).toMatchObject({
      user: {
        title: "Lead",
        email: "erin@example.com",
        roles: { nodes: [{ name: "Asset Owner" }, { name: "Automation" }] },
      },
    });
    expect(await run("deleteUser", { id: made.userId }, "user { isActive }")).toMatchObject({
      message: 'The user "Erin" was disabled.',
      user: { isActive: false },
    });
    expect(await logIn("erin", "a long password")).toBe(401);
    const again = await run(
      "createUser",
      { username: "erin", password: "another password" },
      "userId user { isActive }",
    );
    expect(again).toMatchObject({ success: true, userId: made.userId, user: { isActive: true } });
    expect(await logIn("Erin", "another password")).toBe(200);
  });

  test("loses their sessions with their password", async () => {
    const { userId } = await run("createUser", { username: "frank", password: "a long password" }, "userId");
    await logIn("frank", "a long password");
    const count = async () => (await database.pool.query("select from sessions where user_id = $1", [userId])).rowCount;
    expect(await count()).toBe(1);
    await run("updateUser", { id: userId, title: "Analyst" });
    expect(await count()).toBe(1);
    await run("updateUser", { id: userId, password: null });
    expect(await count()).toBe(0);
    expect(await logIn("frank", "a long password")).toBe(401);
  });

  test.each([
    ["a name with a colon", { username: "a:b" }, "INVALID_VALUE", "username"],
    ["a blank name", { username: " " }, "INVALID_VALUE", "username"],
    ["a short password", { username: "x", password: "short" }, "INVALID_VALUE", "password"],
    [
      "a password for an automation",
      { username: "x", type: "automation", password: "a long password" },
      "INVALID_VALUE",
      "password",
    ],
    ["an unknown type", { username: "x", type: "robot" }, "INVALID_VALUE", "type"],
    ["an unknown role", { username: "x", roles: ["Wizard"] }, "NOT_FOUND", "roles"],
    ["a range that is none", { username: "x", allowedIps: ["10.0.0.0/33"] }, "INVALID_VALUE", "allowedIps"],
    ["an unknown label", { username: "x", defaultLabel: "none" }, "NOT_FOUND", "label"],
    ["an unknown tenant", { username: "x", defaultTenant: "none" }, "NOT_FOUND", "defaultTenant"],
  ])("is refused with %s", async (_, input, code, field) => {
    expect(await run("createUser", input)).toMatchObject({ success: false, code, field });
    expect((await database.pool.query("select from users where username = 'x'")).rowCount).toBe(0);
  });

  test("who is the last to keep users stays, also when two are removed at once", async () => {
    expect(await run("deleteUser", { id: 1 })).toMatchObject({ code: "WRONG_STATE", field: "id" });
    expect(await run("updateUser", { id: 1, roles: ["Observer"] })).toMatchObject({ code: "WRONG_STATE" });
    const ids: number[] = [];
    for (const username of ["first", "second"])
      ids.push((await run("createUser", { username, roles: ["Administrator"] }, "userId")).userId);
    const tokens = [await tokenFor("first"), await tokenFor("second")];
    await database.pool.query("update users set is_active = false where id = 1");
    await Promise.all(ids.map((id, index) => send("deleteUser", { id }, "", tokens[1 - index])));
    const left = await database.pool.query("select from users where id = any($1) and is_active", [ids]);
    expect(left.rowCount).toBe(1);
    await database.pool.query("update users set is_active = true");
    for (const id of ids) await run("deleteUser", { id });
  });
});

describe("a role", () => {
  test("is found by its name in letters whose small form Postgres and JavaScript do not agree on", async () => {
    for (const name of ["ΟΔΟΣ", "İstanbul", "Größe"]) {
      await run("createRole", { name, permissions: ["containers:view"] });
      const { user } = await run(
        "createUser",
        { username: `of ${name}`, roles: [name, name] },
        "user { roles { nodes { name } } }",
      );
      expect(user.roles.nodes).toEqual([{ name }]);
    }
  });

  test("is made with permissions and grants, and changed", async () => {
    const selection = "roleId role { permissions grantedLabels { nodes { name } } grantedTenants { nodes { id } } }";
    const made = await run(
      "createRole",
      {
        name: "Night shift",
        permissions: ["containers:view", "cases:view"],
        grantedLabels: ["EVENTS"],
        grantedTenants: ["default"],
      },
      selection,
    );
    expect(made.role).toEqual({
      permissions: ["containers:view", "cases:view"],
      grantedLabels: { nodes: [{ name: "events" }] },
      grantedTenants: { nodes: [{ id: 0 }] },
    });
    const changed = await run("updateRole", { id: made.roleId, grantedLabels: [] }, selection);
    expect(changed.role).toEqual({ ...made.role, grantedLabels: { nodes: [] } });
    expect(await run("deleteRole", { id: made.roleId }, "role { disabled }")).toMatchObject({
      role: { disabled: true },
    });
  });

  test.each([
    [
      "an unknown permission",
      "createRole",
      { name: "x", permissions: ["containers:own"] },
      "INVALID_VALUE",
      "permissions",
    ],
    ["an unknown label", "createRole", { name: "x", grantedLabels: ["none"] }, "NOT_FOUND", "grantedLabels"],
    ["being built in", "updateRole", { id: 1, description: "Mine." }, "WRONG_STATE", "id"],
    ["being built in", "deleteRole", { id: 1 }, "WRONG_STATE", "id"],
  ])("is refused for %s by %s", async (_, name, input, code, field) => {
    expect(await run(name, input)).toMatchObject({ success: false, code, field });
  });
});

describe("a token", () => {
  test("is made for a user, told once, listed without its value, and ended for ever", async () => {
    const { value, tokenId, token } = await run(
      "createToken",
      { user: "admin", name: "ticket sync", expireTime: "2999-01-01T00:00:00Z" },
      "value tokenId token { name expireTime revokeTime user { username } }",
    );
    expect(value).toMatch(/^soar_[\w-]{32}$/);
    expect(token).toEqual({
      name: "ticket sync",
      expireTime: "2999-01-01T00:00:00.000000Z",
      revokeTime: null,
      user: { username: "admin" },
    });
    expect((await ask("{ viewer { user { username } } }", {}, bearer(value))).status).toBe(200);
    const list = await ask("{ tokens { nodes { id name } } user(id: 1) { tokens { totalCount } } }");
    expect(list.data.tokens.nodes).toContainEqual({ id: tokenId, name: "ticket sync" });
    await run("revokeToken", { id: tokenId });
    expect((await ask("{ viewer { user { username } } }", {}, bearer(value))).status).toBe(401);
    expect(await run("revokeToken", { id: tokenId }, "token { revokeTime }")).toMatchObject({
      success: true,
      token: { revokeTime: expect.any(String) },
    });
  });

  test("is not kept for the repetition of its answer", async () => {
    const make = () =>
      ask(
        'mutation { createToken(input: { name: "once" }) { success tokenId value } }',
        {},
        { "idempotency-key": "token" },
      );
    const [first, second] = [await make(), await make()];
    expect(first.data.createToken.value).toMatch(/^soar_/);
    expect(second.data.createToken).toEqual({ ...first.data.createToken, value: null });
    const kept = await database.pool.query("select outcomes::text from idempotency_keys where key = 'token'");
    expect(kept.rows[0].outcomes).not.toContain("soar_");
  });

  test("is refused for nobody, for the past, and for a user who is disabled", async () => {
    expect(await run("createToken", { user: "nobody" })).toMatchObject({ code: "NOT_FOUND", field: "user" });
    expect(await run("createToken", { expireTime: "2020-01-01T00:00:00Z" })).toMatchObject({
      code: "INVALID_VALUE",
      field: "expireTime",
    });
    expect(await run("revokeToken", { id: 4711 })).toMatchObject({ code: "NOT_FOUND", field: "id" });
  });

  test("is seen by its user and by those who may view users", async () => {
    const theirs = await gateway.tokenOf("Automation");
    const { data } = await ask(
      "{ tokens { nodes { user { username } } } viewer { user { username } } }",
      {},
      bearer(theirs),
    );
    expect(new Set(data.tokens.nodes.map(({ user }: { user: { username: string } }) => user.username))).toEqual(
      new Set([data.viewer.user.username]),
    );
    const seen = await ask("{ tokens { totalCount } }", {}, bearer(await gateway.tokenOf("Observer")));
    expect(seen.data.tokens.totalCount).toBeGreaterThan(3);
  });
});

const helpDesk = await run(
  "createRole",
  { name: "Help desk", permissions: ["users:view", "users:edit", "users:delete"] },
  "roleId",
);
await run("createUser", { username: "helper", roles: ["Help desk"] });
const helper = await tokenFor("helper");

describe("who keeps users", () => {
  test.each([
    ["give a role that allows more", "createUser", { username: "more", roles: ["Observer"] }],
    ["make a role that allows more", "createRole", { name: "More", permissions: ["settings:edit"] }],
    ["make a token of somebody who may do more", "createToken", { user: "admin" }],
    ["set the password of somebody who may do more", "updateUser", { id: 1, password: "a new password" }],
    ["disable somebody who may do more", "deleteUser", { id: 1 }],
  ])("may not %s", async (_, name, input) => {
    const { errors } = await send(name, input, "", helper);
    expect(errors?.[0].extensions.code).toBe("FORBIDDEN");
  });

  test("may do all that with what they have themselves", async () => {
    const user = await run("createUser", { username: "junior", roles: ["help desk"] }, "userId", helper);
    expect(user.success).toBe(true);
    expect((await run("createToken", { user: "junior" }, "value", helper)).value).toMatch(/^soar_/);
    expect(await run("deleteUser", { id: user.userId }, "", helper)).toMatchObject({ success: true });
  });

  test("sees every container, or keeps none", async () => {
    await run("updateRole", { id: helpDesk.roleId, grantedLabels: ["events"] });
    const { errors } = await send("createUser", { username: "other" }, "", helper);
    expect(errors?.[0].message).toContain("sees only some labels or tenants");
  });
});
