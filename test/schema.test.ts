import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  getIntrospectionQuery,
  type IntrospectionQuery,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
} from "graphql";
import { describe, expect, test } from "vitest";
import { playbookApi } from "../src/resolvers/playbook-api.js";
import { gatewaySchema, schemaDocument } from "../src/resolvers/schema.js";
import { openGateway } from "./support/gateway.js";

const schema = await gatewaySchema();
const types = Object.values(schema.getTypeMap()).filter(
  (type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type),
);

describe("the schema", () => {
  test("is the committed document", async () => {
    expect(await schemaDocument()).toBe(readFileSync(join(import.meta.dirname, "..", "schema.graphql"), "utf8"));
  });

  test.each(types.map((type) => [type.name, type] as const))("explains %s in whole sentences", (name, type) => {
    const said: [string, string | null | undefined][] = [];
    if (!["Query", "Mutation", "Subscription"].includes(name)) said.push([name, type.description]);
    if (isEnumType(type))
      said.push(
        ...type
          .getValues()
          .map((value): [string, string | null | undefined] => [`${name}.${value.name}`, value.description]),
      );
    if (isInputObjectType(type))
      said.push(
        ...Object.values(type.getFields()).map((field): [string, string | null | undefined] => [
          `${name}.${field.name}`,
          field.description,
        ]),
      );
    if (isObjectType(type) || isInterfaceType(type)) {
      for (const field of Object.values(type.getFields())) {
        said.push([`${name}.${field.name}`, field.description]);
        for (const arg of field.args) said.push([`${name}.${field.name}(${arg.name}:)`, arg.description]);
      }
    }
    for (const [what, text] of said) expect(text, what).toMatch(/[.!?:]$/);
  });

  test("lets every mutation, and every query that can fail alone, be null", () => {
    for (const root of [schema.getQueryType()!, schema.getMutationType()!]) {
      for (const field of Object.values(root.getFields())) expect(String(field.type), field.name).not.toMatch(/!$/);
    }
  });

  test("names each operation's Python function first", () => {
    for (const { name, description } of playbookApi) {
      const python = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      expect(description).toMatch(new RegExp(`^phantom\\.${python}: `));
    }
  });

  test("can be explored by a caller, and only by one", async () => {
    const { ask, url } = await openGateway("empty");
    const { data } = (await ask(getIntrospectionQuery({ inputValueDeprecation: true }))) as unknown as {
      data: IntrospectionQuery;
    };
    expect(data.__schema.types.length).toBeGreaterThan(60);
    const stranger = await fetch(`${url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"query":"{ __typename }"}',
    });
    expect(stranger.status).toBe(401);
  });
});
