import { describe, expect, test } from "vitest";
import { mergeRules } from "./rules/merge.js";
import { openGateway } from "./support/gateway.js";

const gateway = await openGateway();

describe("the rules of S0 on merge", () => {
  test.each(mergeRules)("$id: $sentence", ({ check }) => check(gateway));
});
