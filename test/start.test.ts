import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, connect as openSocket, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from "vitest";
import { WebSocket } from "ws";
import { alive, gone } from "../src/database/processes.js";
import { assertSafe } from "../src/database/safety.js";
import { run } from "./support/postgres.js";

const root = join(import.meta.dirname, "..");
const isRoot = process.getuid?.() === 0;
const patience = 60_000;

if (!isRoot) console.log("Skipped, because it needs root: the start as another user.");

const folder = mkdtempSync(join(tmpdir(), "soar-start-"));
chmodSync(folder, 0o755);
/** The data that most of these tests hand on from one to the next: whatever was done to it, the next start must work. */
const shared = join(folder, "shared");
const children: ChildProcess[] = [];

beforeAll(() => {
  execFileSync(process.execPath, ["build.js"], { cwd: root, stdio: "inherit" });
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, "SIGKILL");
  }
  const postgres = postgresOf(shared);
  if (postgres) await gone(postgres, 10_000);
});
afterAll(async () => {
  for (const name of readdirSync(folder)) {
    const pid = postgresOf(join(folder, name));
    if (pid && alive(pid)) process.kill(pid, "SIGKILL");
    if (pid) await gone(pid, 5_000);
  }
  rmSync(folder, { recursive: true, force: true });
});

/** A process of the gateway, the leader of its own group. */
class Started {
  readonly child: ChildProcess;
  readonly ended: Promise<number | NodeJS.Signals>;
  output = "";
  #heard: () => void = () => {};

  constructor(settings: Record<string, string>, command: string[], options: { uid?: number; gid?: number } = {}) {
    const { DATABASE_URL: _, DATA_DIR: __, ADMIN_TOKEN: ___, ...rest } = process.env;
    const env = { ...rest, PORT: "0", SAMPLE_DATA: "false", LOG_LEVEL: "warn", DATA_DIR: shared, ...settings };
    this.child = spawn(command[0]!, command.slice(1), { cwd: root, env, detached: true, ...options });
    children.push(this.child);
    for (const output of [this.child.stdout!, this.child.stderr!]) {
      output.on("data", (text) => {
        this.output += text;
        this.#heard();
      });
    }
    this.ended = new Promise((done) => {
      this.child.once("close", (code, signal) => done(code ?? signal!));
    });
    this.ended.then(() => this.#heard());
  }

  /** Waits until its output has something. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.output);
      if (found) return found;
      if (this.child.exitCode !== null || this.child.signalCode !== null) break;
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
    }
    throw new Error(`It ended without saying ${pattern}:\n${this.output}`);
  }

  async address(): Promise<string> {
    return (await this.says(/GraphQL +(http:\S+)\/graphql\s/))[1]!;
  }
}

const serve = (settings: Record<string, string> = {}, options = {}) =>
  new Started(settings, [process.execPath, "dist/main.js", "serve"], options);
const command = (settings: Record<string, string>, ...words: string[]) =>
  new Started(settings, [process.execPath, "dist/main.js", ...words]);

function nobody(): { uid: number; gid: number } {
  const [uid, gid] = ["-u", "-g"].map((option) => Number(execFileSync("id", [option, "nobody"])));
  return { uid: uid!, gid: gid! };
}

/** The administrator's token in every start but the first. */
const token = "a-token-of-these-tests";

async function ask(address: string, query: string, variables: object = {}, as = token) {
  const answer = await fetch(`${address}/graphql`, {
    method: "POST",
    headers: { authorization: `Bearer ${as}`, "content-type": "application/json" },
    body: JSON.stringify({ query, variables }),
  });
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  return { status: answer.status, ...((await answer.json()) as { data: any; errors?: any[] }) };
}

const addArtifact = `mutation ($container: Int!, $name: String!) {
  addArtifact(input: { container: $container, name: $name, label: "event", severity: "low", artifactType: "host", rawData: {}, cefData: {} }) { success artifactId }
}`;

async function makeContainer(address: string): Promise<number> {
  const { data } = await ask(
    address,
    'mutation { createContainer(input: { name: "Under test", label: "events" }) { containerId } }',
  );
  return data.createContainer.containerId;
}

function postgresOf(dataDir: string): number | undefined {
  const file = join(dataDir, "postgres", "data", "postmaster.pid");
  return existsSync(file) ? Number.parseInt(readFileSync(file, "utf8"), 10) : undefined;
}

async function connectTo(dataDir: string): Promise<pg.Client> {
  const client = new pg.Client({ host: join(dataDir, "postgres", "socket"), user: "postgres", database: "soar" });
  client.on("error", () => {});
  await client.connect();
  return client;
}

/** A request that cannot finish before `release` is called. */
async function heldRequest(address: string, container: number) {
  const client = await connectTo(shared);
  await client.query("begin");
  await client.query("select from containers where id = $1 for update", [container]);
  const answer = ask(address, addArtifact, { container, name: "held" });
  answer.catch(() => {});
  const waiting = "select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock'";
  const watcher = await connectTo(shared);
  await expect.poll(async () => (await watcher.query(waiting)).rows[0].n, { timeout: 5_000 }).toBe(1);
  await watcher.end();
  const release = async () => {
    await client.query("commit");
    await client.end();
  };
  return { answer, release };
}

/** What the system knows as the shell that ends a Postgres when its gateway is killed. */
function watchdogOf(postgres: number): number {
  const list = execFileSync("ps", ["-ww", "-eo", "pid=,args="], { encoding: "utf8" });
  return Number.parseInt(
    list.split("\n").find((line) => line.endsWith(`sh ${postgres}`) && line.includes("released"))!,
    10,
  );
}

describe("the gateway with its own Postgres", { timeout: patience }, () => {
  test("prints at its first start an address that works, with the only token in its fragment", async () => {
    const first = serve({ SAMPLE_DATA: "" });
    const address = await first.address();
    const [, printed] = await first.says(/Explorer +\S+\/explorer#token=(\S+)\s/);
    await first.says(/shown this once: (\S+)\n/);
    expect(first.output.split(printed!).length - 1).toBe(2);
    expect(first.output).not.toMatch(/\?\S*token/);
    expect((await fetch(`${address}/explorer`)).status).toBe(200);
    const { data } = await ask(address, "{ containers { totalCount } }", {}, printed);
    expect(data.containers.totalCount).toBeGreaterThan(0);

    const second = serve();
    expect(await second.ended).toBe(1);
    expect(second.output).toBe(
      `The data in ${shared}/postgres is in use by process ${first.child.pid}; stop it, or set DATA_DIR to another folder or DATABASE_URL to a shared Postgres.\n`,
    );
    const made = command({}, "token", "--user", "admin");
    expect(await made.ended).toBe(0);
    expect(made.output).toMatch(/^soar_\S+\n$/);
    expect(
      (await ask(address, "{ viewer { user { username } } }", {}, made.output.trim())).data.viewer.user.username,
    ).toBe("admin");

    first.child.kill("SIGTERM");
    expect(await first.ended).toBe(0);
    expect(postgresOf(shared)).toBeUndefined();
  });

  test("makes no token, and nothing else, where there is no database", async () => {
    const empty = join(shared, "elsewhere");
    const made = command({ DATA_DIR: empty }, "token");
    expect(await made.ended).toBe(1);
    expect(made.output).toBe(
      `There is no database in ${empty}/postgres yet: start the gateway first, or set DATA_DIR or DATABASE_URL as it has them.\n`,
    );
    expect(existsSync(join(empty, "postgres", "data"))).toBe(false);
  });

  test("makes a token also when it does not run, and prints none at its second start", async () => {
    const made = command({}, "token");
    expect(await made.ended).toBe(0);
    expect(postgresOf(shared)).toBeUndefined();
    const second = serve({ SAMPLE_DATA: "" });
    const address = await second.address();
    await second.says(/npm run token -- --user admin/);
    expect(second.output).not.toContain("soar_");
    expect(second.output).not.toContain("#token");
    expect(second.output).not.toContain("sample incidents");
    expect((await ask(address, "{ viewer { user { username } } }", {}, made.output.trim())).status).toBe(200);
    second.child.kill("SIGINT");
    expect(await second.ended).toBe(0);
  });

  test("refuses words and users it does not know in one sentence", async () => {
    const wrong = [command({}, "sreve"), command({}, "token", "--usr", "admin")];
    for (const each of wrong) expect(await each.ended).toBe(1);
    expect(wrong[0]!.output).toMatch(/^sreve is no command; there are serve, .*token.*\.\n$/);
    expect(wrong[1]!.output).toMatch(/^Unknown option '--usr'.*\n$/);
    const nobody = command({}, "token", "--user", "nobody here");
    expect(await nobody.ended).toBe(1);
    expect(nobody.output).toBe('There is no user "nobody here".\n');
    const unread = command({}, "schema");
    unread.child.stdout!.destroy();
    expect(await unread.ended).toBe(0);
    expect(unread.output).toBe("");
    expect(postgresOf(shared)).toBeUndefined();
  });

  test("stops in order: the request under way, then itself, then Postgres, whatever connections are open", async () => {
    const gateway = serve({ ADMIN_TOKEN: token });
    const address = await gateway.address();
    const container = await makeContainer(address);
    const postgres = postgresOf(shared)!;
    const idle = await idleConnection(address);
    const socket = await openWebSocket(address);
    const slow = await slowReader(address, container);
    const { answer, release } = await heldRequest(address, container);
    const began = Date.now();
    gateway.child.kill("SIGTERM");
    await gateway.says(/SIGTERM: finishing requests under way, then stopping/);
    const late = await fetch(`${address}/healthz`).then(
      ({ status }) => status,
      () => "refused",
    );
    expect(["refused", 503]).toContain(late);
    expect(alive(postgres)).toBe(true);
    await release();
    expect(await answer).toMatchObject({ status: 200, data: { addArtifact: { success: true } } });
    expect(await slow.rest()).toBeGreaterThan(20_000_000);
    expect(await gateway.ended).toBe(0);
    expect(Date.now() - began).toBeLessThan(5_000);
    expect(alive(postgres)).toBe(false);
    expect(readFileSync(join(shared, "postgres", "postgres.log"), "utf8")).toMatch(/database system is shut down\n$/);
    expect([idle.closed, socket.readyState]).toEqual([true, WebSocket.CLOSED]);
  });

  test("ends at once at a second signal, and Postgres after it", async () => {
    const gateway = serve({ ADMIN_TOKEN: token });
    const address = await gateway.address();
    const postgres = postgresOf(shared)!;
    const { answer, release } = await heldRequest(address, await makeContainer(address));
    gateway.child.kill("SIGINT");
    await gateway.says(/SIGINT: finishing/);
    const again = setInterval(() => gateway.child.kill("SIGINT"), 50);
    expect(await gateway.ended).toBe(1);
    clearInterval(again);
    await expect(answer).rejects.toThrow();
    await release().catch(() => {});
    expect(await gone(postgres, 10_000)).toBe(true);
  });

  test("goes on when nobody reads its output any more", async () => {
    const gateway = serve({ ADMIN_TOKEN: token, LOG_LEVEL: "trace" });
    const address = await gateway.address();
    gateway.child.stdout!.destroy();
    gateway.child.stderr!.destroy();
    for (let times = 0; times < 5; times++)
      expect((await ask(address, "{ node(nodeId: 1) { nodeId } }")).status).toBe(200);
    gateway.child.kill("SIGTERM");
    expect(await gateway.ended).toBe(0);
    expect(postgresOf(shared)).toBeUndefined();
  });

  test("says so in one sentence when its port is taken, and leaves no Postgres", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    const gateway = serve({ PORT: String(port) });
    expect(await gateway.ended).toBe(1);
    expect(gateway.output).toBe(
      `The gateway cannot listen on port ${port} of 127.0.0.1: another program uses that port; set PORT or HOST.\n`,
    );
    expect(postgresOf(shared)).toBeUndefined();
    other.close();
  });

  test("ends with a sentence when it loses its Postgres", async () => {
    const gateway = serve();
    await gateway.address();
    rmSync(join(shared, "postgres", "postgres.log"));
    process.kill(postgresOf(shared)!, "SIGKILL");
    expect(await gateway.ended).toBe(1);
    expect(gateway.output).toContain("Postgres has ended: it left no word why\n");
  });

  test("does not leave Postgres behind when it alone is killed", async () => {
    const gateway = serve();
    await gateway.address();
    const postgres = postgresOf(shared)!;
    gateway.child.kill("SIGKILL");
    expect(await gone(postgres, 10_000)).toBe(true);
  });

  test("ends the Postgres that was left behind when its watchdog was killed too", async () => {
    const killed = serve();
    await killed.address();
    const postgres = postgresOf(shared)!;
    process.kill(watchdogOf(postgres), "SIGKILL");
    killed.child.kill("SIGKILL");
    await killed.ended;
    expect(alive(postgres)).toBe(true);
    const next = serve();
    await next.says(new RegExp(`Ending the Postgres \\(process ${postgres}\\) that an earlier run left behind`));
    await next.address();
    expect(alive(postgres)).toBe(false);
    next.child.kill("SIGTERM");
    expect(await next.ended).toBe(0);
  });

  test("has every change it acknowledged after everything was killed at once", async () => {
    const gateway = serve({ ADMIN_TOKEN: token });
    const address = await gateway.address();
    const container = await makeContainer(address);
    const acknowledged: number[] = [];
    const writers = Array.from({ length: 6 }, async (_, number) => {
      for (let turn = 0; ; turn++) {
        const { data } = await ask(address, addArtifact, { container, name: `${number}/${turn}` });
        acknowledged.push(data.addArtifact.artifactId);
      }
    });
    const writing = Promise.allSettled(writers);
    await expect.poll(() => acknowledged.length, { timeout: 20_000 }).toBeGreaterThan(100);
    const postgres = postgresOf(shared)!;
    for (const pid of [watchdogOf(postgres), -gateway.child.pid!, postgres]) process.kill(pid, "SIGKILL");
    await writing;

    const next = serve({ ADMIN_TOKEN: token });
    await next.address();
    const client = await connectTo(shared);
    const { rows } = await client.query("select id from artifacts where container_id = $1", [container]);
    await client.end();
    const kept = new Set(rows.map(({ id }) => id));
    expect(acknowledged.filter((id) => !kept.has(id))).toEqual([]);
    expect(readFileSync(join(shared, "postgres", "postgres.log"), "utf8")).toContain("automatic recovery in progress");
    next.child.kill("SIGTERM");
    expect(await next.ended).toBe(0);
  });

  test.skipIf(!isRoot)("works as another user", async () => {
    const { uid, gid } = nobody();
    const theirs = join(folder, "theirs");
    mkdirSync(theirs);
    chownSync(theirs, uid, gid);
    const gateway = serve({ DATA_DIR: join(theirs, ".data"), ADMIN_TOKEN: token, HOME: theirs }, { uid, gid });
    expect((await ask(await gateway.address(), "{ viewer { user { username } } }")).status).toBe(200);
    gateway.child.kill("SIGTERM");
    expect(await gateway.ended).toBe(0);
  });
});

describe("npm start", { timeout: patience }, () => {
  const start = () => new Started({ ADMIN_TOKEN: token }, ["npm", "start"]);

  test("stops in order at a Ctrl-C, which reaches the gateway twice", async () => {
    const npm = start();
    const address = await npm.address();
    const { answer, release } = await heldRequest(address, await makeContainer(address));
    process.kill(-npm.child.pid!, "SIGINT");
    await npm.says(/SIGINT: finishing/);
    await release();
    expect(await answer).toMatchObject({ status: 200, data: { addArtifact: { success: true } } });
    expect(await npm.ended).toBe(0);
    expect(postgresOf(shared)).toBeUndefined();
  });

  test("stops in order when npm is told to", async () => {
    const npm = start();
    await npm.address();
    npm.child.kill("SIGTERM");
    await npm.says(/SIGTERM: finishing/);
    expect(await npm.ended).toBe(0);
    expect(postgresOf(shared)).toBeUndefined();
  });
});

describe("DATABASE_URL", { timeout: patience }, () => {
  const { connection } = inject("postgres");
  const name = `soar_test_${process.pid}_started`;
  const urlOf = (database: string) => {
    const { host, port, user, password } = connection;
    const credentials = `${encodeURIComponent(user!)}:${encodeURIComponent(String(password ?? ""))}`;
    return `postgres://${credentials}@localhost:${port}/${database}?host=${encodeURIComponent(host!)}`;
  };

  afterAll(() => run(connection, `drop database if exists ${name} with (force)`));

  test("lets gateways start together on an empty database", async () => {
    await run(connection, `create database ${name}`);
    const settings = {
      DATABASE_URL: urlOf(name),
      ADMIN_TOKEN: token,
      SAMPLE_DATA: "true",
      // The Postgres of the tests is thrown away.
      ACCEPT_DATA_LOSS: "true",
    };
    const gateways = [1, 2, 3].map(() => serve(settings));
    for (const gateway of gateways) {
      const { status, data } = await ask(await gateway.address(), "{ viewer { user { username } } }");
      expect([status, data?.viewer.user.username]).toEqual([200, "admin"]);
    }
    const client = new pg.Client({ ...connection, database: name });
    await client.connect();
    const { rows } = await client.query("select count(*)::int as tokens from tokens");
    await client.end();
    expect(rows).toEqual([{ tokens: 1 }]);
    expect(gateways.filter(({ output }) => output.includes("sample incidents loaded")).length).toBe(1);
    for (const gateway of gateways) gateway.child.kill("SIGTERM");
    expect(await Promise.all(gateways.map(({ ended }) => ended))).toEqual([0, 0, 0]);
  });

  test("of a Postgres that may forget what it confirmed is refused", async () => {
    const forgetful = `${name}_forgetful`;
    await run(connection, `create database ${forgetful}`);
    await run(connection, `alter database ${forgetful} set synchronous_commit = off`);
    const gateway = serve({ DATABASE_URL: urlOf(forgetful), ADMIN_TOKEN: token });
    expect(await gateway.ended).toBe(1);
    expect(gateway.output).toMatch(
      /^Postgres runs with .*synchronous_commit = off: after a crash .* Turn it on, or set ACCEPT_DATA_LOSS=true .*\n$/m,
    );
    await run(connection, `drop database ${forgetful} with (force)`);
  });

  test("of a Postgres with too few connections is refused", () => {
    const safe = { fsync: "on", full_page_writes: "on", synchronous_commit: "on" };
    expect(() => assertSafe({ ...safe, max_connections: "15" }, false)).toThrow(
      "Postgres allows 15 connections; this gateway takes up to 16 and leaves 10 to others: set max_connections to 26 or more.",
    );
    expect(() => assertSafe({ ...safe, max_connections: "26" }, false)).not.toThrow();
  });

  test.each(olderPostgres())("works with the Postgres in %s", async (binaries) => {
    const data = join(folder, "older");
    mkdirSync(data);
    const account = isRoot ? nobody() : undefined;
    if (account) chownSync(data, account.uid, account.gid);
    const initdb = ["-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"];
    execFileSync(join(binaries, "initdb"), initdb, { ...account, cwd: "/", stdio: "ignore" });
    const words = ["-D", data, "-c", "listen_addresses=", "-c", `unix_socket_directories=${data}`];
    const server = spawn(join(binaries, "postgres"), words, { ...account, cwd: "/", stdio: "ignore", detached: true });
    children.push(server);
    const url = `postgres://postgres@localhost/postgres?host=${encodeURIComponent(data)}`;
    await expect.poll(() => existsSync(join(data, ".s.PGSQL.5432")), { timeout: 10_000 }).toBe(true);
    const gateway = serve({ DATABASE_URL: url, ADMIN_TOKEN: token, SAMPLE_DATA: "true" });
    const address = await gateway.address();
    expect((await ask(address, "{ containers { totalCount } }")).data.containers.totalCount).toBeGreaterThan(0);
    expect((await ask(address, addArtifact, { container: 7, name: "here too" })).data.addArtifact.success).toBe(true);
    gateway.child.kill("SIGTERM");
    expect(await gateway.ended).toBe(0);
  });

  test.each([
    [
      "nobody listens",
      async () => "postgres://someone:secret-word@127.0.0.1:9/db",
      /^The database cannot be reached: .*127\.0\.0\.1:9\n$/,
    ],
    [
      "the password is wrong",
      () => pretend(refusal),
      /^The database cannot be reached: password authentication failed for user "someone"\n$/,
    ],
    ["the server is too old", () => pretend(version("140011")), /^The database is older than Postgres 15\.\n$/],
    [
      "it is no URL",
      async () => "postgres://someone:secret-word#1@:x/db",
      /^DATABASE_URL cannot be used: Invalid URL; .* write @ : .* as %40 and so on\.\n$/,
    ],
    [
      "it is of another kind",
      async () => "mysql://someone:secret-word@localhost/db",
      /^These settings cannot be used .*\n {2}DATABASE_URL: must begin with postgres:/,
    ],
  ])("is refused in one sentence without the password when %s", async (_, url, sentence) => {
    const gateway = serve({ DATABASE_URL: await url() });
    expect(await gateway.ended).toBe(1);
    expect(gateway.output).toMatch(sentence);
    expect(gateway.output).not.toContain("secret-word");
  });
});

/** Folders with the programs of a Postgres that the system has, older than the embedded one. */
function olderPostgres(): string[] {
  const versions = existsSync("/usr/lib/postgresql") ? readdirSync("/usr/lib/postgresql") : [];
  const found = versions
    .filter((version) => Number(version) >= 15)
    .map((version) => `/usr/lib/postgresql/${version}/bin`);
  if (found.length === 0) console.log("Skipped, because none is installed in /usr/lib/postgresql: an older Postgres.");
  return found.slice(0, 1);
}

const listeners: Server[] = [];
afterAll(() => {
  for (const listener of listeners) listener.close();
});

/** The URL of a server that gives everyone the same answers, in the protocol of Postgres. */
async function pretend(answers: Buffer[]): Promise<string> {
  const listener = createServer((socket) => {
    const left = answers.slice();
    socket.on("error", () => {}).on("data", () => socket.write(left.shift() ?? ""));
  });
  listeners.push(listener.listen(0, "127.0.0.1"));
  await once(listener, "listening");
  return `postgres://someone:secret-word@127.0.0.1:${(listener.address() as { port: number }).port}/db`;
}

function message(kind: string, ...parts: (Buffer | string)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  const head = Buffer.alloc(5, kind);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

const refusal = [message("E", "SFATAL\0C28P01\0M", 'password authentication failed for user "someone"\0', "\0")];

function version(text: string): Buffer[] {
  const one = Buffer.from([0, 1]);
  const column = Buffer.concat([
    Buffer.from("server_version_num\0"),
    Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 25]),
    Buffer.alloc(8),
  ]);
  const row = message("D", one, Buffer.from([0, 0, 0, text.length]), text);
  const ready = message("Z", "I");
  return [
    Buffer.concat([message("R", Buffer.alloc(4)), ready]),
    Buffer.concat([message("T", one, column), row, message("C", "SHOW\0"), ready]),
  ];
}

/** A connection kept open after its one request. */
async function idleConnection(address: string): Promise<Socket> {
  const socket = openSocket(Number(new URL(address).port), "127.0.0.1");
  socket.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n");
  await once(socket, "data");
  return socket;
}

/** A request whose long answer begins to arrive but is not read. */
async function slowReader(address: string, container: number) {
  const client = await connectTo(shared);
  await client.query("update containers set data = jsonb_build_object('x', repeat('x', 20000000)) where id = $1", [
    container,
  ]);
  await client.end();
  const socket = openSocket(Number(new URL(address).port), "127.0.0.1").pause();
  const body = JSON.stringify({ query: `{ container(id: ${container}) { data } }` });
  const headers = `Host: localhost\r\nContent-Type: application/json\r\nAuthorization: Bearer ${token}`;
  socket.write(`POST /graphql HTTP/1.1\r\n${headers}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  await once(socket, "readable");
  const rest = async () => {
    let length = 0;
    for await (const chunk of socket) length += chunk.length;
    return length;
  };
  return { rest };
}

async function openWebSocket(address: string): Promise<WebSocket> {
  const socket = new WebSocket(`${address.replace("http", "ws")}/graphql`, "graphql-transport-ws");
  await once(socket, "open");
  socket.send(JSON.stringify({ type: "connection_init", payload: { authorization: `Bearer ${token}` } }));
  const [message] = await once(socket, "message");
  expect(JSON.parse(String(message))).toEqual({ type: "connection_ack" });
  return socket;
}
