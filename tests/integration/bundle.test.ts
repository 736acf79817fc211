/** Bundles of repositories: made by the job, offered to who may fetch, downloaded from an address that holds for a while. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { maintainBundles } from '#repository/bundle/bundle-maker.ts';
import type { BundleOffer } from '#repository/bundle/bundle-offers.ts';
import type { RepositoryRecord } from '#repository/repository-record.ts';
import { bundleKey } from '#storage/storage-key.ts';
import { hasDatabase } from '../support/database.ts';
import { GitForge } from '../support/git-forge.ts';

const NEVER = new AbortController().signal;

describe.skipIf(!hasDatabase)('a bundle', () => {
  let forge: GitForge;
  let counter = 0;

  beforeAll(async () => {
    forge = await GitForge.start();
  });

  afterAll(() => forge?.close());

  async function git(cwd: string, ...args: string[]): Promise<string> {
    const run = await forge.git(cwd, args);
    if (run.status !== 0) throw new Error(`git ${args.join(' ')}: ${run.stderr}`);
    return run.stdout.trim();
  }

  /** A repository with a branch, a side branch and a tag, and its working copy. */
  async function publish(options: { objectFormat?: 'sha1' | 'sha256' } = {}) {
    const name = `bundled-${counter++}`;
    const { id } = await forge.createRepository(name, { visibility: 'private', ...options });
    const copy = path.join(forge.folder, name);
    mkdirSync(copy);
    await git(copy, 'init', '-q', '-b', 'main', `--object-format=${options.objectFormat ?? 'sha1'}`);
    await commit(copy, 'hello\n');
    await git(copy, 'tag', '-a', '-m', 'One', 'v1');
    await git(copy, 'branch', 'side');
    await git(copy, 'push', '-q', forge.url(name, 'ada'), 'main', 'side', 'v1');
    return { id, name, copy };
  }

  async function commit(copy: string, text: string): Promise<void> {
    writeFileSync(path.join(copy, 'README'), text);
    await git(copy, 'add', '-A');
    await git(copy, 'commit', '-q', '-m', 'Say something');
  }

  function maintain(): Promise<void> {
    return maintainBundles({ db: forge.accounts.database, blobs: forge.blobs, engine: forge.engine }, NEVER, 1);
  }

  async function offerOf(id: number): Promise<BundleOffer | undefined> {
    const repository = (await forge.accounts.catalog.findById(id, forge.owner)) as RepositoryRecord;
    return forge.services.bundles.find(repository, await forge.engine.snapshot(id), NEVER);
  }

  async function requireOffer(id: number): Promise<BundleOffer> {
    const offer = await offerOf(id);
    if (offer === undefined) throw new Error('nothing is offered');
    return offer;
  }

  it.each(['sha1', 'sha256'] as const)(
    'of a %s repository is what git takes for one, with all branches and tags',
    async (objectFormat) => {
      const { id, copy, name } = await publish({ objectFormat });
      expect(await offerOf(id)).toBeUndefined();
      await maintain();
      const { url } = await requireOffer(id);
      const answer = await fetch(url);
      expect(answer.status).toBe(200);
      const file = path.join(forge.folder, `${name}.bundle`);
      writeFileSync(file, Buffer.from(await answer.arrayBuffer()));
      expect(await git(copy, 'bundle', 'verify', '-q', file)).toBe('');
      const lines = (text: string) => text.split('\n').sort();
      expect(lines(await git(forge.folder, 'bundle', 'list-heads', file))).toEqual(
        lines(await git(copy, 'for-each-ref', '--format=%(objectname) %(refname)', 'refs/heads', 'refs/tags')),
      );
      const clone = path.join(forge.folder, `${name}-clone`);
      await git(forge.folder, 'clone', '-q', '-b', 'main', file, clone);
      await git(clone, 'fsck', '--full', '--strict');
    },
  );

  it('is offered to clients that ask, and saves them what it holds', async () => {
    const { id, name, copy } = await publish();
    await maintain();
    const { url } = await requireOffer(id);
    await commit(copy, 'newer\n');
    await git(copy, 'push', '-q', forge.url(name, 'ada'), 'main');
    const answer = await fetch(`http://localhost:${forge.port}/ada/${name}.git/git-upload-pack`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/x-git-upload-pack-request',
        'Git-Protocol': 'version=2',
        Authorization: forge.authorization,
      },
      body: '0017command=bundle-uri\n0000',
    });
    expect(await answer.text()).toMatch(
      /^0014bundle\.version=10013bundle\.mode=all0022bundle\.heuristic=creationToken[0-9a-f]{4}bundle\.[0-9a-f-]+\.uri=http.*[0-9a-f]{4}bundle\.[0-9a-f-]+\.creationtoken=[0-9]+0000$/,
    );
    const clone = path.join(forge.folder, `${name}-by-bundle`);
    const run = await forge.git(forge.folder, ['clone', `--bundle-uri=${url}`, forge.url(name, 'ada'), clone]);
    expect(run).toMatchObject({ status: 0 });
    expect(run.stderr).not.toContain('warning');
    expect(await git(clone, 'rev-parse', 'HEAD')).toBe(await git(copy, 'rev-parse', 'HEAD'));
    // What the bundle brought stays under names of its own, and is not fetched again.
    expect(await git(clone, 'for-each-ref', '--format=%(refname)', 'refs/bundles')).toBe(
      'refs/bundles/main\nrefs/bundles/side',
    );
    await git(clone, 'fsck', '--full');
  });

  it('is not made twice for the same repository, but anew once it has grown', async () => {
    const { id, name, copy } = await publish();
    await maintain();
    const first = await requireOffer(id);
    await maintain();
    expect((await requireOffer(id)).id).toBe(first.id);
    await commit(
      copy,
      'x'.repeat(10_000).replace(/x/g, () => String(Math.random())),
    );
    await git(copy, 'push', '-q', forge.url(name, 'ada'), 'main');
    await maintain();
    expect((await requireOffer(id)).id).not.toBe(first.id);
    expect((await fetch(first.url)).status, 'who has begun with the old one goes on').toBe(200);
  });

  it('that holds what a deleted branch alone had is offered no more', async () => {
    const { id, name, copy } = await publish();
    await git(copy, 'checkout', '-q', 'side');
    await commit(copy, 'a secret\n');
    await git(copy, 'push', '-q', forge.url(name, 'ada'), 'side');
    await maintain();
    const { id: first } = await requireOffer(id);
    await git(copy, 'push', '-q', forge.url(name, 'ada'), ':side');
    expect(await offerOf(id)).toBeUndefined();
    await maintain();
    expect((await requireOffer(id)).id).not.toBe(first);
  });

  it('stays good for a branch that went on', async () => {
    const { id, name, copy } = await publish();
    await maintain();
    const { id: first } = await requireOffer(id);
    await commit(copy, 'more\n');
    await git(copy, 'push', '-q', forge.url(name, 'ada'), 'main');
    expect((await requireOffer(id)).id).toBe(first);
  });

  it('is downloaded in parts, and only from the very address that was given', async () => {
    const { id } = await publish();
    await maintain();
    const { url } = await requireOffer(id);
    const whole = Buffer.from(await (await fetch(url)).arrayBuffer());
    const part = await fetch(url, { headers: { Range: 'bytes=10-' } });
    expect([part.status, part.headers.get('content-range')]).toEqual([
      206,
      `bytes 10-${whole.length - 1}/${whole.length}`,
    ]);
    expect(Buffer.from(await part.arrayBuffer()).equals(whole.subarray(10))).toBe(true);
    expect((await fetch(url, { headers: { Range: `bytes=${whole.length}-` } })).status).toBe(416);
    expect((await fetch(url, { method: 'POST' })).status).toBe(405);
    const others = [
      (address: URL) => address.searchParams.set('expires', String(Number(address.searchParams.get('expires')) + 1)),
      (address: URL) => address.searchParams.set('expires', '1'),
      (address: URL) => address.searchParams.delete('token'),
      (address: URL) => address.searchParams.set('expires', `${address.searchParams.get('expires')}.0`),
      (address: URL) => address.searchParams.append('more', '1'),
      (address: URL) => (address.search += '?'),
      (address: URL) => (address.pathname = address.pathname.replace('/bundle/', '/pack/')),
      (address: URL) => (address.pathname = address.pathname.replace(/.{4}$/, '0000')),
    ];
    for (const change of others) {
      const address = new URL(url);
      change(address);
      expect((await fetch(address)).status, address.href).toBe(404);
    }
  });

  it('goes with its repository', async () => {
    const { id } = await publish();
    await maintain();
    const { id: bundleId } = await requireOffer(id);
    expect(await forge.blobs.size(bundleKey(bundleId))).toBeGreaterThan(0);
    await forge.accounts.catalog.delete(id);
    await maintain();
    expect(await forge.blobs.size(bundleKey(bundleId))).toBeUndefined();
  });
});
