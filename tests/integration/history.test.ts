/** Histories that threads read: whether refs reach an object, the threads' coming and going, and who waits for whom. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { fromHex } from '#bytes/hex.ts';
import { Histories } from '#repository/fetch/history/histories.ts';
import { findReachedObjects, knownReachedObjects } from '#repository/fetch/history/reached-objects.ts';
import type { PackedObjectStore } from '#repository/packed-object-store.ts';
import { generateRepository, visibleRefs } from '../differential/generated-repository.ts';
import { hasDatabase } from '../support/database.ts';
import { EngineBed, EngineTwin } from '../support/engine-twin.ts';

const FIRST_SEED = Number(process.env['ENGINE_SEED'] ?? 1);
const SEEDS = Array.from({ length: Number(process.env['ENGINE_RUNS'] ?? 4) }, (_, index) => FIRST_SEED + index);

describe.skipIf(!hasDatabase)('histories', () => {
  let bed: EngineBed;
  let histories: Histories;

  beforeAll(async () => {
    bed = await EngineBed.start();
    histories = new Histories(bed.blobs, { threadCount: 2, idleMs: 20 });
  });

  afterAll(async () => {
    await histories?.stop();
    await bed?.stop();
  });

  async function questionOf(seed: number, name: string) {
    const repository = generateRepository(seed);
    const twin = await EngineTwin.create(bed, name, repository);
    const snapshot = await twin.snapshot();
    const names = visibleRefs(repository);
    const refs = snapshot.refs.refs.filter((ref) => names.includes(ref.name));
    const question = { objects: snapshot.objects as PackedObjectStore, refs, signal: new AbortController().signal };
    return { model: repository.model, question, source: { repositoryId: snapshot.repositoryId, histories } };
  }

  it.each(SEEDS)('tell which trees and blobs visible refs reach, seed %i', async (seed) => {
    const { model, question, source } = await questionOf(seed, `history-${seed}`);
    if (question.refs.length === 0) return;
    const reached = await findReachedObjects(source, question);
    const closure = model.closure(question.refs.map((ref) => ref.target));
    const ids = [...model.objects.keys()].filter((id) => ['tree', 'blob'].includes(model.get(id).type));
    const seen = ids.filter((id) => reached.has(fromHex(id), 0));
    expect(seen).toEqual(ids.filter((id) => closure.has(id)));
    expect(seen.length).toBeGreaterThan(0);
  });

  it('are read once for all who ask, whoever leaves, and remembered for as long as the refs are the same', async () => {
    const { model, question, source } = await questionOf(FIRST_SEED, 'once');
    const before = histories.scanCount;
    const leaving = new AbortController();
    const left = findReachedObjects(source, { ...question, signal: leaving.signal });
    const others = [findReachedObjects(source, question), findReachedObjects(source, question)];
    leaving.abort();
    await expect(left).rejects.toThrow();
    for (const reached of await Promise.all(others)) {
      expect(reached.has(fromHex(model.zeroId), 0)).toBe(false);
    }
    expect(histories.scanCount).toBe(before + 1);
    expect(knownReachedObjects(source, question.refs)).toBeDefined();
    expect(knownReachedObjects(source, [...question.refs])).toBeUndefined();
  });

  it('end their threads when nobody asks, and start them again', async () => {
    const first = await questionOf(FIRST_SEED, 'idle-1');
    const second = await questionOf(FIRST_SEED, 'idle-2');
    await findReachedObjects(first.source, first.question);
    await vi.waitUntil(() => histories.runningThreadCount === 0, { timeout: 30_000 });
    const before = histories.scanCount;
    await findReachedObjects(second.source, second.question);
    expect(histories.scanCount).toBe(before + 1);
    await vi.waitUntil(() => histories.runningThreadCount === 0, { timeout: 30_000 });
  });
});
