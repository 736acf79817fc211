/** What git's own tests of fetches expect of a server, acted out by real clients: t5500, t5537, t5616, t5702 and their like. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DELIM, encodePktLine, FLUSH, type OutgoingPkt } from '#git/pkt-line/encode.ts';
import { lineText, splitPktLines } from '#git/pkt-line/pkt-line-reader.ts';
import { ScratchRepository } from '../fixtures/scratch-repository.ts';
import { hasDatabase } from '../support/database.ts';
import { GitForge } from '../support/git-forge.ts';
import { request } from '../support/raw-http.ts';

const UNKNOWN_ID = '1234567890'.repeat(4);

describe.skipIf(!hasDatabase)('fetches', () => {
  let forge: GitForge;
  let scratch: ScratchRepository;
  let cloneCount = 0;

  beforeAll(async () => {
    forge = await GitForge.start();
    scratch = new ScratchRepository();
    for (const text of ['one', 'two', 'three']) commit(text);
    scratch.git(['checkout', '-q', '-b', 'branch']);
    for (const text of ['four', 'five']) commit(text);
    scratch.git(['checkout', '-q', 'main']);
    scratch.git(['merge', '-q', '--no-ff', '-m', 'merge', 'branch']);
    scratch.git(['tag', '-a', '-m', 'One', 'v1', 'main~1']);
    const patterns = scratch.writeObject('blob', '/one\n');
    const hiddenPatterns = scratch.writeObject('blob', '/two\n');
    scratch.git(['update-ref', 'refs/patterns/shown', patterns]);
    scratch.git(['update-ref', 'refs/hidden/patterns', hiddenPatterns]);
    scratch.git(['update-index', '--add', '--cacheinfo', `100644,${patterns},only-one`]);
    scratch.git(['commit', '-q', '-m', 'patterns']);
    const record = await forge.createRepository('project');
    const pushed = await forge.git(scratch.directory, ['push', '-q', '--mirror', forge.url('project', 'ada')]);
    expect(pushed).toMatchObject({ status: 0 });
    const stored = forge.accounts.database.sql.json({ 'transfer.hideRefs': ['refs/hidden'] });
    await forge.accounts.database.sql`update repository set git_settings = ${stored} where id = ${record.id}`;
  });

  afterAll(async () => {
    scratch?.[Symbol.dispose]();
    await forge?.close();
  });

  function commit(text: string): void {
    const blob = scratch.writeObject('blob', `${text}\n`);
    scratch.git(['update-index', '--add', '--cacheinfo', `100644,${blob},${text}`]);
    scratch.git(['commit', '-q', '-m', text]);
  }

  async function git(cwd: string, ...args: string[]): Promise<string> {
    const run = await forge.git(cwd, args);
    expect(run).toMatchObject({ status: 0 });
    return run.stdout.trim();
  }

  /** @returns the new clone's name, which is a folder of the forge's */
  async function clone(...options: string[]): Promise<string> {
    const name = `clone-${cloneCount++}.git`;
    await git(forge.folder, 'clone', '-q', '--bare', ...options, forge.url('project'), name);
    return `${forge.folder}/${name}`;
  }

  async function ask(version: 0 | 2, pkts: readonly OutgoingPkt[]): Promise<string[]> {
    const { body } = await request(forge.port, 'POST', '/ada/project.git/git-upload-pack', {
      headers: {
        'content-type': 'application/x-git-upload-pack-request',
        'git-protocol': `version=${version}`,
        authorization: forge.authorization,
      },
      body: Buffer.concat(pkts.map(encodePktLine)),
    });
    return [...splitPktLines(body)].map((pkt) => (pkt.kind === 'data' ? lineText(pkt.payload) : `<${pkt.kind}>`));
  }

  // A client names as wanted what it has not at all, so of `refs/heads/*` only the other branch; what it has tells of the rest.
  it.each([
    [0, 'main'],
    [2, 'main'],
    [2, '+refs/heads/*:refs/heads/*'],
  ])('deepen beyond a merge and lose nothing, in version %i, asking for %s', async (version, refs) => {
    const copy = await clone('--depth=4');
    await git(copy, '-c', `protocol.version=${version}`, 'fetch', '-q', '--deepen=1', 'origin', refs);
    const messages = await git(copy, 'log', '--format=%s', 'main');
    expect(messages.split('\n').sort()).toEqual(['five', 'four', 'merge', 'one', 'patterns', 'three', 'two']);
    await git(copy, 'fsck', '--strict');
  });

  it('get all of a history in which changes were taken back', async () => {
    using history = new ScratchRepository();
    const add = (seconds: number, files: Readonly<Record<string, string>>) => {
      history.git(['read-tree', '--empty']);
      for (const [name, text] of Object.entries(files)) {
        const blob = history.writeObject('blob', text);
        history.git(['update-index', '--add', '--cacheinfo', `100644,${blob},${name}`]);
      }
      history.git(['commit', '-q', '-m', 'x'], { env: { GIT_COMMITTER_DATE: `${seconds} +0000` } });
    };
    add(1_700_000_000, { 'a/one': '1' });
    add(1_700_000_001, { 'a/one': '1', 'b/c/two': '2' });
    add(1_700_000_002, { 'a/one': 'other', 'b/c/two': '2' });
    // The tree of the second commit again, and then with dates that go backwards.
    add(1_700_000_003, { 'a/one': '1', 'b/c/two': '2' });
    add(1_600_000_000, { 'a/one': '1', 'b/c/two': '2', 'd/three': '3' });
    add(1_500_000_000, { 'a/one': '1', 'b/c/two': '2' });
    add(1_400_000_000, { 'a/one': '1', 'b/c/two': '2', 'd/three': '3' });
    await forge.createRepository('reverts');
    const url = forge.url('reverts', 'ada');
    // Beside a branch that the clone does not take, so that whole packs will not do.
    history.git(['branch', 'wanted']);
    add(1_700_000_009, { other: 'branch' });
    await git(history.directory, 'push', '-q', url, 'main', 'wanted');
    for (const depth of [[], ['--depth=6'], ['--depth=4']]) {
      const name = `reverts-${cloneCount++}.git`;
      await git(forge.folder, 'clone', '-q', '--bare', '--single-branch', '--branch=wanted', ...depth, url, name);
      await git(`${forge.folder}/${name}`, 'fsck', '--strict');
    }
  });

  it('tell how much they sent', async () => {
    const { stderr } = await forge.git(forge.folder, [
      'clone',
      '--bare',
      '--progress',
      forge.url('project'),
      'counted.git',
    ]);
    expect(stderr).toMatch(/remote: Total \d+ \(delta \d+\), reused \d+ \(delta \d+\), pack-reused \d+/);
    const one = await forge.git(forge.folder, [
      ...[
        'clone',
        '--bare',
        '--progress',
        '--depth=1',
        '--filter=tree:0',
        '--no-tags',
        forge.url('project'),
        'one.git',
      ],
    ]);
    expect(one.stderr).toContain('remote: Total 1 (delta 0), reused 1 (delta 0), pack-reused 0');
  });

  it.each(['main:only-one', 'HEAD:only-one', '@:only-one', 'main^{tree}:only-one', 'patterns/shown'])(
    'find the patterns of a sparse filter at %s',
    async (name) => {
      const copy = await clone(`--filter=sparse:oid=${name}`);
      const objects = await git(copy, 'rev-list', '--objects', '--missing=print', 'main');
      expect(objects).toContain(`${scratch.line(['rev-parse', 'main:one'])} one`);
      expect(objects).toContain(`?${scratch.line(['rev-parse', 'main:two'])}`);
    },
  );

  it('find no patterns where nothing is, or nothing that may be seen', async () => {
    const hidden = scratch.line(['rev-parse', 'refs/hidden/patterns']);
    const names = [
      'main:no-such-name',
      'nothing',
      'main~99:one',
      'main^9',
      'hidden/patterns',
      hidden,
      hidden.slice(0, 9),
    ];
    for (const name of names) {
      const run = await forge.git(forge.folder, [
        'clone',
        '--bare',
        `--filter=sparse:oid=${name}`,
        forge.url('project'),
        'none',
      ]);
      expect(run.status).not.toBe(0);
      expect(run.stderr).toContain(`unable to access sparse blob in '${name}'`);
    }
    const run = await forge.git(forge.folder, [
      'clone',
      '--bare',
      '--filter=sparse:oid=main',
      forge.url('project'),
      'none',
    ]);
    expect(run.stderr).toContain(`unable to parse sparse filter data in ${scratch.line(['rev-parse', 'main'])}`);
  });

  it('name a ref that they exclude and that there is none of', async () => {
    const id = scratch.line(['rev-parse', 'v1']);
    const run = await forge.git(forge.folder, [
      'clone',
      '--bare',
      `--shallow-exclude=${id}`,
      forge.url('project'),
      'none',
    ]);
    expect(run.status).not.toBe(0);
    expect(run.stderr).toContain('deepen-not is not a ref:');
  });

  describe('are answered as git answers', () => {
    const main = () => scratch.line(['rev-parse', 'main']);
    const blob = () => scratch.line(['rev-parse', 'main:one']);

    it.each<[string, 0 | 2, () => OutgoingPkt[], () => string]>([
      [
        'a client that gives up',
        2,
        () => ['command=ls-refs', DELIM, 'ERR enough\n', FLUSH],
        () => 'remote error: enough',
      ],
      ['a client that gives up in version 0', 0, () => ['ERR enough\n', FLUSH], () => 'remote error: enough'],
      ['nothing at all in version 0', 0, () => [], () => 'the remote end hung up unexpectedly'],
      [
        'two ways to say how deep',
        2,
        () => ['command=fetch', DELIM, `want ${main()}`, 'deepen 1', 'deepen-not v1', 'done', FLUSH],
        () => 'git upload-pack: deepen and deepen-since (or deepen-not) cannot be used together',
      ],
      [
        'two ways to say how deep, one of them about nothing',
        0,
        () => [`want ${main()}\n`, 'deepen 1', 'deepen-not none', FLUSH, 'done\n'],
        () => 'git upload-pack: deepen-not is not a ref: deepen-not none',
      ],
      ['a short line', 2, () => ['command=fetch', DELIM, 'ER', FLUSH], () => "unexpected line: 'ER'"],
      [
        'a boundary that is no commit',
        2,
        () => ['command=fetch', DELIM, `want ${main()}`, `shallow ${blob()}`, 'done', FLUSH],
        () => `invalid shallow object ${blob()}`,
      ],
      [
        'a boundary that is no commit in version 0',
        0,
        () => [`want ${main()}\n`, `shallow ${blob()}`, FLUSH, 'done\n'],
        () => `invalid shallow object ${blob()}`,
      ],
      [
        'a ref that is wanted twice',
        2,
        () => ['command=fetch', DELIM, 'want-ref refs/heads/main', 'want-ref refs/heads/main', 'done', FLUSH],
        () => 'duplicate want-ref refs/heads/main',
      ],
      [
        'a time beyond all time',
        2,
        () => ['command=fetch', DELIM, `want ${main()}`, 'deepen-since 18446744073709551615', FLUSH],
        () => 'Invalid deepen-since: deepen-since 18446744073709551615',
      ],
      [
        'sizes without an end',
        2,
        () => ['command=object-info', DELIM, 'size', DELIM],
        () => 'object-info: expected flush after arguments',
      ],
      [
        'a bundle without an end',
        2,
        () => ['command=bundle-uri', DELIM, DELIM],
        () => 'bundle-uri: expected flush after arguments',
      ],
    ])('%s', async (_, version, pkts, message) => {
      expect(await ask(version, pkts())).toEqual([`ERR ${message()}`]);
    });

    it('sizes by the ids as they were asked for', async () => {
      const text = `${blob().toUpperCase()}`;
      const lines = await ask(2, ['command=object-info', DELIM, `oid ${text}`, 'size', `oid ${UNKNOWN_ID}`, FLUSH]);
      expect(lines).toEqual(['size', `${text} 4`, `${UNKNOWN_ID} `, '<flush>']);
    });

    // As git since 2.50 does, whatever was offered.
    it('a client that names what promisor remotes it would use', async () => {
      const lines = await ask(2, ['command=ls-refs', 'promisor-remote=origin;other', DELIM, 'ref-prefix HEAD', FLUSH]);
      expect(lines).toEqual([`${main()} HEAD`, '<flush>']);
    });

    it('capabilities between any white space', async () => {
      const lines = await ask(0, [`want ${main()}\tside-band-64k\n`, FLUSH, 'done\n']);
      expect(lines.slice(0, 1)).toEqual(['NAK']);
      expect(lines.at(-1)).toBe('<flush>');
    });

    it('a boundary that is unknown here with nothing about it', async () => {
      const lines = await ask(2, ['command=fetch', DELIM, `want ${main()}`, `shallow ${UNKNOWN_ID}`, 'done', FLUSH]);
      expect(lines[0]).toBe('packfile');
    });

    it('a branch that was left alone while the client went on', async () => {
      const [old, parent] = [scratch.line(['rev-parse', 'main~2']), scratch.line(['rev-parse', 'main~3'])];
      const env = { GIT_COMMITTER_DATE: '1900000000 +0000' };
      const newer = scratch.line(['commit-tree', '-p', parent, '-m', 'Newer', `${parent}^{tree}`], { env });
      await git(scratch.directory, 'push', '-q', forge.url('project', 'ada'), `${newer}:refs/heads/newer`);
      const lines = await ask(2, ['command=fetch', DELIM, `want ${old}`, `have ${newer}`, FLUSH]);
      expect(lines.slice(0, 4)).toEqual(['acknowledgments', `ACK ${newer}`, 'ready', '<delim>']);
    });
  });
});
