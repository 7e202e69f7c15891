import { type ExecutionArgs, OperationTypeNode } from "graphql";
import type { Caller } from "../auth/who.js";
import type { Guard } from "../guard/guard.js";
import { mistakesTold } from "../limits.js";
import { failure } from "./subscriptions.js";

/** The subscription that a request asks for, let in by the guard: how every door that follows events learns what to run. */
export function subscriptionOf(guard: Guard, request: unknown, caller: Caller): ExecutionArgs {
  const { document, operation, operationName, variables } = guard.admit(request, caller);
  if (!operation) throw failure("OPERATION_RESOLUTION_FAILURE", "Say by `operationName` which operation is meant.");
  if (operation.operation !== OperationTypeNode.SUBSCRIPTION)
    throw failure("BAD_REQUEST", "Only subscriptions run here; send queries and mutations by POST to /graphql.");
  const options = { maxCoercionErrors: mistakesTold };
  return { schema: guard.schema, document, operationName, variableValues: variables, options };
}
