/** Lets loops sleep until there is work, or for a while at most. A signal that nobody waits for is kept for the next wait. */
export class WakeSignal {
  readonly #waiting = new Set<() => void>();
  #pending = false;
  #closed = false;

  send(): void {
    this.#pending = this.#waiting.size === 0;
    for (const wake of this.#waiting) wake();
  }

  /** Wakes everybody, now and from now on. */
  close(): void {
    this.#closed = true;
    this.send();
  }

  async wait(timeoutMs: number): Promise<void> {
    if (this.#closed || this.#pending) {
      this.#pending = false;
      return;
    }
    await new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, timeoutMs);
      this.#waiting.add(wake);
    });
  }
}
