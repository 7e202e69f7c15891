import { writePart } from "./results.js";

const undo = [];

/** Has a step done at the end, the last one first. */
export const cleanUp = (step) => undo.push(step);

/** Measures one part of RESULTS.md, writes it and prints it, cleans up, and ends the process. */
export async function measurePart(title, measure) {
  let failure;
  try {
    const text = await measure();
    writePart(title, text);
    console.log(`\n${text}`);
  } catch (error) {
    failure = error;
    console.error(error);
  }
  while (undo.length) await (async () => undo.pop()())().catch(console.error);
  process.exit(failure ? 1 : 0);
}
