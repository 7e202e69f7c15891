import fc from "fast-check";
import { expect, test } from "vitest";
import { artifactHash } from "../src/operations/artifacts.js";
import { openGateway } from "./support/gateway.js";
import { atOnce, call, newArtifact, newContainer, plainArtifact, read } from "./support/operations.js";

const gateway = await openGateway();

/** Records that a request can hold: with keys that reach for prototypes it is refused as a whole. */
const json = fc
  .dictionary(fc.string(), fc.jsonValue())
  .filter((record) => !/"(__proto__|constructor)":/.test(JSON.stringify(record)));
const body = fc.record({
  rawData: json,
  cefData: json,
  label: fc.string(),
  name: fc.string(),
  severity: fc.constantFrom("high", "low"),
  identifier: fc.string({ minLength: 1 }),
  artifactType: fc.option(fc.string()),
  fieldMapping: fc.dictionary(fc.string(), fc.array(fc.string())),
});

const hashOf = (rawData: Record<string, unknown>) =>
  artifactHash(1, "addArtifact", { ...plainArtifact, identifier: "i", fieldMapping: null, rawData });

/** The same value with the keys of every object in the opposite order. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, turned(inner)]),
  );
}

test("the hash knows neither the order of keys nor the spelling of numbers", () => {
  fc.assert(
    fc.property(body, (artifact) => {
      const again = JSON.parse(JSON.stringify(turned(artifact))) as typeof artifact;
      expect(artifactHash(1, "addArtifact", again)).toBe(artifactHash(1, "addArtifact", artifact));
    }),
  );
  expect(hashOf(JSON.parse('{"a":1.0,"b":1e2}'))).toBe(hashOf(JSON.parse('{"b":100,"a":1}')));
});

test("the hash tells apart any other body, caller or way", () => {
  fc.assert(
    fc.property(body, fc.string(), (artifact, name) => {
      fc.pre(name !== artifact.name);
      const hash = artifactHash(1, "addArtifact", artifact);
      const others = [
        artifactHash(1, "addArtifact", { ...artifact, name }),
        artifactHash(2, "addArtifact", artifact),
        artifactHash(1, "import", artifact),
      ];
      for (const one of [hash, ...others]) expect(one).toMatch(/^[0-9a-f]{32}$/);
      expect(new Set([hash, ...others]).size).toBe(4);
    }),
  );
  const different = [{ a: 1 }, { a: "1" }, { a: null }, {}, { a: [1, 2] }, { a: [2, 1] }, { a: {} }, { a: [] }];
  expect(new Set(different.map(hashOf)).size).toBe(different.length);
});

test("an identified artifact is found again whatever the order of its keys", async () => {
  const container = await newContainer(gateway);
  let number = 0;
  await fc.assert(
    fc.asyncProperty(json, json, async (rawData, cefData) => {
      const artifact = { ...plainArtifact, container, rawData, cefData, identifier: `property ${++number}` };
      const first = await call(gateway, "addArtifact", artifact, "artifactId");
      const second = await call(gateway, "addArtifact", turned(artifact) as typeof artifact, "artifactId");
      expect(first).toMatchObject({ success: true });
      expect(second).toMatchObject({ success: false, code: "DUPLICATE", artifactId: first.artifactId });
    }),
    { numRuns: 40 },
  );
});

test("two hundred callers add one artifact to two containers once each, and all learn its id", async () => {
  const containers = [await newContainer(gateway), await newContainer(gateway)];
  const answers = await atOnce(200, (index) =>
    call(gateway, "addArtifact", { ...plainArtifact, container: containers[index % 2], identifier: "i" }, "artifactId"),
  );
  expect(answers.filter(({ success }) => success)).toHaveLength(2);
  expect(new Set(answers.map(({ artifactId }) => artifactId)).size).toBe(2);
});

test("a change moves the artifact's times and the container's, and only the artifact's revision", async () => {
  const container = await newContainer(gateway);
  const artifactId = await newArtifact(gateway, container, { artifactType: "host" });
  const before = await read(gateway, container, "artifactUpdateTime containerUpdateTime");
  const changes = {
    description: "d",
    severity: "LOW",
    cefData: { fileHash: "c8e5" },
    rawData: { line: 1 },
    fieldMapping: { fileHash: "md5" },
    tags: ["t"],
    killChain: "Delivery",
    artifactType: null,
  };
  const { artifact } = await call(
    gateway,
    "updateArtifact",
    { artifactId, ...changes },
    "artifact { name description severity type cef data cefTypes tags killChain revision createTime updateTime container { revision artifactUpdateTime containerUpdateTime } }",
  );
  expect(artifact).toMatchObject({
    name: "Address",
    description: "d",
    severity: "low",
    type: null,
    cef: { fileHash: "c8e5" },
    data: { line: 1 },
    cefTypes: { fileHash: ["md5"] },
    tags: ["t"],
    killChain: "Delivery",
    revision: 2,
    container: { revision: 1, containerUpdateTime: before.containerUpdateTime },
  });
  expect(artifact.updateTime > artifact.createTime).toBe(true);
  expect(artifact.container.artifactUpdateTime > before.artifactUpdateTime).toBe(true);
  expect(await call(gateway, "updateArtifact", { artifactId, name: null })).toMatchObject({
    code: "INVALID_VALUE",
    field: "name",
  });
});

test("of a hundred callers who delete an artifact one does, and its notes go with it", async () => {
  const container = await newContainer(gateway);
  const artifactId = await newArtifact(gateway, container);
  await call(gateway, "addNote", { artifactId });
  const answers = await atOnce(100, () => call(gateway, "deleteArtifact", { artifactId }, "deletedNodeId"));
  expect(answers.filter(({ success }) => success)).toHaveLength(1);
  expect(answers.filter(({ code }) => code === "NOT_FOUND")).toHaveLength(99);
  expect(await read(gateway, container, "artifactCount notes { totalCount }")).toEqual({
    artifactCount: 0,
    notes: { totalCount: 0 },
  });
});

test("two thousand artifacts at once are added in few statements, and found again in few", async () => {
  const container = await newContainer(gateway);
  const artifacts = Array.from({ length: 2000 }, (_, index) => ({ ...plainArtifact, identifier: String(index) }));
  const add = () =>
    call(
      gateway,
      "addArtifacts",
      { container, artifacts },
      "results { success artifactId } container { artifactCount }",
    );
  const first = await add();
  expect(first.container).toEqual({ artifactCount: 2000 });
  const statements = await gateway.statements(async () => {
    const second = await add();
    expect(second).toMatchObject({ success: false, code: "DUPLICATE" });
    expect(second.results).toEqual(
      first.results.map(({ artifactId }: { artifactId: number }) => ({ success: false, artifactId })),
    );
  });
  expect(statements.length).toBeLessThanOrEqual(12);
});

test("of many artifacts each has its own outcome: new, a duplicate or wrong", async () => {
  const container = await newContainer(gateway);
  const artifacts = [
    { ...plainArtifact, severity: "dire" },
    { ...plainArtifact, identifier: "a" },
    { ...plainArtifact, identifier: "x".repeat(513) },
    { ...plainArtifact, fieldMapping: { a: 1 } },
    { ...plainArtifact, identifier: "a" },
    plainArtifact,
  ];
  const added = await call(
    gateway,
    "addArtifacts",
    { container, artifacts },
    "results { code field artifact { name } }",
  );
  expect(added).toMatchObject({ success: true, message: `2 of 6 artifacts added to container ${container}.` });
  expect(added.results).toEqual([
    { code: "NOT_FOUND", field: "severity", artifact: null },
    { code: null, field: null, artifact: { name: "Address" } },
    { code: "TOO_LONG", field: "identifier", artifact: null },
    { code: "INVALID_VALUE", field: "fieldMapping", artifact: null },
    { code: "DUPLICATE", field: null, artifact: { name: "Address" } },
    { code: null, field: null, artifact: { name: "Address" } },
  ]);
  expect(await read(gateway, container, "artifactCount")).toEqual({ artifactCount: 2 });
  expect(await call(gateway, "addArtifacts", { container, artifacts: [] }, "results { code }")).toMatchObject({
    success: true,
    results: [],
  });
});
