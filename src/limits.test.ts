import { expect, test } from 'vitest';
import { limits } from './limits.ts';

test('a client that stalls in the middle of a push has a minute: dulwich and slow disks need that', () => {
  expect(limits.gitIdleTimeoutMs).toBeGreaterThanOrEqual(60_000);
});

test('a keepalive comes well before a proxy or a client takes silence for death', () => {
  expect(limits.keepaliveIntervalMs).toBeLessThan(Math.min(limits.gitIdleTimeoutMs, 100_000) / 4);
});
