import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { Result } from "../../src/connectors/connector.js";
import { connectors } from "../../src/connectors/index.js";
import { mmdb } from "../support/mmdb.js";
import { dnsServer, httpServer, jobWith, lineServer, smtpServer } from "../support/servers.js";

/*
 * Every action is run against a server of its kind, and what comes back is compared with what its manifest says.
 */

const folder = mkdtempSync(join(tmpdir(), "soar-manifests-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Buffer): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

const place = {
  city: { names: { en: "Research" } },
  subdivisions: [{ iso_code: "VIC", names: { en: "Victoria" } }],
  country: { iso_code: "AU" },
  location: { latitude: -37.7, longitude: 145.1833, time_zone: "Australia/Melbourne" },
  postal: { code: "3095" },
};
const name = "example.com";
const dns = await dnsServer((asked, type) => ({
  answers:
    type === "MX"
      ? [{ name, type, data: { exchange: "mx.example.com", preference: 10 } }]
      : type === "PTR"
        ? [{ name: asked, type, data: name }]
        : [{ name, type: "A", ttl: 60, data: "192.0.2.7" }],
}));
const registration = ["Organization", "NetName", "Registrar", "City", "Country", "Created", "Expires"];
const whois = await lineServer((line, socket) => {
  const known = line === name ? registration : registration.filter((field) => !/Registrar|Expires/.test(field));
  socket.end(known.map((field) => `${field}: x`).join("\n"));
});
const api = await httpServer((_, response) => response.setHeader("content-type", "application/json").end('{"id":7}'));
const smtp = await smtpServer({
  onRcptTo: ({ address }, _, done) => done(address.startsWith("nobody") ? new Error("nobody") : undefined),
});
const sha256 = "0".repeat(64);
const lists = file(
  "list.csv",
  `indicator,verdict,source,comment\n${["1.1.1.1", name, sha256].map((one) => `${one},malicious,Feed,seen`).join("\n")}`,
);

/** The settings of an asset, and sets of parameters for each action. */
const tried: Record<string, { settings: Record<string, unknown>; runs: Record<string, Record<string, unknown>[]> }> = {
  Geolocate: {
    settings: {
      database: file(
        "city.mmdb",
        mmdb({ "1.1.1.0/24": place }, { type: "City", description: "City", built: "2026-05-04" }),
      ),
    },
    runs: { "geolocate ip": [{ ip: "1.1.1.1" }, { ip: "10.0.0.1" }] },
  },
  DNS: {
    settings: { servers: dns.address },
    runs: { "lookup domain": [{ domain: name }, { domain: name, type: "MX" }], "lookup ip": [{ ip: "192.0.2.7" }] },
  },
  "WHOIS lookup": {
    settings: { server: whois.address },
    runs: { "whois domain": [{ domain: name }], "whois ip": [{ ip: "1.1.1.1" }, { ip: "10.0.0.1" }] },
  },
  HTTP: {
    settings: { base_url: api.url },
    runs: { "get data": [{ location: "x" }], "post data": [{ location: "x", body: "{}" }] },
  },
  "Reputation lists": {
    settings: { lists },
    runs: {
      "file reputation": [{ hash: sha256 }],
      "ip reputation": [{ ip: "1.1.1.1" }],
      "domain reputation": [{ domain: name }],
      "url reputation": [{ url: "http://example.com/x" }],
    },
  },
  SMTP: {
    settings: { server: "127.0.0.1", port: smtp.port, security: "none", sender: "soar@example.com" },
    runs: { "send email": [{ to: "soc@example.com, nobody@example.com", subject: "x", body: "y" }] },
  },
};

describe.each(
  connectors.map((connector) => [connector.manifest.name, connector] as const),
)("%s", (title, connector) => {
  const { manifest } = connector;
  const { settings, runs } = tried[title]!;

  test("says what it is in full", () => {
    expect(manifest.appid).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(manifest.version).toMatch(/^\d+\.\d+\.\d+$/);
    for (const text of [manifest.description, manifest.product.name, manifest.product.vendor, manifest.type])
      expect(text).not.toBe("");
    expect(JSON.parse(JSON.stringify(manifest))).toEqual(manifest);
  });

  test("describes every setting, parameter and action in a sentence", () => {
    const declared = [manifest.configuration, ...manifest.actions.map(({ parameters }) => parameters)];
    for (const { description } of [...declared.flatMap(Object.values), ...manifest.actions])
      expect(description).toMatch(/^[A-Z].*\.$/);
  });

  test.each(
    manifest.actions.map((action) => [action.action, action] as const),
  )("%s gives what its manifest says, all of it and nothing else", async (action, { parameters, output }) => {
    expect(Object.values(parameters).filter(({ primary }) => primary)).toHaveLength(1);
    const results: Result[] = [];
    for (const given of runs[action]!) results.push(await connector.run(action, given, jobWith(settings)));
    const found = new Set(results.flatMap(({ data, summary }) => pathsIn({ action_result: { data, summary } })));
    const declared = output.map(({ dataPath }) => dataPath);
    expect(new Set(declared).size).toBe(declared.length);
    const isDeclared = (path: string) => declared.some((one) => path === one || path.startsWith(`${one}.`));
    expect(declared.filter((one) => ![...found].some((path) => path === one || path.startsWith(`${one}.`)))).toEqual(
      [],
    );
    expect([...found].filter((path) => !isDeclared(path))).toEqual([]);
    expect(results.every(({ success }) => success)).toBe(true);
  });

  test("has a test of its assets that they pass", async () => {
    expect(await connector.test(jobWith(settings))).toMatch(/^\S/);
  });

  test("refuses an action it does not have", async () => {
    await expect(connector.run("block ip", {}, jobWith(settings))).rejects.toThrow(
      `${title} has no action "block ip".`,
    );
  });
});

test("no two connectors share a GUID or a name, and no two actions of one a name", () => {
  const all = connectors.map(({ manifest }) => manifest);
  const names = [all.map(({ appid }) => appid), all.map(({ name: title }) => title.toLowerCase())];
  for (const some of [...names, ...all.map(({ actions }) => actions.map(({ action }) => action))])
    expect(new Set(some).size).toBe(some.length);
});

function pathsIn(value: unknown, path = ""): string[] {
  if (typeof value !== "object" || value === null) return [path];
  return Object.entries(value).flatMap(([key, one]) =>
    pathsIn(one, `${path}${path && "."}${Array.isArray(value) ? "*" : key}`),
  );
}
