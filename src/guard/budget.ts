import { LRUCache } from "lru-cache";
import { AppError } from "../errors.js";

/**
 * What each caller may ask of this process: so many objects a minute. The budget fills up evenly, a whole minute's at most,
 * and is kept in memory: each gateway grants its own.
 */
export class Budget {
  readonly #left = new LRUCache<number, { cost: number; at: number }>({ max: 10_000 });

  /** `perMinute` 0: without limit. */
  constructor(
    readonly perMinute: number,
    readonly now: () => number = () => performance.now(),
  ) {}

  spend(callerId: number, cost: number): void {
    if (this.perMinute === 0) return;
    const [now, perMillisecond] = [this.now(), this.perMinute / 60_000];
    const last = this.#left.get(callerId) ?? { cost: this.perMinute, at: now };
    const left = Math.min(this.perMinute, last.cost + (now - last.at) * perMillisecond);
    this.#left.set(callerId, { cost: Math.max(0, left >= cost ? left - cost : left), at: now });
    if (left >= cost) return;
    const retryAfter = Math.ceil((cost - left) / perMillisecond / 1000);
    throw new AppError(
      "RATE_LIMITED",
      `This request costs ${cost}, and ${Math.floor(left)} are left of the ${this.perMinute} a minute; retry in ${retryAfter} seconds.`,
      { limitName: "costPerMinute", limit: this.perMinute, value: cost, cost, retryAfter },
    );
  }
}
