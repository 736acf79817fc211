/**
 * The port to short-lived values shared between the processes of one forge: sessions in front of the database, and the
 * counters of rate limits. Every entry expires, and any entry may vanish at any time.
 */
export interface Cache {
  /** @returns undefined for what is not there, and when the cache cannot be reached: it is one to its callers */
  get(key: string): Promise<string | undefined>;
  /** @throws {BusError} the cache cannot be reached */
  set(key: string, value: string, ttlMs: number): Promise<void>;
  /** @throws {BusError} the cache cannot be reached, and the entry may be there until it expires */
  delete(key: string): Promise<void>;
  /**
   * Adds `by` to a counter that starts at 0 and expires `ttlMs` after its first increment. Atomic.
   *
   * The key is a counter's alone: `set` is not for it.
   *
   * @returns the value after the addition, and the time left until it expires
   * @throws {BusError} the cache cannot be reached
   */
  increment(key: string, by: number, ttlMs: number): Promise<{ value: number; expiresInMs: number }>;
  /** Resolves when the cache answers; rejects otherwise. For readiness checks. @throws {BusError} */
  check(): Promise<void>;
  close(): Promise<void>;
}
