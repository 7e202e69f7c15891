import type { Answer } from "dns-packet";
import { expect, test } from "vitest";
import { dns } from "../../src/connectors/dns.js";
import { closedPort, type DnsAnswer, dnsServer, jobWith } from "../support/servers.js";

const name = "www.example.com";
const zone: Record<string, Answer[]> = {
  [`${name} A`]: [
    { name, type: "A", ttl: 300, data: "192.0.2.7" },
    { name, type: "A", ttl: 300, data: "192.0.2.8" },
  ],
  [`${name} AAAA`]: [{ name, type: "AAAA", ttl: 60, data: "2001:db8::7" }],
  "example.com CNAME": [{ name: "example.com", type: "CNAME", data: "www.example.com" }],
  "example.com NS": [{ name: "example.com", type: "NS", data: "ns1.example.com" }],
  "example.com MX": [{ name: "example.com", type: "MX", data: { exchange: "mx.example.com", preference: 10 } }],
  "example.com TXT": [{ name: "example.com", type: "TXT", data: ["v=spf1 ", "-all"] }],
  "example.com CAA": [{ name: "example.com", type: "CAA", data: { flags: 0, tag: "issue", value: "ca.example.net" } }],
  "_sip._tcp.example.com SRV": [
    {
      name: "_sip._tcp.example.com",
      type: "SRV",
      data: { priority: 1, weight: 5, port: 5060, target: "sip.example.com" },
    },
  ],
  "example.com SOA": [
    {
      name: "example.com",
      type: "SOA",
      data: {
        mname: "ns1.example.com",
        rname: "admin.example.com",
        serial: 7,
        refresh: 1,
        retry: 2,
        expire: 3,
        minimum: 4,
      },
    },
  ],
  "7.2.0.192.in-addr.arpa PTR": [{ name: "7.2.0.192.in-addr.arpa", type: "PTR", data: "www.example.com" }],
  "big.example.com TXT": Array.from({ length: 100 }, (_, index) => ({
    name: "big.example.com",
    type: "TXT" as const,
    data: [`${index}`.padEnd(200, "x")],
  })),
  "nul.example.com TXT": [{ name: "nul.example.com", type: "TXT", data: [Buffer.from("a\0b\r\nc")] }],
};

const special: Record<string, DnsAnswer> = {
  "refused.example.com A": { code: 5 },
  "failing.example.com A": { code: 2 },
  "garbage.example.com A": { bytes: Buffer.from("nothing that a name server says") },
  "empty.example.com A": { answers: [] },
  ". NS": { answers: [] },
};

const server = await dnsServer((asked, type) => {
  const key = `${asked} ${type}`;
  if (asked === "hanging.example.com") return undefined;
  if (key in special) return special[key];
  return key in zone ? { answers: zone[key]! } : { code: 3 };
});

const settings = { servers: server.address, timeout: 3 };
const lookup = (domain: unknown, type?: string) => dns.run("lookup domain", { domain, type }, jobWith(settings));

test("a lookup gives addresses and how long they are good for", async () => {
  expect(await lookup("WWW.Example.com.")).toEqual({
    success: true,
    message: "Record type: A, Records: 2, First: 192.0.2.7",
    data: [
      { record_type: "A", value: "192.0.2.7", ttl: 300 },
      { record_type: "A", value: "192.0.2.8", ttl: 300 },
    ],
    summary: { record_info: "192.0.2.7", total_record_infos: 2 },
  });
});

test.each([
  ["AAAA", name, { value: "2001:db8::7", ttl: 60 }],
  ["CNAME", "example.com", { value: "www.example.com" }],
  ["NS", "example.com", { value: "ns1.example.com" }],
  ["MX", "example.com", { value: "mx.example.com", priority: 10 }],
  ["TXT", "example.com", { value: "v=spf1 -all" }],
  ["CAA", "example.com", { value: '0 issue "ca.example.net"' }],
  ["SRV", "_sip._tcp.example.com", { value: "1 5 5060 sip.example.com", priority: 1 }],
  ["SOA", "example.com", { value: "ns1.example.com admin.example.com 7 1 2 3 4" }],
])("a record of type %s is written as zone files write it", async (type, domain, found) => {
  expect((await lookup(domain, type)).data).toEqual([{ record_type: type, ...found }]);
});

test("an address is looked up by its reverse name", async () => {
  const lookupIp = (ip: string) => dns.run("lookup ip", { ip }, jobWith(settings));
  expect(await lookupIp("192.0.2.7")).toMatchObject({
    message: "Record type: PTR, Records: 1, First: www.example.com",
  });
  expect(await lookupIp("2001:db8::7")).toMatchObject({ success: true, data: [] });
  expect(server.asked.at(-1)).toBe("7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR");
  await expect(lookupIp("192.0.2.700")).rejects.toThrow('"192.0.2.700" is not an IP address.');
});

test("the machine's own names do not stand for those of the server", async () => {
  // Every machine knows 127.0.0.1 from a file of its own.
  expect(await dns.run("lookup ip", { ip: "127.0.0.1" }, jobWith(settings))).toMatchObject({ data: [] });
  expect(server.asked.at(-1)).toBe("1.0.0.127.in-addr.arpa PTR");
});

test("a name is asked for as it is, without the machine's search domains", async () => {
  const before = server.asked.length;
  expect(await lookup("intranet")).toMatchObject({ success: true, message: "There is no name intranet.", data: [] });
  expect(server.asked.slice(before)).toEqual(["intranet A"]);
});

test("that there are no records is an answer", async () => {
  const nothing = { success: true, data: [], summary: { record_info: "", total_record_infos: 0 } };
  expect(await lookup("empty.example.com")).toEqual({
    ...nothing,
    message: "empty.example.com has no records of type A.",
  });
  expect(await lookup("none.example.com")).toEqual({ ...nothing, message: "There is no name none.example.com." });
});

test("an answer too large for one datagram is fetched whole", async () => {
  expect(await lookup("big.example.com", "TXT")).toMatchObject({ summary: { total_record_infos: 100 } });
});

test("text that no database could keep is made keepable", async () => {
  expect(await lookup("nul.example.com", "TXT")).toMatchObject({ data: [{ value: "a\uFFFDb\r\nc" }] });
});

test.each([
  ["refused.example.com", 'The DNS server refuses to answer ("REFUSED").'],
  ["failing.example.com", 'The DNS server failed to find out ("SERVFAIL").'],
])("a server that fails with %s is told in words", async (domain, sentence) => {
  await expect(lookup(domain)).rejects.toThrow(sentence);
});

test("a malformed answer is none", async () => {
  const job = jobWith({ ...settings, timeout: 1 });
  await expect(dns.run("lookup domain", { domain: "garbage.example.com" }, job)).rejects.toThrow(
    /^(The DNS server|DNS) /,
  );
});

test("a server that is down, or hangs, ends the lookup in words", async () => {
  const down = jobWith({ servers: `127.0.0.1:${await closedPort()}`, timeout: 1 });
  await expect(dns.run("lookup domain", { domain: name }, down)).rejects.toThrow(
    /DNS server (refuses connections|does not answer)/,
  );
  const hanging = jobWith({ ...settings, timeout: 0.5 });
  await expect(dns.run("lookup domain", { domain: "hanging.example.com" }, hanging)).rejects.toThrow(
    /(The DNS server does not answer|DNS did not answer within 0\.5 seconds)\./,
  );
});

test("a lookup ends at the signal", async () => {
  const ending = new AbortController();
  const silent = await dnsServer(() => void ending.abort());
  const job = jobWith({ servers: silent.address, timeout: 60 }, { signal: ending.signal });
  await expect(dns.run("lookup domain", { domain: name }, job)).rejects.toThrow(
    "The action was ended before DNS had answered.",
  );
});

test("what is no name, type or server is refused before anything is asked", async () => {
  const before = server.asked.length;
  await expect(lookup("no name.example.com")).rejects.toThrow('"no name.example.com" is not a domain name.');
  await expect(lookup("a..example.com")).rejects.toThrow("is not a domain name");
  await expect(lookup("192.0.2.7")).rejects.toThrow("is not a domain name");
  await expect(lookup(`${"a".repeat(64)}.example.com`)).rejects.toThrow("is not a domain name");
  await expect(lookup(name, "WKS")).rejects.toThrow('the parameter "type" must be one of A, AAAA,');
  const job = jobWith({ servers: "ns.example.com" });
  await expect(dns.run("lookup domain", { domain: name }, job)).rejects.toThrow('The setting "servers" cannot be used');
  expect(server.asked.length).toBe(before);
});

test("the test of an asset says whether its servers answer", async () => {
  expect(await dns.test(jobWith(settings))).toBe("The DNS servers answer.");
  await expect(dns.test(jobWith({ servers: `127.0.0.1:${await closedPort()}`, timeout: 1 }))).rejects.toThrow(
    "DNS server",
  );
});
