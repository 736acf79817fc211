/** A thread that reads histories: answers the messages of `history-messages.ts`, any number of scans at a time. */
import { parentPort } from 'node:worker_threads';
import { objectFormatOf } from '#git/object/object-id.ts';
import { assertInflaterWorks } from '#git/pack/inflater.ts';
import { limits } from '#limits.ts';
import { flattenError, restoreError } from '../../ingest/ingest-error.ts';
import { PackFiles, type PackStorage } from '../../pack-files.ts';
import { createObjectCache, PackedObjectStore } from '../../packed-object-store.ts';
import type { FromThread, ScanTask, ToThread } from './history-messages.ts';
import { type BroughtObjects, HistoryScan } from './history-scan.ts';

const calls = new Map<number, { resolve: (result: never) => void; reject: (error: Error) => void }>();
let callCount = 0;

/** Has the main thread ask storage. */
function ask<Result>(question: (call: number) => FromThread): Promise<Result> {
  return new Promise((resolve, reject) => {
    const call = callCount++;
    calls.set(call, { resolve, reject });
    parentPort?.postMessage(question(call));
  });
}

const storage: PackStorage = {
  read: (key, range) => ask((call) => ({ kind: 'read', call, key, range })),
  size: (key) => ask((call) => ({ kind: 'size', call, key })),
  stream: () => {
    throw new Error('trees are not streamed');
  },
};

async function scan({ format, packs, commits, cancel }: ScanTask): Promise<BroughtObjects> {
  const files = new PackFiles(storage, {
    tablesMaxBytes: limits.packTablesCacheMaxBytes,
    blocksMaxBytes: limits.historyBlocksMaxBytes,
  });
  const cache = createObjectCache(limits.historyTreesMaxBytes);
  const objects = new PackedObjectStore(objectFormatOf(format), packs, files, cache, () => {
    throw new Error('a history is read without a commit graph');
  });
  const assertWanted = () => {
    if (Atomics.load(cancel, 0) !== 0) throw new DOMException('nobody waits for this history', 'AbortError');
  };
  return new HistoryScan(objects, assertWanted).read(commits);
}

async function answer(scanNumber: number, task: ScanTask): Promise<void> {
  try {
    const result = await scan(task);
    const message: FromThread = { kind: 'found', scan: scanNumber, result };
    const { ids, starts, numbers, depths } = result;
    const buffers = [ids, starts, numbers, depths].map(({ buffer }) => buffer as ArrayBuffer);
    parentPort?.postMessage(message, buffers);
  } catch (error) {
    parentPort?.postMessage({ kind: 'found', scan: scanNumber, error: flattenError(error) } satisfies FromThread);
  }
}

assertInflaterWorks();

parentPort?.on('message', (message: ToThread) => {
  if (message.kind === 'scan') {
    void answer(message.scan, message.task);
    return;
  }
  const waiting = calls.get(message.call);
  calls.delete(message.call);
  if (message.error) waiting?.reject(restoreError(message.error));
  else waiting?.resolve(message.result as never);
});
