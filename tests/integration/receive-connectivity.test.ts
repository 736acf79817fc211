/** What a push may build on: docs/decisions/006. */
import { mkdtempSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodePktLine, FLUSH } from '#git/pkt-line/encode.ts';
import { lineText, splitPktLines } from '#git/pkt-line/pkt-line-reader.ts';
import type { StoredGitSettings } from '#repository/git-settings.ts';
import { makeDelta, objectId, PackMaker, TYPE, treeEntry } from '../fixtures/pack-maker.ts';
import { ScratchRepository } from '../fixtures/scratch-repository.ts';
import { hasDatabase } from '../support/database.ts';
import { GitForge } from '../support/git-forge.ts';
import { request } from '../support/raw-http.ts';

const ZERO = '0'.repeat(40);
const MISSING = 'missing necessary objects';

describe.skipIf(!hasDatabase)('what a push builds on', () => {
  let forge: GitForge;
  let scratch: ScratchRepository;
  let name: string;
  let number = 0;

  beforeAll(async () => {
    forge = await GitForge.start();
    scratch = new ScratchRepository();
  });

  afterAll(async () => {
    scratch?.[Symbol.dispose]();
    await forge?.close();
  });

  /** A repository with a commit on main. */
  async function begin(settings: StoredGitSettings = {}): Promise<string> {
    name = `repository-${++number}`;
    const { id } = await forge.createRepository(name);
    await forge.accounts.database.sql`
      update repository set git_settings = ${JSON.stringify(settings)}::text::jsonb where id = ${id}`;
    const main = commit({ 'folder/a.txt': 'a\n', 'b.txt': 'b\n' });
    expect(await send([[ZERO, main, 'refs/heads/main']], packOf([main]))).toEqual(['ok']);
    return main;
  }

  function commit(files: Record<string, string>, ...parents: string[]): string {
    const index = { GIT_INDEX_FILE: path.join(mkdtempSync(path.join(forge.folder, 'index-')), 'index') };
    for (const [file, text] of Object.entries(files)) {
      const blob = scratch.line(['hash-object', '-w', '--stdin'], { input: text });
      scratch.git(['update-index', '--add', '--cacheinfo', `100644,${blob},${file}`], { env: index });
    }
    const tree = scratch.line(['write-tree'], { env: index });
    return scratch.line(['commit-tree', '-m', `Commit ${++number}`, ...parents.flatMap((id) => ['-p', id]), tree]);
  }

  function id(revision: string): string {
    return scratch.line(['rev-parse', revision]);
  }

  function packOf(revisions: readonly string[]): Buffer {
    return scratch.git(['pack-objects', '--revs', '--stdout', '-q'], { input: `${revisions.join('\n')}\n` });
  }

  function packOfObjects(ids: readonly string[]): Buffer {
    return scratch.git(['pack-objects', '--stdout', '-q'], { input: ids.map((line) => `${line}\n`).join('') });
  }

  /** @returns `ok` or the reason, of each command; what `unpack` says when it is not ok */
  async function send(
    commands: readonly (readonly [string, string, string])[],
    pack: Uint8Array = packOfObjects([]),
    shallow: readonly string[] = [],
  ): Promise<string[]> {
    const lines = [
      ...shallow.map((shallowId) => `shallow ${shallowId}`),
      ...commands.map((command, index) => `${command.join(' ')}${index === 0 ? '\0report-status' : ''}`),
    ];
    const answer = await request(forge.port, 'POST', `/ada/${name}.git/git-receive-pack`, {
      headers: { authorization: forge.authorization, 'content-type': 'application/x-git-receive-pack-request' },
      body: Buffer.concat([...lines.map((line) => encodePktLine(line)), encodePktLine(FLUSH), pack]),
    });
    const [unpack = '', ...report] = [...splitPktLines(answer.body)].flatMap((pkt) =>
      pkt.kind === 'data' ? [lineText(pkt.payload)] : [],
    );
    if (unpack !== 'unpack ok') return [unpack];
    return report.map((line) => line.replace(/^ng \S+ |^(ok) .*/, '$1'));
  }

  async function expectSoundClone(revision: string): Promise<void> {
    const folder = mkdtempSync(path.join(forge.folder, 'clone-'));
    expect(await forge.git(folder, ['clone', '-q', '--mirror', forge.url(name), 'x'])).toMatchObject({ status: 0 });
    const clone = path.join(folder, 'x');
    expect(await forge.git(clone, ['fsck', '--full', '--strict'])).toMatchObject({ status: 0 });
    const count = await forge.git(clone, ['rev-list', '--count', revision]);
    expect(count.stdout.trim()).toBe(scratch.line(['rev-list', '--count', revision]));
  }

  it('refuses the refs that miss something, and takes the others', async () => {
    const main = await begin();
    const good = commit({ 'good.txt': 'good\n' }, main);
    const lost = commit({ 'lost.txt': 'lost\n' }, main);
    const broken = commit({ 'lost.txt': 'lost\n', 'more.txt': 'more\n' }, lost);
    const pack = packOfObjects([
      good,
      id(`${good}^{tree}`),
      id(`${good}:good.txt`),
      broken,
      id(`${broken}^{tree}`),
      id(`${broken}:more.txt`),
    ]);
    const commands = [
      [ZERO, good, 'refs/heads/good'],
      [ZERO, broken, 'refs/heads/broken'],
    ] as const;
    expect(await send(commands, pack)).toEqual(['ok', MISSING]);
    await expectSoundClone(good);
    // What was missing comes later, and its child once more: nothing of the refused commit is in the way.
    expect(await send([[ZERO, broken, 'refs/heads/broken']])).toEqual([MISSING]);
    expect(await send([[ZERO, broken, 'refs/heads/broken']], packOf([broken, `^${main}`]))).toEqual(['ok']);
    await expectSoundClone(broken);
  });

  it('keeps no pack that no ref needs', async () => {
    const main = await begin();
    const side = commit({ 'side.txt': 'side\n' }, main);
    expect(await send([[ZERO, side, 'refs/pull/1/head']], packOf([side, `^${main}`]))).toEqual([
      'deny updating a hidden ref',
    ]);
    expect(await send([[ZERO, main, 'refs/heads/copy']], packOf([side, `^${main}`]))).toEqual(['ok']);
    const [row] = await forge.accounts.database.sql<{ count: number }[]>`
      select count(*)::int as count from repository_pack
      where repository_id = (select id from repository where name = ${name})`;
    expect(row).toEqual({ count: 1 });
  });

  it('does not bring deleted history back by its id', async () => {
    const main = await begin();
    const secret = commit({ 'secret.txt': `secret ${number}\n` }, main);
    expect(await send([[ZERO, secret, 'refs/heads/oops']], packOf([secret, `^${main}`]))).toEqual(['ok']);
    expect(await send([[secret, ZERO, 'refs/heads/oops']])).toEqual(['ok']);

    expect(await send([[ZERO, secret, 'refs/heads/again']])).toEqual([MISSING]);
    expect(await send([[ZERO, id(`${secret}:secret.txt`), 'refs/tags/again']])).toEqual([MISSING]);
    const child = commit({ 'b.txt': 'b\n' }, secret);
    expect(await send([[ZERO, child, 'refs/heads/child']], packOfObjects([child, id(`${child}^{tree}`)]))).toEqual([
      MISSING,
    ]);
    const thief = scratch.line(['commit-tree', '-m', 'Thief', '-p', main, `${secret}^{tree}`]);
    expect(await send([[ZERO, thief, 'refs/heads/thief']], packOfObjects([thief]))).toEqual([MISSING]);
    // Whoever has it may push it.
    expect(await send([[ZERO, secret, 'refs/heads/again']], packOf([secret, `^${main}`]))).toEqual(['ok']);
  });

  it('lets no thin pack bring back what was deleted', async () => {
    const main = await begin();
    const text = `secret ${number}\n`;
    const secret = commit({ 'secret.txt': text }, main);
    const blob = id(`${secret}:secret.txt`);
    const thief = commit({ 'secret.txt': text }, main);
    /** The commit and its tree, which names the blob, and a delta that has the blob come along as what it stands on. */
    const thinPack = (baseId: string) => {
      const maker = new PackMaker();
      maker.add(TYPE.commit, scratch.git(['cat-file', 'commit', thief]));
      maker.add(TYPE.tree, scratch.git(['cat-file', 'tree', `${thief}^{tree}`]));
      maker.addRefDelta(baseId, makeDelta(text.length, [{ copy: 0, size: text.length }, { insert: '!' }]));
      return maker.build();
    };
    expect(await send([[ZERO, secret, 'refs/heads/oops']], packOf([secret, `^${main}`]))).toEqual(['ok']);
    expect(await send([[ZERO, thief, 'refs/heads/copy']], thinPack(blob))).toEqual(['ok']);
    const both = [
      [secret, ZERO, 'refs/heads/oops'],
      [thief, ZERO, 'refs/heads/copy'],
    ] as const;
    expect(await send(both)).toEqual(['ok', 'ok']);
    const ofHidden = await send([[ZERO, thief, 'refs/heads/thief']], thinPack(blob));
    expect(ofHidden).toEqual(await send([[ZERO, thief, 'refs/heads/thief']], thinPack('12'.repeat(20))));
    expect(ofHidden).toEqual(['unpack pack has 1 unresolved deltas']);
  });

  it('tells nothing of what is hidden', async () => {
    const main = await begin({ 'receive.denyNonFastForwards': true });
    const secret = commit({ '.gitmodules': '[submodule "../x"]\n\tpath = x\n', 'a.txt': `${number}\n` }, main);
    const [hiddenTree, hiddenBlob] = [id(`${secret}^{tree}`), id(`${secret}:.gitmodules`)];
    const commands = [[ZERO, secret, 'refs/heads/oops']] as const;
    await forge.accounts.database.sql`
      update repository set git_settings = '{"receive.fsckObjects":false}'::jsonb where name = ${name}`;
    expect(await send(commands, packOf([secret, `^${main}`]))).toEqual(['ok']);
    expect(await send([[secret, ZERO, 'refs/heads/oops']])).toEqual(['ok']);
    await forge.accounts.database.sql`
      update repository set git_settings = '{"receive.denyNonFastForwards":true}'::jsonb where name = ${name}`;
    const answersFor = async (commitId: string, treeId: string, blobId: string) => {
      const tree = Buffer.concat([treeEntry('100644', '.gitmodules', blobId), treeEntry('100644', 'x', treeId)]);
      const maker = new PackMaker();
      const who = 'A <a@example.com> 1700000000 +0000';
      const body = `tree ${objectId('tree', tree)}\nparent ${main}\nauthor ${who}\ncommitter ${who}\n\nAsk\n`;
      maker.add(TYPE.tree, tree);
      maker.add(TYPE.commit, body);
      return [
        await send([[ZERO, objectId('commit', body), 'refs/heads/ask']], maker.build()),
        await send([[commitId, ZERO, 'refs/heads/none']]),
        await send([[commitId, main, 'refs/heads/main']]),
      ];
    };
    const ofHidden = await answersFor(secret, hiddenTree, hiddenBlob);
    expect(ofHidden).toEqual(await answersFor('12'.repeat(20), '34'.repeat(20), '56'.repeat(20)));
    expect(ofHidden).toEqual([[MISSING], ['ok'], ['bad ref']]);
  });

  it('does not show what a hidden ref reaches', async () => {
    const main = await begin({ 'uploadpack.hideRefs': ['refs/secret'] });
    const secret = commit({ 'secret.txt': `hidden ${number}\n` }, main);
    expect(await send([[ZERO, secret, 'refs/secret/x']], packOf([secret, `^${main}`]))).toEqual(['ok']);
    // Shown to those who push.
    expect(await send([[ZERO, secret, 'refs/heads/copy']])).toEqual(['ok']);
    expect(await send([[secret, ZERO, 'refs/heads/copy']])).toEqual(['ok']);
    await forge.accounts.database.sql`
      update repository set git_settings = ${'{"transfer.hideRefs":["refs/secret"]}'}::text::jsonb where name = ${name}`;
    expect(await send([[ZERO, secret, 'refs/heads/copy']])).toEqual([MISSING]);
  });

  it('finds what is reachable in packs that also have what is not', async () => {
    const main = await begin();
    const kept = commit({ 'folder/a.txt': 'a\n', 'folder/kept.txt': 'kept\n', 'b.txt': 'b\n' }, main);
    const squashed = commit({ 'folder/other.txt': 'other\n' }, kept);
    const both = packOf([kept, squashed, `^${main}`]);
    const commands = [
      [main, kept, 'refs/heads/main'],
      [ZERO, squashed, 'refs/heads/branch'],
      [ZERO, scratch.line(['rev-parse', `${kept}:folder`]), 'refs/tags/folder'],
    ] as const;
    expect(await send(commands, both)).toEqual(['ok', 'ok', 'ok']);
    expect(await send([[squashed, ZERO, 'refs/heads/branch']])).toEqual(['ok']);
    expect(await send([[id(`${kept}:folder`), ZERO, 'refs/tags/folder']])).toEqual(['ok']);
    // Unchanged trees and blobs are found in the trees of the history.
    const next = commit({ 'folder/a.txt': 'a\n', 'folder/kept.txt': 'kept\n', 'b.txt': 'changed\n' }, kept);
    const pack = packOfObjects([next, id(`${next}^{tree}`), id(`${next}:b.txt`)]);
    expect(await send([[kept, next, 'refs/heads/main']], pack)).toEqual(['ok']);
    const bad = commit({ 'folder/other.txt': 'other\n', 'b.txt': 'changed\n' }, next);
    expect(await send([[next, bad, 'refs/heads/main']], packOfObjects([bad, id(`${bad}^{tree}`)]))).toEqual([MISSING]);
    await expectSoundClone(next);
  });

  it('takes history on top of a shallow one when it has what lies below', async () => {
    const main = await begin();
    const next = commit({ 'next.txt': 'next\n' }, main);
    expect(await send([[main, next, 'refs/heads/main']], packOf([next, `^${main}`]), [main])).toEqual(['ok']);
    const orphan = commit({ 'orphan.txt': 'orphan\n' }, commit({ 'lost.txt': 'lost\n' }));
    const pack = packOfObjects([orphan, id(`${orphan}^{tree}`), id(`${orphan}:orphan.txt`)]);
    expect(await send([[ZERO, orphan, 'refs/heads/x']], pack, [orphan])).toEqual(['shallow update not allowed']);
    expect(await send([[ZERO, orphan, 'refs/heads/x']], pack)).toEqual([MISSING]);
  });

  it('tells a real shallow clone what to do', async () => {
    await begin();
    const origin = mkdtempSync(path.join(forge.folder, 'origin-'));
    scratch.git(['update-ref', 'refs/heads/deep', commit({ x: 'x\n' }, commit({ y: 'y\n' }))]);
    const clone = ['clone', '-q', '--depth=1', '--branch=deep', `file://${scratch.directory}`, 'shallow'];
    expect(await forge.git(origin, clone)).toMatchObject({ status: 0 });
    const run = await forge.git(path.join(origin, 'shallow'), ['push', forge.url(name, 'ada'), 'deep']);
    expect(run.status).toBe(1);
    expect(run.stderr).toContain('[remote rejected] deep -> deep (shallow update not allowed)');
    expect(run.stderr).toContain('git fetch --unshallow');
  });
});
