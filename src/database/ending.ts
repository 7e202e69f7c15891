/**
 * Until when one request may use the database. Does what an AbortSignal does in a tenth of its time, which every request
 * would pay.
 */
export class Ending {
  readonly #underWay = new Set<() => void>();
  #why: (() => Error) | undefined;
  #reason: Error | undefined;
  #until = 0;
  #late: NodeJS.Timeout | undefined;

  /** Ends by itself after so many milliseconds, for the reason that `tooLate` gives. */
  constructor(
    readonly time = Number.POSITIVE_INFINITY,
    readonly tooLate: () => Error = () => new Error("It took too long."),
  ) {
    this.extend(0);
  }

  /** From now on there is the whole time, and so many milliseconds more: for requests that wait for something to happen. */
  extend(milliseconds: number): void {
    const left = this.time + milliseconds;
    if (!Number.isFinite(left) || performance.now() + left <= this.#until) return;
    this.#until = performance.now() + left;
    clearTimeout(this.#late);
    this.#late = setTimeout(() => this.end(this.tooLate), left);
  }

  /** Cancels what is under way; nothing begins any more. The reason is made where somebody asks for it, which few do. */
  end(why: () => Error): void {
    clearTimeout(this.#late);
    this.#why ??= why;
    for (const cancel of this.#underWay) cancel();
  }

  get reason(): Error | undefined {
    this.#reason ??= this.#why?.();
    return this.#reason;
  }

  assertOpen(): void {
    if (this.reason) throw this.reason;
  }

  /** Something begins that `cancel` ends; the function returned says that it is over. */
  begin(cancel: () => void): () => void {
    this.#underWay.add(cancel);
    return () => this.#underWay.delete(cancel);
  }
}
