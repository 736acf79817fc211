/** The threads that index packs, seen from the main thread. A push keeps to one thread while it streams in; resolving its deltas is shared out among all. */
import { Worker } from 'node:worker_threads';
import { workerUrl } from '#worker-url.ts';
import { collectGarbage } from './collect-garbage.ts';
import { restoreError } from './ingest-error.ts';
import type { CallMessage, IngestCalls, IngestThreadOptions, ReturnMessage } from './ingest-messages.ts';

type Arguments<Method extends keyof IngestCalls> = Parameters<IngestCalls[Method]>;
type Result<Method extends keyof IngestCalls> = ReturnType<IngestCalls[Method]>;

/** One thread; it is started when it is first needed, and anew after it died. */
export class IngestThread {
  readonly #options: IngestThreadOptions;
  #worker: Worker | undefined;
  #nextCall = 1;
  readonly #pending = new Map<number, { resolve: (result: never) => void; reject: (error: Error) => void }>();

  constructor(options: IngestThreadOptions) {
    this.#options = options;
  }

  /** Calls that wait for an answer. */
  get load(): number {
    return this.#pending.size;
  }

  get isStarted(): boolean {
    return this.#worker !== undefined;
  }

  call<Method extends keyof IngestCalls>(method: Method, ...args: Arguments<Method>): Promise<Awaited<Result<Method>>> {
    const worker = this.#start();
    const message: CallMessage = { call: this.#nextCall++, method, args };
    return new Promise((resolve, reject) => {
      this.#pending.set(message.call, { resolve, reject });
      worker.ref();
      worker.postMessage(message);
    });
  }

  async stop(): Promise<void> {
    await this.#worker?.terminate();
  }

  #start(): Worker {
    if (this.#worker) return this.#worker;
    const worker = new Worker(workerUrl('repository/ingest/ingest-worker'), {
      name: 'ingest',
      workerData: this.#options,
    });
    worker.on('message', (message: ReturnMessage) => this.#settle(message));
    worker.on('error', (error) => this.#die(error));
    worker.on('exit', () => this.#die(new Error('the indexing thread ended')));
    worker.unref();
    this.#worker = worker;
    return worker;
  }

  #settle({ call, result, error }: ReturnMessage): void {
    const pending = this.#pending.get(call);
    this.#pending.delete(call);
    if (this.#pending.size === 0) this.#worker?.unref();
    if (error) pending?.reject(restoreError(error));
    else pending?.resolve(result as never);
  }

  #die(error: Error): void {
    this.#worker = undefined;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(error);
  }
}

export class IngestThreads {
  readonly #threads: readonly IngestThread[];

  constructor(count: number, options: IngestThreadOptions) {
    this.#threads = Array.from({ length: count }, () => new IngestThread(options));
  }

  get count(): number {
    return this.#threads.length;
  }

  /** The thread with the least to do. */
  pick(): IngestThread {
    return this.#threads.reduce((best, thread) => (thread.load < best.load ? thread : best));
  }

  /** Gives back, here and in the threads, what a large pack took. */
  async releaseMemory(): Promise<void> {
    await Promise.all(
      this.#threads.filter((thread) => thread.isStarted).map((thread) => thread.call('collectGarbage')),
    );
    collectGarbage();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.stop()));
  }
}
