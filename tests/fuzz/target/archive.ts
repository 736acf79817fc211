/** `git archive --remote`: arguments of every kind. What comes out is an archive of what may be seen, or a reason. */
import { encodePktLine, FLUSH, type OutgoingPkt } from '#git/pkt-line/encode.ts';
import { splitPktLines } from '#git/pkt-line/pkt-line-reader.ts';
import { serveUploadArchive } from '#transport/git/upload-archive.ts';
import { type GeneratedRepository, generateRepository, visibleIds } from '../../differential/generated-repository.ts';
import type { FuzzSession } from '../fuzz-target.ts';
import { mutate } from '../mutate.ts';
import { Random } from '../random.ts';
import { openWatchedForge, PARALLEL, sendToService, storeRepository, type WatchedForge } from './forge-client.ts';
import { holdDialogue, inPieces } from './git-dialogue.ts';

/** Of which the last lets ids be named. */
const SEEDS = [5, 9, 4, 21];
const TAR_BLOCK_BYTES = 512;
const OPTIONS = [
  ...['--format=tar', '--format=tar', '--format=tar', '--format=zip', '--format=tar.gz', '--format=tgz', '--format=x'],
  ...['--prefix=a/', '--prefix=../', '--prefix=/', '--prefix=a', '--prefix=', '-0', '-1', '-9', '-v', '--verbose'],
  ...['--list', '-l', '--worktree-attributes', '--mtime=@0', '--mtime=now', '--mtime=99999999999', '--add-file=x'],
  ...['--add-virtual-file=a:b', '-o', '--output=x', '--remote=x', '--exec=x', '--no-verbose', '--form=tar', '--', '-'],
];
const PATHS = [
  ...['README', 'a', 'a/b', 'a/c/', 'deep', 'deep/er/*', '*', '.', './a', 'a/../README', '/a', '..', '', 'link', 'sub'],
  ...[':(glob)**/file', ':(icase)readme', ':(exclude)a', ':!a', ':^a', ':(attr:text)', ':(top)a', ':/', ':(literal)*'],
];
const VOCABULARY = [
  'argument ',
  ':(',
  ')',
  '**',
  '[',
  'refs/hidden/one',
  '^{tree}',
  '~1',
  '@{0}',
  ':',
  '..',
  '\0',
  '\n',
];

interface Subject {
  readonly record: Awaited<ReturnType<typeof storeRepository>>;
  readonly repository: GeneratedRepository;
  readonly visible: ReadonlySet<string>;
  readonly ids: readonly string[];
}

export async function openArchiveFuzzer(): Promise<FuzzSession> {
  const watched = await openWatchedForge();
  const { forge, watch } = watched;
  const subjects: Subject[] = [];
  for (const seed of SEEDS) subjects.push(await openSubject(watched, seed));
  const tally = { archives: 0, refused: 0 };
  watch.forgive();
  return {
    parallel: PARALLEL,
    async attempt(random) {
      const subject = random.pick(subjects);
      const body = makeRequest(random, subject);
      const answer = random.oneIn(10)
        ? await archiveOverHttp(random, watched, subject, body)
        : await archiveInProcess(random, watched, subject, body);
      if (answer === undefined) return;
      try {
        const archive = readAnswer(answer);
        tally[archive === undefined ? 'refused' : 'archives']++;
        if (archive !== undefined) requireVisible(subject, archive);
      } catch (error) {
        throw new Error(`${error} to ${JSON.stringify(body.toString('latin1'))}`);
      }
    },
    check: () => watch.check(forge.accounts.database.sql),
    describe: () => `${tally.archives} archives, ${tally.refused} refused`,
    close: watched.close,
  };
}

async function openSubject({ forge }: WatchedForge, seed: number): Promise<Subject> {
  const repository = withAttributes(generateRepository(seed), seed);
  const allowsIds = seed === SEEDS.at(-1);
  const settings = { 'transfer.hideRefs': ['refs/hidden'], 'uploadarchive.allowUnreachable': allowsIds };
  const record = await storeRepository(forge, `archived-${seed}`, repository, settings);
  const stored = await forge.accounts.catalog.find('ada', record.name, forge.owner);
  if (!stored) throw new Error(`no repository ${record.name}`);
  const ids = [...repository.model.objects.keys()];
  return { record: stored, repository, visible: allowsIds ? new Set(ids) : visibleIds(repository), ids };
}

const ATTRIBUTES = [
  '* text=auto\n*.crlf eol=crlf\n*.lf eol=lf\n*.bin -text\n*.ident ident\n*.16 working-tree-encoding=UTF-16LE-BOM\n',
  '*.subst export-subst\n*.no export-ignore\ndeep export-ignore\n[attr]both export-subst text\n"a b" both\n/deep/*.subst -both\n',
  '** text\n*.16 working-tree-encoding=latin1\n*.16 !text\ndeep/** export-subst\n!x y\n*.bin binary\n',
];
const CONTENTS = [
  'one\r\ntwo\nthree\r\n',
  '$Format:%H %h %T %P %an %ae %ad %d %D %s %b %N %G? %(trailers) %w(9,1,2)%+s %<(20,trunc)%s %C(red)$\n$Id$\n$Id: x $\n',
  '$Format:%(describe:tags=true,match=v*) %cd %cI %x00 %% %z$ $Format:%D$ $Format:\n',
  'caf\u00e9 \u{1f600}\n',
  '\0\x01\x02binary\r\n',
];
const ATTRIBUTED = ['a.crlf', 'b.lf', 'c.bin', 'd.ident', 'e.16', 'f.subst', 'g.no', 'a b'];

/** Branches whose files are changed on their way out by attributes, sound and damaged. */
function withAttributes(repository: GeneratedRepository, seed: number): GeneratedRepository {
  const { model, refs } = repository;
  const added = Array.from({ length: 16 }, (_, number): [string, string] => {
    const random = new Random(`attributes ${seed} ${number}`);
    const sound = Buffer.from(random.pick(ATTRIBUTES));
    const text = random.oneIn(3) ? sound : mutate(random, sound, ['export-subst', '**', '[attr]', '"', '!', '=']);
    const file = (name: string, content: string) => ({ mode: '100644' as const, name, id: model.blob(content) });
    const files = () => ATTRIBUTED.map((name) => file(name, random.pick(CONTENTS)));
    const deep = model.tree([file('.gitattributes', random.pick(ATTRIBUTES)), ...files()]);
    const tree = model.tree([
      file('.gitattributes', text.toString()),
      ...files(),
      { mode: '40000', name: 'deep', id: deep },
    ]);
    return [
      `refs/heads/attributes-${number}`,
      model.commit(tree, repository.commits.slice(-1), 1_700_300_000, 'A\n\nB'),
    ];
  });
  return { ...repository, refs: new Map([...refs, ...added]) };
}

async function archiveOverHttp(
  random: Random,
  { client }: WatchedForge,
  { record }: Subject,
  body: Buffer,
): Promise<Buffer | undefined> {
  const service = { name: 'git-upload-archive', repository: record.name };
  const answer = await sendToService(client, random, service, body);
  return answer.status === 200 ? answer.body : undefined;
}

async function archiveInProcess(
  random: Random,
  watched: WatchedForge,
  { record: repository }: Subject,
  body: Buffer,
): Promise<Buffer | undefined> {
  const leaving = new AbortController();
  const answer = await holdDialogue({ ...watched, repository }, leaving, (session) =>
    serveUploadArchive(session, inPieces(random, body, leaving)),
  );
  return leaving.signal.aborted ? undefined : answer;
}

function makeRequest(random: Random, subject: Subject): Buffer {
  const words = [
    ...Array.from({ length: random.size(4) }, () => random.pick(OPTIONS)),
    ...(random.oneIn(25) ? [] : [treeish(random, subject)]),
    ...Array.from({ length: random.size(4) }, () => random.pick(PATHS)),
  ];
  const changed = words.map((word) =>
    random.oneIn(8) ? mutate(random, Buffer.from(word), VOCABULARY) : Buffer.from(word),
  );
  const pkts: OutgoingPkt[] = changed.map((word) =>
    Buffer.concat([Buffer.from('argument '), word.subarray(0, 5_000), ...(random.oneIn(3) ? [] : [Buffer.from('\n')])]),
  );
  if (random.oneIn(200)) pkts.push(...Array.from({ length: 70 }, () => `argument ${random.pick(PATHS)}`));
  const sound = Buffer.concat([...pkts, ...(random.oneIn(30) ? [] : [FLUSH])].map(encodePktLine));
  return random.oneIn(10) ? mutate(random, sound, VOCABULARY) : sound;
}

function treeish(random: Random, { repository: { refs }, ids }: Subject): string {
  const names = [...refs.keys(), 'HEAD', 'main', '@', 'refs/hidden/one', 'hidden/one', 'nothing'];
  const name = random.oneIn(6) ? random.pick(ids) : random.pick(names);
  const short = random.oneIn(3) ? name.replace(/^refs\/(?:heads|tags)\//, '') : name;
  return random.oneIn(4)
    ? short + random.pick([':', ':a', ':a/c', ':deep/', ':README', ':../a', '^{tree}', '~1', ':x:y'])
    : short;
}

/** @returns what band 1 carried, if it came to its end @throws {Error} for what is no answer of upload-archive */
function readAnswer(answer: Buffer): Buffer | undefined {
  const [ack, flush, ...bands] = [...splitPktLines(answer)];
  const isBegun = ack?.kind === 'data' && Buffer.from(ack.payload).toString() === 'ACK\n' && flush?.kind === 'flush';
  if (!isBegun) throw new Error(`answer ${JSON.stringify(answer.toString('latin1').slice(0, 300))}`);
  const parts: Buffer[] = [];
  for (const pkt of bands) {
    if (pkt.kind !== 'data') continue;
    const [band] = pkt.payload;
    if (band === 3) return undefined;
    if (band === 1) parts.push(Buffer.from(pkt.payload.subarray(1)));
    else if (band !== 2) throw new Error(`band ${band}`);
  }
  if (bands.at(-1)?.kind !== 'flush') throw new Error('the answer does not end');
  return Buffer.concat(parts);
}

/** @throws {Error} names what a tar archive holds and no visible ref leads to */
function requireVisible({ repository: { model }, visible }: Subject, archive: Buffer): void {
  if (archive.toString('latin1', 257, 262) !== 'ustar') return;
  for (let at = 0; at + TAR_BLOCK_BYTES <= archive.length && archive[at] !== 0; ) {
    const kind = archive.toString('latin1', at + 156, at + 157);
    const sizeBytes = Number.parseInt(archive.toString('latin1', at + 124, at + 135), 8);
    const content = archive.subarray(at + TAR_BLOCK_BYTES, at + TAR_BLOCK_BYTES + sizeBytes);
    if (content.length !== sizeBytes) throw new Error('the archive is cut short');
    const comment = kind === 'g' ? /comment=([0-9a-f]+)/.exec(content.toString())?.[1] : undefined;
    // What attributes change on its way out has another id than what is stored.
    const [name = ''] = archive.toString('latin1', at, at + 100).split('\0');
    const isStored = kind === '0' && !ATTRIBUTED.some((attributed) => name.endsWith(attributed));
    const id = comment ?? (isStored ? model.idOf('blob', content) : undefined);
    if (id !== undefined && !visible.has(id)) throw new Error(`the archive has ${id}`);
    if (kind === '0' && content.includes('hidden/')) throw new Error(`the archive tells of ${content}`);
    at += TAR_BLOCK_BYTES * (1 + Math.ceil(sizeBytes / TAR_BLOCK_BYTES));
  }
}
