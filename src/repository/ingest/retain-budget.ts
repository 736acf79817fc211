/** Memory for the compressed packs of all pushes under way in this process. Nobody waits for it: who gets none reads back from storage instead. */
export class RetainBudget {
  #freeBytes: number;

  constructor(totalBytes: number) {
    this.#freeBytes = totalBytes;
  }

  /** @returns whether the bytes were granted; give them back with `release` */
  take(bytes: number): boolean {
    if (bytes > this.#freeBytes) return false;
    this.#freeBytes -= bytes;
    return true;
  }

  release(bytes: number): void {
    this.#freeBytes += bytes;
  }
}
