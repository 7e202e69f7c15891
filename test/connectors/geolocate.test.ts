import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { geolocate } from "../../src/connectors/geolocate.js";
import { mmdb } from "../support/mmdb.js";
import { jobWith } from "../support/servers.js";

const folder = mkdtempSync(join(tmpdir(), "soar-geolocate-"));
afterAll(() => rmSync(folder, { recursive: true }));

const locate = (ip: unknown, settings = {}) => geolocate.run("geolocate ip", { ip }, jobWith(settings));

const research = {
  city: { names: { en: "Research" } },
  subdivisions: [{ iso_code: "VIC", names: { en: "Victoria" } }],
  country: { iso_code: "AU", names: { en: "Australia" } },
  continent: { names: { en: "Oceania" } },
  location: { latitude: -37.7, longitude: 145.1833, time_zone: "Australia/Melbourne" },
  postal: { code: "3095" },
};

function databaseOf(networks: Record<string, unknown>, name = "city.mmdb"): string {
  const file = join(folder, name);
  writeFileSync(
    file,
    mmdb(networks, { type: "Test-City", description: "A city database", built: "2026-05-04T00:00:00Z" }),
  );
  return file;
}

describe("with the country database that is included", () => {
  test("names the country, and where and from when that is known", async () => {
    const { success, message, data, summary } = await locate("1.1.1.1");
    expect({ success, message, summary }).toEqual({
      success: true,
      message: "Country: Australia",
      summary: { country: "Australia" },
    });
    expect(data).toEqual([
      {
        ip: "1.1.1.1",
        network: expect.stringMatching(/^1\.1\.1\.0\/\d+$/),
        country_name: "Australia",
        country_iso_code: "AU",
        continent_name: "Oceania",
        source: expect.stringContaining("https://db-ip.com"),
        database_date: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
      },
    ]);
  });

  test.each([
    ["8.8.8.8", "United States"],
    ["193.0.6.139", "Netherlands"],
    ["77.88.8.8", "Russia"],
    ["2001:67c:2e8:22::c100:68b", "Netherlands"],
    ["2A02:06B8:0::1", "Russia"],
    ["::ffff:1.1.1.1", "Australia"],
  ])("%s is in %s", async (ip, country) => {
    expect(await locate(ip)).toMatchObject({ success: true, message: `Country: ${country}` });
  });

  test("is told to be there", async () => {
    expect(await geolocate.test(jobWith({}))).toMatch(/^Reads IP to Country Lite by DB-IP .*, of \d{4}-\d\d-\d\d\.$/);
  });
});

test("a city database of the asset's gives the answer that the manual prints", async () => {
  const { message, data, summary } = await locate("1.1.1.1", { database: databaseOf({ "1.1.1.0/24": research }) });
  expect(message).toBe("City: Research, State: VIC, Country: Australia");
  expect(summary).toEqual({ city: "Research", state: "VIC", country: "Australia" });
  expect(data).toEqual([
    {
      ip: "1.1.1.1",
      network: "1.1.1.0/24",
      state_name: "Victoria",
      latitude: -37.7,
      country_iso_code: "AU",
      time_zone: "Australia/Melbourne",
      longitude: 145.1833,
      state_iso_code: "VIC",
      city_name: "Research",
      country_name: "Australia",
      continent_name: "Oceania",
      postal_code: "3095",
      source: "A city database",
      database_date: "2026-05-04",
    },
  ]);
});

test("a flat database serves too, and what it lacks is left out", async () => {
  const flat = { city: "Sydney", state1: "New South Wales", postcode: "", country_code: "AU", latitude: -33.87 };
  const { message, data } = await locate("1.2.3.4", { database: databaseOf({ "1.2.0.0/16": flat }, "flat.mmdb") });
  expect(message).toBe("City: Sydney, State: New South Wales, Country: Australia");
  expect(data[0]).not.toHaveProperty("postal_code");
});

test("a database that changes on disk is read anew", async () => {
  const database = databaseOf({ "1.1.1.0/24": research }, "changing.mmdb");
  expect(await locate("1.1.1.1", { database })).toMatchObject({ summary: { city: "Research" } });
  databaseOf({ "1.1.1.0/24": { ...research, city: { names: { en: "Eltham" } } } }, "changing.mmdb");
  expect(await locate("1.1.1.1", { database })).toMatchObject({ summary: { city: "Eltham" } });
});

test("an address nobody has placed is told as not known", async () => {
  const database = databaseOf({ "1.1.1.0/24": research });
  expect(await locate("9.9.9.9", { database })).toMatchObject({
    success: true,
    message: "The place of 9.9.9.9 is not known.",
  });
});

test.each([
  ["10.1.2.3", "private"],
  ["172.31.255.255", "private"],
  ["192.168.0.1", "private"],
  ["127.0.0.1", "loopback"],
  ["0.0.0.0", "unspecified"],
  ["169.254.169.254", "link-local"],
  ["100.64.0.1", "carrier-grade NAT"],
  ["192.0.2.7", "documentation"],
  ["198.51.100.7", "documentation"],
  ["203.0.113.7", "documentation"],
  ["198.19.0.1", "benchmarking"],
  ["224.0.0.1", "multicast"],
  ["255.255.255.255", "broadcast"],
  ["240.0.0.1", "reserved"],
  ["::1", "loopback"],
  ["::", "unspecified"],
  ["fe80::1", "link-local"],
  ["fd12:3456::1", "private"],
  ["ff02::1", "multicast"],
  ["2001:db8::7", "documentation"],
  ["3fff::1", "documentation"],
  ["64:ff9b::a00:1", "NAT64"],
  ["2002:a00:1::", "6to4"],
  ["fec0::1", "site-local"],
  ["100::1", "discard-only"],
  ["4000::1", "reserved"],
])("%s is answered as %s", async (ip, range) => {
  const message = `${ip} has no place: its range is ${range}.`;
  expect(await locate(ip)).toEqual({ success: true, message, data: [{ ip, range }], summary: { range } });
});

test("an IPv4 address in the clothes of IPv6 is no way round that", async () => {
  expect(await locate("::ffff:10.0.0.1")).toMatchObject({ data: [{ ip: "10.0.0.1", range: "private" }] });
});

test.each([
  "1.1.1",
  "1.1.1.1.1",
  "01.1.1.1",
  "0x1.1.1.1",
  "1.1.1.1/24",
  "fe80::1%eth0",
  "example.com",
  "1.1.1.1; ls",
])("%s is refused: it is no address", async (ip) => {
  await expect(locate(ip)).rejects.toThrow(`${JSON.stringify(ip)} is not an IP address.`);
});

test("wrong parameters are refused in words", async () => {
  await expect(locate(7)).rejects.toThrow('geolocate ip: the parameter "ip" must be a text, is 7.');
  await expect(locate("")).rejects.toThrow('the parameter "ip" is missing.');
});

test("a database that is missing, damaged or no file is told by its path", async () => {
  await expect(locate("1.1.1.1", { database: join(folder, "none") })).rejects.toThrow(
    /none cannot be read: there is none/,
  );
  await expect(locate("1.1.1.1", { database: folder })).rejects.toThrow(`${folder} is not a file.`);
  const damaged = join(folder, "damaged.mmdb");
  writeFileSync(damaged, "nothing of the kind");
  await expect(locate("1.1.1.1", { database: damaged })).rejects.toThrow(
    /damaged.mmdb is no database in MaxMind's format/,
  );
});
