import { describe, expect, test } from "vitest";
import { openGateway } from "./support/gateway.js";

const gateway = await openGateway();
const { ask, statements } = gateway;

describe("an object", () => {
  test("is read by its id with everything it is related to", async () => {
    const { data } = await ask(`{
      container(id: 79) {
        id name label severity status containerType artifactCount
        labelInfo { name } severityInfo { name } statusInfo { statusType } tenant { id name }
        artifacts(orderBy: [{ field: ID }]) { nodes { id cef container { id } cefFields { key value contains } } }
        notes { nodes { title content noteType author { username } } }
        pins { nodes { message data pinType pinStyle } }
        comments { nodes { comment } }
      }
    }`);
    expect(data.container).toMatchObject({
      id: 79,
      name: "test_incident",
      containerType: "DEFAULT",
      artifactCount: 2,
      labelInfo: { name: "incident" },
      statusInfo: { statusType: "NEW" },
      tenant: { id: 0, name: "Default" },
      artifacts: {
        nodes: [
          { id: 122, cef: { sourceAddress: "1.1.1.1" }, container: { id: 79 } },
          {
            id: 123,
            cefFields: [
              { key: "foo", value: "c8e5728b05c3ac46212c33535b65f183", contains: ["md5"] },
              { key: "sourceAddress", value: "1.1.1.1", contains: [] },
            ],
          },
        ],
      },
      notes: { nodes: [{ title: "This is a title.", content: "This is the note body.", noteType: "GENERAL" }] },
      pins: {
        nodes: [{ message: "This is a malicious IP", data: "192.168.1.7", pinType: "CARD_SMALL", pinStyle: "WHITE" }],
      },
      comments: { nodes: [{ comment: "Example comment." }] },
    });
  });

  test("that does not exist is null", async () => {
    const { data, errors } = await ask("{ container(id: 999999) { id } artifact(id: -1) { id } }");
    expect({ data, errors }).toEqual({ data: { container: null, artifact: null }, errors: undefined });
  });

  test("is found again by its nodeId, whatever its type", async () => {
    const first = await ask("{ container(id: 7) { nodeId } artifact(id: 122) { nodeId } user(id: 1) { nodeId } }");
    const nodeIds = ["container", "artifact", "user"].map((field) => first.data[field].nodeId);
    expect(new Set(nodeIds).size).toBe(3);
    const { data } = await ask(
      `query ($nodeIds: [ID!]!, $one: ID!) {
        nodes(nodeIds: $nodeIds) { __typename nodeId ... on Container { name } ... on Artifact { cef } ... on User { username } }
        node(nodeId: $one) { ... on Node { nodeId } ... on Container { artifacts { totalCount } } }
      }`,
      { nodeIds, one: nodeIds[0] },
    );
    expect(data.nodes).toMatchObject([
      { __typename: "Container", nodeId: nodeIds[0], name: "test" },
      { __typename: "Artifact", cef: { sourceAddress: "1.1.1.1" } },
      { __typename: "User", username: "admin" },
    ]);
    expect(data.node).toEqual({ nodeId: nodeIds[0], artifacts: { totalCount: 1 } });
  });

  test("with a nodeId that names nothing is refused with the value", async () => {
    const { data, errors } = await ask('{ node(nodeId: "rubbish") { nodeId } container(id: 7) { id } }');
    expect(data).toEqual({ node: null, container: { id: 7 } });
    expect(errors).toMatchObject([
      { message: expect.stringContaining("rubbish"), extensions: { code: "BAD_USER_INPUT" } },
    ]);
  });

  test("shows its times in UTC with microseconds, or as Postgres stores them", async () => {
    await gateway.database.pool.query("update containers set due_time = '2020-11-05 22:39:22.0486+01' where id = 7");
    const { data } = await ask(
      "{ container(id: 7) { dueTime postgres: dueTime(format: POSTGRES) endTime(format: POSTGRES) } }",
    );
    expect(data.container).toEqual({
      dueTime: "2020-11-05T21:39:22.048600Z",
      postgres: "2020-11-05 21:39:22.0486+00",
      endTime: null,
    });
  });
});

describe("a filter", () => {
  const ids = async (filter: string, list = "containers") => {
    const { data, errors } = await ask(`{ ${list}(first: 100, filter: ${filter}) { nodes { id } } }`);
    expect(errors).toBeUndefined();
    return data[list].nodes.map(({ id }: { id: number }) => id);
  };

  test.each([
    ["an id", "{ id: { eq: 7 } }", [7]],
    ["some ids", "{ id: { in: [7, 79, 5000] } }", [7, 79]],
    ["no ids", "{ id: { in: [] } }", []],
    ["a part of a name in any letter case", '{ name: { icontains: "TEST_inc" } }', [79]],
    ["a percent sign, which stands for itself", '{ name: { icontains: "%" } }', []],
    [
      "a name of an administrator in any letter case",
      '{ label: { eq: "MALWARE" }, severity: { in: ["High"] }, id: { eq: 42 } }',
      [42],
    ],
    ["a name nobody defined", '{ label: { eq: "nonsense" } }', []],
    ["all of some tags", '{ tags: { hasAll: ["red-network"] } }', [7]],
    ["any of some tags", '{ tags: { hasAny: ["kiosk", "red-network"] } }', [7, 42]],
    ["an enum", "{ id: { in: [7, 297] }, containerType: { eq: CASE } }", [297]],
    ["a time", '{ id: { in: [1, 337] }, createTime: { gt: "2026-10-15T00:00:00Z" } }', [337]],
    ["no value", "{ id: { in: [42, 337] }, closeTime: { isNull: true } }", [42]],
    ["something of which there is any", "{ id: { in: [7, 24, 79] }, notes: {} }", [79]],
    ["an object it points at", '{ owner: { username: { eq: "admin" } } }', [7]],
    [
      "something that belongs to it",
      '{ artifacts: { cef: { key: "foo", eq: "c8e5728b05c3ac46212c33535b65f183" } } }',
      [79],
    ],
    [
      "one of several values in a record",
      '{ artifacts: { cef: { key: "destinationDnsDomain", in: ["amazon.com", "example.com"] } } }',
      [24, 337],
    ],
    ["alternatives", "{ or: [{ id: { eq: 7 } }, { id: { eq: 24 } }] }", [7, 24]],
    ["no alternatives", "{ or: [] }", []],
    ["what must not hold", "{ id: { in: [7, 24] }, not: { id: { eq: 7 } } }", [24]],
  ])("matches %s", async (_, filter, expected) => {
    expect(await ids(filter)).toEqual(expected);
  });

  test("follows relations as deep as it is written", async () => {
    expect(
      await ids(
        '{ container: { pins: { name: { eq: "location" } }, owner: { username: { eq: "ADMIN" } } } }',
        "artifacts",
      ),
    ).toEqual([]);
    expect(
      await ids(
        '{ container: { pins: { name: { eq: "location" } }, artifacts: { container: { id: { eq: 7 } } } } }',
        "artifacts",
      ),
    ).toEqual([1070]);
  });

  test("with text that would mean something to SQL or JSON means only itself", async () => {
    for (const text of ["'; drop table containers; --", '"', "\\", "$1", '{"a":1}']) {
      const { errors } = await ask(
        "query ($text: String!) { containers(filter: { name: { eq: $text }, artifacts: { cef: { key: $text, eq: $text } } }) { totalCount } }",
        { text },
      );
      expect(errors).toBeUndefined();
    }
    expect((await ids("{ id: { eq: 7 } }")).length).toBe(1);
  });
});

describe("the number of statements", () => {
  const query = `
    query ($first: Int!, $after: String) {
      containers(first: $first, orderBy: [{ field: CREATE_TIME }], filter: { artifacts: { notes: {} } }) {
        totalCount
        nodes { ...Case more: artifacts(first: 2, filter: { severity: { in: ["high", "medium"] } }) { nodes { id } } }
      }
      again: containers(first: 1, filter: { id: { eq: 2 } }) { edges { cursor node { ...Case } } }
    }
    fragment Case on Container {
      id name
      owner { username }
      artifacts(first: 3, orderBy: [{ field: NAME, direction: DESC }]) { totalCount edges { cursor node { name notes(first: 2, after: $after, filter: { noteType: { isNull: false } }) { nodes { author { username } } } } } }
      ... on Node { ... on Container { pins { nodes { data } } } }
    }`;

  test("does not depend on how many parents there are", async () => {
    const counts = [];
    for (const first of [1, 20, 100]) counts.push((await statements(() => ask(query, { first }))).length);
    // Two lists of containers; below each owner, artifacts, notes, author and pins; below the first also more artifacts.
    expect(counts).toEqual([13, 13, 13]);
  });

  test("is one for each level of a case view", async () => {
    const seen = await statements(() =>
      ask(
        "{ container(id: 79) { artifacts { nodes { notes { nodes { title } } } } notes { nodes { title } } pins { nodes { data } } } }",
      ),
    );
    expect(seen.length).toBe(5);
  });

  test("is one for each level of the largest view of a case", async () => {
    const query = `{
      containers(first: 1, filter: { caseItems: { sourceType: { eq: "Artifact" } } }) { nodes {
        name owner { username } role { name } tenant { name } asset { name app { name } } currentPhase { name }
        artifacts { nodes { name parentArtifact { name } notes { nodes { title } } } }
        notes { nodes { title author { username } } }
        pins { nodes { data } }
        comments { nodes { comment } }
        workbooks { nodes { template { name } } }
        phases { nodes { name tasks { nodes { name status owner { username } notes { nodes { title } } } } } }
        actionRuns { nodes { action status appRuns { nodes { appName asset { name } results { nodes { status parameter data } } } } approvals { nodes { status approver { username } } } } }
        playbookRuns { nodes { status playbook { fullName } actionRuns { nodes { action } } } }
        vaultItems { nodes { name size } }
        caseItems { nodes { sourceType source { nodeId ... on Artifact { name } ... on Container { name } } copy { ... on Artifact { id } } } }
      } }
    }`;
    let data: Awaited<ReturnType<typeof ask>>["data"];
    const seen = await statements(async () => {
      ({ data } = await ask(query));
    });
    const [found] = data.containers.nodes;
    expect(found).toMatchObject({ tenant: { name: "Default" }, currentPhase: { name: "Containment" } });
    expect(found.phases.nodes.map(({ tasks }: { tasks: { nodes: object[] } }) => tasks.nodes.length)).toEqual([
      2, 2, 2,
    ]);
    expect(found.actionRuns.nodes[0].appRuns.nodes[0].results.nodes[0].status).toBe("SUCCESS");
    expect(found.caseItems.nodes.map(({ source }: { source: { name: string } }) => typeof source.name)).not.toContain(
      "undefined",
    );
    // The places of the query that have a parent; `source` reads containers and artifacts, empty lists end their branch.
    expect(seen.length).toBeLessThanOrEqual(query.match(/\w+(?=\s*(\([^)]*\))?\s*\{)/g)!.length);
  });

  test("reads only the columns asked for", async () => {
    const [text] = await statements(() => ask("{ artifacts(first: 1) { nodes { name } } }"));
    expect(text).toContain('"name"');
    expect(text).not.toContain('"cef"');
    expect(text).not.toContain('"data"');
  });
});
