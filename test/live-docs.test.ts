import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { afterAll, expect, test } from "vitest";
import { openGateway } from "./support/gateway.js";

/** The examples of the manual, by language and in its order. */
const manual = readFileSync(join(import.meta.dirname, "..", "docs", "live.md"), "utf8");
const examples = (language: string) =>
  [...manual.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, "gs"))].map(([, text]) => text!);
const [shell] = examples("sh") as [string];
const [page, node] = examples("js") as [string, string];
const [python] = examples("python") as [string];

const { ask, beside, token, url } = await openGateway();
const running: ChildProcess[] = [];
afterAll(() => {
  for (const child of running) child.kill();
});

const happen = () => ask(`mutation { comment(input: { container: 7, comment: "told" }) { success } }`);

/** Runs an example until it tells of something that happened. */
async function tells(command: string, words: string[], ready: RegExp | undefined): Promise<string> {
  const env = { ...process.env, SOAR_URL: url, SOAR_TOKEN: token };
  const child = spawn(command, words, {
    cwd: join(import.meta.dirname, ".."),
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  running.push(child);
  let said = "";
  let happened = false;
  for await (const text of child.stdout) {
    said += text;
    if (!happened && (!ready || ready.test(said))) await happen();
    happened ||= !ready || ready.test(said);
    if (!said.includes("COMMENT_ADDED")) continue;
    child.kill("SIGKILL");
    return said;
  }
  throw new Error(`It ended, saying: ${said}`);
}

const missing = (command: string) => spawnSync(command, ["--version"]).status !== 0;

test.skipIf(missing("curl"))("the manual's shell example follows", async () => {
  expect(await tells("sh", ["-c", shell], /START/)).toMatch(/id: \S+\ndata: .*"container":\{"id":7,/);
});

test("the manual's Node example follows", async () => {
  expect(await tells(process.execPath, ["--input-type=module", "-e", node], /START/)).toContain("nodeId");
});

test.skipIf(missing("python3"))("the manual's poller follows", async () => {
  await happen();
  expect(await tells("python3", ["-c", python], undefined)).toContain("'container': {'id': 7}");
});

const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);

test.skipIf(!executablePath)("the manual's page follows, and comes back by itself", { timeout: 60_000 }, async () => {
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
  try {
    // Stands in for the session cookie, which the browser would send by itself.
    const tab = await browser.newPage({ extraHTTPHeaders: { authorization: `Bearer ${token}` } });
    const told: string[] = [];
    tab.on("console", async (line) => {
      if (line.type() === "log") told.push(JSON.stringify(await line.args()[0]!.jsonValue()));
    });
    const first = await beside();
    await tab.goto(`${first.url}/healthz`);
    await tab.evaluate(page);
    await expect.poll(() => told.length).toBe(1);
    await happen();
    await expect.poll(() => told.length).toBe(2);
    await first.app.close();
    await happen();
    await beside({ port: Number(new URL(first.url).port) });
    await expect.poll(() => told.length, { timeout: 10_000 }).toBe(3);
    const [start, one, two] = told.map((text) => JSON.parse(text));
    expect([start.kind, one.kind, two.kind]).toEqual(["START", "COMMENT_ADDED", "COMMENT_ADDED"]);
    expect(two.sequence).toBe(one.sequence + 1);
  } finally {
    await browser.close();
  }
});
