import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectDatabase, type Database } from '#db/client.ts';
import { enqueueJob } from '#db/job-queue.ts';
import { announceWork, appendToOutbox } from '#db/outbox.ts';
import type { JobHandler } from '#jobs/job-handler.ts';
import { JobRunner, retryDelayMs } from '#jobs/job-runner.ts';
import { OutboxRelay } from '#jobs/outbox-relay.ts';
import { listenForWork } from '#jobs/work-listener.ts';
import { createLog } from '#log.ts';
import { createTestDatabase, hasDatabase } from '../support/database.ts';

const log = createLog('silent');

test('a job is tried again after a quarter of a minute, then ever later, at most an hour', () => {
  expect([1, 2, 3, 20].map(retryDelayMs)).toEqual([15_000, 30_000, 60_000, 3_600_000]);
});

describe.skipIf(!hasDatabase)('jobs', () => {
  let database: Database;

  beforeAll(async () => {
    database = connectDatabase((await createTestDatabase()).url);
  });
  afterAll(() => database.close());

  /** Runs a worker until `done` holds. */
  async function work(handlers: JobHandler[], done: () => boolean | Promise<boolean>): Promise<void> {
    const runner = new JobRunner({ database, log, handlers });
    const unlisten = await listenForWork(database, () => runner.wake());
    await runner.start();
    while (!(await done())) await sleep(5);
    await runner.stop();
    await unlisten();
  }

  const jobsOf = (kind: string) => database.sql`select * from job where kind = ${kind}`;

  test('a job runs with its payload, once, and is gone', async () => {
    const payloads: unknown[] = [];
    await enqueueJob(database.sql, { kind: 'greet', payload: { name: 'Ada' } });
    const handler = { kind: 'greet', run: async (payload: unknown) => void payloads.push(payload) };
    await work([handler], async () => (await jobsOf('greet')).length === 0);
    expect(payloads).toEqual([{ name: 'Ada' }]);
  });

  test('a job of a transaction that rolled back never runs', async () => {
    const rolledBack = database.transaction(async (tx) => {
      await enqueueJob(tx, { kind: 'never', payload: {} });
      throw new Error('rolled back');
    });
    await expect(rolledBack).rejects.toThrow('rolled back');
    expect(await jobsOf('never')).toHaveLength(0);
  });

  test('two workers share the jobs and run each once', async () => {
    const seen: number[] = [];
    for (let number = 0; number < 20; number++) await enqueueJob(database.sql, { kind: 'count', payload: { number } });
    const handler = {
      kind: 'count',
      run: async (payload: unknown) => void seen.push((payload as { number: number }).number),
    };
    const done = async () => (await jobsOf('count')).length === 0;
    await Promise.all([work([handler], done), work([handler], done)]);
    expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, number) => number));
  });

  test('a job that fails is put off, and given up after its last try', async () => {
    const fail = async () => {
      throw new Error('no luck');
    };
    const id = await enqueueJob(database.sql, { kind: 'fail', payload: {}, attemptsMax: 2 });
    const attempts = async () => (await jobsOf('fail'))[0]?.['attempts'];
    const settled = async (count: number) =>
      (await attempts()) === count && (await jobsOf('fail'))[0]?.['locked_until'] === null;
    await work([{ kind: 'fail', run: fail }], () => settled(1));
    const [putOff] = await jobsOf('fail');
    expect(putOff).toMatchObject({ failed_at: null, last_error: 'Error: no luck' });
    expect(putOff?.['run_at'].getTime()).toBeGreaterThan(Date.now());

    await database.sql`update job set run_at = now() where id = ${id}`;
    await work([{ kind: 'fail', run: fail }], () => settled(2));
    expect((await jobsOf('fail'))[0]?.['failed_at']).toBeInstanceOf(Date);
  });

  test('a job whose worker died runs again when the lease has run out', async () => {
    const id = await enqueueJob(database.sql, { kind: 'orphan', payload: {} });
    await database.sql`update job set attempts = 1, locked_until = now() - interval '1 s' where id = ${id}`;
    let ran = 0;
    await work([{ kind: 'orphan', run: async () => void ran++ }], async () => (await jobsOf('orphan')).length === 0);
    expect(ran).toBe(1);
  });

  test('a recurring job is one row for all workers and is put off after each run', async () => {
    let ran = 0;
    const handler = { kind: 'sweep', everyMs: 60_000, run: async () => void ran++ };
    const done = async () => (await jobsOf('sweep')).some((job) => job['attempts'] === 0 && job['run_at'] > new Date());
    await Promise.all([work([handler], done), work([handler], done)]);
    expect(await jobsOf('sweep')).toHaveLength(1);
    expect(ran).toBe(1);
  });

  test('a job that the stop interrupts keeps its tries', async () => {
    await enqueueJob(database.sql, { kind: 'long', payload: {} });
    let started = false;
    const run = async (_: unknown, signal: AbortSignal) => {
      started = true;
      await sleep(60_000, undefined, { signal });
    };
    await work([{ kind: 'long', run }], () => started);
    expect((await jobsOf('long'))[0]).toMatchObject({ attempts: 0, locked_until: null, failed_at: null });
  });

  test('the outbox is published in order, after the commit, and not for a rollback', async () => {
    const published: unknown[] = [];
    const bus = { publish: async (topic: string, message: object) => void published.push([topic, message]) };
    const relay = new OutboxRelay(database, bus as never, log);
    const unlisten = await listenForWork(database, () => relay.wake());
    relay.start();
    await database.transaction(async (tx) => {
      await appendToOutbox(tx, 'push', { number: 1 });
      await appendToOutbox(tx, 'push', { number: 2 });
      await sleep(50);
      expect(published).toEqual([]);
    });
    await announceWork(database);
    await expect(
      database.transaction(async (tx) => {
        await appendToOutbox(tx, 'push', { number: 3 });
        throw new Error('rolled back');
      }),
    ).rejects.toThrow();
    while (published.length < 2) await sleep(5);
    await relay.stop();
    await unlisten();
    expect(published).toEqual([
      ['push', { number: 1 }],
      ['push', { number: 2 }],
    ]);
    expect(await database.sql`select * from outbox`).toHaveLength(0);
  });
});
