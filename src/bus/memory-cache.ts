/** The cache of a forge that is one process. */
import { LRUCache } from 'lru-cache';
import { limits } from '#limits.ts';
import type { Cache } from './cache.ts';

/** What an entry costs beyond its two strings, roughly. */
const ENTRY_BYTES = 128;

export interface MemoryCacheOptions {
  entriesMax?: number;
  sizeMaxBytes?: number;
}

export class MemoryCache implements Cache {
  readonly #entries: LRUCache<string, string>;

  constructor(options: MemoryCacheOptions = {}) {
    this.#entries = new LRUCache({
      max: options.entriesMax ?? limits.cacheEntriesMax,
      maxSize: options.sizeMaxBytes ?? limits.cacheMaxBytes,
      // The clock is read each time: a reading shared for a millisecond and more would let entries outlive their time.
      ttlResolution: 0,
      sizeCalculation: (value, key) => ENTRY_BYTES + 2 * (key.length + value.length),
    });
  }

  async get(key: string): Promise<string | undefined> {
    return this.#entries.get(key);
  }

  async set(key: string, value: string, ttlMs: number): Promise<void> {
    this.#entries.set(key, value, { ttl: ttlMs });
  }

  async delete(key: string): Promise<void> {
    this.#entries.delete(key);
  }

  async increment(key: string, by: number, ttlMs: number): Promise<{ value: number; expiresInMs: number }> {
    const before = this.#entries.get(key);
    const value = Number(before ?? 0) + by;
    const lifetime = before === undefined ? { ttl: ttlMs } : { noUpdateTTL: true };
    this.#entries.set(key, String(value), lifetime);
    return { value, expiresInMs: before === undefined ? ttlMs : Math.ceil(this.#entries.getRemainingTTL(key)) };
  }

  async check(): Promise<void> {}

  async close(): Promise<void> {
    this.#entries.clear();
  }
}
