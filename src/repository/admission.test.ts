import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Admission, type AdmissionLimits, OverloadedError } from './admission.ts';

const LIMITS: AdmissionLimits = {
  perRepositoryMax: 4,
  perClientMax: 8,
  totalMax: 20,
  waitingMax: 10,
  waitMaxMs: 1_000,
  retryAfterMs: 10_000,
};

const STILL: AbortSignal = new AbortController().signal;

/** A job that runs until it is told to end. */
function start(admission: Admission, repositoryId: number, client: string, signal = STILL) {
  const { promise, resolve } = Promise.withResolvers<void>();
  const state = { begun: false, error: undefined as unknown };
  const done = admission
    .run({ repositoryId, client, signal }, () => {
      state.begun = true;
      return promise;
    })
    .catch((error: unknown) => {
      state.error = error;
    });
  return { state, end: resolve, done };
}

const settle = () => vi.advanceTimersByTimeAsync(0);

describe('Admission', () => {
  let admission: Admission;

  beforeEach(() => {
    vi.useFakeTimers();
    admission = new Admission(LIMITS);
  });

  afterEach(() => {
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it('turns the ninth job of a client away when none ends in time', async () => {
    const jobs = Array.from({ length: 9 }, (_, index) => start(admission, index, 'user:1'));
    await settle();
    expect(jobs.map(({ state }) => state.begun)).toEqual([...Array(8).fill(true), false]);
    await vi.advanceTimersByTimeAsync(LIMITS.waitMaxMs);
    expect(jobs[8]?.state.error).toBeInstanceOf(OverloadedError);
    expect(jobs[8]?.state.error).toMatchObject({ reason: 'client', retryAfterMs: 10_000 });
    expect(String(jobs[8]?.state.error)).toContain('Try again in 10 s.');
    for (const job of jobs) job.end();
    await settle();
    expect(admission.counts).toEqual({ running: 0, waiting: 0 });
  });

  it('lets the fifth job of a repository in when one of the four ends', async () => {
    const jobs = Array.from({ length: 5 }, (_, index) => start(admission, 7, `user:${index}`));
    await settle();
    expect(jobs[4]?.state.begun).toBe(false);
    jobs[1]?.end();
    await settle();
    expect(jobs[4]?.state.begun).toBe(true);
    for (const job of jobs) job.end();
    await settle();
    expect(admission.counts).toEqual({ running: 0, waiting: 0 });
  });

  it('keeps nobody waiting for a repository that is not theirs', async () => {
    const busy = Array.from({ length: 6 }, (_, index) => start(admission, 7, `user:${index}`));
    const other = start(admission, 8, 'user:9');
    await settle();
    expect(other.state.begun).toBe(true);
    for (const job of [...busy, other]) job.end();
    await settle();
    await settle();
    for (const job of busy) job.end();
    await settle();
    expect(admission.counts).toEqual({ running: 0, waiting: 0 });
  });

  it('lets those who wait in by the order in which they came', async () => {
    const running = Array.from({ length: 4 }, (_, index) => start(admission, 7, `user:${index}`));
    const [first, second] = [start(admission, 7, 'user:8'), start(admission, 7, 'user:9')];
    await settle();
    running[0]?.end();
    await settle();
    expect([first.state.begun, second.state.begun]).toEqual([true, false]);
    for (const job of [...running, first, second]) job.end();
    await settle();
    expect(second.state.begun).toBe(true);
    expect(admission.counts).toEqual({ running: 0, waiting: 0 });
  });

  it('frees the room of an aborted job at once, and once', async () => {
    const abort = new AbortController();
    const stuck = start(admission, 7, 'user:1', abort.signal);
    const others = Array.from({ length: 4 }, (_, index) => start(admission, 7, `other:${index}`));
    await settle();
    expect(others[3]?.state.begun).toBe(false);
    abort.abort();
    await settle();
    expect(others[3]?.state.begun).toBe(true);
    expect(admission.counts.running).toBe(4);
    stuck.end();
    await settle();
    expect(admission.counts.running).toBe(4);
    for (const job of others) job.end();
    await settle();
    expect(admission.counts).toEqual({ running: 0, waiting: 0 });
  });

  it('forgets who leaves the line', async () => {
    const abort = new AbortController();
    const running = Array.from({ length: 4 }, (_, index) => start(admission, 7, `user:${index}`));
    const waiting = start(admission, 7, 'user:9', abort.signal);
    await settle();
    expect(admission.counts).toEqual({ running: 4, waiting: 1 });
    abort.abort(new Error('left'));
    await settle();
    expect(waiting.state).toMatchObject({ begun: false, error: new Error('left') });
    for (const job of running) job.end();
    await settle();
    expect(admission.counts).toEqual({ running: 0, waiting: 0 });
  });

  it('gives no room to those who leave together with those that run', async () => {
    for (const order of ['waiter first', 'runner first']) {
      const leaver = new AbortController();
      const abort = new AbortController();
      const running = Array.from({ length: 3 }, (_, index) => start(admission, 7, `user:${index}`));
      const [runnerSignal, waiterSignal] =
        order === 'runner first' ? [abort.signal, abort.signal] : [leaver.signal, abort.signal];
      abort.signal.addEventListener('abort', () => leaver.abort());
      const runner = start(admission, 7, 'user:8', runnerSignal);
      const waiter = start(admission, 7, 'user:9', waiterSignal);
      await settle();
      abort.abort(new Error('left'));
      leaver.abort();
      await settle();
      expect(admission.counts).toEqual({ running: 3, waiting: 0 });
      for (const job of [...running, runner, waiter]) job.end();
      await settle();
      expect(admission.counts).toEqual({ running: 0, waiting: 0 });
    }
  });

  it('has a line of bounded length', async () => {
    const jobs = Array.from({ length: 15 }, (_, index) => start(admission, 7, `user:${index}`));
    await settle();
    expect(admission.counts).toEqual({ running: 4, waiting: 10 });
    expect(jobs[14]?.state.error).toMatchObject({ reason: 'repository' });
    await vi.advanceTimersByTimeAsync(LIMITS.waitMaxMs);
    for (const job of jobs) job.end();
    await settle();
    expect(admission.counts).toEqual({ running: 0, waiting: 0 });
  });

  it('turns everybody away once it stops, and lets what runs finish', async () => {
    const running = Array.from({ length: 4 }, (_, index) => start(admission, 7, `user:${index}`));
    const waiting = start(admission, 7, 'user:9');
    await settle();
    admission.stop();
    const late = start(admission, 8, 'user:9');
    await settle();
    expect(waiting.state.error).toMatchObject({ reason: 'stopping' });
    expect(late.state.error).toMatchObject({ reason: 'stopping' });
    expect(admission.counts).toEqual({ running: 4, waiting: 0 });
    for (const job of running) job.end();
    await settle();
    expect(admission.counts.running).toBe(0);
  });

  it('frees the room of work that fails', async () => {
    const job = { repositoryId: 1, client: 'user:1', signal: STILL };
    await expect(admission.run(job, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(admission.counts).toEqual({ running: 0, waiting: 0 });
  });
});
