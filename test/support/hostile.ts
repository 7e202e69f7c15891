/** A way to hurt a GraphQL server, as a request, and how it is answered. */
export interface Family {
  name: string;
  /** The request in its parts, or the bytes of a body. */
  request?: { query?: unknown; variables?: unknown; operationName?: unknown; extensions?: unknown };
  body?: Buffer;
  /** The code of the refusal, and the limit it names; no code: it is answered. */
  code?: string;
  limitName?: string;
  /** Refused only when it is to run. */
  late?: boolean;
}

const repeat = (count: number, part: (n: number) => string, between = " ") =>
  Array.from({ length: count }, (_, n) => part(n)).join(between);

/** Fragments of which each spreads the one before in two places. */
const doubling = (count: number, places: (spread: string) => string, name = (n: number) => `f${n}`) =>
  `fragment ${name(0)} on Container { id } ${repeat(count, (n) => `fragment ${name(n + 1)} on Container { ${places(`...${name(n)}`)} }`)}`;

const nested = (count: number, open: string, close: string, middle: string) =>
  open.repeat(count) + middle + close.repeat(count);

const tree = (levels: number): string =>
  levels === 0 ? '{"id":{"eq":1}}' : `{"or":[${tree(levels - 1)},{"not":${tree(levels - 1)}}]}`;

const document = (name: string, query: string, code?: string, limitName?: string, late?: boolean): Family => ({
  name,
  request: { query },
  code,
  limitName,
  late,
});
const variables = (name: string, json: string, code: string, limitName?: string, late?: boolean): Family => ({
  name,
  body: Buffer.from(`{"query":${JSON.stringify(addition)},"variables":${json}}`),
  code,
  limitName,
  late,
});
const body = (name: string, bytes: string | Buffer, code: string, limitName?: string): Family => ({
  name,
  body: Buffer.from(bytes as string),
  code,
  limitName,
});

const addition = "query ($filter: ContainerFilter, $n: Int) { containers(filter: $filter, first: $n) { totalCount } }";
const complex = "QUERY_TOO_COMPLEX";
const invalid = "GRAPHQL_VALIDATION_FAILED";
const unreadable = "GRAPHQL_PARSE_FAILED";
const input = "BAD_USER_INPUT";
const page = "containers(first: 100) { nodes";
const artifacts = "artifacts(first: 100) { nodes";

export const families: Family[] = [
  document("deep fields", nested(20, "{ node ", "}", "{ id }"), complex, "depth"),
  document("very deep fields", nested(300, "{ a ", "}", "{ id }"), complex, "nesting"),
  document("fields too deep for a stack", nested(10_000, "{a", "}", "{id}"), complex, "tokens"),
  document(
    "a deep list literal",
    `{ containers(orderBy: ${nested(500, "[", "]", "")}) { totalCount } }`,
    complex,
    "nesting",
  ),
  document(
    "a deep object literal",
    `{ containers(filter: ${nested(200, "{not: ", "}", "{}")}) { totalCount } }`,
    complex,
    "nesting",
  ),
  document("deep inline fragments", `{ viewer { ${nested(300, "... { ", "}", "permissions")} } }`, complex, "nesting"),
  document("inline fragments side by side", `{ container(id: 7) { ${repeat(400, () => "... { id }")} } }`),
  document(
    "inline fragments with sub-selections side by side",
    `{ container(id: 7) { ${repeat(180, () => "... { owner { ... { id } } }")} } }`,
  ),
  document("one field again and again", `{ viewer { ${repeat(1_100, () => "permissions")} } }`, complex, "fields"),
  document(
    "one field nine hundred times",
    `{ viewer { ${repeat(900, () => "permissions")} } }`,
    complex,
    "comparisons",
  ),
  document(
    "conflicting aliases",
    `{ container(id: 7) { ${repeat(45, (n) => `a: ${n % 2 ? "id" : "name"}`)} } }`,
    invalid,
  ),
  document("aliases of one field", `{ ${repeat(60, (n) => `a${n}: viewer { permissions }`)} }`, complex, "aliases"),
  document(
    "aliases inside a fragment",
    `{ container(id: 7) { ...f ...f ...f } } fragment f on Container { ${repeat(20, (n) => `a${n}: id`)} }`,
    complex,
    "aliases",
  ),
  document(
    "one root field again and again",
    `{ ${repeat(21, () => "viewer { permissions }")} }`,
    complex,
    "rootFields",
  ),
  document(
    "aliased mutations",
    `mutation { ${repeat(30, (n) => `a${n}: comment(input: {container: 7, comment: "x"}) { success }`)} }`,
    complex,
    "rootFields",
  ),
  ...[1, 5, 10, 20, 40, 80].map((count) =>
    document(
      `fragments that double ${count} times`,
      `{ container(id: 7) { ...f${count} } } ${doubling(count, (spread) => `${spread} ${spread}`)}`,
      count >= 10 ? complex : undefined,
      count >= 10 ? "fields" : undefined,
    ),
  ),
  document(
    "fragments that double through aliases",
    `{ container(id: 7) { ...f12 } } ${doubling(12, (spread) => `a: case { ${spread} } b: case { ${spread} }`)}`,
    complex,
  ),
  document(
    "a fragment named like introspection",
    `{ container(id: 7) { ...__schema40 } } ${doubling(
      40,
      (spread) => `${spread} ${spread}`,
      (n) => `__schema${n}`,
    )}`,
    complex,
    "fields",
  ),
  document(
    "a fragment first shallow, then deep",
    `{ container(id: 7) { ...f ${nested(9, "notes { nodes { container { ", "} } }", "...f")} } } fragment f on Container { notes { nodes { id } } }`,
    complex,
    "depth",
  ),
  document(
    "a fragment that spreads itself",
    "{ container(id: 7) { ...f } } fragment f on Container { id ...f }",
    invalid,
  ),
  document(
    "fragments that spread each other",
    "{ container(id: 7) { ...a } } fragment a on Container { owner { id } ...b } fragment b on Container { ...a }",
    invalid,
  ),
  document("a long chain of fragments", `{ container(id: 7) { ...f200 } } ${doubling(200, (spread) => spread)}`),
  document("fragments nobody spreads", `{ viewer { permissions } } ${doubling(100, (spread) => spread)}`, invalid),
  document(
    "pages within pages",
    `{ ${page} { ${artifacts} { container { ${artifacts} { id } } } } } } } }`,
    complex,
    "cost",
  ),
  document(
    "pages within pages by `last`",
    `{ containers(last: 100) { edges { node { artifacts(last: 100) { edges { node { container { notes { nodes { id } } } } } } } } } }`,
    complex,
    "cost",
  ),
  document(
    "pages whose sizes are defaults of variables",
    `query ($n: Int = 100) { containers(first: $n) { nodes { artifacts(first: $n) { nodes { container { artifacts(first: $n) { nodes { id } } } } } } } }`,
    complex,
    "cost",
  ),
  {
    name: "pages whose sizes are variables",
    request: {
      query: `query ($n: Int) { containers(first: $n) { nodes { artifacts(first: $n) { nodes { container { artifacts(first: $n) { nodes { id } } } } } } } }`,
      variables: { n: 100 },
    },
    code: complex,
    limitName: "cost",
  },
  document(
    "pages without a size",
    "{ containers { nodes { artifacts { nodes { container { artifacts { nodes { notes { nodes { id } } } } } } } } } }",
    complex,
    "cost",
  ),
  document("a page larger than allowed", "{ containers(first: 2147483647) { nodes { id } } }"),
  document(
    "introspection, list within list",
    '{ __type(name: "Container") { fields { type { fields { type { fields { name } } } } } } }',
    invalid,
  ),
  document(
    "introspection under many names",
    `{ ${repeat(15, (n) => `s${n}: __schema { types { fields { args { type { ofType { ofType { name } } } } } } }`)} }`,
    complex,
    "cost",
  ),
  document(
    "directives one after the other",
    `{ viewer ${repeat(60, () => "@include(if: true)")} { permissions } }`,
    complex,
    "directives",
  ),
  document("unknown directives", `{ viewer ${repeat(900, () => "@a")} { permissions } }`, complex, "directives"),
  document(
    "unknown fields",
    `{ ${repeat(20, (n) => `unknown${n}`)} viewer { ${repeat(800, (n) => `x${n}`)} } }`,
    complex,
  ),
  document("unknown fields below the limits", `{ viewer { ${repeat(800, (n) => `x${n}`)} } }`, invalid),
  document(
    "variables of unknown types",
    `query (${repeat(400, (n) => `$v${n}: T${n}`)}) { viewer { permissions } }`,
    invalid,
  ),
  document("the same variable again", `query (${repeat(400, () => "$v: Int")}) { viewer { permissions } }`, invalid),
  document("the same argument again", `{ container(${repeat(400, () => "id: 7")}) { id } }`, invalid),
  document("a very long name", `{ ${"a".repeat(60_000)} }`, invalid),
  document("names like those that exist", `{ ${repeat(20, () => "containersartifactsnotes".repeat(100))} }`, invalid),
  document("a text that is too long", `{ viewer { permissions } } ${"#".repeat(70_000)}`, complex, "text"),
  document("commas without end", `{ viewer { permissions } ${",".repeat(65_000)} }`),
  document("comments without end", `{ viewer { permissions } } ${"#\n".repeat(30_000)}`, undefined),
  document("too many tokens", `{ viewer { ${"permissions ".repeat(2_000)} } }`, complex, "tokens"),
  document(
    "many operations",
    `${repeat(200, (n) => `query q${n} { viewer { permissions } }`)}`,
    "OPERATION_RESOLUTION_FAILURE",
    undefined,
    true,
  ),
  document(
    "two operations of one name",
    "query a { viewer { permissions } } query a { viewer { permissions } }",
    invalid,
  ),
  document("definitions of types", "type Query { a: Int } { viewer { permissions } }", invalid),
  document("a string without end", `{ container(name: "${"a".repeat(10_000)}`, unreadable),
  document("a block string without end", `{ container(name: """${"\\".repeat(10_000)}`, unreadable),
  document("nothing but brackets", "{".repeat(1_500), unreadable),
  document("an integer without end", `{ container(id: ${"9".repeat(50_000)}) { id } }`, input),
  document("a number beyond all numbers", "{ container(id: 1e400) { id } }", input),
  document("a number that would be another", "{ node(nodeId: 9007199254740993) { nodeId } }", input),
  document("NUL in a literal", 'mutation { comment(input: {container: 7, comment: "a\\u0000"}) { success } }', input),
  document(
    "half a surrogate pair in a literal",
    'mutation { comment(input: {container: 7, comment: "\\uD800"}) { success } }',
    unreadable,
  ),
  document("a prototype as a variable", "query ($__proto__: JSONObject) { viewer { permissions } }", input),
  document("a prototype as an alias", "{ __proto__: viewer { permissions } }", input),
  document("no text", "", "BAD_REQUEST"),
  document("blanks", "   ", unreadable),
  body("NUL in the text", '{"query":"{ viewer\\u0000 { permissions } }"}', input),
  body("half a surrogate pair in the text", '{"query":"{ viewer { permissions } } #\\udfff"}', input),
  variables("variables too deep", nested(100, '{"not":', "}", "{}"), complex, "nesting"),
  variables("variables too deep for a stack", `{"filter":${nested(30_000, "[", "]", "")}}`, complex, "nesting"),
  variables("more values than allowed", `{"filter":{"id":{"in":[${"1,".repeat(51_000)}1]}}}`, complex),
  variables(
    "conditions without end",
    `{"filter":{"or":[${'{"id":{"eq":1}},'.repeat(10_000)}{}]}}`,
    complex,
    "conditions",
  ),
  variables("a tree of conditions", `{"filter":${tree(11)}}`, complex, "conditions"),
  variables(
    "values of the wrong type",
    `{"filter":{"id":{"in":[${repeat(4_000, () => '"x"', ",")}]}}}`,
    input,
    undefined,
    true,
  ),
  variables("an unsafe integer", '{"n":9007199254740993}', input),
  variables("a number beyond all numbers in variables", '{"n":1e999}', input),
  variables("digits without end", `{"n":${"1".repeat(60_000)}}`, input),
  variables("digits without end after the point", `{"n":0.${"1".repeat(60_000)}}`, input),
  variables("a key twice", '{"n":1,"n":2}', input),
  variables("a prototype", '{"filter":{"__proto__":{"admin":true}}}', input),
  variables("NUL", '{"filter":{"name":{"icontains":"\\u0000"}}}', input),
  variables("half a surrogate pair", '{"filter":{"name":{"icontains":"\\ud83d"}}}', input),
  variables("backslashes without end", `{"a":"${"\\\\".repeat(30_000)}","n":1,"n":1}`, input),
  variables("no object", "[1]", "BAD_REQUEST"),
  variables("a string", '"{}"', "BAD_REQUEST"),
  body("a batch", `[${repeat(50, () => '{"query":"{ viewer { permissions } }"}', ",")}]`, "BAD_REQUEST"),
  body("a query that is no string", '{"query":{"kind":"Document"}}', "BAD_REQUEST"),
  body(
    "an operation name that is no string",
    '{"query":"{ viewer { permissions } }","operationName":{}}',
    "BAD_REQUEST",
  ),
  body("extensions that are no object", '{"query":"{ viewer { permissions } }","extensions":[]}', "BAD_REQUEST"),
  body(
    "a persisted query of another form",
    '{"query":"{ viewer { permissions } }","extensions":{"persistedQuery":7}}',
    "BAD_REQUEST",
  ),
  body(
    "a hash that is not kept",
    '{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"00"}}}',
    "PERSISTED_QUERY_NOT_SUPPORTED",
  ),
  body(
    "bytes that are no UTF-8",
    Buffer.concat([
      Buffer.from('{"query":"{ viewer { permissions } } #'),
      Buffer.from([0xff, 0xc0, 0x80]),
      Buffer.from('"}'),
    ]),
    "BAD_REQUEST",
  ),
  body("UTF-16", Buffer.from('{"query":"{ viewer { permissions } }"}', "utf16le"), "BAD_REQUEST"),
  body("a byte order mark", '\ufeff{"query":"{ viewer { permissions } }"}', "BAD_REQUEST"),
  body("JSON that breaks off", '{"query":"{ viewer', "BAD_REQUEST"),
  body("JSON with a comment", '{"query":"{ viewer { permissions } }"/**/}', "BAD_REQUEST"),
  body("brackets without end", "[".repeat(60_000), complex, "nesting"),
  body("null", "null", "BAD_REQUEST"),
  body("a number", "7", "BAD_REQUEST"),
];
