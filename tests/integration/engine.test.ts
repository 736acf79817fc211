/** The engine over real Postgres, with packs that git made and packs that git reads back. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { connectDatabase, type Database } from '#db/client.ts';
import { DEFAULT_GIT_SETTINGS } from '#repository/git-settings.ts';
import { sweepPacks } from '#repository/pack-sweeper.ts';
import { PackedObjectStore } from '#repository/packed-object-store.ts';
import { PackedRepositoryEngine } from '#repository/packed-repository-engine.ts';
import type { PushOutcome, RefCommand } from '#repository/repository-engine.ts';
import { MemoryBlobStore } from '#storage/memory-blob-store.ts';
import { createTestDatabase, hasDatabase } from '../support/database.ts';

const ZERO = '0'.repeat(40);

describe.skipIf(!hasDatabase)('PackedRepositoryEngine', () => {
  let db: Database;
  let drop: () => Promise<void>;
  let blobs: MemoryBlobStore;
  let engine: PackedRepositoryEngine;
  let repositoryId: number;
  let actorId: number;
  let folder: string;

  beforeAll(async () => {
    const database = await createTestDatabase();
    drop = database.drop;
    db = connectDatabase(database.url);
    const [owner] = await db.sql<[{ id: number }]>`
      insert into account (kind, login, login_key) values ('user', 'ada', 'ada') returning id`;
    actorId = owner.id;
  });

  beforeEach(async () => {
    blobs = new MemoryBlobStore();
    engine = new PackedRepositoryEngine({ db, blobs, threadCount: 2 });
    const name = `r${Math.random()}`;
    const [row] = await db.sql<[{ id: number }]>`
      insert into repository (owner_id, name, name_key, visibility) values (${actorId}, ${name}, ${name}, 'private') returning id`;
    repositoryId = row.id;
    folder = mkdtempSync(path.join(tmpdir(), 'engine-'));
    git('init', '-q', '-b', 'main');
    return async () => {
      await engine.close();
      rmSync(folder, { recursive: true });
    };
  });

  afterAll(async () => {
    await db?.close();
    await drop?.();
  });

  function git(...args: string[]): string {
    return gitWith('', ...args)
      .toString()
      .trim();
  }

  function gitWith(input: string | Uint8Array, ...args: string[]): Buffer {
    const env = {
      ...process.env,
      GIT_AUTHOR_NAME: 'Ada',
      GIT_AUTHOR_EMAIL: 'ada@example.com',
      GIT_AUTHOR_DATE: '2026-01-01T00:00:00Z',
      GIT_COMMITTER_NAME: 'Ada',
      GIT_COMMITTER_EMAIL: 'ada@example.com',
      GIT_COMMITTER_DATE: '2026-01-01T00:00:00Z',
    };
    return execFileSync('git', args, { cwd: folder, input, env, maxBuffer: 1 << 30 });
  }

  function commit(file: string, text: string): string {
    writeFileSync(path.join(folder, file), text);
    git('add', '-A');
    git('commit', '-q', '-m', `Write ${file}`);
    return git('rev-parse', 'HEAD');
  }

  function packOf(revisions: string[], ...options: string[]): Buffer {
    return gitWith(`${revisions.join('\n')}\n`, 'pack-objects', '--revs', '--stdout', '-q', ...options);
  }

  async function push(pack: Uint8Array | undefined, commands: RefCommand[], atomic = false): Promise<PushOutcome> {
    return engine.receive({
      repositoryId,
      actorId,
      commands,
      atomic,
      pushOptions: [],
      settings: DEFAULT_GIT_SETTINGS,
      shallowIds: [],
      pack: pack && chunks(pack),
      signal: new AbortController().signal,
      onPackConsumed: () => {},
      onProgress: () => {},
    });
  }

  async function fetch(wants: string[], haves: string[] = [], thinPack = false): Promise<Buffer> {
    const snapshot = await engine.snapshot(repositoryId);
    const plan = await engine.planPack(snapshot, {
      wants,
      haves,
      thinPack,
      ofsDelta: true,
      includeTag: true,
      visibleRefs: snapshot.refs.refs,
      clientShallow: [],
      shallowUpdate: undefined,
      filter: undefined,
      signal: new AbortController().signal,
    });
    const pieces: Uint8Array[] = [];
    for await (const piece of plan.stream()) pieces.push(Buffer.from(piece));
    return Buffer.concat(pieces);
  }

  /** Object ids of a pack that git finds sound. */
  function idsOf(pack: Uint8Array, closure: 'closed' | 'partial' = 'closed'): string[] {
    const options = closure === 'closed' ? ['--strict'] : [];
    const target = mkdtempSync(path.join(folder, 'clone-'));
    execFileSync('git', ['init', '-q', '--bare', target]);
    execFileSync('git', ['index-pack', '--stdin', ...options], { cwd: target, input: pack, stdio: 'pipe' });
    const listed = execFileSync('git', ['cat-file', '--batch-all-objects', '--batch-check=%(objectname)'], {
      cwd: target,
    });
    return listed.toString().trim().split('\n').sort();
  }

  function idsIn(...revisions: string[]): string[] {
    return [...new Set(git('rev-list', '--objects', '--no-object-names', ...revisions).split('\n'))].sort();
  }

  const create = (name: string, newId: string): RefCommand => ({ name, oldId: ZERO, newId });

  it('gives back the objects that were pushed', async () => {
    commit('a.txt', 'one\n'.repeat(100));
    const tip = commit('a.txt', `${'one\n'.repeat(100)}two\n`);
    const outcome = await push(packOf([tip]), [create('refs/heads/main', tip)]);
    expect(outcome).toEqual({ unpackError: undefined, refs: [{ kind: 'ok', name: 'refs/heads/main' }] });
    const snapshot = await engine.snapshot(repositoryId);
    expect(snapshot.refs.find('HEAD')?.target).toBe(tip);
    expect(idsOf(await fetch([tip]))).toEqual(idsIn(tip));
    expect((await snapshot.objects.read(tip)).type).toBe('commit');
  });

  it('makes the first branch the default one where the one that HEAD names is not pushed', async () => {
    const tip = commit('a.txt', 'a\n');
    await push(packOf([tip]), [create('refs/tags/v1', tip)]);
    expect((await engine.snapshot(repositoryId)).refs.find('HEAD')).toBeUndefined();
    await push(undefined, [create('refs/heads/trunk', tip)]);
    expect((await engine.snapshot(repositoryId)).refs.headTarget).toBe('refs/heads/trunk');
    await push(undefined, [create('refs/heads/main', tip)]);
    expect((await engine.snapshot(repositoryId)).refs.headTarget).toBe('refs/heads/trunk');
  });

  it('completes thin packs, and sends later what they brought once', async () => {
    const text = Array.from({ length: 400 }, (_, line) => `line ${line}\n`).join('');
    const first = commit('a.txt', text);
    await push(packOf([first]), [create('refs/heads/main', first)]);
    const second = commit('a.txt', `${text}more\n`);
    const thin = packOf([second, `^${first}`], '--thin', '--delta-base-offset');
    const outcome = await push(thin, [{ name: 'refs/heads/main', oldId: first, newId: second }]);
    expect(outcome.refs[0]).toEqual({ kind: 'ok', name: 'refs/heads/main' });
    expect(idsOf(await fetch([second]))).toEqual(idsIn(second));
    const incremental = await fetch([second], [first]);
    expect(idsOf(incremental, 'partial')).toEqual(idsIn(second, `^${first}`));
    const stored = [...(await storedPacks())];
    expect(stored).toHaveLength(2);
    for (const pack of stored) expect(idsOf(pack, 'partial').length).toBeGreaterThan(0);
  });

  it('sends thin packs to those who take them', async () => {
    const text = Array.from({ length: 400 }, (_, line) => `line ${line}\n`).join('');
    const first = commit('a.txt', text);
    const second = commit('a.txt', `${text}more\n`);
    await push(packOf([first]), [create('refs/heads/main', first)]);
    const update = packOf([second, `^${first}`], '--thin', '--delta-base-offset');
    await push(update, [{ name: 'refs/heads/main', oldId: first, newId: second }]);
    const thin = await fetch([second], [first], true);
    const whole = await fetch([second], [first], false);
    expect(thin.length).toBeLessThan(whole.length);
    gitWith(thin, 'index-pack', '--stdin', '--fix-thin');
  });

  it('sends one branch of two', async () => {
    const base = commit('a.txt', 'a\n');
    const main = commit('b.txt', 'b\n');
    git('checkout', '-q', '-b', 'side', base);
    const side = commit('c.txt', 'c\n');
    await push(packOf([main, side]), [create('refs/heads/main', main), create('refs/heads/side', side)]);
    expect(idsOf(await fetch([side]))).toEqual(idsIn(side));
    expect(idsOf(await fetch([main]))).toEqual(idsIn(main));
  });

  it('sends annotated tags with what they point at', async () => {
    const tip = commit('a.txt', 'a\n');
    git('tag', '-a', '-m', 'one', 'v1');
    const tag = git('rev-parse', 'v1');
    await push(packOf([tip, tag]), [create('refs/heads/main', tip), create('refs/tags/v1', tag)]);
    const snapshot = await engine.snapshot(repositoryId);
    expect(snapshot.refs.find('refs/tags/v1')).toEqual({ name: 'refs/tags/v1', target: tag, peeled: tip });
    expect(idsOf(await fetch([tip]))).toEqual(idsIn(tip, tag));
  });

  it('copies packs whole although a tag leads to a blob', async () => {
    const tip = commit('a.txt', 'a\n');
    const blob = gitWith('a key\n', 'hash-object', '-w', '--stdin').toString().trim();
    git('tag', '-a', '-m', 'key', 'key', blob);
    git('tag', 'plain', gitWith('plain\n', 'hash-object', '-w', '--stdin').toString().trim());
    const [tag, plain] = [git('rev-parse', 'key'), git('rev-parse', 'plain')];
    const pushed = packOf([tip, tag, plain]);
    await push(pushed, [
      create('refs/heads/main', tip),
      create('refs/tags/key', tag),
      create('refs/tags/plain', plain),
    ]);
    expect(await fetch([tip, tag, plain])).toEqual(pushed);
    expect(idsOf(await fetch([tip, tag]))).toEqual(idsIn(tip, tag));
  });

  it('leaves out what only a deleted branch reached', async () => {
    const base = commit('a.txt', 'a\n');
    git('checkout', '-q', '-b', 'secret');
    const secret = commit('secret.txt', 'secret\n');
    await push(packOf([base, secret]), [create('refs/heads/main', base), create('refs/heads/secret', secret)]);
    await push(undefined, [{ name: 'refs/heads/secret', oldId: secret, newId: ZERO }]);
    expect(idsOf(await fetch([base]))).toEqual(idsIn(base));
  });

  it.each([
    [
      'an old value that is out of date',
      (tip: string): RefCommand => ({ name: 'refs/heads/main', oldId: 'a'.repeat(40), newId: tip }),
      'incorrect old value provided',
    ],
    ['a ref that exists', (tip: string) => create('refs/heads/main', tip), 'reference already exists'],
    ['a ref below another', (tip: string) => create('refs/heads/main/sub', tip), 'refname conflict'],
    ['a ref above another', (tip: string) => create('refs/heads', tip), 'funny refname'],
    [
      'the deletion of the default branch',
      (tip: string): RefCommand => ({ name: 'refs/heads/main', oldId: tip, newId: ZERO }),
      'deletion of the current branch prohibited',
    ],
    ['a hidden ref', (tip: string) => create('refs/pull/1/head', tip), 'deny updating a hidden ref'],
    ['an object that does not exist', () => create('refs/heads/x', 'b'.repeat(40)), 'missing necessary objects'],
  ])('refuses %s', async (_, command, reason) => {
    const tip = commit('a.txt', 'a\n');
    await push(packOf([tip]), [create('refs/heads/main', tip)]);
    const made = command(tip);
    const outcome = await push(undefined, [made]);
    expect(outcome.refs).toEqual([{ kind: 'rejected', name: made.name, reason }]);
    expect((await engine.snapshot(repositoryId)).refs.refs.map((ref) => ref.name)).toEqual(['refs/heads/main']);
  });

  it('takes packs whole up to the first that holds what a forced push left behind', async () => {
    const base = commit('a.txt', 'a\n'.repeat(50));
    const first = packOf([base]);
    await push(first, [create('refs/heads/main', base)]);
    const lost = commit('secret.txt', 'secret\n');
    await push(packOf([lost, `^${base}`]), [{ name: 'refs/heads/main', oldId: base, newId: lost }]);
    git('reset', '-q', '--hard', base);
    const side = commit('b.txt', 'b\n');
    // Takes back what another did: its tree is in the first pack.
    const tip = commit('c.txt', 'c\n');
    git('rm', '-q', 'b.txt', 'c.txt');
    git('commit', '-q', '-m', 'back');
    const back = git('rev-parse', 'HEAD');
    git('tag', '-a', '-m', 'one', 'one', side);
    const tag = git('rev-parse', 'one');
    const thin = packOf([back, tag, `^${base}`], '--thin', '--delta-base-offset');
    await push(thin, [
      { name: 'refs/heads/main', oldId: lost, newId: back },
      create('refs/heads/tip', tip),
      create('refs/tags/one', tag),
    ]);
    const pack = await fetch([back]);
    expect(pack.includes(first.subarray(12, -20))).toBe(true);
    expect(idsOf(pack)).toEqual(idsIn(back, tag));
    expect(idsOf(pack)).not.toContain(lost);
  });

  it('reads no tree to find out that no ref reaches a commit or tag', async () => {
    const base = commit('a.txt', 'a\n');
    const moved = commit('b.txt', 'b\n');
    git('tag', '-a', '-m', 'gone', 'gone', moved);
    const tag = git('rev-parse', 'gone');
    await push(packOf([tag]), [create('refs/heads/main', moved), create('refs/tags/gone', tag)]);
    await push(undefined, [
      { name: 'refs/heads/main', oldId: moved, newId: base },
      { name: 'refs/tags/gone', oldId: tag, newId: ZERO },
    ]);
    const { signal } = new AbortController();
    const snapshot = await engine.snapshot(repositoryId);
    const reads = vi.spyOn(PackedObjectStore.prototype, 'readMany');
    expect(await snapshot.reachableMany([moved, tag, base], snapshot.refs.refs, { signal })).toEqual([
      false,
      false,
      true,
    ]);
    expect(reads).not.toHaveBeenCalled();
    const blob = git('rev-parse', `${moved}:b.txt`);
    expect(await snapshot.reachableMany([blob], snapshot.refs.refs, { signal })).toEqual([false]);
    expect(reads).toHaveBeenCalled();
    reads.mockRestore();
  });

  it('takes all or none of an atomic push', async () => {
    const tip = commit('a.txt', 'a\n');
    const outcome = await push(packOf([tip]), [create('refs/heads/main', tip), create('refs/pull/1/head', tip)], true);
    expect(outcome.refs).toEqual([
      { kind: 'rejected', name: 'refs/heads/main', reason: 'atomic push failure' },
      { kind: 'rejected', name: 'refs/pull/1/head', reason: 'deny updating a hidden ref' },
    ]);
    expect(await db.sql`select id from pack`).toHaveLength(await countLive());
  });

  it('refuses two commands of one push that cannot both hold', async () => {
    const tip = commit('a.txt', 'a\n');
    const outcome = await push(packOf([tip]), [create('refs/heads/a', tip), create('refs/heads/a/b', tip)]);
    expect(outcome.refs.map((ref) => ref.kind)).toEqual(['ok', 'rejected']);
  });

  it('refuses a pack whose objects refer to nothing', async () => {
    const first = commit('a.txt', 'a\n');
    const second = commit('b.txt', 'b\n');
    const outcome = await push(packOf([second, `^${first}`]), [create('refs/heads/main', second)]);
    expect(outcome.refs).toEqual([{ kind: 'rejected', name: 'refs/heads/main', reason: 'missing necessary objects' }]);
    expect(await storedPacks()).toHaveLength(0);
  });

  it('takes a thin pack of more than one part, and stores it whole', async () => {
    const noise = pseudoRandom(3 * 1024 * 1024, 1);
    const first = commitBytes('noise.bin', noise);
    await push(packOf([first]), [create('refs/heads/main', first)]);
    for (let number = 0; number < 8; number++)
      commitBytes(`noise${number}.bin`, pseudoRandom(3 * 1024 * 1024, number + 2));
    const changed = Buffer.from(noise);
    changed.write('changed', 1000);
    const second = commitBytes('noise.bin', changed);
    const thin = packOf([second, `^${first}`], '--thin', '--delta-base-offset');
    expect(thin.length).toBeGreaterThan(16 * 1024 * 1024);
    const outcome = await push(thin, [{ name: 'refs/heads/main', oldId: first, newId: second }]);
    expect(outcome.refs[0]?.kind).toBe('ok');
    expect(idsOf(await fetch([second]))).toEqual(idsIn(second));
    for (const pack of await storedPacks()) idsOf(pack, 'partial');
  });

  it('leaves nothing behind when the sender stops in the middle', async () => {
    const tip = commitBytes('noise.bin', pseudoRandom(20 * 1024 * 1024, 7));
    const pack = packOf([tip]);
    const outcome = await push(pack.subarray(0, pack.length - 100_000), [create('refs/heads/main', tip)]);
    expect(outcome.unpackError).toMatch(/ends early/);
    expect(await storedPacks()).toHaveLength(0);
    expect(await db.sql`select id from pack where state = 'pending'`).toHaveLength(0);
  });

  it('sweeps what a dead writer left', async () => {
    const tip = commit('a.txt', 'a\n');
    await push(packOf([tip]), [create('refs/heads/main', tip)]);
    await db.sql`
      insert into pack (id, state, source, lease_until)
      values ('01900000-0000-7000-8000-000000000001', 'pending', 'receive', now() - interval '1 second')`;
    expect(await sweepPacks(db, blobs)).toBe(1);
    expect(idsOf(await fetch([tip]))).toEqual(idsIn(tip));
  });

  async function storedPacks(): Promise<Uint8Array[]> {
    const rows = await db.sql<{ id: string; size_bytes: number }[]>`
      select id, size_bytes from pack join repository_pack on pack_id = id where repository_id = ${repositoryId}`;
    return Promise.all(
      rows.map((row) => blobs.read(`r/${row.id.slice(-2)}/${row.id}/pack`, { offset: 0, lengthBytes: row.size_bytes })),
    );
  }

  async function countLive(): Promise<number> {
    return (await db.sql`select id from pack where state = 'live'`).length;
  }

  function commitBytes(file: string, bytes: Uint8Array): string {
    writeFileSync(path.join(folder, file), bytes);
    git('add', '-A');
    git('commit', '-q', '-m', `Write ${file}`);
    return git('rev-parse', 'HEAD');
  }
});

async function* chunks(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  for (let start = 0; start < bytes.length; start += 65_536) yield bytes.subarray(start, start + 65_536);
}

/** Bytes that do not compress, the same in every run. */
function pseudoRandom(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}
