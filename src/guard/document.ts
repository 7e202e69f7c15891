import { hash } from "node:crypto";
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  parse,
  specifiedRules,
  type Token,
  TokenKind,
  validate,
} from "graphql";
import { AppError } from "../errors.js";
import { exceeds, limits, mistakesTold } from "../limits.js";
import { isExact } from "./numbers.js";
import { refuseText } from "./texts.js";
import { type Weight, weigh } from "./weigh.js";

/** A document that does not parse or is not valid for the schema. */
export class InvalidDocument extends Error {
  constructor(
    readonly code: "GRAPHQL_PARSE_FAILED" | "GRAPHQL_VALIDATION_FAILED",
    readonly mistakes: readonly GraphQLError[],
  ) {
    super(mistakes[0]!.message);
  }
}

/** The name of a document's text, as Apollo and its clients form it. */
export const hashOf = (text: string) => hash("sha256", text);

/** A document that parses, with what is known of it so far. */
export class Checked {
  readonly document: DocumentNode;
  readonly #operations: OperationDefinitionNode[] = [];
  readonly #fragments = new Map<string, FragmentDefinitionNode>();
  readonly #weights = new Map<OperationDefinitionNode, Weight>();

  constructor(
    readonly text: string,
    readonly schema: GraphQLSchema,
  ) {
    if (text.length > limits.text.most) throw exceeds("text", text.length);
    this.document = parsed(text);
    refuseTokens(this.document);
    for (const definition of this.document.definitions) {
      if (definition.kind === Kind.OPERATION_DEFINITION) this.#operations.push(definition);
      if (definition.kind === Kind.FRAGMENT_DEFINITION) this.#fragments.set(definition.name.value, definition);
    }
  }

  /** The operation of that name, or the only one; undefined when that is none or several. */
  operation(name: string | undefined): OperationDefinitionNode | undefined {
    if (name === undefined) return this.#operations.length === 1 ? this.#operations[0] : undefined;
    return this.#operations.find((operation) => operation.name?.value === name);
  }

  /** What an operation may have to answer; refused when it asks for more than the limits allow. */
  costOf(operation: OperationDefinitionNode, variables: Readonly<Record<string, unknown>>): number {
    const known = this.#weights.get(operation);
    if (known) return known.cost;
    const weight = weigh(this.schema, operation, this.#fragments, variables);
    for (const limit of ["depth", "fields", "aliases", "rootFields"] as const) {
      if (weight[limit] > limits[limit].most) throw exceeds(limit, weight[limit]);
    }
    if (weight.conditions > limits.conditions.most) throw exceeds("conditions", `more than ${limits.conditions.most}`);
    if (weight.cost > limits.cost.most) throw exceeds("cost", weight.cost, { cost: weight.cost });
    if (!weight.varies) this.#weights.set(operation, weight);
    return weight.cost;
  }

  validate(): void {
    const mistakes = validate(this.schema, this.document, specifiedRules, { maxErrors: mistakesTold });
    if (mistakes.some(({ message }) => message === "Validation aborted."))
      throw exceeds("comparisons", `more than ${limits.comparisons.most}`);
    if (mistakes.length) throw new InvalidDocument("GRAPHQL_VALIDATION_FAILED", mistakes);
  }
}

function parsed(text: string): DocumentNode {
  try {
    return parse(text, { maxTokens: limits.tokens.most });
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    if (error.message.includes("tokens. Parsing aborted")) throw exceeds("tokens", `more than ${limits.tokens.most}`);
    throw new InvalidDocument("GRAPHQL_PARSE_FAILED", [error]);
  }
}

/** Literals in a document meet the same rules as the JSON beside it. */
function refuseTokens({ loc }: DocumentNode): void {
  let [directives, nesting] = [0, 0];
  for (let token: Token | null = loc!.startToken; token; token = token.next) {
    const { kind } = token;
    if (kind === TokenKind.AT) directives++;
    if (kind === TokenKind.BRACE_R || kind === TokenKind.BRACKET_R) nesting--;
    if ((kind === TokenKind.BRACE_L || kind === TokenKind.BRACKET_L) && ++nesting > limits.nesting.most)
      throw exceeds("nesting", `more than ${limits.nesting.most}`);
    refuseToken(token);
  }
  if (directives > limits.directives.most) throw exceeds("directives", directives);
}

function refuseToken(token: Token): void {
  const { kind, value } = token;
  if (kind === TokenKind.STRING || kind === TokenKind.BLOCK_STRING) refuseText(value, () => placeOf(token));
  if ((kind === TokenKind.INT || kind === TokenKind.FLOAT) && !isExact(value))
    throw refused(token, `the number ${value} has more digits than can be kept; send it as a string`);
  // As the name of a variable it would hand graphql-js values past their checks; as any other it has no use.
  if (kind === TokenKind.NAME && value === "__proto__") throw refused(token, "__proto__ is no name here");
}

function refused(token: Token, why: string): AppError {
  const path = placeOf(token);
  return new AppError("BAD_USER_INPUT", `${path}: ${why}.`, { path, value: token.value });
}

const placeOf = ({ line, column }: Token) => `Line ${line}, column ${column} of the document`;
