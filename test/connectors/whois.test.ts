import { expect, test } from "vitest";
import { whois } from "../../src/connectors/whois.js";
import { closedPort, jobWith, lineServer } from "../support/servers.js";

const registrar = await lineServer((_, socket) =>
  socket.end(
    [
      "Domain Name: EXAMPLE.COM",
      "Registrar: Example Registrar",
      "Registrant Name: Host, Example Inc.",
      "Registrant Organization: Example, Inc.",
      "Registrant City: San Jose",
      "Registrant Country: US",
      "Name Server: NS1.EXAMPLE.COM",
      "Name Server: NS2.EXAMPLE.COM",
      ">>> Last update of whois database <<<",
    ].join("\r\n"),
  ),
);

const registry = await lineServer((line, socket) => {
  const answers: Record<string, string> = {
    "example.com": [
      "% This is a registry.",
      "   Domain Name: EXAMPLE.COM",
      `   Registrar WHOIS Server: ${registrar.address}`,
      "   Creation Date: 1995-08-14T04:00:00Z",
      "   Registry Expiry Date: 2027-08-13T04:00:00Z",
    ].join("\r\n"),
    "loop.example": `refer:        ${registry.address}\n`,
    "web.example": "Registrar WHOIS Server: https://www.example.com/whois\nOrganization: Example",
    "inside.example": "refer: 10.0.0.5\nowner: Example",
    "port.example": "ReferralServer: whois://127.0.0.1:22\nowner: Example",
    "down.example": `refer: ${downServer}\nowner: Example`,
    "latin.example": "owner: B\xfccher",
    "free.example": "No match for domain FREE.EXAMPLE",
    "1.1.1.1": "inetnum: 1.1.1.0 - 1.1.1.255\nnetname: APNIC-LABS\norg-name: APNIC Research\ncountry: AU\n",
    "huge.example": "owner: Example\n".repeat(100_000),
    "hostile.example": `__proto__: polluted\nconstructor: x\n${"a".repeat(50_000)}:\nowner: \0Example`,
  };
  if (line !== "hanging.example") socket.end(Buffer.from(answers[line] ?? "", "latin1"));
});
const downServer = `127.0.0.1:${await closedPort()}`;

const settings = {
  server: registry.address,
  referrals: `${registrar.address}, ${registry.address}, ${downServer}`,
  timeout: 5,
};
const ask = (domain: string, changes = {}) => {
  const job = jobWith({ ...settings, ...changes });
  return { job, answer: whois.run("whois domain", { domain }, job) };
};

test("a domain is asked for from the registry to the registrar, as fields and as raw text", async () => {
  const { success, message, data, summary } = await ask("Example.COM").answer;
  expect(success).toBe(true);
  expect(message).toBe(
    "Domain: example.com, Organization: Example, Inc., Name: Host, Example Inc., Registrar: Example Registrar, City: San Jose, Country: US, Created: 1995-08-14T04:00:00Z, Expires: 2027-08-13T04:00:00Z",
  );
  expect(summary).toMatchObject({ domain: "example.com", registrar: "Example Registrar", country: "US" });
  expect(data).toMatchObject([
    { server: registry.address, fields: { "Creation Date": ["1995-08-14T04:00:00Z"] } },
    { server: registrar.address, fields: { "Name Server": ["NS1.EXAMPLE.COM", "NS2.EXAMPLE.COM"] } },
  ]);
  expect((data[0] as { raw: string }).raw).toContain("% This is a registry.");
});

test("an address is asked for; one that belongs to nobody is not", async () => {
  const of = (ip: string) => whois.run("whois ip", { ip }, jobWith(settings));
  expect(await of("1.1.1.1")).toMatchObject({
    message: "IP: 1.1.1.1, Organization: APNIC Research, Name: APNIC-LABS, Country: AU",
    summary: { ip: "1.1.1.1", organization: "APNIC Research", country: "AU" },
  });
  const before = registry.asked.length;
  expect(await of("192.168.1.1")).toMatchObject({
    success: true,
    message: "192.168.1.1 belongs to nobody: its range is private.",
    summary: { range: "private" },
  });
  expect(registry.asked.length).toBe(before);
});

test("a referral that comes back, leads to a web page or is down ends there, with what is known", async () => {
  expect((await ask("loop.example").answer).data).toHaveLength(1);
  expect((await ask("web.example").answer).summary).toMatchObject({ organization: "Example" });
  const { job, answer } = ask("down.example");
  expect((await answer).summary).toMatchObject({ organization: "Example" });
  expect(job.lines.join()).toContain(`refers to ${downServer}, which is left out: ${downServer} refuses connections.`);
});

test("a referral into our own network, or to another port, is not followed", async () => {
  const inside = ask("inside.example");
  expect((await inside.answer).data).toHaveLength(1);
  expect(inside.job.lines.join()).toContain("10.0.0.5 is not on the public internet: its address 10.0.0.5 is private.");
  const port = ask("port.example");
  expect((await port.answer).data).toHaveLength(1);
  expect(port.job.lines.join()).toContain("port 22 is not the port of whois");
  const strict = ask("example.com", { referrals: "" });
  expect((await strict.answer).data).toHaveLength(1);
});

test("text that is not UTF-8 is read as what it then mostly is", async () => {
  expect((await ask("latin.example").answer).summary).toMatchObject({ organization: "Bücher" });
});

test("an answer without known fields is given as it is", async () => {
  expect(await ask("free.example").answer).toMatchObject({
    success: true,
    message: "Domain: free.example",
    data: [{ raw: "No match for domain FREE.EXAMPLE" }],
  });
});

test("an empty answer is none", async () => {
  await expect(ask("silent.example").answer).rejects.toThrow(`${registry.address} gives an empty answer.`);
});

test("a huge answer is not read to its end", async () => {
  await expect(ask("huge.example").answer).rejects.toThrow(`${registry.address} answers with more than 262144 bytes.`);
});

test("a hostile answer harms nothing", async () => {
  const { summary, data } = await ask("hostile.example").answer;
  expect(summary).toMatchObject({ organization: "\uFFFDExample" });
  expect(Object.keys((data[0] as { fields: object }).fields)).toEqual(["constructor", "owner"]);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
});

test("a domain that would be more than one line is refused", async () => {
  const before = registry.asked.length;
  await expect(ask("example.com\r\nhelp").answer).rejects.toThrow("is not a domain name");
  await expect(ask("-T dn example.com").answer).rejects.toThrow("is not a domain name");
  expect(registry.asked.length).toBe(before);
});

test("a server that is down, hangs, or is no server is told in words", async () => {
  await expect(ask("example.com", { server: downServer }).answer).rejects.toThrow(`${downServer} refuses connections.`);
  await expect(ask("hanging.example", { timeout: 0.3 }).answer).rejects.toThrow(
    `${registry.address} did not answer within 0.3 seconds.`,
  );
  await expect(ask("example.com", { server: "http://x/y" }).answer).rejects.toThrow(
    'The setting "server" must be a host',
  );
});

test("a question ends at the signal", async () => {
  const ending = new AbortController();
  const silent = await lineServer(() => ending.abort());
  const job = jobWith({ server: silent.address, timeout: 60 }, { signal: ending.signal });
  await expect(whois.run("whois domain", { domain: "example.com" }, job)).rejects.toThrow(
    "The action was ended before",
  );
});

test("the test of an asset says whether its server answers", async () => {
  expect(await whois.test(jobWith(settings))).toBe(`${registry.address} answers.`);
  await expect(whois.test(jobWith({ server: downServer }))).rejects.toThrow("refuses connections");
});
