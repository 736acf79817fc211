import { describe, expect, it } from 'vitest';
import { SharedWork } from './shared-work.ts';

/** Work that ends when it is told to, and that minds its signal. */
class Task {
  readonly signals: AbortSignal[] = [];
  readonly #ends: PromiseWithResolvers<string>[] = [];

  readonly run = (signal: AbortSignal): Promise<string> => {
    const end = Promise.withResolvers<string>();
    this.signals.push(signal);
    this.#ends.push(end);
    signal.addEventListener('abort', () => end.reject(signal.reason));
    return end.promise;
  };

  end(number: number, result: string): void {
    this.#ends[number]?.resolve(result);
  }

  fail(number: number, error: Error): void {
    this.#ends[number]?.reject(error);
  }
}

const forever = new AbortController().signal;

describe('SharedWork', () => {
  it('is done once for all who ask at the same time, and anew for who comes later', async () => {
    const [shared, task] = [new SharedWork<string>(), new Task()];
    const asked = [1, 2, 3].map(() => shared.share('key', forever, task.run));
    const other = shared.share('other', forever, task.run);
    task.end(0, 'a');
    task.end(1, 'b');
    expect(await Promise.all(asked)).toEqual(['a', 'a', 'a']);
    expect(await other).toBe('b');
    const later = shared.share('key', forever, task.run);
    task.end(2, 'c');
    expect(await later).toBe('c');
    expect(task.signals).toHaveLength(3);
  });

  it.each([
    ['first', 0],
    ['second', 1],
  ])('goes on when the %s leaves', async (_, leaver) => {
    const [shared, task] = [new SharedWork<string>(), new Task()];
    const callers = [new AbortController(), new AbortController()];
    const asked = callers.map(({ signal }) => shared.share('key', signal, task.run));
    callers[leaver]?.abort(new Error('gone'));
    await expect(asked[leaver]).rejects.toThrow('gone');
    expect(task.signals[0]?.aborted).toBe(false);
    task.end(0, 'done');
    expect(await asked[1 - leaver]).toBe('done');
  });

  it('stops when the last leaves, and begins anew for the next', async () => {
    const [shared, task] = [new SharedWork<string>(), new Task()];
    const callers = [new AbortController(), new AbortController()];
    const asked = callers.map(({ signal }) => shared.share('key', signal, task.run));
    for (const caller of callers) caller.abort(new Error('gone'));
    expect((await Promise.allSettled(asked)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(task.signals[0]?.aborted).toBe(true);
    const next = shared.share('key', forever, task.run);
    task.end(1, 'anew');
    expect(await next).toBe('anew');
  });

  it('tells all who wait when it fails, and keeps no failure', async () => {
    const [shared, task] = [new SharedWork<string>(), new Task()];
    const asked = [1, 2].map(() => shared.share('key', forever, task.run));
    task.fail(0, new Error('broken'));
    const results = await Promise.allSettled(asked);
    expect(results.every((result) => result.status === 'rejected' && result.reason.message === 'broken')).toBe(true);
    const next = shared.share('key', forever, task.run);
    task.end(1, 'fine');
    expect(await next).toBe('fine');
  });

  it('does not begin for who has left already', async () => {
    const [shared, task] = [new SharedWork<string>(), new Task()];
    await expect(shared.share('key', AbortSignal.abort(new Error('gone')), task.run)).rejects.toThrow('gone');
    expect(task.signals).toHaveLength(0);
  });
});
