/**
 * The port to short-lived values shared between the processes of one forge: sessions in front of the database, and the
 * counters of rate limits. Every entry expires, and any entry may vanish at any time.
 */
export interface Cache {
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string, ttlMs: number): Promise<void>;
  delete(key: string): Promise<void>;
  /**
   * Adds `by` to a counter that starts at 0 and expires `ttlMs` after its first increment. Atomic.
   *
   * @returns the value after the addition, and the time left until it expires
   */
  increment(key: string, by: number, ttlMs: number): Promise<{ value: number; expiresInMs: number }>;
  check(): Promise<void>;
  close(): Promise<void>;
}
