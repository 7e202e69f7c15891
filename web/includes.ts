import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

const folder = import.meta.dirname;

/** Fills in what pages share: `<!-- bar -->`, and `<!-- snippet curl 1 -->`, the first block of code in docs/clients/curl.md. */
export const includes: Plugin = {
  name: "includes",
  transformIndexHtml: {
    order: "pre",
    handler: (page, { path }) =>
      page
        .replace("<!-- bar -->", barOf(path))
        .replace(/<!-- snippet (\w[\w-]*) (\d+) -->/g, (_, name, place) => snippet(name, Number(place))),
  },
};

function barOf(path: string): string {
  const bar = readFileSync(join(folder, "bar.html"), "utf8");
  return bar.replace(`href="${path.replace(/\.html$/, "")}"`, '$& aria-current="page"');
}

function snippet(name: string, place: number): string {
  const text = readFileSync(join(folder, "../docs/clients", `${name}.md`), "utf8");
  const code = [...text.matchAll(/^```\w+\n(.*?)^```$/gms)][place - 1]![1]!;
  const safe = code.trimEnd().replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<div class="snippet"><pre tabindex="0"><code>${safe}</code></pre></div>`;
}
