/*
 * Prints docs/playbook-api.md: what the playbook operations take, answer and decide, from the operations themselves.
 */

import { actions } from "./dist/resolvers/actions.js";
import { beyondPlaybookApi, playbookApi } from "./dist/resolvers/playbook-api.js";
import { gatewaySchema } from "./dist/resolvers/schema.js";

const schema = await gatewaySchema();
const roots = { query: schema.getQueryType(), mutation: schema.getMutationType() };

const snakeCase = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Parameters that the Python functions do not have. */
const ours = {
  every: ["containers", "expectedRevision"],
  act: ["container"],
  createContainer: [
    "description",
    "severity",
    "sensitivity",
    "sourceDataIdentifier",
    "tags",
    "data",
    "customFields",
    "artifacts",
    "runAutomation",
  ],
};

/** The manual's own names where they are not ours in another case. */
const pythonNames = { changes: "update_dict" };

function section({ kind, name, description, decided, may }) {
  const { args, type } = roots[kind].getFields()[name];
  const inputs = Object.values(args[0].type.ofType.getFields());
  const outputs = Object.values(type.getFields());
  const python = description.match(/^phantom\.\w+/)?.[0];
  const unknown = [...ours.every, ...(ours[name] ?? [])];
  const known = inputs.filter((input) => !unknown.includes(input.name));
  const words = known.map((input) => pythonNames[input.name] ?? snakeCase(input.name));
  const call = python ? `${python}(${words.join(", ")})\n` : "";
  const sentence = python ? description.slice(python.length + 2) : description;
  return `## ${name}

${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}

\`\`\`
${call}${kind} { ${name}(input: { ${inputs.map((input) => input.name).join(", ")} }) { ${outputs.map((output) => output.name).join(" ")} } }
\`\`\`

Needs \`${may}\`.

| parameter | type | |
| --- | --- | --- |
${inputs.map(parameter).join("\n")}

| payload | type | |
| --- | --- | --- |
${outputs.slice(4).map(row).join("\n")}
${decided.length ? `\nDecided:\n\n${decided.map((line) => `- ${line}`).join("\n")}\n` : ""}`;
}

const row = ({ name, type, description }) => `| \`${name}\` | \`${type}\` | ${description} |`;

function parameter(input) {
  if (input.defaultValue === undefined) return row(input);
  return row({ ...input, type: `${input.type} = ${written(input)}` });
}

/** A default as the schema writes it: words of enums in capitals, texts in quotes. */
function written({ type, defaultValue }) {
  const word = type.getValues?.().find(({ value }) => value === defaultValue)?.name;
  return word ?? JSON.stringify(defaultValue);
}

process.stdout.write(`# The playbook API

Every operation takes one \`input\` and answers \`success\`, \`message\`, \`code\` and \`field\`, besides what is listed here.
\`success: false\` changed nothing: \`code\` says why, \`message\` what to do, \`field\` which parameter is to blame. A Python
name is written in camelCase here, a fixed word in CAPITALS, a container as its id. \`!\` marks what is required. Made by
\`node playbook-api.js\` from the operations themselves.

# The container automation API

${playbookApi.map(section).join("\n")}
# What playbooks and consoles need besides

${beyondPlaybookApi.map(section).join("\n")}
# Actions

${actions.map(section).join("\n")}`);
