import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { Plugin } from "vite";

const [brotli, zip] = [promisify(brotliCompress), promisify(gzip)];

/** Puts a `.br` and a `.gz` beside each file that is worth it. */
export function compress(folder: string): Plugin {
  return {
    name: "compress",
    async closeBundle() {
      const files = readdirSync(folder, { encoding: "utf8" }).filter((file) => /\.(js|css|ttf)$/.test(file));
      await Promise.all(files.map((file) => compressFile(join(folder, file))));
    },
  };
}

/** Beyond these levels it takes seconds and saves little. */
async function compressFile(path: string): Promise<void> {
  const bytes = readFileSync(path);
  writeFileSync(`${path}.br`, await brotli(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }));
  writeFileSync(`${path}.gz`, await zip(bytes, { level: 6 }));
}
