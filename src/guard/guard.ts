import type { DocumentNode, GraphQLSchema, OperationDefinitionNode } from "graphql";
import { LRUCache } from "lru-cache";
import { Budget } from "./budget.js";
import { Checked, hashOf } from "./document.js";
import { noneKept, type Persisted } from "./persisted.js";
import { partsOf } from "./request.js";

/** A request that may run. */
export interface Admitted {
  /** The text of the document, also where the caller named one that is kept. */
  readonly query: string;
  readonly document: DocumentNode;
  /** Undefined when the document has none of that name, or several and no name was given. */
  readonly operation: OperationDefinitionNode | undefined;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly extensions: Readonly<Record<string, unknown>>;
  /** How many objects it may have to answer; at least 1. */
  readonly cost: number;
}

/** Characters of documents that are kept parsed and checked. */
const charactersKept = 2_000_000;

/**
 * Stands in front of every door: what asks for more than the limits, is not well-formed or not valid is refused before
 * anything of it runs, the cheapest checks first. Bytes become a request by {@link readJson}.
 */
export class Guard {
  readonly #checked = new LRUCache<string, Checked>({
    maxSize: charactersKept,
    sizeCalculation: ({ text }) => text.length,
  });

  constructor(
    readonly schema: GraphQLSchema,
    readonly persisted: Persisted = noneKept,
    readonly budget = new Budget(0),
  ) {}

  /** Lets a request in that was read by `readJson`, on behalf of a caller; `persisted` where other operations are kept. */
  admit(request: unknown, { id }: { id: number }, persisted = this.persisted): Admitted {
    const { query: given, documentId, operationName, variables, extensions } = partsOf(request);
    const query = persisted.textOf(given, documentId);
    const key = hashOf(query);
    const kept = this.#checked.get(key);
    const checked = kept ?? new Checked(query, this.schema);
    const operation = checked.operation(operationName);
    const cost = Math.max(1, operation ? checked.costOf(operation, variables) : 1);
    if (!kept) {
      checked.validate();
      this.#checked.set(key, checked);
    }
    this.budget.spend(id, cost);
    return { query, document: checked.document, operation, operationName, variables, extensions, cost };
  }

  /** The document whose text has that SHA-256, when it was let in lately. */
  document(sha256: string): DocumentNode | undefined {
    return this.#checked.get(sha256)?.document;
  }
}
