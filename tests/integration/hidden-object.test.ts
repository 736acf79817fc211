/**
 * Objects of a repository that its visitor may read, and that only a hidden ref or a deleted branch leads to: whoever has their ids
 * gets the answer that an id gets which is nobody's. One row for each way in which an object can be asked for.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DELIM, encodePktLine, FLUSH, type OutgoingPkt } from '#git/pkt-line/encode.ts';
import { makeDelta, objectId, PackMaker, TYPE, treeEntry } from '../fixtures/pack-maker.ts';
import { ScratchRepository } from '../fixtures/scratch-repository.ts';
import { hasDatabase } from '../support/database.ts';
import { request } from '../support/raw-http.ts';
import { RestForge } from '../support/rest-forge.ts';

const ZERO = '0'.repeat(40);
/** Nobody's, and of the length of an id. */
const UNKNOWN = '1234567890'.repeat(4);
const REPOSITORY = '/ada/opened';
const API = '/api/v3/repos/ada/opened';

interface Ids {
  readonly commit: string;
  readonly tree: string;
  readonly blob: string;
  readonly tag: string;
}

interface Question {
  readonly method: string;
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

const post = (
  service: string,
  pkts: readonly OutgoingPkt[],
  version = 0,
  pack: Uint8Array = Buffer.alloc(0),
): Question => ({
  method: 'POST',
  target: `${REPOSITORY}.git/git-${service}`,
  headers: { 'content-type': `application/x-git-${service}-request`, 'git-protocol': `version=${version}` },
  body: Buffer.concat([...pkts.map(encodePktLine), pack]),
});
const v2 = (...lines: string[]) => post('upload-pack', ['command=fetch', DELIM, ...lines, FLUSH], 2);
const get = (target: string): Question => ({ method: 'GET', target });

describe.skipIf(!hasDatabase)('an object that no visible ref leads to', () => {
  let forge: RestForge;
  let scratch: ScratchRepository;
  let token: string;
  let main: string;
  const hidden: Ids[] = [];

  beforeAll(async () => {
    forge = await RestForge.start();
    token = await forge.createUser('ada', ['repo']);
    await forge.call('POST /user/repos', { token, body: { name: 'opened' } });
    scratch = new ScratchRepository();
    main = commitFile('open.txt', 'open to all\n');
    scratch.git(['update-ref', 'refs/heads/main', main]);
    for (const name of ['hidden', 'deleted']) {
      const commit = commitFile('secret.txt', `the secret that was ${name}\n`, main);
      scratch.git(['tag', '-a', '-m', name, `tag-${name}`, commit]);
      const id = (revision: string) => scratch.line(['rev-parse', revision]);
      hidden.push({ commit, tree: id(`${commit}^{tree}`), blob: id(`${commit}:secret.txt`), tag: id(`tag-${name}`) });
    }
    const [byRef, byDeletion] = hidden as [Ids, Ids];
    const url = `${forge.origin.replace('//', `//x-access-token:${token}@`)}${REPOSITORY}.git`;
    const push = async (...refspecs: string[]) => {
      const { status, stderr } = await forge.git(scratch.directory, ['push', '-q', url, ...refspecs]);
      if (status !== 0) throw new Error(stderr);
    };
    await push(`${main}:refs/heads/main`);
    await push(`${byRef.commit}:refs/secret/branch`, `${byRef.tag}:refs/secret/tag`);
    await push(`${byDeletion.commit}:refs/heads/gone`, `${byDeletion.tag}:refs/tags/gone`);
    await push(':refs/heads/gone', ':refs/tags/gone');
    const body = { 'transfer.hideRefs': ['refs/secret'] };
    const changed = await forge.call('PATCH /repos/ada/opened/git-settings', { token, body });
    if (changed.status !== 200) throw new Error(JSON.stringify(changed.body));
  });

  afterAll(async () => {
    scratch?.[Symbol.dispose]();
    await forge?.close();
  });

  function commitFile(name: string, text: string, ...parents: string[]): string {
    const blob = scratch.line(['hash-object', '-w', '--stdin'], { input: text });
    const tree = scratch.line(['mktree'], { input: `100644 blob ${blob}\t${name}\n` });
    return scratch.line(['commit-tree', '-m', text, ...parents.flatMap((id) => ['-p', id]), tree]);
  }

  /** The answer, without what is different in each. */
  async function ask({ method, target, headers, body }: Question, id: string) {
    const all = { ...headers, authorization: `token ${token}`, accept: '*/*' };
    const answer = await request(forge.port, method, target, { headers: all, ...(body && { body }) });
    let text = answer.body.toString('latin1').replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'REQUEST');
    for (const length of [40, 12, 10, 7]) text = text.replaceAll(id.slice(0, length), 'ID');
    return { status: answer.status, text };
  }

  /** A push of a commit of one's own that names an object. */
  function ownPush(mode: string, id: string, extra: (maker: PackMaker) => void = () => {}): Question {
    const tree = treeEntry(mode, 'stolen', id);
    const who = 'Ada <ada@example.com> 1700000000 +0000';
    const commit = `tree ${objectId('tree', tree)}\nparent ${main}\nauthor ${who}\ncommitter ${who}\n\nSteal\n`;
    const maker = new PackMaker();
    maker.add(TYPE.tree, tree);
    maker.add(TYPE.commit, commit);
    extra(maker);
    const line = `${ZERO} ${objectId('commit', commit)} refs/heads/stolen\0report-status`;
    return post('receive-pack', [line, FLUSH], 0, maker.build());
  }

  const WAYS: readonly [name: string, make: (id: string) => Question, kinds?: readonly (keyof Ids)[]][] = [
    ['want in version 2', (id) => v2(`want ${id}`, 'done')],
    ['want beside one that is allowed', (id) => v2(`want ${main}`, `want ${id}`, 'done')],
    ['want in version 0', (id) => post('upload-pack', [`want ${id} side-band-64k ofs-delta`, FLUSH, 'done'])],
    ['want of a shallow clone', (id) => v2(`want ${id}`, 'deepen 1', 'done')],
    ['have in version 2', (id) => v2('wait-for-done', `have ${id}`)],
    ['have in version 0', (id) => post('upload-pack', [`want ${main} multi_ack_detailed`, FLUSH, `have ${id}`, FLUSH])],
    ['shallow line', (id) => v2(`want ${main}`, `shallow ${id}`, 'deepen 1', 'done')],
    ['object-info', (id) => post('upload-pack', ['command=object-info', DELIM, 'size', `oid ${id}`, FLUSH], 2)],
    ['filter by patterns', (id) => v2(`want ${main}`, `filter sparse:oid=${id}`, 'done')],
    ['packfile-uris', (id) => v2(`want ${id}`, 'packfile-uris http,https', 'done')],
    ['archive of git', (id) => post('upload-archive', ['argument --format=tar', `argument ${id}`, FLUSH])],
    ['archive of a tree below', (id) => post('upload-archive', [`argument ${id}:`, FLUSH])],
    ['archive by a short id', (id) => post('upload-archive', [`argument ${id.slice(0, 12)}`, FLUSH])],
    ['archive to download', (id) => get(`${REPOSITORY}/archive/${id}.tar.gz`)],
    ['raw file', (id) => get(`${REPOSITORY}/raw/${id}/secret.txt`)],
    ['commit by REST', (id) => get(`${API}/commits/${id}`)],
    ['commit by its short id', (id) => get(`${API}/commits/${id.slice(0, 10)}`)],
    ['commits from it', (id) => get(`${API}/commits?sha=${id}`)],
    ['git commit by REST', (id) => get(`${API}/git/commits/${id}`)],
    ['git tree by REST', (id) => get(`${API}/git/trees/${id}`)],
    ['git blob by REST', (id) => get(`${API}/git/blobs/${id}`)],
    ['git tag by REST', (id) => get(`${API}/git/tags/${id}`)],
    ['contents at it', (id) => get(`${API}/contents/secret.txt?ref=${id}`)],
    ['comparison', (id) => get(`${API}/compare/main...${id}`)],
    ['archive by REST', (id) => get(`${API}/tarball/${id}`)],
    [
      'push that names it',
      (id) => post('receive-pack', [`${ZERO} ${id} refs/tags/x\0report-status`, FLUSH], 0, new PackMaker().build()),
    ],
    ['deletion that expects it', (id) => post('receive-pack', [`${id} ${ZERO} refs/heads/none\0report-status`, FLUSH])],
    ['own commit with its tree', (id) => ownPush('40000', id), ['tree']],
    ['own commit with it as a file', (id) => ownPush('100644', id)],
    [
      'own commit, and a delta on it',
      (id) =>
        ownPush('100644', id, (maker) =>
          maker.addRefDelta(id, makeDelta(27, [{ copy: 0, size: 27 }, { insert: '!' }])),
        ),
    ],
  ];

  it.each(WAYS)('is not there: %s', async (_, make, kinds = ['commit', 'tree', 'blob', 'tag']) => {
    const unknown = await ask(make(UNKNOWN), UNKNOWN);
    for (const ids of hidden) {
      for (const kind of kinds) expect(await ask(make(ids[kind]), ids[kind]), kind).toEqual(unknown);
    }
  });

  it.each<[name: string, make: (ref: string) => Question]>([
    ['want-ref', (ref) => v2(`want-ref ${ref}`, 'done')],
    ['deepen-not', (ref) => v2(`want ${main}`, `deepen-not ${ref}`, 'done')],
    ['archive', (ref) => post('upload-archive', [`argument ${ref}`, FLUSH])],
    ['archive of its tree', (ref) => post('upload-archive', [`argument ${ref}:secret.txt`, FLUSH])],
    ['archive to download', (ref) => get(`${REPOSITORY}/archive/${ref}.tar`)],
    ['raw file', (ref) => get(`${REPOSITORY}/raw/${ref}/secret.txt`)],
    ['ls-refs', (ref) => post('upload-pack', ['command=ls-refs', DELIM, `ref-prefix ${ref}`, FLUSH], 2)],
    ['ref by REST', (ref) => get(`${API}/git/ref/${ref.replace('refs/', '')}`)],
    ['matching refs by REST', (ref) => get(`${API}/git/matching-refs/${ref.replace('refs/', '')}`)],
    ['commit by REST', (ref) => get(`${API}/commits/${encodeURIComponent(ref)}`)],
    ['contents by REST', (ref) => get(`${API}/contents/secret.txt?ref=${encodeURIComponent(ref)}`)],
    ['comparison', (ref) => get(`${API}/compare/main...${encodeURIComponent(ref)}`)],
  ])('of a hidden ref is not there by its name: %s', async (_, make) => {
    const unknown = await ask(make('refs/secret/nobody'), 'refs/secret/nobody');
    expect((await ask(make('refs/secret/branch'), 'refs/secret/branch')).status).toBe(unknown.status);
    const answer = await ask(make('refs/secret/branch'), 'refs/secret/branch');
    expect(answer.text.replaceAll('secret/branch', 'secret/nobody')).toEqual(unknown.text);
  });

  it('is in no clone, with all tags and in any form', async () => {
    const url = `${forge.origin}${REPOSITORY}.git`;
    for (const [index, options] of [
      ['--mirror'],
      ['--bare', '--filter=blob:none'],
      ['--bare', '--depth=1'],
    ].entries()) {
      const folder = mkdtempSync(path.join(scratch.directory, `clone-${index}-`));
      expect(await forge.git(folder, ['clone', '-q', ...options, url, 'x'])).toMatchObject({ status: 0 });
      writeFileSync(path.join(folder, 'ids'), '');
      const { stdout } = await forge.git(path.join(folder, 'x'), ['cat-file', '--batch-all-objects', '--batch-check']);
      for (const { commit, tree, blob, tag } of hidden) {
        for (const id of [commit, tree, blob, tag]) expect(stdout).not.toContain(id);
      }
    }
    for (const service of ['git-upload-pack', 'git-receive-pack']) {
      const { text } = await ask(get(`${REPOSITORY}.git/info/refs?service=${service}`), 'none');
      expect(text).not.toMatch(/\.have|refs\/secret/);
    }
  });
});
