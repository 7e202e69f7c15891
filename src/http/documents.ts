import { type DocumentNode, type GraphQLError, type GraphQLSchema, getOperationAST, parse, validate } from "graphql";
import { type Asked, coded, Failed, failure } from "./subscriptions.js";

/** Most errors told of a document. */
const mostErrors = 5;

/** Documents that were found valid, by their text: clients that come back all at once send the same ones. */
const known = new Map<string, DocumentNode>();
const mostKnown = 200;

/** The document of a client's text: the one place where it becomes one, on every transport but plain HTTP. */
export function documentOf(schema: GraphQLSchema, { query, operationName }: Asked): DocumentNode {
  const document = known.get(query) ?? valid(schema, query);
  const operation = getOperationAST(document, operationName);
  if (!operation) throw failure("OPERATION_RESOLUTION_FAILURE", "Say by `operationName` which operation is meant.");
  if (operation.operation !== "subscription")
    throw failure("BAD_REQUEST", "Only subscriptions run here; send queries and mutations by POST to /graphql.");
  return document;
}

function valid(schema: GraphQLSchema, query: string): DocumentNode {
  const document = parsed(query);
  const errors = validate(schema, document, undefined, { maxErrors: mostErrors });
  if (errors.length) throw new Failed(errors.map((error) => coded(error, "GRAPHQL_VALIDATION_FAILED")));
  if (known.size === mostKnown) known.delete(known.keys().next().value!);
  known.set(query, document);
  return document;
}

function parsed(query: string): DocumentNode {
  try {
    return parse(query);
  } catch (error) {
    throw new Failed([coded(error as GraphQLError, "GRAPHQL_PARSE_FAILED")]);
  }
}
