import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { afterAll, describe, expect, test } from "vitest";
import { readConfig } from "../src/config.js";
import { createServer as createGateway } from "../src/server.js";
import { openGateway } from "./support/gateway.js";

/* An identity provider on this machine, and a gateway that trusts it. */
const [ours, theirs] = [await generateKeyPair("ES256"), await generateKeyPair("ES256")];
const provider = createServer(async (request, response) => {
  response.setHeader("content-type", "application/json");
  const keys = { keys: [{ ...(await exportJWK(ours.publicKey)), kid: "one", alg: "ES256" }] };
  const document = request.url === "/keys" ? keys : { issuer, jwks_uri: `${issuer}/keys` };
  response.end(JSON.stringify(document));
});
await new Promise<void>((ready) => provider.listen(0, "127.0.0.1", ready));
const issuer = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;

const { database } = await openGateway("empty");
const settings = { LOG_LEVEL: "silent", OIDC_ISSUER: issuer, OIDC_AUDIENCE: "soar", OIDC_ROLES_CLAIM: "groups" };
const open = async (more: Record<string, string> = {}) => {
  const app = await createGateway(readConfig({ ...settings, ...more }), database);
  afterAll(() => app.close());
  return app;
};
const gateway = await open({ OIDC_ROLE_MAP: "soc=Incident Commander,audit=Observer" });
afterAll(() => provider.close());

function sign(
  claims: JWTPayload,
  { key = ours.privateKey, audience = "soar", from = issuer, end = "1h" } = {},
): Promise<string> {
  const token = new SignJWT(claims).setProtectedHeader({ alg: "ES256", kid: "one" });
  return token.setIssuer(from).setAudience(audience).setIssuedAt().setExpirationTime(end).sign(key);
}

async function ask(token: string, app = gateway) {
  const answer = await app.inject({
    method: "POST",
    url: "/graphql",
    headers: { authorization: `Bearer ${token}` },
    payload: { query: "{ viewer { user { id username type roles { nodes { name } } } } }" },
  });
  const { data, errors } = answer.json();
  const user = data?.viewer.user;
  return {
    status: answer.statusCode,
    message: errors?.[0].message as string | undefined,
    user: user && { ...user, roles: user.roles.nodes.map(({ name }: { name: string }) => name) },
  };
}

describe("a bearer token of the identity provider", () => {
  test("makes an account at its first visit, with the roles that its claim stands for", async () => {
    const token = await sign({ preferred_username: "grace", groups: ["soc", "canteen"] });
    const first = await ask(token);
    expect(first.user).toMatchObject({ username: "grace", type: "openid", roles: ["Incident Commander"] });
    expect((await ask(token)).user).toEqual(first.user);
  });

  test("changes the roles when its claim changes, and gives none without one", async () => {
    for (const [groups, roles] of [
      [["audit"], ["Observer"]],
      [
        ["audit", "soc"],
        ["Incident Commander", "Observer"],
      ],
      ["audit", ["Observer"]],
      [undefined, []],
    ])
      expect((await ask(await sign({ preferred_username: "grace", groups }))).user.roles).toEqual(roles);
  });

  test("names roles by their own names where no map is set", async () => {
    const app = await open();
    const token = await sign({ preferred_username: "heidi", groups: ["observer", "soc"] });
    expect((await ask(token, app)).user.roles).toEqual(["Observer"]);
  });

  test("makes one account at a hundred first visits at once", async () => {
    const token = await sign({ preferred_username: "ivan", groups: ["soc"] });
    const answers = await Promise.all(Array.from({ length: 100 }, () => ask(token)));
    expect(new Set(answers.map(({ user }) => user?.id)).size).toBe(1);
  });

  test.each([
    ["of another key", { key: theirs.privateKey }, "not signed"],
    ["for another audience", { audience: "other" }, "claim aud"],
    ["of another issuer", { from: "http://127.0.0.1:1" }, "claim iss"],
    ["that has expired", { end: "-1m" }, "expired"],
  ])("%s is refused", async (_, options, reason) => {
    const answer = await ask(await sign({ preferred_username: "grace", groups: ["soc"] }, options as never));
    expect(answer).toMatchObject({ status: 401, message: expect.stringContaining(reason) });
  });

  test("without a name, without a signature, or in the name of a local account is refused", async () => {
    expect((await ask(await sign({ groups: ["soc"] }))).status).toBe(401);
    const [header, payload] = (await sign({ preferred_username: "grace" })).split(".");
    const none = Buffer.from('{"alg":"none"}').toString("base64url");
    expect((await ask(`${none}.${payload}.`)).status).toBe(401);
    expect((await ask(`${header}.${payload}.`)).status).toBe(401);
    const taken = await ask(await sign({ preferred_username: "ADMIN", groups: ["soc"] }));
    expect(taken).toMatchObject({ status: 401, message: expect.stringContaining("logs in here") });
    const { rows } = await database.pool.query("select type from users where lower(username) = 'admin'");
    expect(rows).toEqual([{ type: "normal" }]);
  });

  test("begins no session, which would outlive it", async () => {
    const token = await sign({ preferred_username: "grace", groups: ["soc"] });
    const answer = await gateway.inject({ method: "POST", url: "/session", payload: { token } });
    expect(answer.statusCode).toBe(400);
    expect(answer.headers["set-cookie"]).toBeUndefined();
    const { rows } = await database.pool.query("select from sessions");
    expect(rows).toEqual([]);
  });

  test("of an account that was disabled here is refused", async () => {
    const token = await sign({ preferred_username: "grace", groups: ["soc"] });
    await database.pool.query("update users set is_active = false where username = 'grace'");
    expect(await ask(token)).toMatchObject({ status: 401, message: expect.stringContaining("disabled") });
  });

  test("is refused while the provider cannot be reached, and accepted when it can", async () => {
    let down = true;
    const flaky = createServer((request, response) => {
      if (down) return response.destroy();
      fetch(`${issuer}${request.url}`).then(async (answer) =>
        response.end((await answer.text()).replaceAll(issuer, address)),
      );
    });
    await new Promise<void>((ready) => flaky.listen(0, "127.0.0.1", ready));
    afterAll(() => flaky.close());
    const address = `http://127.0.0.1:${(flaky.address() as AddressInfo).port}`;
    const app = await open({ OIDC_ISSUER: address });
    const token = await sign({ preferred_username: "judy" }, { from: address });
    expect(await ask(token, app)).toMatchObject({ status: 401, message: expect.stringContaining("cannot be reached") });
    down = false;
    expect(await ask(token, app)).toMatchObject({ status: 200, user: { username: "judy" } });
  });
});
