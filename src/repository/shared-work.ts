/** Work that several callers ask for at the same time is done once. One who leaves disturbs no other; when all have left, it stops. */
export class SharedWork<Result> {
  readonly #underWay = new Map<string, Work<Result>>();

  /**
   * @param run begins the work; its signal is aborted when nobody waits any more
   * @throws what the work throws, or the reason of the caller's own signal
   */
  async share(key: string, signal: AbortSignal, run: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    signal.throwIfAborted();
    const work = this.#underWay.get(key) ?? this.#begin(key, run);
    work.waitingCount++;
    const left = Promise.withResolvers<never>();
    const leave = () => left.reject(signal.reason);
    signal.addEventListener('abort', leave, { once: true });
    try {
      return await Promise.race([work.result, left.promise]);
    } finally {
      signal.removeEventListener('abort', leave);
      work.waitingCount--;
      if (work.waitingCount === 0) this.#end(key, work);
    }
  }

  #begin(key: string, run: (signal: AbortSignal) => Promise<Result>): Work<Result> {
    const controller = new AbortController();
    const work: Work<Result> = { result: run(controller.signal), controller, waitingCount: 0 };
    // Whoever waits sees how it fails; after the last has left nobody does.
    work.result.catch(() => {});
    this.#underWay.set(key, work);
    return work;
  }

  /** Whoever comes later begins anew. */
  #end(key: string, work: Work<Result>): void {
    if (this.#underWay.get(key) === work) this.#underWay.delete(key);
    work.controller.abort();
  }
}

interface Work<Result> {
  readonly result: Promise<Result>;
  readonly controller: AbortController;
  waitingCount: number;
}
