/** A thread that reads histories, seen from the main thread, which reads storage for it. */
import { Worker } from 'node:worker_threads';
import { limits } from '#limits.ts';
import { workerUrl } from '#worker-url.ts';
import { flattenError, restoreError } from '../../ingest/ingest-error.ts';
import type { PackStorage } from '../../pack-files.ts';
import type { FromThread, ScanTask, ToThread } from './history-messages.ts';
import type { BroughtObjects } from './history-scan.ts';

interface Pending {
  readonly resolve: (result: BroughtObjects) => void;
  readonly reject: (error: Error) => void;
}

/** It is started when it is needed, and ends after a while without work: what it has cached would stay otherwise, for an idle thread collects no garbage. */
export class HistoryThread {
  readonly #storage: PackStorage;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #scanCount = 0;
  #idle: NodeJS.Timeout | undefined;

  constructor(storage: PackStorage) {
    this.#storage = storage;
  }

  scan(task: ScanTask): Promise<BroughtObjects> {
    clearTimeout(this.#idle);
    const worker = this.#start();
    return new Promise((resolve, reject) => {
      const message: ToThread = { kind: 'scan', scan: this.#scanCount++, task };
      this.#pending.set(message.scan, { resolve, reject });
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
    const worker = new Worker(workerUrl('repository/fetch/history/history-worker'), { name: 'history' });
    worker.on('message', (message: FromThread) => this.#receive(worker, message));
    worker.on('error', (error) => this.#die(worker, error));
    worker.on('exit', () => this.#die(worker, new Error('the thread that reads histories ended')));
    worker.unref();
    this.#worker = worker;
    return worker;
  }

  #receive(worker: Worker, message: FromThread): void {
    if (message.kind !== 'found') {
      void this.#askStorage(worker, message);
      return;
    }
    const pending = this.#pending.get(message.scan);
    this.#pending.delete(message.scan);
    if (this.#pending.size === 0) this.#rest(worker);
    if (message.result) pending?.resolve(message.result);
    else pending?.reject(restoreError(message.error ?? { name: 'Error', message: 'no answer' }));
  }

  #rest(worker: Worker): void {
    worker.unref();
    this.#idle = setTimeout(() => {
      this.#worker = undefined;
      void worker.terminate();
    }, limits.historyThreadIdleMs);
    this.#idle.unref();
  }

  async #askStorage(worker: Worker, message: Exclude<FromThread, { kind: 'found' }>): Promise<void> {
    const { call, key } = message;
    const answer = (result: Omit<Extract<ToThread, { kind: 'answer' }>, 'kind' | 'call'>) =>
      worker.postMessage({ kind: 'answer', call, ...result } satisfies ToThread);
    try {
      const asked = message.kind === 'read' ? this.#storage.read(key, message.range) : this.#storage.size(key);
      answer({ result: await asked });
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
