import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { Random } from "../../src/sample/random.js";
import { openGateway } from "../support/gateway.js";
import { at, blocksOf, roadTo, run, workFolder } from "./program.js";

const { url, token, ask, database } = await openGateway();
const random = new Random(11);
const standing = new Set<number>();

/** What another client does meanwhile: five artifacts anywhere in the list come, five go. */
async function disturb(): Promise<void> {
  for (let added = 0; added < 5; added++) {
    const { data } = await ask(
      `mutation ($name: String!) { addArtifact(input: { container: 7, name: $name, label: "event", artifactType: "network", severity: "low", rawData: {}, cefData: {} }) { success } }`,
      { name: `artifact ${random.between(0, 99)}` },
    );
    expect(data.addArtifact.success).toBe(true);
  }
  const { rows } = await database.pool.query(
    "delete from artifacts where id in (select id from artifacts where container_id = 7 order by md5(id::text || $1) limit 5) returning id",
    [String(random.next())],
  );
  for (const { id } of rows) standing.delete(id);
}

const road = await roadTo(url, disturb);

/** Runs a program that reads the whole list, and checks that it saw everything that stood all the time, and nothing twice. */
async function readsAll(folder: string, command: string, ...words: string[]): Promise<void> {
  const output = await run(folder, command, words, token);
  const seen = [...output.matchAll(/^\D*(\d+)/gm)].map(([, id]) => Number(id));
  expect(road.methods.length).toBeGreaterThanOrEqual(20);
  expect(standing.size).toBeGreaterThan(700);
  expect(seen.length - new Set(seen).size).toBe(0);
  expect([...standing].filter((id) => !seen.includes(id))).toEqual([]);
}

/** Runs one block of a page, its address being that of the road. */
const program = (page: string, place: number, name: string) =>
  workFolder({ [name]: at(road.url, blocksOf(page)[place - 1]!) });

describe("a list of a thousand that others change is read whole by", { timeout: 60_000 }, () => {
  beforeEach(async () => {
    await database.pool.query("delete from artifacts where container_id = 7");
    const { rows } = await database.pool.query(`insert into artifacts
      (container_id, name, label, severity, source_data_identifier, identified, hash)
      select 7, 'artifact ' || n % 100, 'event', 'low', n::text, false, md5(n::text) from generate_series(1, 1000) n returning id`);
    standing.clear();
    for (const { id } of rows) standing.add(id);
    road.methods.length = 0;
  });

  test("curl", () => readsAll(program("curl", 2, "page.sh"), "sh", "page.sh"));
  test("Python's standard library", () => readsAll(program("python", 1, "page.py"), "python3", "page.py"));
  test("Apollo Client", () => readsAll(program("apollo-client", 1, "page.js"), "node", "page.js"));
  test("graphql-request", () => readsAll(program("graphql-request", 1, "page.js"), "node", "page.js"));

  test("urql, by GET as it does by itself", async () => {
    await readsAll(program("urql", 1, "page.js"), "node", "page.js");
    expect(new Set(road.methods)).toEqual(new Set(["GET"]));
  });

  test("Relay's compiler and runtime", async () => {
    const folder = await relayProgram();
    await readsAll(folder, "node", "src/main.mjs");
  });

  test("the types of graphql-codegen, compiled under --strict", async () => {
    const [config, source] = blocksOf("codegen");
    const folder = workFolder({ "codegen.json": at(url, config!), "src/page.ts": at(road.url, source!) });
    await run(folder, "node", [join(import.meta.dirname, "generate.js")]);
    const options = "--strict --module nodenext --target es2022 --types node --skipLibCheck --outDir out src/page.ts";
    const tsc = join(import.meta.dirname, "../../node_modules/typescript/bin/tsc");
    expect(await run(folder, process.execPath, [tsc, ...options.split(" ")])).toBe("");
    await readsAll(folder, "node", "out/page.js");
  });
});

/** The page's program with what Relay's compiler makes for it. */
async function relayProgram(main = blocksOf("relay")[2]!): Promise<string> {
  const [config, artifacts] = blocksOf("relay");
  const schema = await (await fetch(`${url}/schema.graphql`)).text();
  const folder = workFolder({
    "package.json": "{}",
    "relay.config.json": config!,
    "schema.graphql": schema,
    "src/artifacts.js": artifacts!,
    "src/main.mjs": at(road.url, main),
  });
  const compiler = join(import.meta.dirname, "../../node_modules/relay-compiler/cli.js");
  await run(folder, process.execPath, [compiler]);
  return folder;
}

test("Relay keeps a container and an artifact of the same id apart", async () => {
  const page = blocksOf("relay")[2]!;
  const [before] = page.split("const variables");
  const folder = await relayProgram(`${before}
    const data = await fetchQuery(environment, artifactsQuery, { container: 1 }).toPromise();
    console.log(JSON.stringify([data.container.id, data.artifact.id, data.container.name, data.artifact.name]));`);
  const { data } = await ask("{ container(id: 1) { name } artifact(id: 1) { name } }");
  expect(JSON.parse(await run(folder, "node", ["src/main.mjs"], token))).toEqual([
    1,
    1,
    data.container.name,
    data.artifact.name,
  ]);
});

describe("what a page shows besides", () => {
  test("answers: curl's first query, a change sent twice and a query by GET", async () => {
    const answer = async (place: number) =>
      JSON.parse(await run(program("curl", place, "ask.sh"), "sh", ["ask.sh"], token));
    expect((await answer(1)).data.container.artifacts.nodes).toHaveLength(5);
    const first = await answer(3);
    expect(first.data.comment.success).toBe(true);
    expect((await answer(3)).data.comment.comment).toEqual(first.data.comment.comment);
    expect((await answer(4)).data.viewer.user.username).toBe("admin");
  });

  test("answers: Python's mutation", async () => {
    const [read, change] = blocksOf("python");
    const folder = workFolder({ "add.py": at(url, read!.split("\nquery =")[0]! + change!) });
    expect(await run(folder, "python3", ["add.py"], token)).toMatch(/^True Artifact \d+ added to container 7/);
  });
});
