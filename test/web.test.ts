import { describe, expect, test } from "vitest";
import { expectClean, hasBrowser, openBrowser } from "./support/browser.js";
import { openGateway } from "./support/gateway.js";

const { url, token } = await openGateway();

describe("a page", () => {
  test.each([
    "/",
    "/start",
    "/explorer",
    "/schema",
    "/board",
  ])("%s loads only what is served here, and runs no text as code", async (path) => {
    const answer = await fetch(url + path);
    expect(answer.status).toBe(200);
    const policy = answer.headers.get("content-security-policy")!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/ 'unsafe-eval'|https?:|\*/);
    expect(/script-src[^;]*'unsafe-inline'/.test(policy)).toBe(false);
    expect(policy.includes("'wasm-unsafe-eval'")).toBe(path === "/schema");
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    const page = await answer.text();
    expect(page).not.toMatch(/(?:src|href)="(?:https?:)?\/\/|<!-- /);
    expect(page).not.toContain(token);
  });

  test("loads files that a browser may keep, and gets them compressed", async () => {
    const [path] = (await (await fetch(`${url}/explorer`)).text()).match(/\/assets\/explorer-[\w-]+\.js/)!;
    const get = (encoding: string) => fetch(url + path, { headers: { "accept-encoding": encoding } });
    const lengths: number[] = [];
    for (const encoding of ["br", "gzip", "identity"]) {
      const answer = await get(encoding);
      expect(answer.headers.get("content-encoding")).toBe(encoding === "identity" ? null : encoding);
      expect(answer.headers.get("cache-control")).toContain("immutable");
      expect(answer.headers.get("vary")).toContain("accept-encoding");
      expect(answer.headers.get("content-type")).toContain("javascript");
      lengths.push(Number(answer.headers.get("content-length")));
    }
    expect(lengths[0]).toBeLessThan(lengths[1]!);
    expect(lengths[1]).toBeLessThan(lengths[2]! / 2);
  });

  test("that is not there is told as JSON, also among the files", async () => {
    for (const [path, status] of [
      ["/nothing", 404],
      ["/assets/none.js", 404],
      ["/assets/..%2f..%2fmain.js", 403],
    ] as const) {
      const answer = await fetch(url + path);
      expect([path, answer.status]).toEqual([path, status]);
      expect(answer.headers.get("content-type")).toContain("json");
    }
  });
});

describe.skipIf(!hasBrowser)("in a browser", { timeout: 60_000 }, () => {
  const open = openBrowser(url);
  const schemes = ["light", "dark"] as const;

  test.each(schemes)("the home page in the %s leads to every door", async (colorScheme) => {
    const visit = await open({ colorScheme });
    const { page, look } = visit;
    await page.goto(url);
    for (const [name, path] of [
      ["Explorer", "/explorer"],
      ["Schema graph", "/schema"],
      ["Actions", "/board"],
      ["First five minutes", "/start"],
    ] as const) {
      await page.getByRole("main").getByRole("link", { name }).click();
      expect(new URL(page.url()).pathname).toBe(path);
      await page.goBack();
    }
    expect(await page.locator(".snippet").innerText()).toContain(`${url}/graphql`);
    expect(await look(`home-${colorScheme}`)).toEqual([]);
    expectClean(visit);
  });

  test.each(schemes)("the first five minutes in the %s give code to copy", async (colorScheme) => {
    const visit = await open({ colorScheme, permissions: ["clipboard-read", "clipboard-write"] });
    const { page, look } = visit;
    await page.goto(`${url}/start`);
    expect(await look(`start-${colorScheme}`)).toEqual([]);
    await page.getByRole("button", { name: "Copy" }).nth(1).click();
    await page.getByRole("button", { name: "Copied" }).waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(copied).toMatch(/^import json/);
    expect(copied).toContain(`${url}/graphql`);
    expectClean(visit);
  });

  test.each(
    schemes,
  )("the schema in the %s is a graph around the container, without logging in", async (colorScheme) => {
    const visit = await open({ colorScheme });
    const { page, look } = visit;
    await page.goto(`${url}/schema`);
    await page.locator("svg .node").first().waitFor();
    const types = await page
      .locator("svg .node .type-title, svg .node")
      .evaluateAll((nodes) => nodes.map(({ id }) => id));
    expect(types).toContain("TYPE::Container");
    expect(types).toContain("TYPE::Artifact");
    expect(types.join()).not.toMatch(/Connection|Edge|PageInfo/);
    expect(await look(`schema-${colorScheme}`)).toEqual([]);
    await page.locator(".typelist-item").getByText("PhaseTemplate", { exact: true }).click();
    await page.getByText("tasks", { exact: true }).first().waitFor();
    expectClean(visit);
  });

  test("the schema on a small screen keeps its options off the bar and off what zooms", async () => {
    const visit = await open({ viewport: { width: 390, height: 800 } });
    const { page } = visit;
    await page.goto(`${url}/schema`);
    await page.locator("svg .node").first().waitFor();
    const [bar, options] = await Promise.all([".bar", ".menu-content"].map((part) => page.locator(part).boundingBox()));
    expect(options!.y).toBeGreaterThanOrEqual(bar!.y + bar!.height);
    await page.getByRole("button", { name: /zoom in/i }).click();
    await page.getByRole("button", { name: /zoom out/i }).click();
    expect(await page.evaluate(() => document.documentElement.scrollHeight)).toBe(800);
    expectClean(visit);
  });

  test.each(["/", "/start", "/schema", "/explorer", "/board"])("%s fits a small screen", async (path) => {
    const visit = await open({ viewport: { width: 390, height: 800 } });
    await visit.page.goto(url + path);
    await visit.page.getByRole("link", { name: "Log in" }).waitFor();
    expect(await visit.page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    expect(await visit.look(`small${path.replace("/", "-")}`)).toEqual([]);
    expectClean(visit);
  });

  test.each([
    ["/", "Copy"],
    ["/start", "Copy"],
    ["/explorer", "Log in"],
  ])("everything on %s is reached by the keyboard, and seen to be", async (path, button) => {
    const { page } = await open();
    await page.goto(url + path);
    await page.getByRole("button", { name: button }).first().waitFor();
    const everything = "a, button, input, pre";
    const reached = new Set<number>();
    for (let step = await page.locator(everything).count(); step > 0; step--) {
      await page.keyboard.press("Tab");
      const { place, outline } = await page.evaluate((selector) => {
        const element = document.activeElement!;
        const place = [...document.querySelectorAll(selector)].indexOf(element);
        return { place, outline: getComputedStyle(element).outlineStyle };
      }, everything);
      expect([place, outline]).toEqual([place, "solid"]);
      reached.add(place);
    }
    expect(reached.size).toBe(await page.locator(everything).count());
    expect(reached).not.toContain(-1);
  });
});
