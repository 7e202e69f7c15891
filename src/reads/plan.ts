import {
  type DocumentNode,
  type GraphQLSchema,
  getArgumentValues,
  getVariableValues,
  type OperationDefinitionNode,
  visit,
} from "graphql";
import type { Caller } from "../auth/who.js";
import type { Database } from "../database/pools.js";
import { type Branch, compile, type Root, Unplanned } from "./compile.js";
import { type ConnectionArguments, pageOf, Slice } from "./connection.js";
import type { Page } from "./level.js";
import { type Found, readLevel } from "./objects.js";

/** A query that the guard let in. */
export interface Query {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** As they were given. */
  readonly variables: Readonly<Record<string, unknown>>;
}

/**
 * The data of a query's answer as JSON, by the same statements as the resolvers read and without objects between. Undefined
 * where they have to answer: what is more than rows, and whatever went wrong, of which they tell what and where.
 */
export async function answerByPlan(
  query: Query,
  reader: { database: Database; caller: Caller },
): Promise<string | undefined> {
  const { schema, operation } = query;
  if (operation.operation !== "query") return undefined;
  const { coerced } = getVariableValues(schema, operation.variableDefinitions ?? [], query.variables);
  if (!coerced) return undefined;
  try {
    const roots = planOf(query, coerced);
    return roots && (await new Answer(reader, coerced).of(roots));
  } catch {
    return undefined;
  }
}

/** The plans of an operation, by the conditions under which its fields are asked for. */
interface Plans {
  /** The variables on which that depends. */
  readonly conditions: readonly string[];
  readonly plans: Map<string, readonly Root[] | undefined>;
}

const known = new WeakMap<OperationDefinitionNode, Plans>();
const mostPlans = 16;

function planOf(query: Query, variables: Record<string, unknown>): readonly Root[] | undefined {
  const { document, operation } = query;
  const { conditions, plans } = known.get(operation) ?? { conditions: conditionsOf(document), plans: new Map() };
  known.set(operation, { conditions, plans });
  const key = conditions.map((name) => variables[name]).join();
  if (!plans.has(key)) {
    if (plans.size === mostPlans) plans.clear();
    plans.set(key, compiled(query, variables));
  }
  return plans.get(key);
}

function compiled({ schema, document, operation }: Query, variables: Record<string, unknown>) {
  try {
    return compile(schema, document, operation, variables);
  } catch (error) {
    if (error instanceof Unplanned) return undefined;
    throw error;
  }
}

/** The variables that `@skip` and `@include` look at. */
function conditionsOf(document: DocumentNode): string[] {
  const names = new Set<string>();
  visit(document, {
    Directive: (directive) => {
      visit(directive, { Variable: ({ name }) => void names.add(name.value) });
    },
  });
  return [...names];
}

/** What of a branch's rows this answer reads. */
interface Wanted {
  readonly properties: readonly string[];
  readonly page?: Page;
}

type Pages = ReadonlyMap<string, Found | Slice>;

/** One answer: what is to be read for it, and what was. */
class Answer {
  readonly #wanted = new Map<Branch, Wanted>();
  readonly #results = new Map<Branch, Pages>();

  constructor(
    readonly reader: { database: Database; caller: Caller },
    readonly variables: Record<string, unknown>,
  ) {}

  async of(roots: readonly Root[]): Promise<string> {
    // What is wrong with an argument is found before anything is read.
    for (const { branch } of roots) this.#prepare(branch);
    const keys = roots.map(({ one }) =>
      one ? String(getArgumentValues(one.field, one.node, this.variables).id) : "0",
    );
    await Promise.all(roots.map(({ branch }, index) => this.#read(branch, [keys[index]!])));
    return `{${roots.map((root, index) => root.write(this.#results, keys[index]!)).join()}}`;
  }

  #prepare(branch: Branch): void {
    const { target, list, properties, branches } = branch;
    for (const below of branches) this.#prepare(below);
    if (!list) return void this.#wanted.set(branch, { properties });
    const args = getArgumentValues(list.field, list.node, this.variables) as ConnectionArguments;
    const page = pageOf(target, args, list.asked);
    const all = new Set([...properties, ...page.order.map(({ property }) => property)]);
    this.#wanted.set(branch, { properties: [...all], page });
  }

  async #read(branch: Branch, keys: readonly string[]): Promise<void> {
    const { database, caller } = this.reader;
    const { target, parents, branches } = branch;
    const { properties, page } = this.#wanted.get(branch)!;
    const found = await readLevel(database, {
      target,
      caller,
      properties,
      page,
      parents: parents && { ...parents, keys },
    });
    const pages = new Map(keys.map((key) => [key, page ? new Slice(page, properties, found(key)) : found(key)]));
    this.#results.set(branch, pages);
    await Promise.all(branches.map((below) => this.#below(below, pages)));
  }

  async #below(branch: Branch, above: Pages): Promise<void> {
    const keys = new Set<string>();
    for (const { rows, from } of above.values())
      for (const cells of rows) {
        const key = cells[from + branch.parents!.key]!;
        if (key !== null) keys.add(key);
      }
    if (keys.size) return this.#read(branch, [...keys]);
    this.#results.set(branch, new Map());
  }
}
