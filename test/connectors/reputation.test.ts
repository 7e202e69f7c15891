import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { reputation } from "../../src/connectors/reputation.js";
import { jobWith } from "../support/servers.js";

const folder = mkdtempSync(join(tmpdir(), "soar-reputation-"));
afterAll(() => rmSync(folder, { recursive: true }));

function list(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

const sha1 = "98dbaeb6d46bd09eca002e1f2b6f3e76fd3222cd";
const plain = list(
  "blocked.txt",
  [
    "# addresses and names that nobody here may reach",
    "198.51.100.7",
    "203.0.113.0/24 ; a whole network",
    "2001:DB8:0:0::/64",
    "Evil.Example.",
    "BÜCHER.example   # written as people do",
    "http://bad.example/path?x=1",
    "no indicator, this",
    "",
    "10.0.0.0/99",
    "fe80::1%eth0",
  ].join("\r\n"),
);
const csv = list(
  "intelligence.csv",
  [
    "# exported today",
    "indicator,verdict,source,comment",
    `${sha1.toUpperCase()},Malicious,Example Labs,"a dropper, seen twice"`,
    "good.evil.example,benign,Our own,",
    "198.51.100.7,suspicious,,",
    "odd.example,phishing,Feed,",
  ].join("\n"),
);

const settings = { lists: `${plain}, ${csv}` };
const ask = (kind: "file" | "ip" | "domain" | "url", value: unknown, job = jobWith(settings)) =>
  reputation.run(`${kind} reputation`, { [kind === "file" ? "hash" : kind]: value }, job);

test("a file is known by its hash, whatever the letter case", async () => {
  expect(await ask("file", sha1)).toEqual({
    success: true,
    message: `Verdict: malicious, Source: Example Labs, Listed as: ${sha1}`,
    data: [
      {
        indicator: sha1,
        verdict: "malicious",
        source: "Example Labs",
        comment: "a dropper, seen twice",
        list: "intelligence.csv",
      },
    ],
    summary: { verdict: "malicious", total_hits: 1 },
  });
});

test("what no list knows is unknown", async () => {
  expect(await ask("ip", "9.9.9.9")).toEqual({
    success: true,
    message: "Verdict: unknown, Lists: 2",
    data: [],
    summary: { verdict: "unknown", total_hits: 0 },
  });
});

test("an address that several lists know gets the worst of what they say", async () => {
  expect(await ask("ip", "198.51.100.7")).toMatchObject({
    data: [
      { verdict: "malicious", source: "blocked.txt" },
      { verdict: "suspicious", source: "intelligence.csv" },
    ],
    summary: { verdict: "malicious", total_hits: 2 },
  });
});

test.each([
  ["203.0.113.200", "203.0.113.0/24"],
  ["::ffff:203.0.113.1", "203.0.113.0/24"],
  ["2001:db8::7", "2001:db8::/64"],
])("%s is known by its network %s", async (ip, indicator) => {
  expect(await ask("ip", ip)).toMatchObject({ data: [{ indicator }], summary: { verdict: "malicious" } });
});

test("a domain is known by its parents, and both are told", async () => {
  expect(await ask("domain", "EVIL.example")).toMatchObject({ data: [{ indicator: "evil.example" }] });
  expect(await ask("domain", "xn--bcher-kva.example")).toMatchObject({ summary: { verdict: "malicious" } });
  expect(await ask("domain", "www.good.evil.example")).toMatchObject({
    data: [{ indicator: "evil.example" }, { indicator: "good.evil.example", verdict: "benign" }],
    summary: { verdict: "malicious" },
  });
  expect(await ask("domain", "notevil.example")).toMatchObject({ summary: { verdict: "unknown" } });
});

test("a verdict of a list's own is kept, and is worse than a suspicion", async () => {
  expect(await ask("domain", "odd.example")).toMatchObject({ summary: { verdict: "phishing" } });
});

test.each([
  ["https://BAD.example/path?x=1#part", "bad.example/path?x=1"],
  ["http://evil.example:8080/anything", "evil.example"],
  ["http://203.0.113.9/", "203.0.113.0/24"],
  ["http://[2001:db8::9]/", "2001:db8::/64"],
])("%s is known as %s", async (url, indicator) => {
  expect(await ask("url", url)).toMatchObject({ data: [{ indicator }], summary: { verdict: "malicious" } });
});

test("a URL is another when its path is", async () => {
  expect(await ask("url", "http://bad.example/Path?x=1")).toMatchObject({ summary: { verdict: "unknown" } });
});

test("lines that are no indicators are left out, and the log says which", async () => {
  const job = jobWith(settings);
  await ask("ip", "9.9.9.9", job);
  expect(job.lines).toEqual(["blocked.txt: 3 lines are no indicators and are left out, the first is line 8."]);
});

test("the asset says what lines without a verdict mean", async () => {
  const job = jobWith({ ...settings, verdict: "suspicious" });
  expect(await ask("domain", "evil.example", job)).toMatchObject({ summary: { verdict: "suspicious" } });
});

test("a list that changes is read anew", async () => {
  const job = jobWith({ lists: list("changing.txt", "one.example\n") });
  expect(await ask("domain", "two.example", job)).toMatchObject({ summary: { verdict: "unknown" } });
  list("changing.txt", "one.example\ntwo.example\n");
  expect(await ask("domain", "two.example", job)).toMatchObject({ summary: { verdict: "malicious" } });
});

test.each([
  ["file", "not-a-hash"],
  ["file", `${sha1}0`],
  ["ip", "203.0.113.0/24"],
  ["domain", "203.0.113.1"],
  ["url", "http://"],
] as const)("%s reputation refuses %s", async (kind, value) => {
  await expect(ask(kind, value)).rejects.toThrow(`${JSON.stringify(value)} is not `);
});

test("a list that is missing, or none at all, is told", async () => {
  await expect(ask("ip", "9.9.9.9", jobWith({ lists: join(folder, "none.txt") }))).rejects.toThrow(
    "cannot be read: there is none",
  );
  await expect(ask("ip", "9.9.9.9", jobWith({ lists: folder }))).rejects.toThrow("is not a file");
  await expect(ask("ip", "9.9.9.9", jobWith({}))).rejects.toThrow('the setting "lists" is missing');
});

test("a list of half a million indicators is read once, and answers at once from then on", async () => {
  const names = Array.from({ length: 500_000 }, (_, index) => `host-${index}.feed.example`);
  const job = jobWith({ lists: list("big.txt", names.join("\n")) });
  expect(await reputation.test(job)).toBe("1 list has 500000 indicators.");
  const begin = performance.now();
  for (let index = 0; index < 1000; index++)
    expect((await ask("domain", `host-${index * 500}.feed.example`, job)).data).toHaveLength(1);
  // 1,000 questions, each far below what reading the list again would take.
  expect(performance.now() - begin).toBeLessThan(5000);
});
