/** A part of the run's Redis for one test file. */
import { inject } from 'vitest';

/** For `describe.skipIf(!hasRedis)`. */
export const hasRedis = inject('redisUrl') !== undefined;

/** The URL of a logical database that no other test file running at the same time uses. */
export function testRedisUrl(): string {
  const base = inject('redisUrl');
  if (base === undefined) throw new Error('no Redis in this run: guard the suite with describe.skipIf(!hasRedis)');
  // Vitest numbers its workers from 1; a worker runs one file at a time. Publish and subscribe are not divided by database.
  return `${base}/${Number(process.env['VITEST_POOL_ID'] ?? 0) % 64}`;
}
