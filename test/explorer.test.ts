import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openGateway } from "./support/gateway.js";

const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
if (!executablePath)
  console.warn("Skipped: the explorer in a browser, for want of Chromium (apt-get install chromium).");

const pictures = join(import.meta.dirname, "screenshots");
const switches = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

describe.skipIf(!executablePath)("the explorer", async () => {
  const { url, token } = await openGateway();
  let browser: Browser;

  beforeAll(async () => {
    mkdirSync(pictures, { recursive: true });
    browser = await chromium.launch({ executablePath, args: switches });
  });
  afterAll(() => browser?.close());

  /** A page that reaches nothing but the gateway, and what it tried or complained of. */
  async function openPage(): Promise<{ page: Page; strayed: string[]; complaints: string[] }> {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    const [strayed, complaints]: string[][] = [[], []];
    await page.route("**", (route) => {
      if (route.request().url().startsWith(url) || /^(data|blob):/.test(route.request().url())) return route.continue();
      strayed!.push(route.request().url());
      return route.abort();
    });
    page.on("console", (line) => line.type() === "error" && complaints!.push(line.text()));
    page.on("pageerror", (error) => complaints!.push(error.message));
    return { page, strayed: strayed!, complaints: complaints! };
  }

  /** Runs what the open tab holds and waits for an answer with `words`. */
  async function run(page: Page, words: RegExp): Promise<void> {
    // GraphiQL looks at a text half a second after it appeared, and knows its operations only then.
    await page.waitForTimeout(1_500);
    await page.getByRole("button", { name: /execute query/i }).click();
    const answer = async () => (await page.locator(".result-window").innerText()).replace(/\s+/g, " ");
    await expect.poll(answer, { timeout: 15_000 }).toMatch(words);
  }

  test("opens by the printed address with a query that answers, and reaches no other host", {
    timeout: 60_000,
  }, async () => {
    const { page, strayed, complaints } = await openPage();
    await page.goto(`${url}/explorer#token=${token}`);
    await run(page, /"name": "\w.*"artifacts": \{.*"cef": \{/s);
    expect(page.url()).toBe(`${url}/explorer`);
    await page.screenshot({ path: join(pictures, "explorer.png") });

    await page.getByRole("button", { name: /show documentation explorer/i }).click();
    await page.getByRole("link", { name: "Query" }).first().click();
    await page.getByText("All Container objects that the caller may see.").first().waitFor();
    await page.screenshot({ path: join(pictures, "explorer-documentation.png") });

    await page.getByRole("tab", { name: "AddArtifact" }).click();
    await run(page, /Artifact \d+ added to container 7/);
    await page.screenshot({ path: join(pictures, "explorer-mutation.png") });
    expect(strayed).toEqual([]);
    expect(complaints).toEqual([]);
  });

  test("asks for a token when it has none, says why one is refused, and opens with a good one", {
    timeout: 60_000,
  }, async () => {
    const { page } = await openPage();
    await page.goto(`${url}/explorer`);
    await page.getByLabel("Token").fill("nonsense");
    await page.getByRole("button", { name: "Open" }).click();
    await page.getByRole("alert").getByText("unknown, expired or revoked").waitFor();
    await page.screenshot({ path: join(pictures, "explorer-token.png") });
    await page.getByLabel("Token").fill(token);
    await page.getByRole("button", { name: "Open" }).click();
    await page.getByRole("button", { name: /execute query/i }).waitFor();
  });
});
