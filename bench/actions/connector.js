/*
 * A connector that answers at once, with the time at which it was called.
 */
export const connector = {
  manifest: {
    appid: "b3a1c1a6-5d0e-4c52-9d55-5d3f6a0bec40",
    name: "Bench",
    version: "1.0.0",
    description: "Answers at once.",
    product: { name: "Nothing", vendor: "Nobody" },
    type: "generic",
    configuration: {},
    actions: [
      {
        action: "answer",
        type: "investigate",
        description: "Answers at once.",
        effect: "read",
        needsAsset: true,
        parameters: { milliseconds: { dataType: "numeric", description: "How long to wait first.", default: 0 } },
        output: [],
      },
    ],
  },
  async run(_action, { milliseconds }) {
    const at = performance.timeOrigin + performance.now();
    if (milliseconds) await new Promise((resolve) => setTimeout(resolve, milliseconds));
    return { success: true, message: "Answered.", data: [{ at }], summary: {} };
  },
  async test() {
    return "There is nothing to test.";
  },
};
