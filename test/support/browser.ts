import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect } from "vitest";

const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
if (!executablePath) console.warn("Skipped: the pages in a browser, for want of Chromium (apt-get install chromium).");

/** Whether there is a browser to look at the pages with. */
export const hasBrowser = executablePath !== undefined;

const pictures = join(import.meta.dirname, "../screenshots");
const switches = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export interface Visit {
  page: Page;
  /** Addresses beyond the gateway that the page wanted, and errors in its console, refusals of the policy among them. */
  strayed: string[];
  complaints: string[];
  /** Keeps a picture to look at, and gives what axe finds serious or critical. */
  look(name: string): Promise<string[]>;
}

/** Opens pages of a gateway in a browser that reaches nothing else. */
export function openBrowser(url: string): (options?: BrowserContextOptions) => Promise<Visit> {
  let browser: Browser;
  beforeAll(async () => {
    mkdirSync(pictures, { recursive: true });
    browser = await chromium.launch({ executablePath, args: switches });
  });
  afterAll(() => browser?.close());

  return async (options) => {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
    const page = await context.newPage();
    const [strayed, complaints]: string[][] = [[], []];
    await page.route("**", (route) => {
      if (route.request().url().startsWith(url) || /^(data|blob):/.test(route.request().url())) return route.continue();
      strayed!.push(route.request().url());
      return route.abort();
    });
    page.on("console", (line) => line.type() === "error" && complaints!.push(line.text()));
    page.on("pageerror", (error) => complaints!.push(error.message));
    const look: Visit["look"] = async (name) => {
      await page.screenshot({ path: join(pictures, `${name}.png`) });
      const { violations } = await new AxeBuilder({ page }).analyze();
      return violations
        .filter(({ impact }) => impact === "serious" || impact === "critical")
        .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`);
    };
    return { page, strayed: strayed!, complaints: complaints!, look };
  };
}

/** Nothing of a page came from elsewhere, and nothing went wrong in it. */
export function expectClean({ strayed, complaints }: Visit): void {
  expect(strayed).toEqual([]);
  expect(complaints).toEqual([]);
}
