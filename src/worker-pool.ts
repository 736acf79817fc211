/**
 * Worker threads that take one job at a time, started when first needed. Whatever a job does to its thread, the caller has an
 * answer soon: a thread that takes too long is ended, and another takes its place.
 */
import { Worker } from 'node:worker_threads';

export interface WorkerPoolOptions {
  /** From `worker-url.ts`. The worker answers each message with one. */
  readonly entry: URL;
  readonly workersMax: number;
  /** Jobs that wait; further ones fail at once. */
  readonly queueMax: number;
  readonly jobTimeoutMs: number;
  /** Heap of one thread. */
  readonly heapMaxMib: number;
}

export type JobOutcome<Result> =
  | { readonly kind: 'done'; readonly result: Result }
  | { readonly kind: 'failed'; readonly reason: string };

interface QueuedJob<Job, Result> {
  readonly job: Job;
  readonly settle: (outcome: JobOutcome<Result>) => void;
}

interface BusyWorker<Job, Result> {
  readonly queued: QueuedJob<Job, Result>;
  readonly timer: NodeJS.Timeout;
}

export class WorkerPool<Job, Result> {
  readonly #options: WorkerPoolOptions;
  readonly #idle: Worker[] = [];
  readonly #busy = new Map<Worker, BusyWorker<Job, Result>>();
  readonly #queue: QueuedJob<Job, Result>[] = [];
  #isClosed = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
  }

  run(job: Job): Promise<JobOutcome<Result>> {
    if (this.#isClosed || this.#queue.length >= this.#options.queueMax) {
      return Promise.resolve({ kind: 'failed', reason: this.#isClosed ? 'closed' : 'queue full' });
    }
    return new Promise((settle) => {
      this.#queue.push({ job, settle });
      this.#startNext();
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { settle } of this.#queue.splice(0)) settle({ kind: 'failed', reason: 'closed' });
    await Promise.all([...this.#idle.splice(0), ...this.#busy.keys()].map((worker) => worker.terminate()));
  }

  #startNext(): void {
    if (this.#queue.length === 0) return;
    const worker = this.#idle.pop() ?? (this.#busy.size < this.#options.workersMax ? this.#spawn() : undefined);
    if (worker === undefined) return;
    const queued = this.#queue.shift();
    if (queued === undefined) return;
    const timer = setTimeout(() => void worker.terminate(), this.#options.jobTimeoutMs);
    this.#busy.set(worker, { queued, timer });
    worker.postMessage(queued.job);
  }

  #spawn(): Worker {
    const { entry, heapMaxMib } = this.#options;
    const worker = new Worker(entry, { resourceLimits: { maxOldGenerationSizeMb: heapMaxMib } });
    worker.on('message', (result: Result) => {
      this.#finish(worker, { kind: 'done', result });
      this.#idle.push(worker);
      this.#startNext();
    });
    worker.on('error', (error) => this.#finish(worker, { kind: 'failed', reason: String(error) }));
    worker.on('exit', () => {
      this.#finish(worker, { kind: 'failed', reason: 'ended' });
      const index = this.#idle.indexOf(worker);
      if (index >= 0) this.#idle.splice(index, 1);
      this.#startNext();
    });
    // An idle worker keeps no process alive.
    worker.unref();
    return worker;
  }

  #finish(worker: Worker, outcome: JobOutcome<Result>): void {
    const busy = this.#busy.get(worker);
    if (busy === undefined) return;
    clearTimeout(busy.timer);
    this.#busy.delete(worker);
    busy.queued.settle(outcome);
  }
}
