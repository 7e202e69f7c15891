import type { Result } from "../connectors/connector.js";
import type { Claimed } from "./claim.js";

/** What came of one set of parameters. */
export interface Answered extends Omit<Result, "message"> {
  readonly message: string;
  readonly parameter: Readonly<Record<string, unknown>>;
}

/** How an app run ended, in the words and figures that are kept. */
export interface End {
  readonly success: boolean;
  readonly message: string;
  readonly results: readonly Answered[];
  readonly exceptionOccurred?: boolean;
  /** Whether nobody knows what it did. */
  readonly outcomeUnknown?: boolean;
  readonly log?: string;
}

type Run = Pick<Claimed, "name" | "assetName" | "parameters">;

/** The ending of an app run that gave these results: a success when any of them is. */
export function endOf(
  run: Run,
  results: readonly Answered[],
  rest: Omit<End, "success" | "message" | "results"> = {},
): End {
  const succeeded = results.filter(({ success }) => success).length;
  const counts = [counted(succeeded, "succeeded"), counted(results.length - succeeded, "failed")].filter(Boolean);
  const where = run.assetName ? ` on asset '${run.assetName}'` : "";
  const said = results.map(
    ({ parameter, message }, index) =>
      ` (${index + 1})For Parameter: ${JSON.stringify(withoutContext(parameter))} Message: "${message}"`,
  );
  return {
    success: succeeded > 0,
    message: `'${run.name}'${where}: ${counts.join(", ")}.${said.join("")}`,
    results,
    ...rest,
  };
}

/** The ending of an app run that failed as a whole, for one reason. */
export function failure(run: Run, reason: string, rest: Omit<End, "success" | "message" | "results"> = {}): End {
  const results = run.parameters.map((parameter) => ({
    success: false,
    message: reason,
    parameter,
    data: [],
    summary: {},
  }));
  return endOf(run, results, rest);
}

/** The parameters that the product sees: without where their values came from. */
export function withoutContext({
  context: _,
  ...parameters
}: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return parameters;
}

function counted(count: number, how: string): string {
  return count ? `${count} action${count === 1 ? "" : "s"} ${how}` : "";
}
