import { type DocumentNode, type ExecutionArgs, type ExecutionResult, getOperationAST, visit } from "graphql";

/** How long in milliseconds, and how many of them at most, answers are kept for others. */
const [keptFor, mostKept] = [1_000, 250];

/**
 * Answers that many ask for at the same moment, made once: those of one document, with the same variables, to one user,
 * about one event.
 */
export class SharedAnswers {
  readonly #kept = new Map<string, { answer: Promise<ExecutionResult>; until: number }>();

  /** The answer under a key, made by `make` unless it was a moment ago. One with errors is not given to others. */
  get(key: string, make: () => Promise<ExecutionResult>): Promise<ExecutionResult> {
    this.#forgetOld();
    const kept = this.#kept.get(key);
    if (kept) return kept.answer;
    const answer = make();
    this.#kept.set(key, { answer, until: Date.now() + keptFor });
    const forget = () => this.#kept.delete(key);
    answer.then(({ errors }) => errors && forget(), forget);
    return answer;
  }

  #forgetOld(): void {
    for (const [key, { until }] of this.#kept) {
      if (until > Date.now() && this.#kept.size < mostKept) return;
      this.#kept.delete(key);
    }
  }
}

let counted = 0;
const numbers = new WeakMap<DocumentNode, number>();

/** What distinguishes the answers of a subscription from those of others, given the event. */
export function shapeOf({ document, operationName, variableValues = {} }: ExecutionArgs): string {
  const number = numbers.get(document) ?? ++counted;
  numbers.set(document, number);
  const used = variablesBelow(document, operationName);
  const values = Object.entries(variableValues ?? {}).filter(([name]) => used.has(name));
  return JSON.stringify([number, operationName ?? null, values.sort(([a], [b]) => (a < b ? -1 : 1))]);
}

/** The variables that are used elsewhere than in the arguments that chose the event. */
function variablesBelow(document: DocumentNode, operationName: string | null | undefined): Set<string> {
  const roots = new Set<unknown>(getOperationAST(document, operationName)!.selectionSet.selections);
  const used = new Set<string>();
  visit(document, {
    VariableDefinition: () => false,
    Argument: (_, __, ___, ____, ancestors) => (roots.has(ancestors.at(-1)) ? false : undefined),
    Variable: ({ name }) => {
      used.add(name.value);
    },
  });
  return used;
}
