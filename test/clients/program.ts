import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll } from "vitest";

const root = join(import.meta.dirname, "../..");
const written = "http://127.0.0.1:4000";

/** The blocks of code of a page in docs/clients, in their order. */
export function blocksOf(page: string): string[] {
  const text = readFileSync(join(root, "docs/clients", `${page}.md`), "utf8");
  return [...text.matchAll(/^```\w+\n(.*?)^```$/gms)].map(([, code]) => code!);
}

/** A folder in which programs find the packages of this repository. */
export function workFolder(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), "soar-client-"));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  afterAll(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries({ "package.json": '{ "type": "module" }', ...files })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

/** Code of a page as it is for another gateway. */
export const at = (url: string, code: string) => code.replaceAll(written, url);

/** Runs a program to its end and gives what it printed; throws when it fails. */
export function run(folder: string, command: string, words: string[], token = ""): Promise<string> {
  const program = spawn(command, words, { cwd: folder, env: { ...process.env, TOKEN: token }, timeout: 60_000 });
  const output: Record<"stdout" | "stderr", string> = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    program[name].setEncoding("utf8").on("data", (text) => {
      output[name] += text;
    });
  return new Promise((resolve, reject) => {
    program.on("error", reject);
    program.on("close", (code) => {
      if (code === 0) resolve(output.stdout);
      else reject(new Error(`${command} ${words.join(" ")} ended with ${code}: ${output.stderr}${output.stdout}`));
    });
  });
}

/** A road to the gateway on which something happens before each request goes on. */
export async function roadTo(url: string, before: () => Promise<void>): Promise<{ url: string; methods: string[] }> {
  const methods: string[] = [];
  const road = createServer(async (request, reply) => {
    methods.push(request.method!);
    const body = Buffer.concat(await request.toArray());
    await before();
    const headers = new Headers(request.headers as Record<string, string>);
    for (const name of ["connection", "content-length", "expect", "host", "transfer-encoding"]) headers.delete(name);
    const answer = await fetch(url + request.url, {
      method: request.method!,
      headers,
      ...(body.length > 0 && { body }),
    });
    reply.writeHead(answer.status, { "content-type": answer.headers.get("content-type")! });
    reply.end(Buffer.from(await answer.arrayBuffer()));
  });
  await new Promise<void>((resolve) => road.listen(0, "127.0.0.1", resolve));
  afterAll(() => {
    road.close();
    road.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(road.address() as { port: number }).port}`, methods };
}
