import { AppError } from "../errors.js";

/** How often it is tried, and milliseconds from one time to the next: longer than a database takes to start again. */
const [times, apart] = [20, 500];

/** Does what needs the database, and does it again while that is away, so that followers need not notice. */
export async function patiently<T>(work: () => Promise<T>, stopped: () => boolean): Promise<T> {
  for (let time = 1; ; time++) {
    try {
      return await work();
    } catch (error) {
      if (error instanceof AppError || time === times || stopped()) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, apart));
  }
}
