/** Fetches over HTTP: sound requests and damaged ones. No answer may hold what the client must not see. */
import { DELIM, encodePktLine, FLUSH, type OutgoingPkt } from '#git/pkt-line/encode.ts';
import { splitPktLines } from '#git/pkt-line/pkt-line-reader.ts';
import { type FetchQuestion, FILTERS, generateFetchQuestions } from '../../differential/fetch-question.ts';
import { type GeneratedRepository, generateRepository, visibleIds } from '../../differential/generated-repository.ts';
import { readPackContent } from '../../differential/pack-content.ts';
import type { FuzzSession } from '../fuzz-target.ts';
import { mutate } from '../mutate.ts';
import type { Random } from '../random.ts';
import { framedPart, openWatchedForge, PARALLEL, sendToService, storeRepository } from './forge-client.ts';

/** Of different shapes: hidden refs, deleted history, tags of tags, SHA-256. */
const REPOSITORY_SEEDS = [5, 9, 21, 4];
const QUESTIONS = 400;
/** All that a client can be offered: what is not known yet is refused, and that is an input as well. */
const OFFERED = {
  v2: new Set(['shallow', 'filter', 'ref-in-want', 'sideband-all', 'wait-for-done', 'packfile-uris']),
  v0: new Set(['shallow', 'filter', 'deepen-since', 'deepen-not', 'deepen-relative', 'side-band-64k']),
};
const LINES = [
  ...['want ', 'have ', 'done', 'shallow ', 'deepen ', 'deepen-since ', 'deepen-not ', 'deepen-relative', 'filter '],
  ...['blob:none', 'blob:limit=1k', 'tree:1', 'combine:', 'object:type=', 'sparse:oid=', 'want-ref ', 'sideband-all'],
  ...['command=fetch', 'command=ls-refs', 'command=object-info', 'command=bundle-uri', 'size', 'oid ', 'ref-prefix '],
  ...['0000', '0001', '0002', '0009done\n', 'packfile-uris https', 'include-tag', 'thin-pack', 'wait-for-done'],
  ...['refs/heads/main', 'refs/hidden/one', 'HEAD', 'object-format=sha256', 'agent=', 'session-id=', 'server-option='],
];

interface Subject {
  readonly name: string;
  readonly repository: GeneratedRepository;
  readonly visible: ReadonlySet<string>;
  readonly questions: readonly FetchQuestion[];
  readonly ids: readonly string[];
}

interface Request {
  readonly version: 0 | 1 | 2;
  readonly body: Buffer;
}

export async function openUploadPackFuzzer(): Promise<FuzzSession> {
  const { forge, client, watch, close } = await openWatchedForge(2);
  const subjects: Subject[] = [];
  for (const seed of REPOSITORY_SEEDS) {
    const repository = generateRepository(seed);
    const name = `fetched-${seed}`;
    await storeRepository(forge, name, repository);
    const questions = generateFetchQuestions(seed, QUESTIONS, repository, OFFERED);
    const ids = [...repository.model.objects.keys()];
    subjects.push({ name, repository, visible: visibleIds(repository), questions, ids });
  }
  watch.forgive();
  return {
    parallel: PARALLEL,
    async attempt(random) {
      const subject = random.pick(subjects);
      const { version, body } = makeRequest(random, subject);
      const headers: Record<string, string> = version === 0 ? {} : { 'git-protocol': `version=${version}` };
      const service = { name: 'git-upload-pack', repository: subject.name, headers };
      const answer = await sendToService(client, random, service, body);
      if (answer.status !== 200) return;
      try {
        requireNothingHidden(random, subject, answer.body);
      } catch (error) {
        const asked = JSON.stringify(body.toString('latin1'));
        throw new Error(`${error} in the answer to version ${version} of ${subject.name}: ${asked}`);
      }
    },
    async check() {
      await watch.check(forge.accounts.database.sql);
      const target = '/ada/fetched-5.git/info/refs?service=git-upload-pack';
      const { status } = await client.send({ method: 'GET', target });
      if (status !== 200) throw new Error(`status ${status} of the refs`);
    },
    close,
  };
}

function makeRequest(random: Random, subject: Subject): Request {
  const { pkts, version } = random.oneIn(4) ? otherCommand(random, subject) : random.pick(subject.questions);
  const ids = Array.from({ length: 4 }, () => random.pick(subject.ids));
  const vocabulary = [...LINES, ...ids];
  switch (random.below(6)) {
    case 0:
      return { version, body: encode(pkts) };
    case 1:
    case 2:
      return {
        version,
        body: encode(pkts.map((pkt) => (random.oneIn(4) ? changeLine(random, pkt, vocabulary) : pkt))),
      };
    case 3: {
      const other = random.pick(subject.questions).pkts;
      const at = random.below(pkts.length);
      return { version, body: encode([...pkts.slice(0, at), ...other.slice(random.below(other.length))]) };
    }
    case 4:
      return { version: random.pick([0, 1, 2]), body: encode(pkts.toSpliced(random.below(pkts.length), 1)) };
    default:
      return { version, body: mutate(random, encode(pkts), vocabulary) };
  }
}

/** One line of a request, whose length still fits. */
function changeLine(random: Random, pkt: OutgoingPkt, vocabulary: readonly string[]): OutgoingPkt {
  if (typeof pkt !== 'string') return random.oneIn(3) ? random.pick([FLUSH, DELIM]) : pkt;
  if (random.oneIn(3)) return pkt.replace(/[0-9a-f]{40,64}/, random.pick(vocabulary));
  return mutate(random, Buffer.from(pkt), vocabulary).subarray(0, 60_000);
}

function otherCommand(random: Random, { repository, ids }: Subject): { version: 2; pkts: readonly OutgoingPkt[] } {
  const format = `object-format=${repository.model.format}`;
  const some = (word: string, max: number) =>
    Array.from({ length: random.below(max) }, () => `${word} ${random.pick(ids)}`);
  switch (random.below(4)) {
    case 0: {
      const prefixes = Array.from({ length: random.below(4) }, () => `ref-prefix ${random.pick(LINES)}`);
      return { version: 2, pkts: ['command=ls-refs', format, DELIM, 'peel', 'symrefs', 'unborn', ...prefixes, FLUSH] };
    }
    case 1:
      return { version: 2, pkts: ['command=object-info', format, DELIM, 'size', ...some('oid', 20), FLUSH] };
    case 2:
      return { version: 2, pkts: ['command=bundle-uri', format, ...(random.oneIn(2) ? [DELIM] : []), FLUSH] };
    default: {
      const filter = random.oneIn(2) ? `sparse:oid=${random.pick(ids)}` : random.pick(FILTERS);
      const lines = [...some('want', 30), `filter ${filter}`, ...some('have', 4), ...some('shallow', 3)];
      return {
        version: 2,
        pkts: ['command=fetch', format, DELIM, ...lines, 'packfile-uris http,https', 'done', FLUSH],
      };
    }
  }
}

function encode(pkts: readonly OutgoingPkt[]): Buffer {
  return Buffer.concat(pkts.map(encodePktLine));
}

/** @throws {Error} names what the answer tells of and no visible ref leads to, or what is wrong with its pack */
function requireNothingHidden(random: Random, { repository, visible }: Subject, body: Buffer): void {
  const framed = framedPart(body);
  const bandOne: Buffer[] = [];
  const lines: string[] = [];
  let isWhole = true;
  for (const pkt of splitPktLines(framed)) {
    if (pkt.kind !== 'data') continue;
    const payload = Buffer.from(pkt.payload);
    if (payload[0] === 3 || payload.toString('latin1', 0, 4) === 'ERR ') isWhole = false;
    if (payload[0] === 1) bandOne.push(payload.subarray(1));
    else if ((payload[0] ?? 0) > 3) lines.push(payload.toString().trimEnd());
  }
  for (const line of lines) {
    // `ready` names whatever was sent last, there or not.
    const [, acknowledged] = /^ACK ([0-9a-f]+)(?: common)?$/.exec(line) ?? [];
    const [, sized] = /^([0-9a-f]{40,64}) \d+$/.exec(line) ?? [];
    const id = acknowledged ?? sized;
    if (id !== undefined && !visible.has(id)) throw new Error(`tells of ${id}: ${line}`);
  }
  const start = bandOne.findIndex((piece) => piece.toString('latin1', 0, 4) === 'PACK');
  const pack = start >= 0 ? Buffer.concat(bandOne.slice(start)) : body.subarray(framed.length);
  // Reading a pack costs more than making it.
  if (pack.length === 0 || !isWhole || !random.oneIn(3)) return;
  const { ids, outsideBases } = readPackContent(pack, repository.model);
  for (const id of [...ids, ...outsideBases]) if (!visible.has(id)) throw new Error(`has the hidden ${id}`);
}
