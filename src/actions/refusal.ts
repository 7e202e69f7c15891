import type { Claimed } from "./claim.js";
import { type End, failure } from "./end.js";

/** After so many workers that did not come back from it an app run is not tried again. */
const mostDeaths = 3;

/** Why a claimed app run is ended instead of being done, if so. */
export function refusal(run: Claimed): End | undefined {
  if (run.effect === "unsafe" && run.dispatched)
    return failure(run, "Its worker was lost while it ran, and it must not be done twice: what it did is not known.", {
      outcomeUnknown: true,
    });
  if (run.deaths >= mostDeaths) return failure(run, `Parked: ${run.deaths} workers were lost while they ran it.`);
  if (run.disabled) return failure(run, "Its app or asset is disabled.");
  return undefined;
}
