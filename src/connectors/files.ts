import { stat } from "node:fs/promises";
import { LRUCache } from "lru-cache";

/** Loads files, and keeps what was made of them until they change on disk. */
export function remembering<T extends object>(load: (path: string) => Promise<T>): (path: string) => Promise<T> {
  const kept = new LRUCache<string, { stamp: string; content: Promise<T> }>({ max: 16 });
  return async (path) => {
    const stamp = await stampOf(path);
    const known = kept.get(path);
    if (known?.stamp === stamp) return known.content;
    const content = load(path);
    kept.set(path, { stamp, content });
    content.catch(() => kept.delete(path));
    return content;
  };
}

async function stampOf(path: string): Promise<string> {
  const about = await stat(path).catch(({ code }) => {
    throw new Error(`The file ${path} cannot be read: ${code === "ENOENT" ? "there is none" : code}.`);
  });
  if (!about.isFile()) throw new Error(`${path} is not a file.`);
  return `${about.ino}:${about.size}:${about.mtimeMs}`;
}
