import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { installedBinaries, usableBinaries } from "../src/database/binaries.js";
import { embeddedPostgres } from "../src/database/embedded.js";
import type { Server } from "../src/database/launch.js";
import { alive, gone, identity } from "../src/database/processes.js";

const root = process.getuid?.() === 0;
const linux = process.platform === "linux";
/** As root everything is done as `nobody`, whom these tests need in two ways: as the user of Postgres, and as somebody who is not root. */
const nobody = root ? { uid: statOf("-u"), gid: statOf("-g") } : {};
if (!root) console.log("Skipped, because they need root: the tests of closed homes and of other users' processes.");
if (!linux) console.log("Skipped, because they need /proc: the tests of Postgres left behind.");

const patient = { timeout: 10_000 };

const folders: string[] = [];
const children: ChildProcess[] = [];
const servers: Server[] = [];
const said: string[] = [];

afterEach(async () => {
  said.length = 0;
  for (const server of servers.splice(0)) await server.stop();
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
});
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function statOf(option: string): number {
  return Number(execFileSync("id", [option, "nobody"], { encoding: "utf8" }));
}

/** A folder that goes away after the tests; everybody may enter it. */
function makeFolder(mode = 0o755): string {
  const folder = mkdtempSync(join(tmpdir(), "soar-embedded-"));
  folders.push(folder);
  chmodSync(folder, mode);
  return folder;
}

async function start(folder: string, options: Parameters<typeof embeddedPostgres>[2] = {}): Promise<Server> {
  const server = await embeddedPostgres(folder, (sentence) => said.push(sentence), options);
  servers.push(server);
  return server;
}

async function ask({ connection }: Pick<Server, "connection">, query: string): Promise<string> {
  const client = new pg.Client({ ...connection, database: "postgres" });
  await client.connect();
  try {
    const { rows } = await client.query({ text: query, rowMode: "array" });
    return String(rows[0]?.[0]);
  } finally {
    await client.end();
  }
}

const lockFile = (folder: string) => join(folder, "postgres", "data", "postmaster.pid");
const pidOf = (folder: string) => Number.parseInt(readFileSync(lockFile(folder), "utf8"), 10);

/** A folder with data, on which no Postgres runs. The tests that use it leave it so. */
let kept: string;
/** The words its Postgres was started with. */
let words: string[];

beforeAll(async () => {
  kept = makeFolder();
  const server = await start(kept);
  await ask(server, "create table kept as select 'still here' as word");
  words = linux
    ? readFileSync(`/proc/${pidOf(kept)}/cmdline`, "utf8")
        .split("\0")
        .slice(0, -1)
    : [];
  await server.stop();
});

const word = (server: Server) => ask(server, "select word from kept");

describe("the embedded Postgres", () => {
  test("keeps its data over a stop and a start, and writes it to the disk", async () => {
    const server = await start(kept);
    expect(await word(server)).toBe("still here");
    expect(await ask(server, "show fsync")).toBe("on");
    expect(await ask(server, "show full_page_writes")).toBe("on");
    expect(await ask(server, "show synchronous_commit")).toBe("on");
    expect(said).toEqual([]);
    await server.stop();
    expect(existsSync(lockFile(kept))).toBe(false);
  });

  test("sorts and folds letters alike on every system", async () => {
    const server = await start(kept);
    const query =
      "select datlocprovider::text || ' ' || datlocale || ' ' || lower('ÄÉ') from pg_database where datname = 'template1'";
    expect(await ask(server, query)).toBe("b C.UTF-8 äé");
  });

  test.skipIf(!linux)("opens no port, and a socket for its own user alone", async () => {
    const { connection } = await start(kept);
    const processes = `/proc/${pidOf(kept)}/fd`;
    const sockets = readdirSync(processes).map((fd) => /socket:\[(\d+)\]/.exec(readlinkSync(join(processes, fd)))?.[1]);
    const ports = ["tcp", "tcp6", "udp", "udp6"].filter((name) => existsSync(`/proc/net/${name}`));
    const listed = ports.flatMap((name) => readFileSync(`/proc/net/${name}`, "utf8").split("\n").slice(1));
    const inodes = listed.map((line) => line.trim().split(/\s+/)[9]);
    expect(sockets.filter((socket) => socket && inodes.includes(socket))).toEqual([]);
    const { mode, uid } = statSync(connection.host);
    expect([mode & 0o777, uid]).toEqual([0o700, nobody.uid ?? process.getuid?.()]);
  });

  test.skipIf(!linux)("gets nothing of the environment, which may hold secrets", async () => {
    process.env.SECRET_OF_THE_TEST = "do not pass on";
    await start(kept);
    delete process.env.SECRET_OF_THE_TEST;
    expect(readFileSync(`/proc/${pidOf(kept)}/environ`, "utf8")).not.toContain("SECRET_OF_THE_TEST");
  });

  test("leaves nothing of one that is thrown away", async () => {
    const folder = makeFolder();
    const server = await start(folder, { throwAway: true });
    expect(await ask(server, "show fsync")).toBe("off");
    await server.stop();
    expect(existsSync(folder)).toBe(false);
  });

  test.each([
    ["is long", join("ä".repeat(60), "deep".repeat(20))],
    ["has every kind of letter", 'it\'s, "a" $HOME'],
  ])("works in a folder whose path %s", async (_, path) => {
    const folder = join(makeFolder(), path);
    const server = await start(folder, { throwAway: true });
    expect(await ask(server, "select 1")).toBe("1");
    expect(await ask(await start(folder, { join: true }), "select 2")).toBe("2");
    await server.stop();
    expect(existsSync(server.connection.host)).toBe(false);
  });

  test("is found through a link to its folder", async () => {
    const link = join(makeFolder(), "link");
    execFileSync("ln", ["-s", kept, link]);
    await start(kept);
    expect(await word(await start(link, { join: true }))).toBe("still here");
  });

  test("says so when its folder cannot be used", async () => {
    const file = join(makeFolder(), "file");
    writeFileSync(file, "");
    await expect(start(join(file, "data"))).rejects.toThrow(
      /^The embedded Postgres cannot use .*\/file\/data: ENOTDIR.* Set DATA_DIR .* or DATABASE_URL\.$/,
    );
  });

  test("says so when it ends without being asked", async () => {
    const { ended } = await start(kept);
    process.kill(pidOf(kept), "SIGTERM");
    expect(await ended).toContain("database system is shut down");
  });
});

test("waits for what a killed Postgres still does", async () => {
  const { connection, ended } = await start(kept);
  const client = new pg.Client({ ...connection, database: "postgres", options: "-c statement_timeout=1s" });
  client.on("error", () => {});
  await client.connect();
  const statement = client.query("select count(*) from generate_series(1, 1000000) a, generate_series(1, 1000000) b");
  const lost = expect(statement).rejects.toThrow();
  await expect
    .poll(() => ask({ connection }, "select count(*) from pg_stat_activity where query like '%series%b'"), patient)
    .toBe("1");
  process.kill(pidOf(kept), "SIGKILL");
  await ended;
  expect(await word(await start(kept))).toBe("still here");
  await lost;
});

describe("a second start on the same data", () => {
  test("is refused while the first one's process lives", async () => {
    const first = await start(kept);
    await expect(start(kept)).rejects.toThrow(
      `The data in ${kept}/postgres is in use by process ${process.pid}; stop it, or set DATA_DIR to another folder or DATABASE_URL to a shared Postgres.`,
    );
    expect(await word(first)).toBe("still here");
  });

  test("shares the first when asked to, and does not stop it", async () => {
    const first = await start(kept);
    const second = await start(kept, { join: true });
    expect(await word(second)).toBe("still here");
    await second.stop();
    expect(await word(first)).toBe("still here");
  });

  test("at the same moment gives the data to one, also when it has yet to be made", async () => {
    const folder = makeFolder();
    const starts = await Promise.allSettled([1, 2, 3].map(() => start(folder)));
    expect(starts.filter(({ status }) => status === "fulfilled").length).toBe(1);
    for (const result of starts) {
      if (result.status === "rejected") expect(String(result.reason)).toContain(`is in use by process ${process.pid}`);
    }
  });

  // The number of its process may be anybody's here: of nothing, of this process, of the first, of one of the kernel's.
  test.each([
    999_999_999,
    process.pid,
    1,
    2,
  ])("is refused while a Postgres of another container listens, there %i", async (pid) => {
    const socket = join(kept, "postgres", "socket", ".s.PGSQL.5432");
    rmSync(socket, { force: true });
    const listener = createServer().listen(socket);
    await once(listener, "listening");
    writeFileSync(lockFile(kept), `${pid}\n`);
    await expect(start(kept)).rejects.toThrow(/is in use by a Postgres that cannot be seen from here/);
    expect(readFileSync(lockFile(kept), "utf8")).toBe(`${pid}\n`);
    rmSync(lockFile(kept));
    listener.close();
  });
});

describe.skipIf(!linux)("a Postgres that runs already", () => {
  /** Starts a Postgres as one start did, but kept by another process, or by none. */
  async function runAs(owner: string | undefined): Promise<ChildProcess> {
    const changed = words.map((text) => (text.startsWith("soar.owner=") ? `soar.owner=${owner}` : text));
    if (owner === undefined) changed.splice(changed.indexOf("soar.owner=undefined") - 1, 2);
    const child = spawn(changed[0]!, changed.slice(1), { ...nobody, env: {}, cwd: "/", stdio: "ignore" });
    children.push(child);
    await expect
      .poll(() => existsSync(lockFile(kept)) && /\nready/.test(readFileSync(lockFile(kept), "utf8")), patient)
      .toBe(true);
    return child;
  }

  test("is ended when its process is dead", async () => {
    const { pid } = await runAs("999999999:1");
    expect(await word(await start(kept))).toBe("still here");
    expect(said).toEqual([`Ending the Postgres (process ${pid}) that an earlier run left behind.`]);
  });

  test("is ended when the number of its process was given to another", async () => {
    const { pid } = await runAs(`${process.ppid}:1`);
    expect(await word(await start(kept))).toBe("still here");
    expect(alive(pid!)).toBe(false);
  });

  test("is left alone when somebody started it by hand", async () => {
    const { pid } = await runAs(undefined);
    await expect(start(kept)).rejects.toThrow(`is in use by process ${pid};`);
    expect(alive(pid!)).toBe(true);
  });

  test("is left alone when the data is a copy of its own", async () => {
    const original = await start(kept);
    const copy = makeFolder();
    execFileSync("cp", ["-a", join(kept, "postgres"), copy]);
    expect(await word(await start(copy))).toBe("still here");
    expect(await word(original)).toBe("still here");
  });
});

describe("a lock file left behind", () => {
  /** What a Postgres that was killed leaves, with the number of a process that lives now. */
  function leaveLocks(pid: number): void {
    const socket = join(kept, "postgres", "socket");
    const lines = [
      pid,
      join(kept, "postgres", "data"),
      1_700_000_000,
      5432,
      socket,
      "",
      "  1234567         0",
      "ready   ",
    ];
    for (const file of [lockFile(kept), join(socket, ".s.PGSQL.5432.lock")]) {
      writeFileSync(file, `${lines.join("\n")}\n`, { mode: 0o600 });
      if (nobody.uid !== undefined) chownSync(file, nobody.uid, nobody.gid);
    }
    rmSync(join(socket, ".s.PGSQL.5432"), { force: true });
    writeFileSync(join(socket, ".s.PGSQL.5432"), "");
  }

  test.each([
    ["of a dead process", () => 999_999_999],
    ["whose number another process of its user has now", () => sleeper(nobody)],
    ["whose number a process of another user has now", () => (root ? sleeper({}) : 1)],
    ["whose number this process has now", () => process.pid],
    ["of a dead process of which its parent takes no notice", () => zombie(nobody)],
  ])("%s stops no start", async (_, pid) => {
    leaveLocks(await pid());
    expect(await word(await start(kept))).toBe("still here");
    expect(said).toEqual([]);
  });

  test.each(["", "\n", "rubbish", "-5\n", "0"])("with the content %j stops no start", async (content) => {
    writeFileSync(lockFile(kept), content);
    if (nobody.uid !== undefined) chownSync(lockFile(kept), nobody.uid, nobody.gid);
    expect(await word(await start(kept))).toBe("still here");
  });

  /** A shell that has become another program never asks what became of its children. */
  async function zombie(account: { uid?: number; gid?: number }): Promise<number> {
    const child = spawn("sh", ["-c", "sleep 0 & echo $!; exec sleep 60"], {
      ...account,
      stdio: ["ignore", "pipe", "ignore"],
    });
    children.push(child);
    const [text] = await once(child.stdout!, "data");
    await expect.poll(() => alive(Number(text)), patient).toBe(false);
    return Number(text);
  }

  function sleeper(account: { uid?: number; gid?: number }): number {
    const child = spawn("sleep", ["60"], { ...account, stdio: "ignore" });
    children.push(child);
    return child.pid!;
  }
});

test("what a start that was cut short had begun is removed", async () => {
  const folder = makeFolder();
  const unfinished = join(folder, "postgres", "data.new.999999999");
  mkdirSync(unfinished, { recursive: true });
  await start(folder, { throwAway: true });
  expect(existsSync(unfinished)).toBe(false);
});

describe.skipIf(!root)("a closed home", () => {
  test("has its data outside, again at the next start, and that is said", async () => {
    const home = makeFolder(0o700);
    const server = await start(join(home, "checkout", ".data"));
    const data = await ask(server, "show data_directory");
    const outside = dirname(data);
    folders.push(dirname(outside));
    expect(data).toMatch(/^\/var\/(lib|tmp)\/soar-graphql\/[0-9a-f]{16}\/postgres\/data$/);
    expect(said).toEqual([
      `Postgres cannot enter ${home}/checkout/.data as an unprivileged user; its data is in ${outside}.`,
    ]);
    await ask(server, "create table kept as select 'outside' as word");
    await server.stop();
    expect(await word(await start(join(home, "checkout", ".data")))).toBe("outside");
  });

  test("that was open when its data was made is refused instead of starting without the data", async () => {
    chmodSync(kept, 0o700);
    await expect(start(kept)).rejects.toThrow(/can no longer enter it; let all users pass the folders above it/);
    chmodSync(kept, 0o755);
  });

  test("has its programs copied outside", () => {
    const installed = copyOfBinaries(makeFolder(0o700));
    const spare = makeFolder();
    expect(usableBinaries(installed, nobody as never, () => spare)).toMatch(`${spare}/postgres-`);
  });

  test("that only its owner's files are closed in has its programs copied too, open", () => {
    const folder = makeFolder();
    const installed = copyOfBinaries(folder);
    execFileSync("chmod", ["-R", "go-rwx", installed]);
    const spare = makeFolder();
    const copy = usableBinaries(installed, nobody as never, () => spare);
    expect(copy).toMatch(`${spare}/postgres-`);
    const words = ["--version"];
    expect(execFileSync(join(copy, "bin", "initdb"), words, { ...nobody, cwd: "/", encoding: "utf8" })).toContain("18");
  });
});

/** The programs as npm leaves them where it may not run install scripts: without the links between libraries. */
function copyOfBinaries(folder: string): string {
  const native = join(folder, "package", "native");
  cpSync(installedBinaries(), native, {
    recursive: true,
    filter: (path) => !/\.so[.\d]*$/.test(path) || !isLink(path),
  });
  writeFileSync(join(folder, "package", "package.json"), JSON.stringify({ version: "test" }));
  return native;
}

function isLink(path: string): boolean {
  try {
    return readlinkSync(path) !== "";
  } catch {
    return false;
  }
}

describe("the programs of Postgres", () => {
  test("get the links between libraries that npm was not allowed to make", () => {
    const installed = copyOfBinaries(makeFolder());
    expect(() => execFileSync(join(installed, "bin", "initdb"), ["--version"], { stdio: "ignore" })).toThrow();
    expect(usableBinaries(installed, undefined, () => expect.unreachable())).toBe(installed);
    expect(execFileSync(join(installed, "bin", "initdb"), ["--version"], { encoding: "utf8" })).toContain("18");
  });

  test("are copied to get them where they are installed read-only", () => {
    const installed = copyOfBinaries(makeFolder());
    execFileSync("chmod", ["-R", "a-w", installed]);
    const spare = makeFolder(0o777);
    const module = new URL("../dist/database/binaries.js", import.meta.url);
    const script = `import("${module}").then((m) => console.log(m.usableBinaries("${installed}", undefined, () => "${spare}")))`;
    const copy = execFileSync(process.execPath, ["-e", script], { ...nobody, cwd: "/", encoding: "utf8" }).trim();
    expect(copy).toBe(`${spare}/postgres-test`);
    expect(execFileSync(join(copy, "bin", "initdb"), ["--version"], { encoding: "utf8" })).toContain("18");
    execFileSync("chmod", ["-R", "u+w", installed]);
  });

  test("are missed in one sentence where there are none", () => {
    expect(() => installedBinaries("plan9-mips")).toThrow(
      "There is no embedded Postgres here: npm installed none for plan9-mips. Set DATABASE_URL to a Postgres 15 or later.",
    );
  });

  test.each([
    ["the loader they name is missing, as on musl", "#!/lib/ld-missing.so\n", "it needs glibc"],
    ["a library is missing", "#!/bin/sh\necho 'libx.so: cannot open' >&2; exit 127\n", "libx.so: cannot open"],
    ["they are for another processor", "\u007fELF", "spawnSync .* ENOEXEC|Exec format error|cannot execute|not found"],
  ])("are refused in one sentence where %s", (_, program, why) => {
    const native = makeFolder();
    mkdirSync(join(native, "bin"));
    writeFileSync(join(native, "bin", "postgres"), program, { mode: 0o755 });
    expect(() => usableBinaries(native, undefined, () => native)).toThrow(
      new RegExp(
        `^There is no embedded Postgres here: .*(${why}).* Set DATABASE_URL to a Postgres 15 or later\\.$`,
        "s",
      ),
    );
  });
});

test("a process is told from another that gets its number", async () => {
  const child = spawn("sleep", ["60"], { stdio: "ignore" });
  const before = identity(child.pid!);
  expect(identity(child.pid!)).toBe(before);
  expect(before).toMatch(/^\d+:\S+$/);
  child.kill();
  expect(await gone(child.pid!, 5_000)).toBe(true);
  // It is gone before its parent, this process, has taken note of it.
  await expect.poll(() => identity(child.pid!), { timeout: 5_000 }).not.toBe(before);
});
