import { labels, statuses } from "./seed.js";
import { sizes } from "./settings.js";

/** What is asked of every contender. `variables` rotate; a write makes its own from a running number and chance. */
export const scenarios = {
  Q1: {
    title: "Q1 nested",
    what: "the 20 newest containers of a label with their first 10 artifacts, 5 notes and 5 pins",
    operationName: "Nested",
    query: `query Nested($label: String!) {
      containers(first: 20, filter: {label: {eq: $label}}, orderBy: [{field: CREATE_TIME, direction: DESC}]) {
        nodes {
          id name label status severity sensitivity containerType createTime dueTime tags
          artifacts(first: 10) { nodes { id name label severity type cef sourceDataIdentifier createTime } }
          notes(first: 5) { nodes { id title content noteType createTime } }
          pins(first: 5) { nodes { id message data pinStyle pinType } }
        }
      }
    }`,
    variables: labels.map((label) => ({ label })),
  },
  Q2: {
    title: "Q2 point",
    what: "one container by id with its first 50 artifacts",
    operationName: "Point",
    query: `query Point($id: Int!) {
      container(id: $id) {
        id name status severity createTime dueTime
        artifacts(first: 50) { nodes { id name severity type cef createTime } }
      }
    }`,
    // Every tenth container has many artifacts.
    variables: Array.from({ length: 20 }, (_, n) => ({
      id: (1 + ((n * 41) % Math.floor(sizes.containers / 10))) * 10,
    })),
  },
  Q3: {
    title: "Q3 flat",
    what: "100 containers of a status and a severity, 12 fields each",
    operationName: "Flat",
    query: `query Flat($status: String!, $severity: String!) {
      containers(first: 100, filter: {status: {eq: $status}, severity: {eq: $severity}}) {
        nodes {
          id name description label status severity sensitivity containerType createTime startTime hash sourceDataIdentifier
        }
      }
    }`,
    variables: statuses.flatMap((status) => ["high", "medium", "low"].map((severity) => ({ status, severity }))),
  },
  M1: {
    title: "M1 write",
    what: "an artifact with an identifier, by which equal ones are found out, is added to a random container; each is new",
    operationName: "Add",
    query: `mutation Add($input: AddArtifactInput!) {
      addArtifact(input: $input) { success code artifactId }
    }`,
    write: (number, random) => ({ input: newArtifact(number, random) }),
  },
};

function newArtifact(number, random) {
  const container = 1 + Math.floor(random() * sizes.containers);
  const address = `10.${Math.floor(random() * 256)}.${Math.floor(random() * 256)}.7`;
  return {
    container,
    rawData: { sensor: "edge-7", line: number },
    cefData: {
      sourceAddress: address,
      destinationPort: 443,
      requestURL: `https://example.com/${number}`,
      deviceAction: "blocked",
    },
    label: "event",
    name: `Connection to ${address}`,
    severity: "medium",
    identifier: `bench-${number}`,
    artifactType: "network",
    fieldMapping: { sourceAddress: ["ip"] },
  };
}

/** The request body that asks a scenario with these variables. */
export function bodyOf({ operationName, query }, variables) {
  return JSON.stringify({ operationName, query, variables });
}
