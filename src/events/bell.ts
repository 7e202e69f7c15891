/** Lets one waiter sleep until somebody rings. A ring while nobody sleeps is kept. */
export class Bell {
  #rung = false;
  #wake: () => void = () => {};

  ring(): void {
    this.#rung = true;
    this.#wake();
  }

  /** Waits for a ring, and says whether it stayed silent for that long. */
  async silent(milliseconds: number): Promise<boolean> {
    if (!this.#rung) {
      await new Promise<void>((resolve) => {
        const late = setTimeout(resolve, milliseconds);
        this.#wake = () => {
          clearTimeout(late);
          resolve();
        };
      });
    }
    const silent = !this.#rung;
    this.#rung = false;
    return silent;
  }
}
