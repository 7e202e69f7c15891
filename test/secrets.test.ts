import { afterAll, expect, inject, test } from "vitest";
import { openGateway } from "./support/gateway.js";
import { startGateway, urlOf } from "./support/processes.js";

/*
 * Secrets are planted wherever one can be given, in a gateway that logs all it can; then none of them is in any answer,
 * log line, or row of the database.
 */
const { database, token: adminToken } = await openGateway("empty");

const planted = {
  password: "planted-password-of-a-user",
  changed: "planted-password-changed",
  asset: "planted-secret-of-an-asset",
  nested: "planted-api-key-of-an-asset",
  wrong: "planted-wrong-password",
  given: adminToken,
};

const { rows: names } = await database.pool.query("select current_database() as name");
const gateway = await startGateway(urlOf(inject("postgres").connection, names[0].name), adminToken, {
  LOG_LEVEL: "trace",
});
afterAll(() => gateway.kill());
const answers: string[] = [];

async function send(path: string, body: unknown, headers: Record<string, string> = {}): Promise<string> {
  const answer = await fetch(`${gateway.url}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${adminToken}`, "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  answers.push(text);
  return text;
}
const ask = async (query: string, variables = {}, headers = {}) =>
  JSON.parse(await send("/graphql", { query, variables }, headers));

test("no secret that was given is ever answered, logged or kept", async () => {
  const key = { "idempotency-key": "secrets" };
  const configuration = { server: "https://edr.example.com", password: planted.asset, api_key: planted.nested };
  const made = await ask(
    `mutation ($user: CreateUserInput!, $asset: CreateAssetInput!) {
      createUser(input: $user) { success userId user { username } }
      createAsset(input: $asset) { success assetId asset { configuration } }
      createToken(input: { user: "planted", trace: true }) { success tokenId value } }`,
    {
      user: { username: "planted", password: planted.password },
      asset: { name: "edr", configuration },
    },
    key,
  );
  const { createUser, createAsset, createToken } = made.data;
  expect(createAsset.asset.configuration).toEqual({
    server: "https://edr.example.com",
    password: "********",
    api_key: "********",
  });
  const { value } = createToken;
  expect(value).toMatch(/^soar_/);
  // The answer that tells a token is the one place for it.
  answers.pop();

  await ask("mutation ($input: UpdateUserInput!) { updateUser(input: $input) { success message } }", {
    input: { id: createUser.userId, password: planted.changed, trace: true },
  });
  await ask("mutation ($input: UpdateAssetInput!) { updateAsset(input: $input) { success message } }", {
    input: { id: createAsset.assetId, configuration: { ...configuration, password: "********" } },
  });
  // Refused, failed and repeated ones tell no more.
  await ask("mutation ($input: CreateUserInput!) { createUser(input: $input) { message } }", {
    input: { username: "planted", password: planted.password },
  });
  await ask("mutation ($input: CreateUserInput!) { createUser(input: $input) { message } }", {
    input: { username: "other", type: "automation", password: planted.password },
  });
  await ask("mutation ($input: CreateAssetInput!) { createAsset(input: $input) { message } }", {
    input: { name: "x".repeat(300), configuration },
  });
  // Who sends a value of a wrong type is told which; nobody else is.
  await ask("query ($wrong: Int!) { container(id: $wrong) { name } }", { wrong: planted.password });
  answers.pop();
  for (const password of [planted.wrong, planted.changed]) await send("/session", { username: "planted", password });
  await send("/session", { token: adminToken });
  await send("/graphql", { query: "{ viewer { permissions } }" }, { authorization: `Bearer ${planted.wrong}` });
  await send(
    "/graphql",
    { query: "{ viewer { permissions } }" },
    { authorization: `Basic ${btoa(`planted:${planted.wrong}`)}` },
  );
  await ask(`{ assets { nodes { configuration name } } users { nodes { username tokens { nodes { id name } } } }
    auditEntries(first: 100) { nodes { operation message ids } } systemSettings { license roi } }`);

  const kept: string[] = [];
  const { rows } = await database.pool.query(
    "select table_name from information_schema.tables where table_schema = 'public'",
  );
  for (const { table_name: table } of rows) {
    const hidden = table === "assets" ? "to_jsonb(t) - 'secrets'" : "to_jsonb(t)";
    const found = await database.pool.query(`select (${hidden})::text as row from ${table} t`);
    kept.push(...found.rows.map(({ row }) => row));
  }
  const everything = { answers: answers.join("\n"), log: gateway.said(), rows: kept.join("\n") };
  expect(everything.log).toContain("a request was refused");
  expect(everything.rows).toContain("createUser");
  for (const [name, secret] of Object.entries({ ...planted, value }))
    for (const [place, text] of Object.entries(everything))
      expect(text.includes(secret as string), `${name} is in the ${place}`).toBe(false);
});
