import type { ServerResponse } from "node:http";
import { Ending } from "../database/ending.js";
import { AppError } from "../errors.js";
import { deadline } from "../limits.js";

/** Ends when a request has taken too long, or its client has gone. */
export function endOf(response: ServerResponse): Ending {
  const ending = new Ending(deadline, () =>
    timeout(`The request took longer than ${deadline / 1000} seconds and was cancelled; ask for less.`),
  );
  response.once("close", () => ending.end(() => timeout("The client has gone; its request was cancelled.")));
  return ending;
}

function timeout(message: string): AppError {
  return new AppError("TIMEOUT", message, { limitName: "deadline", limit: deadline });
}
