/*
 * Does with codegen.json of the current folder what the command graphql-codegen does, whose other parts need a later Node:
 * reads the schema and the queries of the sources, and lets the client preset write.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { preset } from "@graphql-codegen/client-preset";
import { codegen } from "@graphql-codegen/core";
import { buildSchema, parse } from "graphql";

const { schema: address, documents: pattern, generates } = JSON.parse(readFileSync("codegen.json", "utf8"));
const text = await (await fetch(address)).text();

const folder = dirname(pattern.replace("**", "."));
const documents = readdirSync(folder, { recursive: true })
  .filter((file) => file.endsWith(".ts"))
  .flatMap((file) => [...readFileSync(join(folder, file), "utf8").matchAll(/graphql\(`(.*?)`\)/gs)])
  .map(([, rawSDL], place) => ({ location: `query ${place}`, rawSDL, document: parse(rawSDL) }));

for (const [baseOutputDir, { config }] of Object.entries(generates)) {
  const files = await preset.buildGeneratesSection({
    baseOutputDir,
    schema: parse(text),
    schemaAst: buildSchema(text),
    documents,
    config,
    plugins: [],
    pluginMap: {},
    presetConfig: {},
  });
  mkdirSync(baseOutputDir, { recursive: true });
  for (const file of files) writeFileSync(file.filename, await codegen(file));
}
