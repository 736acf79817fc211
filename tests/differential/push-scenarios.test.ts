/**
 * Pushes as somebody would write them who tests a server by its protocol: capability lists, spellings of lines, names, packs and bodies,
 * the same bytes to us and to `git http-backend`. Compared are the status, the report, and the refs afterwards; where git dies
 * silently, our `ERR` must be what it told its administrator. What unpacking says is in each server's own words.
 */
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DELIM, encodePktLine, FLUSH, type OutgoingPkt } from '#git/pkt-line/encode.ts';
import { lineText, splitPktLines } from '#git/pkt-line/pkt-line-reader.ts';
import { ScratchRepository } from '../fixtures/scratch-repository.ts';
import { hasDatabase } from '../support/database.ts';
import { GitForge } from '../support/git-forge.ts';
import { type BackendAnswer, runHttpBackend } from '../support/git-http-backend.ts';
import { type RawAnswer, request } from '../support/raw-http.ts';

const ZERO = '0'.repeat(40);
const UNKNOWN = '12'.repeat(20);
const PLAIN = 'report-status object-format=sha1';
const BANDED = `${PLAIN} side-band-64k`;
const RECEIVE = 'application/x-git-receive-pack-request';

interface Material {
  readonly root: string;
  readonly main: string;
  /** A commit that the repository does not have, the pack that brings it, and one that brings all. */
  readonly fresh: string;
  readonly pack: Buffer;
  readonly wholePack: Buffer;
  readonly emptyPack: Buffer;
  readonly blob: string;
  readonly tag: string;
  /** A name of the scenario's own that is free, and a branch of its own at `root`. */
  readonly free: string;
  readonly own: string;
}

type Part = OutgoingPkt | Buffer;

interface Scenario {
  readonly parts: (material: Material) => readonly Part[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly encode?: (body: Buffer) => Buffer;
}

const raw = (text: string) => Buffer.from(text, 'latin1');

/** A pack whose checksum is right again. */
function sealed(body: Buffer): Buffer {
  return Buffer.concat([body, createHash('sha1').update(body).digest()]);
}

function packOf(...entries: readonly Buffer[]): Buffer {
  const header = Buffer.from('PACK\0\0\0\x02\0\0\0\0', 'latin1');
  header.writeUInt32BE(entries.length, 8);
  return sealed(Buffer.concat([header, ...entries]));
}

const entry = (start: string, data: string) => Buffer.concat([raw(start), deflateSync(data)]);
const creates = ({ fresh, free, pack }: Material, capabilities: string): Part[] => [
  `${ZERO} ${fresh} ${free}\0${capabilities}`,
  ...(/(?:^|\s)push-options(?:\s|$)/.test(capabilities) ? [FLUSH, FLUSH] : [FLUSH]),
  pack,
];
const branches = ({ main, free, emptyPack }: Material): Part[] => [
  `${ZERO} ${main} ${free}\0${BANDED}`,
  FLUSH,
  emptyPack,
];
const brings =
  (pack: (material: Material) => Buffer): Scenario['parts'] =>
  (material) => [`${ZERO} ${material.fresh} ${material.free}\0${BANDED}`, FLUSH, pack(material)];
const moves =
  (...commands: ((material: Material) => string)[]): Scenario['parts'] =>
  (material) => {
    const [first = '', ...others] = commands.map((command) => command(material));
    return [`${first}\0${BANDED}`, ...others, FLUSH, material.emptyPack];
  };
const deletes =
  (...commands: ((material: Material) => string)[]): Scenario['parts'] =>
  (material) =>
    moves(...commands)(material).slice(0, -1);
const atomic =
  (parts: Scenario['parts']): Scenario['parts'] =>
  (material) =>
    parts(material).map((part) => (typeof part === 'string' ? part.replace(BANDED, `${BANDED} atomic`) : part));

const CAPABILITIES = [
  ...['', ' ', 'report-status', ' report-status', 'report-status ', 'report-status-v2', 'report-status=1'],
  ...['report-status report-status-v2', 'xreport-status', 'report-statusx', 'report-status,side-band-64k'],
  ...['side-band-64k', 'side-band report-status', 'quiet report-status side-band-64k', 'report-status\tside-band-64k'],
  ...['report-status agent=git/2.39.2', 'report-status agent=', 'report-status agent', 'report-status session-id=abc'],
  ...['report-status object-format=SHA1', 'report-status object-format=sha256', 'report-status object-format'],
  ...['report-status object-format=sha1 object-format=sha256', 'report-status push-cert', 'report-status atomic=1'],
  ...['report-status push-options', 'REPORT-STATUS', 'report-status\0side-band-64k', 'report-status side-band-64k\n'],
  ...['report-status no-thin thin-pack ofs-delta delete-refs unknown=1 proc-receive'],
];

const NAMES = [
  ...['HEAD', 'refs', 'refs/', 'refs/heads', 'refs/x', 'refs/stash', 'heads/x', 'main', '@', 'FETCH_HEAD', 'a/b/c'],
  ...['refs/heads/a..b', 'refs/heads/a.lock', 'refs/heads/a.lock/b', 'refs/heads/a/', 'refs/heads//a', 'refs/heads/@{'],
  ...['refs/heads/ ', 'refs/heads/a b', 'refs/heads/\x01', 'refs/heads/\x7f', 'refs/heads/a:b', 'refs/heads/a?'],
  ...['refs/heads/[a', 'refs/heads/a\\b', 'refs/heads/a^', 'refs/heads/a~', 'refs/heads/.a', 'refs/heads/a/.b'],
  ...['refs/heads/a.', 'refs/../x', '../refs/heads/x', '/refs/heads/x', 'refs/heads/x/../y', 'refs/heads/*', 'config'],
  ...['refs/heads/@', 'refs/heads/@/x', 'refs/heads/HEAD', 'refs/heads/-x', 'refs/heads/--', 'refs/tags/HEAD'],
  ...['refs/heads/refs/heads/x', 'refs/notes/commits', 'refs/remotes/origin/HEAD', 'refs/replace/x', 'refs/bisect/bad'],
  ...[
    'refs/worktree/foo',
    'refs/main-worktree/x',
    'worktrees/x/y',
    'main-worktree/HEAD',
    'refs/heads/é',
    'refs/Heads/x',
  ],
  ...['refs/heads/\u{1f600}', 'refs/heads/a./b', 'refs/heads/x.LOCK', 'refs/heads/{x}', "refs/heads/'", 'refs/heads/"'],
  ...['refs/heads/$(x)', 'refs/heads/;x', 'refs/heads/\u202e', 'refs/changes/01/1/1', 'REFS/heads/x', 'packed-refs'],
  `refs/tags/${'x'.repeat(240)}`,
  `refs/heads/${'x/'.repeat(100)}y`,
];

const SCENARIOS: Record<string, Scenario> = {
  ...Object.fromEntries(
    CAPABILITIES.map((text) => [
      `asking for ${JSON.stringify(text)}`,
      { parts: (material) => creates(material, text) },
    ]),
  ),
  'no capabilities': { parts: ({ main, free, emptyPack }) => [`${ZERO} ${main} ${free}`, FLUSH, emptyPack] },
  'capabilities with the second command': {
    parts: ({ main, free, emptyPack }) => [
      ...[`${ZERO} ${main} ${free}/a`, `${ZERO} ${main} ${free}/b\0${PLAIN}`, FLUSH],
      emptyPack,
    ],
  },
  'capabilities with both commands': {
    parts: ({ main, free, emptyPack }) => [
      ...[`${ZERO} ${main} ${free}/a\0report-status`, `${ZERO} ${main} ${free}/b\0side-band-64k`, FLUSH],
      emptyPack,
    ],
  },
  'capabilities with a shallow line': {
    parts: ({ root, main, free, emptyPack }) => [
      ...[`shallow ${root}\0${PLAIN}`, `${ZERO} ${main} ${free}`, FLUSH],
      emptyPack,
    ],
  },
  'a shallow line last': {
    parts: ({ root, main, free, emptyPack }) => [
      ...[`${ZERO} ${main} ${free}\0${PLAIN}`, `shallow ${root}\n`, FLUSH],
      emptyPack,
    ],
  },
  'a shallow line in capitals, twice': {
    parts: ({ root, main, free, emptyPack }) => [
      ...[`shallow ${root.toUpperCase()}`, `shallow ${root}`, `${ZERO} ${main} ${free}\0${PLAIN}\n`, FLUSH],
      emptyPack,
    ],
  },
  'a shallow line alone': { parts: ({ root }) => [`shallow ${root}`, FLUSH] },
  'a shallow line of what nobody has': {
    parts: ({ main, free, emptyPack }) => [
      ...[`shallow ${UNKNOWN}`, `${ZERO} ${main} ${free}\0${PLAIN}`, FLUSH],
      emptyPack,
    ],
  },
  'an unshallow line': { parts: ({ root }) => [`unshallow ${root}`, FLUSH] },
  'ids in capitals': {
    parts: moves(({ root, main, own }) => `${root.toUpperCase()} ${main.toUpperCase()} ${own}`),
  },
  'two spaces': { parts: moves(({ main, free }) => `${ZERO}  ${main} ${free}`) },
  'a space in front': { parts: moves(({ main, free }) => ` ${ZERO} ${main} ${free}`) },
  'a space behind': { parts: moves(({ main, free }) => `${ZERO} ${main} ${free} `) },
  'an id with a digit more': { parts: moves(({ main, free }) => `${ZERO} ${main}0 ${free}`) },
  'an id that is none': { parts: moves(({ free }) => `${ZERO} ${'g'.repeat(40)} ${free}`) },
  'a response-end pkt in the list': {
    parts: ({ main, free, emptyPack }) => [`${ZERO} ${main} ${free}\0${PLAIN}`, raw('0002'), emptyPack],
  },
  'a delimiter in the list': {
    parts: ({ main, free, emptyPack }) => [`${ZERO} ${main} ${free}\0${PLAIN}`, DELIM, emptyPack],
  },
  'a flush, and then a command': { parts: (material) => [FLUSH, ...branches(material)] },
  'names to create': {
    parts: moves(
      ...NAMES.map(
        (name) =>
          ({ main }: Material) =>
            `${ZERO} ${main} ${name}`,
      ),
    ),
  },
  'names to delete': {
    parts: deletes(
      ...NAMES.map(
        (name) =>
          ({ main }: Material) =>
            `${main} ${ZERO} ${name}`,
      ),
    ),
  },
  'names to delete that are not there': {
    parts: deletes(...NAMES.map((name) => () => `${UNKNOWN} ${ZERO} ${name}x`)),
  },
  'a deletion above and below what is there': {
    parts: deletes(
      ({ own }) => `${UNKNOWN} ${ZERO} ${own}/below`,
      () => `${UNKNOWN} ${ZERO} refs/heads/own`,
      ({ main }) => `${main} ${ZERO} refs/heads/own`,
    ),
  },
  'a deletion with a pack': {
    parts: (material) => [...deletes(({ root, own }) => `${root} ${ZERO} ${own}`)(material), material.pack],
  },
  'a deletion with something behind it': {
    parts: (material) => [...deletes(({ root, own }) => `${root} ${ZERO} ${own}`)(material), raw('something')],
  },
  'a deletion beside a creation': {
    parts: moves(
      ({ root, own }) => `${root} ${ZERO} ${own}`,
      ({ main, free }) => `${ZERO} ${main} ${free}`,
    ),
  },
  'the answers in the order of the commands': {
    parts: moves(
      ({ main, free }) => `${ZERO} ${main} ${free}/z`,
      ({ free }) => `${ZERO} ${UNKNOWN} ${free}/m`,
      ({ main, free }) => `${ZERO} ${main} ${free}/a`,
      ({ main, free }) => `${ZERO} ${main} ${free}/a..b`,
    ),
  },
  'a creation of nothing': { parts: deletes(({ free }) => `${ZERO} ${ZERO} ${free}`) },
  'a creation and its deletion': {
    parts: moves(
      ({ main, free }) => `${ZERO} ${main} ${free}`,
      ({ main, free }) => `${main} ${ZERO} ${free}`,
    ),
  },
  'no change': { parts: moves(({ root, own }) => `${root} ${root} ${own}`) },
  'no change, atomic': { parts: atomic(moves(({ root, own }) => `${root} ${root} ${own}`)) },
  'HEAD in every way': {
    parts: moves(
      ({ root, main }) => `${root} ${main} HEAD`,
      ({ main }) => `${ZERO} ${main} HEAD`,
      ({ main }) => `${main} ${ZERO} HEAD`,
    ),
  },
  'no commit for a branch, and for a tag': {
    parts: moves(
      ({ blob, root, own }) => `${root} ${blob} ${own}`,
      ({ tag, free }) => `${ZERO} ${tag} ${free}`,
      ({ blob, free }) => `${ZERO} ${blob} ${free.replace('heads', 'tags')}`,
    ),
  },
  'refs that clash, atomic': {
    parts: atomic(
      moves(
        ({ main, free }) => `${ZERO} ${main} ${free}`,
        ({ main, free }) => `${ZERO} ${main} ${free}/below`,
      ),
    ),
  },
  'refs that clash, the inner one first, atomic': {
    parts: atomic(
      moves(
        ({ main, free }) => `${ZERO} ${main} ${free}/below`,
        ({ main, free }) => `${ZERO} ${main} ${free}`,
      ),
    ),
  },
  'a ref below one that is deleted and not there, atomic': {
    parts: atomic(
      moves(
        ({ free }) => `${UNKNOWN} ${ZERO} ${free}`,
        ({ main, free }) => `${ZERO} ${main} ${free}/below`,
      ),
    ),
  },
  'several faults, atomic': {
    parts: atomic(
      moves(
        ({ main, free }) => `${ZERO} ${main} ${free}`,
        ({ main, own }) => `${main} ${main} ${own}`,
        ({ main, free }) => `${ZERO} ${main} ${free}..x`,
        () => `${UNKNOWN} ${ZERO} refs/heads/none`,
      ),
    ),
  },
  'faults of the refs alone, atomic': {
    parts: atomic(
      moves(
        ({ main, free }) => `${ZERO} ${main} ${free}`,
        ({ main, own }) => `${ZERO} ${main} ${own}/below`,
        ({ main, own }) => `${main} ${main} ${own}`,
      ),
    ),
  },
  'push options': {
    parts: ({ main, free, emptyPack }) => [
      ...[`${ZERO} ${main} ${free}\0${PLAIN} push-options`, FLUSH, 'a\n', '', 'b=c', FLUSH],
      emptyPack,
    ],
  },
  'push options that end in a delimiter': {
    parts: ({ main, free, emptyPack }) => [
      ...[`${ZERO} ${main} ${free}\0${PLAIN} push-options`, FLUSH, 'a', DELIM],
      emptyPack,
    ],
  },
  'push options of a deletion': {
    parts: ({ root, own }) => [`${root} ${ZERO} ${own}\0${PLAIN} push-options`, FLUSH, 'a', FLUSH],
  },
  'no pack, banded, in both forms of the report': {
    parts: ({ main, free }) => [`${ZERO} ${main} ${free}\0report-status-v2 side-band-64k`, FLUSH],
  },
  'a pack of all, though most is there': { parts: brings(({ wholePack }) => wholePack) },
  'a pack of version 3': {
    parts: brings(({ pack }) => sealed(Buffer.concat([raw('PACK\0\0\0\x03'), pack.subarray(8, -20)]))),
  },
  'a pack that counts one too many': {
    parts: brings(({ pack }) => sealed(Buffer.concat([raw('PACK\0\0\0\x02\0\0\0\x02'), pack.subarray(12, -20)]))),
  },
  'a pack that counts four billion': {
    parts: brings(({ pack }) => sealed(Buffer.concat([raw('PACK\0\0\0\x02\xff\xff\xff\xff'), pack.subarray(12, -20)]))),
  },
  'a pack whose checksum is another': { parts: brings(({ pack }) => Buffer.concat([pack.subarray(0, -1), raw('\0')])) },
  'a pack that ends in its checksum': { parts: brings(({ pack }) => pack.subarray(0, -5)) },
  'a pack that ends in an object': { parts: brings(({ pack }) => pack.subarray(0, 30)) },
  'a pack that ends behind its header': { parts: brings(({ pack }) => pack.subarray(0, 12)) },
  'an object of type 0': { parts: brings(() => packOf(entry('\x00', ''))) },
  'an object of type 5': { parts: brings(() => packOf(entry('\x50', ''))) },
  'an object that is longer than it says': { parts: brings(() => packOf(entry('\x32', 'abc'))) },
  'an object that is shorter than it says': { parts: brings(() => packOf(entry('\x34', 'abc'))) },
  'an object that does not inflate': { parts: brings(() => packOf(raw('\x33no zlib'))) },
  'a delta whose base is before the pack': { parts: brings(() => packOf(entry('\x63\x7f', 'abc'))) },
  'a delta whose base nobody has': { parts: brings(() => packOf(entry(`\x73${'\x12'.repeat(20)}`, '\x01\x01\x01'))) },
  'a pack of something else': { parts: brings(() => packOf(entry('\x33', 'abc'))) },
  'a body in gzip': { parts: branches, headers: { 'content-encoding': 'gzip' }, encode: gzipSync },
  'a body in x-gzip': { parts: branches, headers: { 'content-encoding': 'x-gzip' }, encode: gzipSync },
  'a body in identity': { parts: branches, headers: { 'content-encoding': 'identity' } },
  ...Object.fromEntries(
    ['version=1', 'version=2', 'version=3', 'version=1:version=2', 'x=y', ' version=1'].map((version) => [
      `in the protocol of ${version}`,
      { parts: branches, headers: { 'git-protocol': version } },
    ]),
  ),
  'the probe in version 1': { parts: () => [FLUSH], headers: { 'git-protocol': 'version=1' } },
};

describe.skipIf(!hasDatabase)('pushes by the protocol, beside git http-backend', () => {
  let forge: GitForge;
  let scratch: ScratchRepository;
  let folder: string;
  let bare: string;
  let repositoryId: number;
  let material: Omit<Material, 'free' | 'own'>;
  const names = Object.keys(SCENARIOS);

  beforeAll(async () => {
    forge = await GitForge.start();
    scratch = new ScratchRepository();
    scratch.git(['commit', '-q', '--allow-empty', '-m', 'Root']);
    const root = scratch.line(['rev-parse', 'HEAD']);
    scratch.git(['commit', '-q', '--allow-empty', '-m', 'Main']);
    const main = scratch.line(['rev-parse', 'HEAD']);
    scratch.git(['tag', '-a', '-m', 'One', 'v1', root]);
    const blob = scratch.line(['hash-object', '-w', '--stdin'], { input: 'blob\n' });
    scratch.git(['update-ref', 'refs/tags/a-blob', blob]);
    scratch.git(['update-ref', '--stdin'], { input: names.map((_, n) => `create ${ownName(n)} ${root}\n`).join('') });
    repositoryId = (await forge.createRepository('twin')).id;
    const pushed = await forge.git(scratch.directory, ['push', '-q', '--mirror', forge.url('twin', 'ada')]);
    expect(pushed).toMatchObject({ status: 0 });
    folder = path.join(forge.folder, 'backend');
    bare = path.join(folder, 'ada', 'twin.git');
    mkdirSync(path.join(folder, 'ada'), { recursive: true });
    scratch.git(['clone', '-q', '--mirror', '--no-local', scratch.directory, bare]);
    scratch.git(['-C', bare, 'remote', 'remove', 'origin']);
    const settings = {
      'receive.advertisePushOptions': 'true',
      'receive.fsckObjects': 'true',
      'receive.autogc': 'false',
    };
    for (const [name, value] of Object.entries(settings)) scratch.git(['-C', bare, 'config', name, value]);
    const fresh = scratch.line(['commit-tree', '-p', main, '-m', 'Fresh', `${main}^{tree}`]);
    const packing = ['pack-objects', '--stdout', '-q'];
    material = {
      ...{ root, main, fresh, blob, tag: scratch.line(['rev-parse', 'v1']) },
      pack: scratch.git(packing, { input: `${fresh}\n` }),
      wholePack: scratch.git([...packing, '--revs'], { input: `${fresh}\n` }),
      emptyPack: scratch.git(packing, { input: '' }),
    };
  });

  afterAll(async () => {
    scratch?.[Symbol.dispose]();
    await forge?.close();
  });

  const ownName = (number: number) => `refs/heads/own/${number}`;

  async function refs() {
    const { refs: ours } = await forge.engine.snapshot(repositoryId);
    const args = ['-C', bare, 'for-each-ref', '--format=%(refname) %(objectname)'];
    return {
      ours: ours.refs.map((ref) => `${ref.name} ${ref.target}`),
      gits: scratch.git(args).toString().trim().split('\n'),
    };
  }

  it.each(Object.entries(SCENARIOS))('%s', async (name, { parts, headers: own = {}, encode = (body) => body }) => {
    const number = names.indexOf(name);
    const made = parts({ ...material, free: `refs/heads/free/${number}`, own: ownName(number) });
    const body = encode(Buffer.concat(made.map((part) => (Buffer.isBuffer(part) ? part : encodePktLine(part)))));
    const target = '/ada/twin.git/git-receive-pack';
    const headers = { 'content-type': RECEIVE, ...own };
    const gits = await runHttpBackend(folder, { method: 'POST', target, headers, body });
    const withUser = { ...headers, authorization: forge.authorization };
    const ours = await request(forge.port, 'POST', target, { headers: withUser, body });
    expect(saidIn(ours)).toEqual(saidIn(gits));
    const after = await refs();
    expect(after.ours).toEqual(after.gits);
  });
});

/** Before 2.50 git had one sentence for all that its ref store refuses. */
const REF_STORE_REASON =
  /^(ng .*) (?:reference already exists|reference does not exist|incorrect old value provided|refname conflict|invalid new value provided|failed to update ref)$/;

function saidIn(answer: RawAnswer | BackendAnswer): string[] {
  const { status, headers, body } = answer;
  const fatal = 'log' in answer && body.length === 0 ? /^fatal: (.*)$/m.exec(answer.log)?.[1] : undefined;
  const pkts = fatal === undefined ? [...splitPktLines(body)] : [];
  const isBanded = pkts.some((pkt) => pkt.kind === 'data' && (pkt.payload[0] ?? 9) < 4);
  const said = isBanded ? [...bandsOf(pkts)] : pkts.map(textOf);
  const report = said.map((line) =>
    line.replace(/^unpack (?!ok$).*/, 'unpack …').replace(REF_STORE_REASON, '$1 (ref store)'),
  );
  return [`${status} ${headers['content-type']}`, ...report, ...(fatal === undefined ? [] : [`ERR ${fatal}`])];
}

type Pkt = ReturnType<typeof splitPktLines> extends Iterable<infer One> ? One : never;

/** The report, and errors about refs; what is told of objects and packs is in each server's own words. */
function* bandsOf(pkts: readonly Pkt[]): Generator<string> {
  const band = (number: number) => {
    const payloads = pkts.flatMap((pkt) =>
      pkt.kind === 'data' && pkt.payload[0] === number ? [pkt.payload.slice(1)] : [],
    );
    return Buffer.concat(payloads);
  };
  // In each server's own order.
  const messages = band(2)
    .toString()
    .split('\n')
    .filter((line) => /^(?:error: (?:cannot|refusing)|warning: )/.test(line));
  yield* messages.sort();
  for (const pkt of splitPktLines(band(1))) yield textOf(pkt);
  yield pkts
    .filter((pkt) => pkt.kind !== 'data')
    .map(textOf)
    .join(' ');
}

function textOf(pkt: Pkt): string {
  return pkt.kind === 'data' ? lineText(pkt.payload) : pkt.kind;
}
