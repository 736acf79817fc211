/** What lies in storage after a push is a pack and an index that git would have written itself, whatever the client sent. */
import { createCipheriv } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limits } from '#limits.ts';
import type { RefCommand } from '#repository/repository-engine.ts';
import { type GeneratedRepository, generateRepository } from '../differential/generated-repository.ts';
import { SEEDS } from '../differential/seeds.ts';
import { makeHistory, packAll } from '../fixtures/history.ts';
import { diffDelta, objectId, PackMaker, TYPE, treeEntry } from '../fixtures/pack-maker.ts';
import { ScratchRepository } from '../fixtures/scratch-repository.ts';
import { Random } from '../fuzz/random.ts';
import { hasDatabase } from '../support/database.ts';
import { GitJudge, StoredPacksBed } from '../support/stored-packs.ts';

type Format = 'sha1' | 'sha256';

describe.skipIf(!hasDatabase)('stored packs', () => {
  let bed: StoredPacksBed;
  let number = 0;

  beforeAll(async () => {
    bed = await StoredPacksBed.start();
  });

  afterAll(async () => {
    await bed?.stop();
  });

  async function push(repositoryId: number, pack: Uint8Array, ...commands: RefCommand[]): Promise<void> {
    const outcome = await bed.push(repositoryId, pack, commands);
    expect(outcome.unpackError).toBeUndefined();
    expect(outcome.refs.filter((ref) => ref.kind !== 'ok')).toEqual([]);
  }

  /** @returns how many objects each stored pack has, oldest first */
  async function judgeAll(repositoryId: number, format: Format = 'sha1'): Promise<number[]> {
    using judge = new GitJudge(format);
    const counts: number[] = [];
    for (const stored of await bed.packsOf(repositoryId)) {
      const { index, objectCount } = judge.judge(stored.pack);
      expect(Buffer.compare(stored.index, index)).toBe(0);
      expect(stored.objectCount).toBe(objectCount);
      expect(stored.trailer).toBe(Buffer.from(stored.pack.slice(format === 'sha1' ? -20 : -32)).toString('hex'));
      counts.push(objectCount);
    }
    return counts;
  }

  const create = (name: string, newId: string): RefCommand => ({ name, oldId: '0'.repeat(newId.length), newId });
  const createRepository = (format: Format = 'sha1') => bed.createRepository(`stored-${++number}`, format);
  const main = (oldId: string, newId: string): RefCommand => ({ name: 'refs/heads/main', oldId, newId });

  describe.each(['sha1', 'sha256'] as const)('in %s', (format) => {
    it.each([
      ['deltas that name their bases by offset', ['--delta-base-offset']],
      ['deltas that name their bases by id', []],
      ['long chains of deltas', ['--delta-base-offset', '--depth=250', '--window=50']],
      ['no deltas', ['--window=0']],
    ])('are as sent: %s', async (_, options) => {
      using scratch = new ScratchRepository({ objectFormat: format });
      makeHistory(scratch);
      const pack = packAll(scratch, ...options);
      const id = await createRepository(format);
      await push(id, pack, create('refs/heads/main', scratch.line(['rev-parse', 'main'])));
      const [stored] = await bed.packsOf(id);
      expect(Buffer.compare(stored?.pack ?? Buffer.alloc(0), pack)).toBe(0);
      await judgeAll(id, format);
    });

    it('are whole where a thin pack was sent, small and beyond what stays in memory', async () => {
      using scratch = new ScratchRepository({ objectFormat: format });
      const bytes = noise(200_000);
      const first = commitFile(scratch, 'noise.bin', bytes);
      const id = await createRepository(format);
      await push(id, packOf(scratch, [first]), create('refs/heads/main', first));
      bytes.write('small', 1_000);
      const second = commitFile(scratch, 'noise.bin', bytes);
      const small = packOf(scratch, [second, `^${first}`], '--thin', '--delta-base-offset');
      await push(id, small, main(first, second));
      bytes.write('large', 2_000);
      commitFile(scratch, 'noise.bin', bytes);
      const third = commitFile(scratch, 'large.bin', noise(limits.smallPackMaxBytes + 1));
      const large = packOf(scratch, [third, `^${second}`], '--thin');
      expect(large.length).toBeGreaterThan(limits.smallPackMaxBytes);
      await push(id, large, main(second, third));
      // Beside what was sent: the base of the file that changed.
      expect(await judgeAll(id, format)).toEqual([3, countOf(small) + 1, countOf(large) + 1]);
    });

    it('stand each by itself where objects come again', async () => {
      using scratch = new ScratchRepository({ objectFormat: format });
      makeHistory(scratch);
      const tip = scratch.line(['rev-parse', 'main']);
      const id = await createRepository(format);
      await push(id, packAll(scratch), create('refs/heads/main', tip));
      await push(id, packAll(scratch, '--delta-base-offset', '--window=3'), create('refs/heads/again', tip));
      const [first, second] = await judgeAll(id, format);
      expect(second).toBe(first);
    });
  });

  it('keep deltas whose bases come later, and bases outside the pack that several chains share', async () => {
    const id = await createRepository();
    const text = (version: number) => Buffer.from(`${'A line that stays.\n'.repeat(60)}Version ${version}\n`);
    const blobId = (version: number) => objectId('blob', text(version));
    const tree = (versions: readonly number[]) =>
      Buffer.concat(versions.map((version) => treeEntry('100644', `f${version}`, blobId(version))));
    const commit = (versions: readonly number[], ...parents: string[]) => {
      const lines = [`tree ${objectId('tree', tree(versions))}`, ...parents.map((parent) => `parent ${parent}`)];
      return Buffer.from(`${lines.join('\n')}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nc\n`);
    };
    const had = new PackMaker();
    had.add(TYPE.blob, text(0));
    had.add(TYPE.tree, tree([0]));
    had.add(TYPE.commit, commit([0]));
    const first = objectId('commit', commit([0]));
    await push(id, had.build(), create('refs/heads/main', first));

    const versions = [0, 1, 2, 3, 4, 5];
    const thin = new PackMaker();
    thin.addRefDelta(blobId(2), diffDelta(text(2), text(1)));
    thin.addRefDelta(blobId(0), diffDelta(text(0), text(2)));
    const third = thin.addRefDelta(blobId(0), diffDelta(text(0), text(3)));
    thin.addOfsDelta(third, diffDelta(text(3), text(4)));
    thin.addRefDelta(blobId(4), diffDelta(text(4), text(5)));
    thin.add(TYPE.commit, commit(versions, first));
    thin.addRefDelta(objectId('tree', tree([0])), diffDelta(tree([0]), tree(versions)));
    await push(id, thin.build(), main(first, objectId('commit', commit(versions, first))));
    expect(await judgeAll(id)).toEqual([3, thin.count + 2]);
  });

  it('are as sent where they come to storage in parts', async () => {
    using scratch = new ScratchRepository();
    const tip = commitFile(scratch, 'large.bin', noise(limits.smallPackMaxBytes + 1));
    const pack = packOf(scratch, [tip]);
    expect(pack.length).toBeGreaterThan(limits.smallPackMaxBytes);
    const id = await createRepository();
    await push(id, pack, create('refs/heads/main', tip));
    const [stored] = await bed.packsOf(id);
    expect(Buffer.compare(stored?.pack ?? Buffer.alloc(0), pack)).toBe(0);
    expect(await judgeAll(id)).toEqual([3]);
  });

  it.each(SEEDS)('are what git makes of random histories in random pushes (seed %i)', async (seed) => {
    const repository = generateRepository(seed);
    const { model, refs } = repository;
    if (refs.size === 0) return;
    const id = await createRepository(model.format);
    await pushAtRandom(id, repository, new Random(`pushes ${seed}`));
    const counts = await judgeAll(id, model.format);
    expect(counts.length).toBeGreaterThan(0);
    using judge = new GitJudge(model.format);
    for (const { pack } of await bed.packsOf(id)) judge.judge(pack);
    const listed = judge.git(['cat-file', '--batch-all-objects', '--batch-check=%(objectname)']).toString();
    expect(listed.trim().split('\n').sort()).toEqual([...model.closure(refs.values())].sort());
  });

  /** A few refs at a time, with a pack that git makes: thin or not, with deltas of one kind or the other, with what is needed or everything. */
  async function pushAtRandom(id: number, repository: GeneratedRepository, random: Random): Promise<void> {
    const { model, refs } = repository;
    using scratch = new ScratchRepository({ objectFormat: model.format });
    scratch.git(['index-pack', '--stdin'], { input: model.pack() });
    const commands = [...refs].map(([name, target]) => create(name, target));
    const pushed: RefCommand[] = [];
    while (commands.length > 0) {
      const some = commands.splice(0, 1 + random.below(1 + commands.length / 4));
      const options = [`--window=${random.below(20)}`, `--depth=${random.below(60)}`];
      if (random.oneIn(2)) options.push('--delta-base-offset');
      const haves = random.oneIn(3) ? [] : pushed.map(({ newId }) => `^${newId}`);
      if (haves.length > 0 && random.oneIn(2)) options.push('--thin');
      await push(id, packOf(scratch, [...some.map(({ newId }) => newId), ...haves], ...options), ...some);
      pushed.push(...some);
    }
  }

  function packOf(scratch: ScratchRepository, revisions: readonly string[], ...options: string[]): Buffer {
    const args = ['pack-objects', '--revs', '--stdout', '-q', ...options];
    return scratch.git(args, { input: `${revisions.join('\n')}\n` });
  }

  function commitFile(scratch: ScratchRepository, file: string, bytes: Uint8Array): string {
    writeFileSync(path.join(scratch.directory, file), bytes);
    scratch.git(['add', '-A']);
    scratch.git(['commit', '-q', '-m', `Write ${file}`]);
    return scratch.line(['rev-parse', 'HEAD']);
  }

  function countOf(pack: Buffer): number {
    return pack.readUInt32BE(8);
  }
});

/** Bytes that do not compress, the same in every run. */
function noise(length: number): Buffer {
  return createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(length));
}
