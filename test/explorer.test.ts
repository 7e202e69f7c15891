import { parse } from "graphql";
import type { Page, WebSocketRoute } from "playwright-core";
import { describe, expect, test } from "vitest";
import { hashPassword } from "../src/auth/passwords.js";
import { examples } from "../web/examples.js";
import { expectClean, hasBrowser, openBrowser } from "./support/browser.js";
import { openGateway } from "./support/gateway.js";

const { url, token, ask, database } = await openGateway();

/** What each example's answer must show; a mutation that did nothing would answer without an error too. */
const shows: Record<string, RegExp> = {
  "Find an incident": /"severity":"high"/,
  "See everything on one case": /"phases":\{"nodes":\[\{"name":"\w.*"artifacts":\{"totalCount":[1-9]/,
  "See who else saw an address": /"totalCount":[2-9].*"value":"1\.1\.1\.1"/,
  "Add an artifact": /"success":true.*Artifact \d+ added to container 7/,
  "Pin a finding": /"success":true.*"pinStyle":"RED"/,
  "Write a note": /"success":true.*"noteType":"GENERAL"/,
  Comment: /"success":true.*"username":"admin"/,
  "Open a case from a template": /"success":true.*"tasks":\{"nodes":\[\{"name":"\w/,
  "Run an action": /"success":true.*"message":"New action queued\.".*"appRuns":\{"nodes":\[\{"status":"PENDING"/,
  "Read what an action gave": /"city":"Research".*"action_results":\[\{"status":"success"/,
  "Ask somebody before an action runs": /"status":"pending","approver":\{"username":"admin".*Waits for approval/,
  "See what waits for an approval": /"totalCount":[1-9].*"status":"pending".*"username":"admin"/,
  "Approve an action": /"success":true.*Approval 29 was given.*"action":"disable user".*outside the gateway/,
  // Whether it passes is for a gateway that is a process of its own: asset-tests.test.ts.
  "Test whether an asset can be reached": /"success":true,"passed":(true|false),"message":"\w.*"name":"maxmind"/,
  "Promote an incident to a case": /"success":true.*"containerType":"CASE","currentPhase":\{"name":"\w/,
  "Merge an incident into a case": /"success":true.*"Artifact":\{"copied":[1-9]/,
  "Set the status of several": /"success":true.*"status":"open".*"status":"open"/,
  "Run a playbook": /"success":true.*"status":"PENDING","playbook":\{"python":"import phantom/,
  "Collect values from artifacts": /"success":true.*"rows":\[\["Address to locate","1\.1\.1\.1"\]/,
  "Page a long list": /"hasNextPage":true,"endCursor":"\w/,
  "See why actions failed": /"totalCount":[1-9].*"appRuns":\{"nodes":\[\{"status":"FAILED"/,
  "See what was done, and by whom": /"operation":"\w.*"username":"admin"/,
  "Add a label": /"success":true.*"name":"insider"/,
  "See how the week went": /"containersWorkload":\[\{"user":\{"username":"\w/,
  "See how it is set up": /"isDefault":true,"phases":\{"nodes":\[\{"name":"\w/,
  "See what I may do": /"username":"admin".*"permissions":\["\w/,
};

const isSubscription = (query: string) =>
  parse(query).definitions.some((definition) => "operation" in definition && definition.operation === "subscription");

test.each(examples.filter(({ query }) => !isSubscription(query)))("the example $job answers on the sample", async ({
  job,
  query,
}) => {
  const { data, errors } = await ask(query);
  expect(errors).toBeUndefined();
  expect(JSON.stringify(data)).toMatch(shows[job]!);
});

describe.skipIf(!hasBrowser)("the explorer", { timeout: 90_000 }, () => {
  const open = openBrowser(url);

  const titles = examples.map(({ query }) => /(?:query|mutation|subscription) (\w+)/.exec(query)![1]!);
  const answer = async (page: Page) => (await page.locator(".result-window").innerText()).replace(/\s+/g, " ");

  /** Runs what the open tab holds, once GraphiQL has found its operation and lets it run. */
  async function run(page: Page, words: RegExp): Promise<void> {
    // GraphiQL looks at a text half a second after it appeared, and knows its operations only then.
    await page.waitForTimeout(1_000);
    await page.getByRole("button", { name: /execute query/i }).click();
    await expect.poll(() => answer(page), { timeout: 15_000 }).toMatch(words);
  }

  /** Whether the row of tabs shows the whole of the open one. */
  const reach = async (page: Page) => {
    const row = (await page.locator(".graphiql-tabs").boundingBox())!;
    const tab = (await page.locator(".graphiql-tab-active").boundingBox())!;
    if (tab.x < row.x - 1) return "before the row";
    return tab.x + tab.width > row.x + row.width + 1 ? "behind the row" : "in sight";
  };

  const enter = async (page: Page, wide = true) => {
    const schema = page.waitForResponse((answer) => answer.request().postData()?.includes("__schema") ?? false);
    await page.goto(`${url}/explorer#token=${token}`);
    if (wide) await page.locator(".graphiql-query-editor").getByText("FindIncidents").waitFor();
    await schema;
  };

  test.each([
    "light",
    "dark",
  ] as const)("opens by the printed address in the %s, answers, and reaches no other host", async (colorScheme) => {
    const visit = await open({ colorScheme });
    const { page, look } = visit;
    await enter(page);
    expect(page.url()).toBe(`${url}/explorer`);
    expect(
      await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])),
    ).not.toContain(token);
    await run(page, /"totalCount": \d+.*"severity": "high"/);
    expect(await look(`explorer-${colorScheme}`)).toEqual([]);

    await page.getByRole("button", { name: "See what I may do" }).scrollIntoViewIfNeeded();
    await page.getByRole("button", { name: /show documentation explorer/i }).click();
    expect((await page.locator(".graphiql-plugin").boundingBox())!.y).toBeLessThan(
      (await page.getByText("Root Types").boundingBox())!.y,
    );
    await page.getByRole("link", { name: "Query" }).first().click();
    await page.getByText("All Container objects that the caller may see.").first().waitFor();
    expect(await look(`explorer-documentation-${colorScheme}`)).toEqual([]);

    await page.getByRole("button", { name: /show graphiql explorer/i }).click();
    await page.getByText("totalCountExact").first().click();
    await page.locator(".graphiql-query-editor").getByText("totalCountExact").waitFor();
    expect(await look(`explorer-builder-${colorScheme}`)).toEqual([]);
    expectClean(visit);
  });

  test("opens each example from the list in a tab that is in sight, again after it was closed", async () => {
    const visit = await open();
    const { page, look } = visit;
    await enter(page);
    for (const [place, { job }] of examples.entries()) {
      await page.getByRole("region", { name: "Examples" }).getByRole("button", { name: job, exact: true }).click();
      await page
        .locator(".graphiql-tab-button[aria-current=true]")
        .getByText(titles[place]!, { exact: true })
        .waitFor();
      await expect.poll(() => reach(page)).toBe("in sight");
    }
    expect(await page.locator(".graphiql-tab").count()).toBe(examples.length);
    expect(await look("explorer-examples")).toEqual([]);
    const first = page.locator(".graphiql-tab-button[aria-current=true]").getByText("FindIncidents");
    await page.getByRole("button", { name: "Find an incident" }).click();
    await first.waitFor();
    await expect.poll(() => reach(page)).toBe("in sight");
    await page.locator(".graphiql-tab-active").getByRole("button", { name: /close/i }).click();
    await expect.poll(() => page.locator(".graphiql-tab").count()).toBe(examples.length - 1);
    await page.getByRole("button", { name: "Find an incident" }).click();
    await first.waitFor();
    await run(page, /"severity": "high"/);
    expectClean(visit);
  });

  test("on a small screen shows an example chosen from the list, and its answer below it", async () => {
    const visit = await open({ viewport: { width: 390, height: 844 } });
    const { page, look } = visit;
    await enter(page, false);
    const list = page.getByRole("region", { name: "Examples" });
    await list.getByRole("button", { name: "See who else saw an address" }).click();
    await list.waitFor({ state: "hidden" });
    await run(page, /"totalCount": 2/);
    const [asked, answered] = await Promise.all(
      [".graphiql-query-editor", ".result-window"].map((part) => page.locator(part).boundingBox()),
    );
    expect(asked!.x + asked!.width).toBeLessThanOrEqual(390);
    expect(answered!.x + answered!.width).toBeLessThanOrEqual(390);
    expect(answered!.y).toBeGreaterThanOrEqual(asked!.y + asked!.height);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    expect(await look("small-explorer-answer")).toEqual([]);
    await page.getByRole("button", { name: "Show Examples" }).click();
    await list.waitFor();
    expectClean(visit);
  });

  test("opens no example before its editor is there to show it", async () => {
    const visit = await open();
    const { page } = visit;
    let load = () => {};
    const asked = new Promise<void>((resolve) => {
      load = resolve;
    });
    await page.route("**/assets/editor.api-*.js", async (route) => {
      await asked;
      await route.continue();
    });
    await page.goto(`${url}/explorer#token=${token}`, { waitUntil: "commit" });
    const example = page.getByRole("button", { name: "See who else saw an address" });
    await example.waitFor();
    expect(await example.isDisabled()).toBe(true);
    load();
    await example.click();
    await page.locator(".graphiql-query-editor").getByText("WhoElseSawThis").waitFor();
    await page.locator(".graphiql-tab-active").getByText("WhoElseSawThis").waitFor();
    expectClean(visit);
  });

  test("follows what happens, by the same cookie", async () => {
    const visit = await open();
    const { page, look } = visit;
    await enter(page);
    await page.getByRole("button", { name: "Follow a case as it changes" }).click();
    await run(page, /"kind": "START"/);
    await ask('mutation { comment(input: { container: 7, comment: "seen" }) { success } }');
    await expect.poll(() => answer(page), { timeout: 15_000 }).toMatch(/"__typename": "Comment"/);
    await look("explorer-subscription");
    expectClean(visit);
  });

  test.each([
    "light",
    "dark",
  ] as const)("asks in the %s who it is, says why it lets nobody in, and knows who came, until they leave", async (colorScheme) => {
    await database.pool.query("insert into users (username, password_hash) values ($1, $2) on conflict do nothing", [
      "erin",
      await hashPassword("a long password"),
    ]);
    const visit = await open({ colorScheme });
    const { page, look } = visit;
    await page.goto(`${url}/explorer`);
    const form = (name: string) => page.getByRole("form", { name });
    await form("With a token").getByRole("textbox", { name: "Token" }).fill("nonsense");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").getByText("unknown, expired or revoked").waitFor();
    expect(await look(`login-${colorScheme}`)).toEqual([]);
    await form("With a password").getByLabel("User name").fill("erin");
    await form("With a password").getByLabel("Password").fill("a long password");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: /execute query/i }).waitFor();
    await page.getByRole("banner").getByText("erin").waitFor();

    await page.goto(url);
    await page.getByRole("banner").getByText("erin").waitFor();
    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByRole("link", { name: "Log in" }).click();
    await form("With a password").waitFor();
    expect(visit.strayed).toEqual([]);
    expect(visit.complaints.filter((line) => !line.includes("401"))).toEqual([]);
  });

  test("leads back to the login when the session has ended", async () => {
    const { page } = await open();
    await enter(page);
    await database.pool.query("update sessions set expire_time = now()");
    await page.getByRole("button", { name: /execute query/i }).click();
    await page.getByRole("alert").getByText("The session has ended; log in again.").waitFor();
  });

  test("leads back to the login when the session of what it follows has ended", async () => {
    const visit = await open();
    const { page } = visit;
    await enter(page);
    await page.getByRole("button", { name: "Follow actions" }).click();
    await run(page, /"kind": "START"/);
    await database.pool.query("update sessions set expire_time = now()");
    await page.getByRole("alert").getByText("The session has ended; log in again.").waitFor();
    expectClean(visit);
  });

  test("says what to do when the connection is lost, with the last event still in sight", async () => {
    const visit = await open();
    const { page } = visit;
    const sockets: WebSocketRoute[] = [];
    await page.routeWebSocket("**/graphql", (socket) => {
      socket.connectToServer();
      sockets.push(socket);
    });
    await enter(page);
    await page.getByRole("button", { name: "Follow actions" }).click();
    await run(page, /"kind": "START"/);
    await sockets[0]!.close({ code: 1001, reason: "Going away" });
    await expect
      .poll(() => answer(page))
      .toMatch(/"cursor": "\w.*The connection ended \(Going away\)\. Run it again with the last cursor/);
    expectClean(visit);
    await page.route("**/graphql", (route) => route.abort());
    await page.getByRole("button", { name: "Find an incident" }).click();
    await run(page, /"message": "The server cannot be reached; is it running\?" \}/);
  });

  test("says why it is empty when the schema is not shown", async () => {
    const { page, look } = await open();
    await page.route("**/graphql", async (route) => {
      if (!route.request().postData()?.includes("__schema")) return route.continue();
      const body = JSON.stringify({ errors: [{ message: "Introspection needs the right schema:view." }] });
      await route.fulfill({ status: 403, contentType: "application/json", body });
    });
    await enter(page);
    await page.getByRole("status").getByText("needs the right schema:view").waitFor();
    await look("explorer-refused");
  });
});
