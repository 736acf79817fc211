/** A thread that reads histories: does the tasks of `history-messages.ts`, any number at a time. */
import { parentPort } from 'node:worker_threads';
import { objectFormatOf } from '#git/object/object-id.ts';
import { assertInflaterWorks } from '#git/pack/inflater.ts';
import { limits } from '#limits.ts';
import { flattenError, restoreError } from '../../ingest/ingest-error.ts';
import { PackFiles, type PackStorage } from '../../pack-files.ts';
import { createObjectCache, PackedObjectStore } from '../../packed-object-store.ts';
import { runWalk } from '../walk/run-walk.ts';
import { TreeSource } from '../walk/tree-source.ts';
import type { FromThread, ResultOf, ThreadTask, ToThread } from './history-messages.ts';
import { HistoryScan } from './history-scan.ts';

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

const files = new PackFiles(storage, {
  tablesMaxBytes: limits.packTablesCacheMaxBytes,
  blocksMaxBytes: limits.historyBlocksMaxBytes,
});

async function run({ format, packs, work, cancel }: ThreadTask): Promise<ResultOf[keyof ResultOf]> {
  const objects = new PackedObjectStore(objectFormatOf(format), packs, files, createObjectCache(1), () =>
    Promise.reject(new Error('trees are read without a commit graph')),
  );
  await objects.load();
  const trees = new TreeSource(objects, files, limits.historyTreesMaxBytes);
  const assertWanted = () => {
    if (Atomics.load(cancel, 0) !== 0) throw new DOMException('nobody waits for this history', 'AbortError');
  };
  if (work.kind === 'walk') return runWalk(trees, work.walk, assertWanted);
  return new HistoryScan(trees, assertWanted).read(work.commits);
}

async function answer(number: number, task: ThreadTask): Promise<void> {
  try {
    const result = await run(task);
    const message: FromThread = { kind: 'done', number, result };
    const buffers = Object.values(result).map(({ buffer }) => buffer as ArrayBuffer);
    parentPort?.postMessage(message, buffers);
  } catch (error) {
    parentPort?.postMessage({ kind: 'done', number, error: flattenError(error) } satisfies FromThread);
  }
}

assertInflaterWorks();

parentPort?.on('message', (message: ToThread) => {
  if (message.kind === 'task') {
    void answer(message.number, message.task);
    return;
  }
  const waiting = calls.get(message.call);
  calls.delete(message.call);
  if (message.error) waiting?.reject(restoreError(message.error));
  else waiting?.resolve(message.result as never);
});
