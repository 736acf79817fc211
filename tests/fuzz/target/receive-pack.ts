/** Pushes over HTTP: sound ones, damaged ones, and packs that lie. What was taken is a repository that git clones and finds sound. */
import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { encodePktLine, FLUSH, type OutgoingPkt } from '#git/pkt-line/encode.ts';
import { lineText, splitPktLines } from '#git/pkt-line/pkt-line-reader.ts';
import { generateRepository } from '../../differential/generated-repository.ts';
import type { ModelType, ObjectModel } from '../../differential/object-model.ts';
import { realisePush, samplePushes } from '../../differential/push-question.ts';
import { diffDelta, makeDelta, PackMaker, TYPE, withTrailer } from '../../fixtures/pack-maker.ts';
import type { GitForge } from '../../support/git-forge.ts';
import type { FuzzSession } from '../fuzz-target.ts';
import { mutate } from '../mutate.ts';
import type { Random } from '../random.ts';
import { framedPart, openWatchedForge, PARALLEL, sendToService, storeRepository } from './forge-client.ts';
import { makeObjectBody, OBJECT_VOCABULARY } from './object-body.ts';
import { makePack } from './pack.ts';

const REPOSITORY_SEED = 5;
const PLANS = samplePushes(3, 400);
const VOCABULARY = [
  ...['refs/heads/', 'refs/tags/', 'refs/hidden/x', 'refs/pull/1/head', 'HEAD', 'shallow ', '\0', '\0 ', 'atomic'],
  ...[
    'report-status',
    'report-status-v2',
    'side-band-64k',
    'push-options',
    'quiet',
    'ofs-delta',
    'object-format=sha256',
  ],
  ...['push-cert', 'push-cert-end', 'certificate version 0.1\n', 'nonce ', 'pusher ', 'agent=', 'session-id=', '0000'],
];

export async function openReceivePackFuzzer(): Promise<FuzzSession> {
  const { forge, client, watch, close } = await openWatchedForge();
  let number = 0;
  let subject = await openSubject(forge, ++number);
  watch.forgive();
  return {
    parallel: PARALLEL,
    async attempt(random) {
      const body = makeBody(random, subject);
      const service = { name: 'git-receive-pack', repository: subject.name };
      const answer = await sendToService(client, random, service, body);
      if (answer.status === 200) readReport(subject, answer.body, body);
    },
    async check() {
      await watch.check(forge.accounts.database.sql);
      await requireSoundClone(forge, subject.name);
      subject = await openSubject(forge, ++number);
      watch.forgive();
    },
    close,
  };
}

/** A repository, and what a client knows of it. */
interface Subject {
  readonly name: string;
  readonly model: ObjectModel;
  readonly refs: Map<string, string>;
  readonly ids: readonly string[];
}

async function openSubject(forge: GitForge, number: number): Promise<Subject> {
  const { model, refs, ...rest } = generateRepository(REPOSITORY_SEED);
  const name = `pushed-${number}`;
  await storeRepository(forge, name, { model, refs, ...rest });
  const visible = [...refs].filter(([ref]) => !ref.startsWith('refs/hidden/'));
  return { name, model, refs: new Map(visible), ids: [...model.objects.keys()] };
}

function makeBody(random: Random, subject: Subject): Buffer {
  const { model, refs, ids } = subject;
  const stored = new Set(model.closure([...refs.values()].filter((id) => model.objects.has(id))));
  const known = new Map([...refs].filter(([, id]) => model.objects.has(id)));
  const { pkts, pack } = realisePush(random.pick(PLANS), known, stored, model, true);
  const vocabulary = [...VOCABULARY, model.zeroId, random.pick(ids), ...refs.keys()];
  const commands = random.oneIn(3) ? changeCommands(random, pkts, vocabulary) : Buffer.concat(pkts.map(encodePktLine));
  if (random.oneIn(12)) return mutate(random, Buffer.concat([commands, pack]), vocabulary);
  const sent = pack.length === 0 && !random.oneIn(6) ? pack : changePack(random, subject, pack);
  return Buffer.concat([commands, sent, ...(random.oneIn(30) ? [random.bytes(random.size(60))] : [])]);
}

/** In one line or in any byte. */
function changeCommands(random: Random, pkts: readonly OutgoingPkt[], vocabulary: readonly string[]): Buffer {
  if (random.oneIn(3)) return mutate(random, Buffer.concat(pkts.map(encodePktLine)), vocabulary);
  const changed = pkts.map((pkt) =>
    typeof pkt === 'string' && random.oneIn(2) ? mutate(random, Buffer.from(pkt), vocabulary).subarray(0, 60_000) : pkt,
  );
  const cert = random.oneIn(8) ? ['push-cert\0report-status', 'certificate version 0.1', 'push-cert-end'] : [];
  return Buffer.concat([...cert, ...changed, ...(random.oneIn(8) ? [FLUSH] : [])].map(encodePktLine));
}

function changePack(random: Random, subject: Subject, pack: Buffer): Buffer {
  switch (random.below(8)) {
    case 0:
    case 1:
      return pack;
    case 2:
      return makePack(random, subject.model.format);
    case 3: {
      const damaged = Buffer.concat([pack.subarray(0, 12), mutate(random, pack.subarray(12, -20))]);
      return random.oneIn(4) ? damaged : withTrailer(damaged);
    }
    case 4:
      return pack.subarray(0, random.below(pack.length + 1));
    default:
      return hostilePack(random, subject);
  }
}

/** Objects that break rules under names that fit, and deltas that stand on what is stored, hidden, deleted or nowhere. */
function hostilePack(random: Random, { model, ids, refs }: Subject): Buffer {
  const maker = new PackMaker(model.format);
  const made: { type: ModelType; body: Buffer }[] = [];
  for (let count = 1 + random.size(6); count > 0; count--) {
    const baseId = random.pick(ids);
    const base = model.get(baseId);
    switch (random.below(4)) {
      case 0:
        made.push(makeObjectBody(random));
        break;
      case 1:
        made.push({ type: base.type, body: mutate(random, base.body, OBJECT_VOCABULARY) });
        break;
      case 2:
        maker.addRefDelta(baseId, hostileDelta(random, base.body));
        break;
      default:
        maker.addRefDelta(random.oneIn(4) ? 'ab'.repeat(20) : baseId, diffDelta(base.body, mutate(random, base.body)));
    }
  }
  for (const { type, body } of made) maker.add(TYPE[type], body);
  const tree = model.get(random.pick(ids.filter((id) => model.get(id).type === 'tree')));
  if (random.oneIn(2)) maker.add(TYPE.tree, tree.body);
  if (random.oneIn(3))
    for (const id of refs.values()) if (model.objects.has(id)) maker.add(TYPE[model.get(id).type], model.get(id).body);
  return maker.build(random.oneIn(12) ? maker.count + 1 : maker.count);
}

function hostileDelta(random: Random, base: Buffer): Buffer {
  const size = random.pick([base.length, base.length, base.length + 1, 0, 2 ** 31, 2 ** 52]);
  const copies = Array.from({ length: 1 + random.size(40) }, () => ({
    copy: random.pick([0, random.below(base.length + 1), base.length, 2 ** 31]),
    size: random.pick([base.length, random.below(0xffff), 0xffffff]),
  }));
  const delta = makeDelta(size, copies, random.oneIn(3) ? random.pick([0, 2 ** 31, 2 ** 40]) : undefined);
  return random.oneIn(3) ? mutate(random, delta) : delta;
}

/** @throws what is wrong with the report; notes what was moved */
function readReport({ refs, model }: Subject, body: Buffer, asked: Buffer): void {
  const framed = framedPart(body);
  const pkts = [...splitPktLines(framed)].flatMap((pkt) => (pkt.kind === 'data' ? [Buffer.from(pkt.payload)] : []));
  const banded = pkts.filter((pkt) => pkt[0] === 1).map((pkt) => pkt.subarray(1));
  const inner = banded.length > 0 ? Buffer.concat(banded) : framed;
  const lines = [...splitPktLines(inner)].flatMap((pkt) => (pkt.kind === 'data' ? [lineText(pkt.payload)] : []));
  const texts = lines.filter((line) => (line.codePointAt(0) ?? 0) > 3);
  const fits = texts.every((line) => /^(?:unpack |ok |ng |option |ERR )/.test(line));
  if (!fits || (texts.length > 0 && !/^(?:unpack|ERR) /.test(texts[0] ?? ''))) {
    throw new Error(`report ${JSON.stringify(texts)} to ${JSON.stringify(asked.toString('latin1').slice(0, 2_000))}`);
  }
  const moved = new Map(
    [...asked.toString('latin1').matchAll(/[0-9a-f]{40} ([0-9a-f]{40}) (refs\/[^\0\n ]+?)(?=\0|[0-9a-f]{4})/g)].map(
      ([, newId = '', name = '']) => [name, newId],
    ),
  );
  for (const line of texts) {
    const name = /^ok (.*)/.exec(line)?.[1] ?? '';
    const newId = moved.get(name);
    if (newId === model.zeroId) refs.delete(name);
    else if (newId !== undefined && model.objects.has(newId)) refs.set(name, newId);
  }
}

async function requireSoundClone(forge: GitForge, name: string): Promise<void> {
  const folder = mkdtempSync(path.join(forge.folder, 'clone-'));
  const clone = await forge.git(folder, ['clone', '-q', '--mirror', forge.url(name, 'ada'), 'x']);
  if (clone.status !== 0) throw new Error(`clone ${name}: ${clone.stderr}`);
  const fsck = await forge.git(path.join(folder, 'x'), ['fsck', '--full', '--strict', '--no-dangling']);
  if (fsck.status !== 0) throw new Error(`fsck ${name}: ${fsck.stdout}${fsck.stderr}`);
  rmSync(folder, { recursive: true });
}
