import type { Gateway } from "./gateway.js";

type Input = object;
// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
type Payload = any;

const queries = new Set(["collect", "collect2", "getNotes", "getObject", "getPhase", "getTags", "getTasks"]);

/** Calls one operation and gives its payload: outcome and what is selected. Throws what GraphQL calls an error. */
export async function call(
  { ask }: Pick<Gateway, "ask">,
  name: string,
  input: Input,
  selection = "",
  headers?: Record<string, string>,
): Promise<Payload> {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`;
  const { data, errors } = await ask(
    `${queries.has(name) ? "query" : "mutation"} ($input: ${type}!) {
      answer: ${name}(input: $input) { success message code field ${selection} } }`,
    { input },
    headers,
  );
  if (errors) throw new Error(`${name}: ${JSON.stringify(errors)}`);
  return data.answer;
}

/** Makes a container of the sample's label `events` and gives its id. */
export async function newContainer(gateway: Pick<Gateway, "ask">, fields: Input = {}): Promise<number> {
  const { containerId } = await call(
    gateway,
    "createContainer",
    { name: "Of a test", label: "events", runAutomation: false, ...fields },
    "containerId",
  );
  return containerId;
}

/** Adds an artifact to a container and gives its id. */
export async function newArtifact(
  gateway: Pick<Gateway, "ask">,
  container: number,
  fields: Input = {},
): Promise<number> {
  const { artifactId } = await call(gateway, "addArtifact", { container, ...plainArtifact, ...fields }, "artifactId");
  return artifactId;
}

/** What an artifact has to have. */
export const plainArtifact = {
  rawData: {},
  cefData: { sourceAddress: "203.0.113.9" },
  label: "netflow",
  name: "Address",
  severity: "high",
  artifactType: "network",
};

/** The fields of a container, read. */
export async function read(gateway: Pick<Gateway, "ask">, id: number, selection: string): Promise<Payload> {
  const { data, errors } = await gateway.ask(`{ container(id: ${id}) { ${selection} } }`);
  if (errors) throw new Error(JSON.stringify(errors));
  return data.container;
}

/** So many calls at once, and all their payloads. */
export function atOnce(count: number, act: (index: number) => Promise<Payload>): Promise<Payload[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => act(index)));
}
