/** A thread that reads histories, seen from the main thread, which reads storage for it. */
import { Worker } from 'node:worker_threads';
import { limits } from '#limits.ts';
import { workerUrl } from '#worker-url.ts';
import { flattenError, restoreError } from '../../ingest/ingest-error.ts';
import type { PackStorage } from '../../pack-files.ts';
import type { FromThread, ResultOf, ThreadTask, ThreadWork, ToThread } from './history-messages.ts';

interface Pending {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

/** It is started when it is needed, and ends after a while without work: what it has cached would stay otherwise, for an idle thread collects no garbage. */
export class HistoryThread {
  readonly #storage: PackStorage;
  readonly #idleMs: number;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #taskCount = 0;
  #idle: NodeJS.Timeout | undefined;

  constructor(storage: PackStorage, idleMs: number) {
    this.#storage = storage;
    this.#idleMs = idleMs;
  }

  /** Tasks under way. */
  get load(): number {
    return this.#pending.size;
  }

  get isRunning(): boolean {
    return this.#worker !== undefined;
  }

  run<Work extends ThreadWork>(task: ThreadTask<Work>): Promise<ResultOf[Work['kind']]> {
    clearTimeout(this.#idle);
    const worker = this.#start();
    return new Promise((resolve, reject) => {
      const message: ToThread = { kind: 'task', number: this.#taskCount++, task };
      this.#pending.set(message.number, { resolve, reject });
      worker.ref();
      worker.postMessage(message);
    });
  }

  async stop(): Promise<void> {
    clearTimeout(this.#idle);
    await this.#worker?.terminate();
  }

  #start(): Worker {
    if (this.#worker) return this.#worker;
    const worker = new Worker(workerUrl('repository/fetch/history/history-worker'), {
      name: 'history',
      resourceLimits: { maxYoungGenerationSizeMb: limits.historyThreadYoungMib },
    });
    worker.on('message', (message: FromThread) => this.#receive(worker, message));
    worker.on('error', (error) => this.#die(worker, error));
    worker.on('exit', () => this.#die(worker, new Error('the thread that reads histories ended')));
    worker.unref();
    this.#worker = worker;
    return worker;
  }

  #receive(worker: Worker, message: FromThread): void {
    if (message.kind !== 'done') {
      void this.#askStorage(worker, message);
      return;
    }
    const pending = this.#pending.get(message.number);
    this.#pending.delete(message.number);
    if (this.#pending.size === 0) this.#rest(worker);
    if (message.result) pending?.resolve(message.result as never);
    else pending?.reject(restoreError(message.error ?? { name: 'Error', message: 'no answer' }));
  }

  #rest(worker: Worker): void {
    worker.unref();
    this.#idle = setTimeout(() => {
      this.#worker = undefined;
      void worker.terminate();
    }, this.#idleMs);
    this.#idle.unref();
  }

  async #askStorage(worker: Worker, message: Exclude<FromThread, { kind: 'done' }>): Promise<void> {
    const { call, key } = message;
    const answer = (
      result: Omit<Extract<ToThread, { kind: 'answer' }>, 'kind' | 'call'>,
      moved: readonly ArrayBuffer[] = [],
    ) => worker.postMessage({ kind: 'answer', call, ...result } satisfies ToThread, moved);
    try {
      if (message.kind === 'size') return answer({ result: await this.#storage.size(key) });
      const result = await this.#storage.read(key, message.range);
      answer({ result }, movableBuffers(result));
    } catch (error) {
      answer({ error: flattenError(error) });
    }
  }

  #die(worker: Worker, error: Error): void {
    // One that was idle may end after another has begun.
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(error);
  }
}

/** What was read belongs to the reader: it is moved rather than copied, unless its memory holds something else besides. */
function movableBuffers({ buffer, byteLength }: Uint8Array): ArrayBuffer[] {
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : [];
}
