/** Our answers beside those of `git http-backend`, byte for byte, for one repository that both have. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DELIM, encodePktLine, FLUSH, type OutgoingPkt } from '#git/pkt-line/encode.ts';
import { lineText, splitPktLines } from '#git/pkt-line/pkt-line-reader.ts';
import { ScratchRepository } from '../fixtures/scratch-repository.ts';
import { hasDatabase } from '../support/database.ts';
import { GitForge } from '../support/git-forge.ts';
import { type BackendAnswer, runHttpBackend } from '../support/git-http-backend.ts';
import { type RawAnswer, request } from '../support/raw-http.ts';

const REPOSITORY = 'twin';
const UNKNOWN_ID = '1234567890'.repeat(4);
const UPLOAD_PACK = { 'content-type': 'application/x-git-upload-pack-request' };

interface Question {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** What git offers only when it is told to. */
const OURS_BY_DEFAULT = [
  'transfer.advertiseSID',
  'transfer.advertiseObjectInfo',
  'uploadpack.allowFilter',
  'uploadpack.allowRefInWant',
  'uploadpack.allowSidebandAll',
  'uploadpack.allowReachableSHA1InWant',
  'receive.advertisePushOptions',
];

describe.skipIf(!hasDatabase)('beside git http-backend', () => {
  let forge: GitForge;
  let scratch: ScratchRepository;
  let backendFolder: string;
  /** The history from its root: 0 … 9 on main; a side branch leaves at 4. */
  let commits: string[];
  let sideId: string;

  beforeAll(async () => {
    forge = await GitForge.start();
    scratch = new ScratchRepository();
    commits = Array.from({ length: 10 }, (_, i) => commitAt(1_700_000_000 + 1_000 * i, `Commit ${i}`));
    scratch.git(['tag', '-a', '-m', 'One', 'v1', commits[3] ?? '']);
    scratch.git(['tag', 'light', commits[2] ?? '']);
    scratch.git(['checkout', '-q', '-b', 'side', commits[4] ?? '']);
    sideId = commitAt(1_700_020_000, 'Side');
    scratch.git(['checkout', '-q', 'main']);
    await forge.createRepository(REPOSITORY);
    const pushed = await forge.git(scratch.directory, ['push', '-q', '--mirror', forge.url(REPOSITORY, 'ada')]);
    expect(pushed).toMatchObject({ status: 0 });
    backendFolder = path.join(forge.folder, 'backend');
    mkdirSync(path.join(backendFolder, 'ada'), { recursive: true });
    const backend = path.join(backendFolder, 'ada', `${REPOSITORY}.git`);
    scratch.git(['clone', '-q', '--mirror', scratch.directory, backend]);
    for (const name of OURS_BY_DEFAULT) scratch.git(['-C', backend, 'config', name, 'true']);
  });

  afterAll(async () => {
    scratch?.[Symbol.dispose]();
    await forge?.close();
  });

  function commitAt(seconds: number, message: string): string {
    const date = `${seconds} +0000`;
    scratch.git(['commit', '-q', '--allow-empty', '-m', message], {
      env: { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date },
    });
    return scratch.line(['rev-parse', 'HEAD']);
  }

  async function ask(method: string, resource: string, question: Question = {}): Promise<[RawAnswer, BackendAnswer]> {
    const target = `/ada/${REPOSITORY}.git/${resource}`;
    const { headers = {}, body } = question;
    const ours = await request(forge.port, method, target, {
      headers: { ...headers, authorization: forge.authorization },
      ...(body && { body }),
    });
    return [ours, await runHttpBackend(backendFolder, { method, target, headers, ...(body && { body }) })];
  }

  function askUploadPack(version: 0 | 1 | 2, pkts: readonly OutgoingPkt[]): Promise<[RawAnswer, BackendAnswer]> {
    const headers = { ...UPLOAD_PACK, 'git-protocol': `version=${version}` };
    return ask('POST', 'git-upload-pack', { headers, body: Buffer.concat(pkts.map(encodePktLine)) });
  }

  it.each([
    ['upload-pack', 0],
    ['upload-pack', 1],
    ['receive-pack', 0],
    ['receive-pack', 1],
    ['receive-pack', 2],
  ])('advertises the refs for %s in version %i', async (service, version) => {
    const headers: Record<string, string> = version === 0 ? {} : { 'git-protocol': `version=${version}` };
    const [ours, gits] = await ask('GET', `info/refs?service=git-${service}`, { headers });
    expect(protocolHeaders(ours)).toEqual(protocolHeaders(gits));
    const [ourLines, gitLines] = [lines(ours.body), lines(gits.body)];
    expect(ourLines.map(withoutCapabilities)).toEqual(gitLines.map(withoutCapabilities));
    const offered = new Set(capabilities(gitLines));
    expect(capabilities(ourLines).filter((name) => !offered.has(name))).toEqual([]);
  });

  it('advertises the capabilities of version 2', async () => {
    const headers = { 'git-protocol': 'version=2' };
    const [ours, gits] = await ask('GET', 'info/refs?service=git-upload-pack', { headers });
    expect(protocolHeaders(ours)).toEqual(protocolHeaders(gits));
    const withoutNames = (line: string) => line.replace(/^(agent|session-id)=.*$/, '$1');
    // Bundles and whole packs at addresses of their own are ours alone.
    const gitLines = lines(gits.body).map((line) => withoutNames(line).replace(/^fetch=.*$/, '$& packfile-uris'));
    expect(lines(ours.body).map(withoutNames)).toEqual([...gitLines.slice(0, -1), 'bundle-uri', '<flush>']);
  });

  it.each([
    ['everything', []],
    ['peeled', ['peel']],
    ['symrefs', ['symrefs', 'peel']],
    ['a prefix', ['symrefs', 'ref-prefix refs/heads/']],
    ['prefixes that overlap', ['ref-prefix refs/heads/m', 'ref-prefix refs/heads/main', 'ref-prefix HEAD']],
    ['prefixes out of order', ['peel', 'ref-prefix refs/tags/', 'ref-prefix refs/heads/']],
    ['a prefix of nothing', ['ref-prefix refs/none/']],
  ])('lists refs: %s', async (_, args) => {
    const [ours, gits] = await askUploadPack(2, ['command=ls-refs\n', DELIM, ...args.map((arg) => `${arg}\n`), FLUSH]);
    expect(protocolHeaders(ours)).toEqual(protocolHeaders(gits));
    expect(ours.body.toString()).toBe(gits.body.toString());
  });

  describe.each([
    ['nothing', () => []],
    ['what it wants', () => [commits[9]]],
    ['an ancestor', () => [commits[5]]],
    ['only unknown commits', () => [UNKNOWN_ID]],
    ['an ancestor, then an unknown commit', () => [commits[5], UNKNOWN_ID]],
    ['an unknown commit, then an ancestor', () => [UNKNOWN_ID, commits[5]]],
    ['a commit beside the wanted one', () => [sideId]],
    ['a commit beside it and an ancestor of both', () => [sideId, commits[1], UNKNOWN_ID]],
    ['the same commit twice', () => [commits[5], commits[5], UNKNOWN_ID]],
  ])('negotiates with a client that has %s', (_, idsOf) => {
    const haves = () => idsOf().map((id) => `have ${id}\n`);

    it.each([
      ['multi_ack_detailed', 'flush'],
      ['multi_ack_detailed', 'done'],
      ['multi_ack_detailed no-done', 'flush'],
      ['multi_ack', 'flush'],
      ['multi_ack', 'done'],
      ['', 'flush'],
      ['', 'done'],
    ])('in version 0 with "%s", ending in %s', async (acknowledgment, ending) => {
      const wants = [`want ${commits[9]} ${acknowledgment} side-band-64k ofs-delta\n`, FLUSH];
      const end = ending === 'done' ? ['done\n'] : [FLUSH];
      const [ours, gits] = await askUploadPack(0, [...wants, ...haves(), ...end]);
      expect(linesBeforePack(ours.body)).toEqual(linesBeforePack(gits.body));
    });

    it.each([[[]], [['done\n']], [['wait-for-done\n']]])('in version 2 with %j', async (extra) => {
      const head = ['command=fetch', 'object-format=sha1', DELIM, `want ${commits[9]}\n`];
      const [ours, gits] = await askUploadPack(2, [...head, ...haves(), ...extra, FLUSH]);
      // Some versions of git acknowledge a have as often as it was sent.
      expect(linesBeforePack(ours.body)).toEqual([...new Set(linesBeforePack(gits.body))]);
    });
  });

  it('answers the probe', async () => {
    for (const service of ['git-upload-pack', 'git-receive-pack']) {
      const headers = { 'content-type': `application/x-${service}-request` };
      const [ours, gits] = await ask('POST', service, { headers, body: Buffer.from('0000') });
      expect([ours.status, protocolHeaders(ours), ours.body]).toEqual([200, protocolHeaders(gits), gits.body]);
    }
  });

  it.each([
    ['a method that is not allowed', 'GET', 'git-upload-pack', {}],
    ['another method that is not allowed', 'POST', 'info/refs?service=git-upload-pack', {}],
    ['an unknown service', 'GET', 'info/refs?service=git-frotz', {}],
    ["a content type that is not the service's", 'POST', 'git-upload-pack', { 'content-type': 'text/plain' }],
  ])('refuses %s', async (_, method, resource, headers) => {
    const [ours, gits] = await ask(method, resource, { headers });
    expect(ours.status).toBe(gits.status);
    expect(ours.headers['allow']).toBe(gits.headers['allow']);
    expect(ours.headers['cache-control']).toBe(gits.headers['cache-control']);
    if (gits.body.length > 0) expect(ours.body.toString()).toBe(gits.body.toString());
  });

  it('refuses a want that no ref leads to, in every version', async () => {
    for (const [version, pkts] of [
      [0, [`want ${UNKNOWN_ID} side-band-64k\n`, FLUSH, 'done\n']],
      [2, ['command=fetch', DELIM, `want ${UNKNOWN_ID}\n`, 'done\n', FLUSH]],
    ] as const) {
      const [ours, gits] = await askUploadPack(version, pkts);
      expect(ours.body.toString()).toBe(gits.body.toString());
    }
  });

  // Git dies without a word to the client; its log has the words that ours reads.
  it.each<[string, 0 | 2, OutgoingPkt[]]>([
    ['an unknown capability', 2, ['command=fetch', 'frotz=1', FLUSH]],
    ['an unknown command', 2, ['command=frotz', FLUSH]],
    ['a command with a value', 2, ['command=fetch=1', FLUSH]],
    ['no command', 2, ['agent=x', FLUSH]],
    ['two commands', 2, ['command=fetch', 'command=ls-refs', FLUSH]],
    ['an object format without a name', 2, ['command=fetch', 'object-format', FLUSH]],
    ['an unknown object format', 2, ['command=fetch', 'object-format=md5', FLUSH]],
    ['another object format', 2, ['command=fetch', 'object-format=sha256', FLUSH]],
    ['an unknown argument of ls-refs', 2, ['command=ls-refs', DELIM, 'frotz', FLUSH]],
    ['an unknown argument of fetch', 2, ['command=fetch', DELIM, 'frotz', FLUSH]],
    ['arguments that do not end', 2, ['command=fetch', DELIM, 'thin-pack', DELIM]],
    ['a filter that is none', 2, ['command=fetch', DELIM, 'filter blob:some', FLUSH]],
    ['a want without an id in version 2', 2, ['command=fetch', DELIM, 'want main', FLUSH]],
    ['a have without an id in version 2', 2, ['command=fetch', DELIM, 'have main', FLUSH]],
    ['a want without an id', 0, ['want main', FLUSH]],
    ['something else than a want', 0, ['frotz', FLUSH]],
    ['a filter', 0, ['filter blob:none', FLUSH]],
  ])('explains, as git does: %s', async (_, version, pkts) => {
    const [ours, gits] = await askUploadPack(version, pkts);
    const [line = ''] = lines(ours.body);
    expect(gits.log).toContain(`fatal: ${line.replace(/^ERR /, '')}\n`);
  });

  it.each<[string, OutgoingPkt[]]>([
    ['something else than a have', [FLUSH, 'frotz', FLUSH]],
    ['a have without an id', [FLUSH, 'have main', FLUSH]],
    ['haves that do not end', [FLUSH, `have ${UNKNOWN_ID}`]],
    ['a line cut short', [Buffer.from('x')]],
  ])('explains, as git does, after a want: %s', async (_, rest) => {
    const [ours, gits] = await askUploadPack(0, [`want ${commits[9]} multi_ack_detailed`, ...rest]);
    const [line = ''] = lines(ours.body);
    expect(gits.log).toContain(`fatal: ${line.replace(/^ERR /, '')}\n`);
  });
});

/** Those that the protocol is about: servers add others. */
function protocolHeaders(answer: RawAnswer | BackendAnswer): Record<string, unknown> {
  const { expires, pragma, 'cache-control': cacheControl, 'content-type': contentType } = answer.headers;
  return { expires, pragma, cacheControl, contentType };
}

/** Special pkts as their kind in angle brackets. */
function lines(body: Buffer): string[] {
  return [...splitPktLines(body)].map((pkt) => (pkt.kind === 'data' ? lineText(pkt.payload) : `<${pkt.kind}>`));
}

/** Up to the first frame of a side band. */
function linesBeforePack(body: Buffer): string[] {
  const found: string[] = [];
  for (const pkt of splitPktLines(body)) {
    if (pkt.kind === 'data' && (pkt.payload[0] ?? 0) <= 3) break;
    found.push(pkt.kind === 'data' ? lineText(pkt.payload) : `<${pkt.kind}>`);
  }
  return found;
}

function withoutCapabilities(line: string): string {
  return line.replace(/\0.*/, '');
}

function capabilities(advertisement: string[]): string[] {
  const text = advertisement.find((line) => line.includes('\0')) ?? '';
  return text
    .slice(text.indexOf('\0') + 1)
    .split(' ')
    .map((name) => name.replace(/^(agent|session-id)=.*/, '$1'));
}
