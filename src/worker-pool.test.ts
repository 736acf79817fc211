import { afterAll, expect, test } from 'vitest';
import { WorkerPool } from './worker-pool.ts';

const program = `
  const { parentPort } = require('node:worker_threads');
  parentPort.on('message', (job) => {
    if (job === 'hang') for (;;);
    if (job === 'throw') throw new Error('no');
    parentPort.postMessage(job.toUpperCase());
  });`;
const pool = new WorkerPool<string, string>({
  entry: new URL(
    `data:text/javascript,${encodeURIComponent(`import { createRequire } from 'node:module'; const require = createRequire('file:///');${program}`)}`,
  ),
  workersMax: 1,
  queueMax: 2,
  jobTimeoutMs: 500,
  heapMaxMib: 64,
});
afterAll(() => pool.close());

test('a thread that breaks or hangs fails its job alone', async () => {
  const kinds = (await Promise.all([pool.run('a'), pool.run('throw')])).map(({ kind }) => kind);
  expect(kinds).toEqual(['done', 'failed']);
  expect(await pool.run('hang')).toEqual({ kind: 'failed', reason: 'ended' });
  expect(await pool.run('b')).toEqual({ kind: 'done', result: 'B' });
});

test('jobs beyond the queue fail at once', async () => {
  const outcomes = await Promise.all(['a', 'b', 'c', 'd'].map((job) => pool.run(job)));
  expect(outcomes.map(({ kind }) => kind)).toEqual(['done', 'done', 'done', 'failed']);
});
