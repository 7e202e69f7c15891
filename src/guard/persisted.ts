import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { type GraphQLSchema, getOperationAST } from "graphql";
import { AppError, StartError } from "../errors.js";
import { Checked, hashOf } from "./document.js";
import { readJson } from "./json.js";

/** Operations whose texts are kept here, so that clients send their names, or may send no others. */
export interface Persisted {
  /** The text that a request means, by its own text or by the name of one that is kept. */
  textOf(query: string | undefined, id: string | undefined): string;
}

/** No operation is kept: requests bring their text. */
export const noneKept: Persisted = {
  textOf: (query) => {
    if (query) return query;
    throw new AppError("PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported", {
      hint: "No operations are kept here; send the text as query.",
    });
  },
};

/**
 * The operations of a folder of `.graphql` files, each named as its file, or of one JSON file: names and texts, or the
 * manifest that Apollo's tools write. Each is also named by the SHA-256 of its text. `only`: no other text runs.
 */
export function keepOperations(path: string, only: boolean, schema: GraphQLSchema): Persisted {
  const texts = new Map<string, string>();
  for (const [name, text] of read(path)) {
    assertRuns(name, text, schema);
    texts.set(name, text).set(hashOf(text), text);
  }
  return {
    textOf: (query, id) => {
      const kept = id === undefined ? undefined : texts.get(id.replace(/^sha256:/, ""));
      const text = query ?? kept;
      if (text === undefined) throw notFound(id);
      if (kept !== undefined && text !== kept) throw otherText(id);
      if (only && !texts.has(hashOf(text))) throw notKept();
      return text;
    },
  };
}

function read(path: string): [name: string, text: string][] {
  try {
    if (!statSync(path).isDirectory()) return Object.entries(manifest(readJson(readFileSync(path))));
    const files = readdirSync(path).filter((file) => [".graphql", ".gql"].includes(extname(file)));
    return files.map((file) => [basename(file, extname(file)), readFileSync(join(path, file), "utf8")]);
  } catch (error) {
    throw new StartError(`PERSISTED_OPERATIONS cannot be read from ${path}: ${(error as Error).message}`);
  }
}

/** Names and texts of a JSON file: of that form, or `{"operations": [{"id": …, "body": …}]}`. */
function manifest(file: unknown): Record<string, string> {
  const { operations } = file as { operations?: unknown };
  const entries = Array.isArray(operations)
    ? operations.map(({ id, body }): [string, unknown] => [String(id), body])
    : Object.entries(file as Record<string, unknown>);
  for (const [name, text] of entries)
    if (typeof text !== "string") throw new Error(`${JSON.stringify(name)} has no text`);
  return Object.fromEntries(entries) as Record<string, string>;
}

function assertRuns(name: string, text: string, schema: GraphQLSchema): void {
  try {
    const checked = new Checked(text, schema);
    const operation = getOperationAST(checked.document);
    if (operation) checked.costOf(operation, {});
    checked.validate();
  } catch (error) {
    throw new StartError(
      `The operation ${JSON.stringify(name)} of PERSISTED_OPERATIONS would not run: ${(error as Error).message}`,
    );
  }
}

/** The words by which clients know that they may send the text. */
function notFound(documentId: string | undefined): AppError {
  return new AppError("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound", { documentId });
}

function otherText(documentId: string | undefined): AppError {
  const message = `The query is not the text of the operation ${JSON.stringify(documentId)}; send one of them.`;
  return new AppError("BAD_REQUEST", message, { documentId });
}

function notKept(): AppError {
  return new AppError(
    "FORBIDDEN",
    "Only operations that are kept here run; add this one to those of PERSISTED_OPERATIONS, or send its documentId.",
  );
}
