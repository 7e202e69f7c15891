/**
 * Until when one request may use the database. Does what an AbortSignal does in a tenth of its time, which every request
 * would pay.
 */
export class Ending {
  readonly #underWay = new Set<() => void>();
  #reason: Error | undefined;

  /** Cancels what is under way; nothing begins any more. */
  end(reason: Error): void {
    this.#reason ??= reason;
    for (const cancel of this.#underWay) cancel();
  }

  get reason(): Error | undefined {
    return this.#reason;
  }

  assertOpen(): void {
    if (this.#reason) throw this.#reason;
  }

  /** Something begins that `cancel` ends; the function returned says that it is over. */
  begin(cancel: () => void): () => void {
    this.#underWay.add(cancel);
    return () => this.#underWay.delete(cancel);
  }
}
