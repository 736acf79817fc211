/** `git archive --remote` over HTTP: the same requests to us and to `git upload-archive`, and git's client over a pipe to us. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodePktLine, FLUSH } from '#git/pkt-line/encode.ts';
import { splitPktLines } from '#git/pkt-line/pkt-line-reader.ts';
import { ScratchRepository } from '../fixtures/scratch-repository.ts';
import { hasDatabase } from '../support/database.ts';
import { GitForge } from '../support/git-forge.ts';
import { request } from '../support/raw-http.ts';

const CONTENT_TYPE = 'application/x-git-upload-archive-request';

/** Reads one request of a client from its standard input, and prints the server's answer. */
const PIPE_TO_SERVER = `
const chunks = [];
for await (const chunk of process.stdin) {
  chunks.push(chunk);
  if (Buffer.concat(chunks).subarray(-4).toString() === '0000') break;
}
const answer = await fetch(process.argv[2], {
  method: 'POST', headers: { 'content-type': '${CONTENT_TYPE}' }, body: Buffer.concat(chunks),
});
process.stdout.write(Buffer.from(await answer.arrayBuffer()));
process.stdin.destroy();
`;

interface Answer {
  readonly start: string;
  readonly data: Buffer;
  readonly progress: string;
  readonly error: string;
}

describe.skipIf(!hasDatabase)('git archive --remote', () => {
  let forge: GitForge;
  let scratch: ScratchRepository;
  let headId: string;
  let lostId: string;

  beforeAll(async () => {
    forge = await GitForge.start();
    scratch = new ScratchRepository();
    write('README.md', 'Hello\n');
    write('src/main.c', 'int main(void) { return 0; }\n');
    write('secret.txt', 'left out\n');
    write('.gitattributes', 'secret.txt export-ignore\n');
    scratch.git(['add', '-A']);
    scratch.git(['commit', '-q', '-m', 'First']);
    headId = scratch.line(['rev-parse', 'HEAD']);
    scratch.git(['tag', '-a', '-m', 'release', 'v1']);
    scratch.git(['tag', 'both', 'HEAD']);
    scratch.git(['branch', 'both', 'HEAD']);
    scratch.git(['branch', 'feature/one']);
    scratch.git(['tag', 'blob', scratch.line(['rev-parse', 'HEAD:README.md'])]);
    scratch.git(['tag', 'tree', scratch.line(['rev-parse', 'HEAD:src'])]);
    scratch.git(['checkout', '-q', '-b', 'lost']);
    scratch.git(['commit', '-q', '--allow-empty', '-m', 'Lost']);
    lostId = scratch.line(['rev-parse', 'HEAD']);
    scratch.git(['checkout', '-q', 'main']);
    await forge.createRepository('project');
    await forge.createRepository('private', { visibility: 'private' });
    for (const name of ['project', 'private']) {
      const pushed = await forge.git(scratch.directory, ['push', '-q', '--mirror', forge.url(name, 'ada')]);
      expect(pushed).toMatchObject({ status: 0 });
    }
    scratch.git(['branch', '-q', '-D', 'lost']);
    const pruned = await forge.git(scratch.directory, ['push', '-q', '--mirror', forge.url('project', 'ada')]);
    expect(pruned).toMatchObject({ status: 0 });
  });

  afterAll(async () => {
    scratch?.[Symbol.dispose]();
    await forge?.close();
  });

  function write(name: string, content: string): void {
    const file = path.join(scratch.directory, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
  }

  function encodeRequest(args: readonly string[]): Buffer {
    return Buffer.concat([...args.map((arg) => encodePktLine(`argument ${arg}\n`)), encodePktLine(FLUSH)]);
  }

  async function askUs(body: Uint8Array, name = 'project', headers: Record<string, string> = {}): Promise<Answer> {
    const answer = await request(forge.port, 'POST', `/ada/${name}.git/git-upload-archive`, {
      headers: { 'content-type': CONTENT_TYPE, ...headers },
      body,
    });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('application/x-git-upload-archive-result');
    expect(answer.headers['cache-control']).toBe('no-cache, max-age=0, must-revalidate');
    return splitBands(answer.body);
  }

  function askGit(body: Uint8Array): Answer {
    const { stdout } = spawnSync('git', ['upload-archive', scratch.directory], {
      input: body,
      env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', LC_ALL: 'C', TZ: 'UTC' },
      maxBuffer: 1 << 26,
    });
    return splitBands(stdout);
  }

  it.each([
    [['HEAD']],
    [['main']],
    [['refs/heads/main']],
    [['heads/main']],
    [['v1', '--prefix=project-1/']],
    [['--prefix', 'spaced/', 'feature/one']],
    [['--format=tar', 'HEAD', 'src']],
    [['--form=tar', 'HEAD', '--', 'README.md']],
    [['HEAD', '-v']],
    [['--format=zip', '-0', 'HEAD']],
    [['--list']],
    [['-l']],
    [['@']],
    [['both']],
    [['--no-prefix', 'HEAD']],
    [['--format=zip', '--format=tar', 'HEAD']],
    [['HEAD', 'no-such-file']],
    [['HEAD', ':(bogus)x']],
    [['nope']],
    [['HEAD:nope']],
    [['HEAD:README.md']],
    [['blob']],
    [['HEAD~0']],
    [['HEAD^{tree}']],
    [['--format=rar', 'HEAD']],
    [['-9', 'HEAD']],
    [['--remote=elsewhere', 'HEAD']],
    [['--exec=cmd', 'HEAD']],
    [['--output=file', 'HEAD']],
    [['-ofile', 'HEAD']],
    [['--add-file=/etc/passwd', 'HEAD']],
    [['--format']],
  ])('answers %j as git does', async (args) => {
    const body = encodeRequest(args);
    const [ours, gits] = [await askUs(body), askGit(body)];
    expect(ours.start).toBe(gits.start);
    expect(ours.error).toBe(gits.error);
    expect(ours.progress).toBe(gits.progress);
    expect(ours.data.equals(gits.data)).toBe(true);
  });

  it.each([[[]], [['HEAD', '--bogus']], [['HEAD', '-x']]])('explains its options for %j', async (args) => {
    const body = encodeRequest(args);
    const [ours, gits] = [await askUs(body), askGit(body)];
    expect(ours.error).toBe(gits.error);
    expect(gits.progress).toContain(ours.progress.slice(0, ours.progress.indexOf('\n', 150)));
  });

  it('archives a tree that is named by a tag or a path, without a commit', async () => {
    for (const treeish of ['tree', 'HEAD:src']) {
      const { data, error } = await askUs(encodeRequest([treeish]));
      expect(error).toBe('');
      // No global header, which would name the commit.
      expect(data.toString('latin1', 0, 6)).toBe('main.c');
    }
  });

  it('compresses', async () => {
    const plain = askGit(encodeRequest(['HEAD'])).data;
    const { data } = await askUs(encodeRequest(['--format=tgz', '-1', 'HEAD']));
    expect(gunzipSync(data).equals(plain)).toBe(true);
  });

  it('opens nothing by its id, reachable or not', async () => {
    const treeId = scratch.line(['rev-parse', `${lostId}^{tree}`]);
    for (const id of [headId, headId.slice(0, 10), lostId, treeId, `${lostId}:src`]) {
      const { progress, error, data } = await askUs(encodeRequest([id]));
      expect(progress).toBe(`fatal: no such ref: ${id.split(':')[0]}\n`);
      expect(error).toBe('git upload-archive: archiver died with error');
      expect(data).toHaveLength(0);
    }
  });

  it('opens what no ref reaches where the setting says so, and names of objects of every kind', async () => {
    const record = await forge.createRepository('open');
    await forge.git(scratch.directory, ['push', '-q', '--mirror', forge.url('open', 'ada')]);
    await forge.git(scratch.directory, ['push', '-q', forge.url('open', 'ada'), `${lostId}:refs/heads/lost`]);
    await forge.git(scratch.directory, ['push', '-q', forge.url('open', 'ada'), ':refs/heads/lost']);
    const allow = async (value: boolean) => {
      const changes = { 'uploadarchive.allowUnreachable': value, 'transfer.hideRefs': ['refs/tags/v1'] };
      expect(await forge.accounts.catalog.changeGitSettings(record.id, changes)).toMatchObject({ kind: 'changed' });
    };
    scratch.git(['config', 'uploadarchive.allowUnreachable', 'true']);
    await allow(true);
    for (const name of [
      lostId,
      lostId.slice(0, 9),
      `${headId}:src`,
      `${lostId}^`,
      `${lostId}~1^{tree}`,
      'HEAD^{tree}',
      'x~1',
    ]) {
      const body = encodeRequest([name]);
      const [ours, gits] = [await askUs(body, 'open'), askGit(body)];
      expect({ ...ours, data: names(ours.data) }).toEqual({ ...gits, data: names(gits.data) });
    }
    // Git itself opens refs that it hides.
    expect((await askUs(encodeRequest(['v1']), 'open')).progress).toBe('fatal: not a valid object name: v1\n');
    await allow(false);
    for (const name of [lostId, 'v1', 'refs/tags/v1', 'HEAD^{tree}']) {
      expect((await askUs(encodeRequest([name]), 'open')).progress).toBe(`fatal: no such ref: ${name}\n`);
    }
    scratch.git(['config', '--unset', 'uploadarchive.allowUnreachable']);
  });

  it('dates everything as it is told', async () => {
    const mtimeOf = async (text: string) => {
      const { data, error } = await askUs(encodeRequest([`--mtime=${text}`, 'HEAD']));
      expect(error).toBe('');
      return Number.parseInt(data.toString('latin1', 512 + 512 + 136, 512 + 512 + 147), 8);
    };
    expect(await mtimeOf('2005-04-07T22:13:13Z')).toBe(1_112_911_993);
    const before = Math.floor(Date.now() / 1_000);
    const yesterday = await mtimeOf('yesterday');
    expect(yesterday).toBeGreaterThanOrEqual(before - 86_400);
    expect(yesterday).toBeLessThanOrEqual(Math.floor(Date.now() / 1_000) - 86_400);
  });

  it.each([
    ['more arguments than git takes', encodeRequest(Array.from({ length: 66 }, () => 'HEAD'))],
    ['something else than an argument', Buffer.concat([encodePktLine('want x\n'), encodePktLine(FLUSH)])],
    ['a request without an end', encodePktLine('argument HEAD\n')],
    ['a bad length', Buffer.from('zzzzargument HEAD\n')],
  ])('refuses %s', async (_name, body) => {
    const ours = await askUs(body);
    const gits = askGit(body);
    expect(ours.progress).toBe(gits.progress);
    expect(ours.error).toBe(gits.error);
  });

  it('does not say where the repository lies', async () => {
    const { progress } = await askUs(encodeRequest(['HEAD', '../outside']));
    expect(progress).toBe("fatal: ../outside: '../outside' is outside repository\n");
  });

  it("serves git's own client", async () => {
    const script = path.join(forge.folder, 'pipe.mjs');
    writeFileSync(script, PIPE_TO_SERVER);
    const url = `http://localhost:${forge.port}/ada/project.git/git-upload-archive`;
    const remote = `ext::${process.execPath} ${script} ${url}`;
    const file = path.join(forge.folder, 'out.tar');
    const args = [
      '-c',
      'protocol.ext.allow=always',
      'archive',
      `--remote=${remote}`,
      '-o',
      file,
      '--prefix=p/',
      'main',
    ];
    expect(await forge.git(scratch.directory, args)).toMatchObject({ status: 0, stderr: '' });
    const expected = scratch.git(['archive', '--prefix=p/', 'main']);
    expect(spawnSync('cmp', [file, '-'], { input: expected }).status).toBe(0);

    const bad = await forge.git(scratch.directory, [...args.slice(0, -1), 'nope']);
    expect(bad.status).not.toBe(0);
    expect(bad.stderr).toContain('remote: fatal: no such ref: nope');
    expect(bad.stderr).toContain('remote: git upload-archive: archiver died with error');
  });

  it('answers the wrong method, the wrong type and strangers as for the other services', async () => {
    const target = '/ada/project.git/git-upload-archive';
    const got = await request(forge.port, 'GET', target);
    expect(got).toMatchObject({ status: 405, headers: { allow: 'POST' } });
    expect((await request(forge.port, 'POST', target, { body: Buffer.from('0000') })).status).toBe(415);
    const hidden = '/ada/private.git/git-upload-archive';
    const options = { headers: { 'content-type': CONTENT_TYPE }, body: encodeRequest(['HEAD']) };
    expect((await request(forge.port, 'POST', hidden, options)).status).toBe(401);
    const answer = await askUs(encodeRequest(['HEAD']), 'private', { authorization: forge.authorization });
    expect(answer.data.length).toBeGreaterThan(0);
    const announced = await request(forge.port, 'GET', '/ada/project.git/info/refs?service=git-upload-archive');
    expect(announced).toMatchObject({ status: 200, body: Buffer.from('0021# service=git-upload-archive\n0000') });
  });

  /** Of an archive's entries. */
  function names(tar: Buffer): string[] {
    return spawnSync('tar', ['tf', '-'], { input: tar }).stdout.toString().split('\n');
  }

  function splitBands(bytes: Buffer): Answer {
    const pkts = [...splitPktLines(bytes)];
    const flush = pkts.findIndex(({ kind }) => kind === 'flush');
    const texts = { 1: [] as Buffer[], 2: [] as Buffer[], 3: [] as Buffer[] };
    for (const pkt of pkts.slice(flush + 1)) {
      if (pkt.kind === 'data') texts[pkt.payload[0] as 1 | 2 | 3].push(Buffer.from(pkt.payload.subarray(1)));
    }
    const start = pkts
      .slice(0, flush)
      .map((pkt) => (pkt.kind === 'data' ? Buffer.from(pkt.payload).toString() : pkt.kind));
    return {
      start: start.join(''),
      data: Buffer.concat(texts[1]),
      progress: Buffer.concat(texts[2]).toString(),
      error: Buffer.concat(texts[3]).toString(),
    };
  }
});
