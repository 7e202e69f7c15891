import { artifactRules } from "./artifacts.js";
import { classificationRules } from "./classification.js";
import { containerRules } from "./containers.js";
import { mergeRules } from "./merge.js";
import { pinRules } from "./pins.js";
import type { Rule } from "./rule.js";
import { workRules } from "./work.js";

/** Every rule that the manuals state for the operations there are. */
export const rules: readonly Rule[] = [
  ...containerRules,
  ...artifactRules,
  ...workRules,
  ...pinRules,
  ...mergeRules,
  ...classificationRules,
];
