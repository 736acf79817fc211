/**
 * Pushes: sound ones, damaged ones, and packs that lie. What was taken is a repository that git clones and finds sound. One in ten goes
 * over HTTP, the others straight into the service, as either transport calls it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { lineText, splitPktLines } from '#git/pkt-line/pkt-line-reader.ts';
import { serveReceivePack } from '#transport/git/receive-pack.ts';
import { realisePush, samplePushes } from '../../differential/push-question.ts';
import type { GitForge } from '../../support/git-forge.ts';
import type { FuzzSession } from '../fuzz-target.ts';
import { mutate } from '../mutate.ts';
import type { Random } from '../random.ts';
import { framedPart, openWatchedForge, PARALLEL, sendToService, type WatchedForge } from './forge-client.ts';
import { holdDialogue, inPieces } from './git-dialogue.ts';
import { damageCommands, dressCommands, encodePkts, PUSH_VOCABULARY } from './push-commands.ts';
import { makePushPack } from './push-pack.ts';
import { openPushSubject, type PushSubject, visibleState } from './push-subject.ts';

const PLANS = samplePushes(3, 1_000);

export async function openReceivePackFuzzer(): Promise<FuzzSession> {
  const watched = await openWatchedForge();
  const { forge, watch } = watched;
  const tally = { taken: 0, unpacked: 0, reported: 0 };
  let number = 0;
  let subject = await openPushSubject(forge, ++number);
  watch.forgive();
  return {
    parallel: PARALLEL,
    async attempt(random) {
      const pushed = subject;
      const body = makeBody(random, pushed);
      const answer = random.oneIn(10)
        ? await pushOverHttp(random, watched, pushed, body)
        : await pushInProcess(random, watched, pushed, body);
      const lines = answer && readReport(pushed, answer, body);
      if (!lines?.length) return;
      tally.reported++;
      if (lines[0] === 'unpack ok') tally.unpacked++;
      if (lines.some((line) => line.startsWith('ok '))) tally.taken++;
    },
    async check() {
      await watch.check(forge.accounts.database.sql);
      await requireSoundClone(forge, subject);
      subject = await openPushSubject(forge, ++number);
      watch.forgive();
    },
    describe: () =>
      `${tally.reported} with a report, ${tally.unpacked} with a pack that was taken, ${tally.taken} that moved a ref`,
    close: watched.close,
  };
}

async function pushOverHttp(
  random: Random,
  { client }: WatchedForge,
  { name }: PushSubject,
  body: Buffer,
): Promise<Buffer | undefined> {
  const repository = random.oneIn(8) ? `made-${random.below(4)}` : name;
  const answer = await sendToService(client, random, { name: 'git-receive-pack', repository }, body);
  return answer.status === 200 && repository === name ? answer.body : undefined;
}

async function pushInProcess(
  random: Random,
  watched: WatchedForge,
  { record: repository }: PushSubject,
  body: Buffer,
): Promise<Buffer | undefined> {
  const leaving = new AbortController();
  const dialogue = random.oneIn(2) ? 'stateful' : 'stateless';
  const version = random.oneIn(4) ? 1 : 0;
  const answer = await holdDialogue({ ...watched, repository, version }, leaving, (session) =>
    serveReceivePack(session, inPieces(random, body, leaving), dialogue),
  );
  if (leaving.signal.aborted) return undefined;
  return dialogue === 'stateful' ? afterFirstFlush(answer) : answer;
}

function afterFirstFlush(bytes: Buffer): Buffer {
  for (let at = 0; at < bytes.length; ) {
    const length = Number.parseInt(bytes.toString('latin1', at, at + 4), 16);
    at += Math.max(4, length);
    if (length === 0) return bytes.subarray(at);
  }
  throw new Error(`no end of the refs in ${JSON.stringify(bytes.toString('latin1').slice(0, 500))}`);
}

function makeBody(random: Random, subject: PushSubject): Buffer {
  const { model, ids } = subject;
  const { known, stored } = visibleState(subject);
  const plan = random.pick(PLANS);
  const { pkts, pack } = realisePush(plan, known, stored, model, true);
  const dressed = dressCommands(random, pkts, ids);
  const vocabulary = [...PUSH_VOCABULARY, model.zeroId, random.pick(ids), ...known.keys()];
  const commands = random.oneIn(4) ? damageCommands(random, dressed, vocabulary) : encodePkts(dressed);
  if (random.oneIn(14)) return mutate(random, Buffer.concat([commands, pack]), vocabulary);
  if (pack.length === 0 && !random.oneIn(6)) return commands;
  const wanted = pkts.flatMap((pkt) => (typeof pkt === 'string' ? [pkt.split(' ')[1] ?? ''] : []));
  const needed = [...model.closure(wanted.filter((id) => model.objects.has(id)))].filter((id) => !stored.has(id));
  const sent = makePushPack(random, { model, ids, stored, needed }, pack);
  return Buffer.concat([commands, sent, ...(random.oneIn(30) ? [random.bytes(random.size(60))] : [])]);
}

/** @returns its lines @throws what is wrong with the report; notes what was moved */
function readReport({ refs, model }: PushSubject, body: Buffer, asked: Buffer): string[] {
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
  const moved = movesIn(asked);
  for (const line of texts) {
    const name = /^ok (.*)/.exec(line)?.[1] ?? '';
    const newId = moved.get(name);
    if (newId === model.zeroId) refs.delete(name);
    else if (newId !== undefined && model.objects.has(newId)) refs.set(name, newId);
  }
  return texts;
}

function movesIn(asked: Buffer): Map<string, string> {
  const commands = asked
    .toString('utf8')
    .matchAll(/(?:[0-9a-f]{40}|[0-9a-f]{64}) ([0-9a-f]{40}|[0-9a-f]{64}) (refs\/[^\0\n ]+?)(?=[\0\n]|[0-9a-f]{4})/g);
  return new Map([...commands].map(([, newId = '', name = '']) => [name, newId]));
}

async function requireSoundClone(forge: GitForge, { name, isChecked }: PushSubject): Promise<void> {
  const folder = mkdtempSync(path.join(forge.folder, 'clone-'));
  const clone = await forge.git(folder, ['clone', '-q', '--mirror', forge.url(name, 'ada'), 'x']);
  const fsck = await forge.git(path.join(folder, 'x'), ['fsck', '--full', '--strict', '--no-dangling']);
  rmSync(folder, { recursive: true });
  // Where anything may be pushed, git may dislike it.
  if (!isChecked) return;
  if (clone.status !== 0) throw new Error(`clone ${name}: ${clone.stderr}`);
  if (fsck.status !== 0) throw new Error(`fsck ${name}: ${fsck.stdout}${fsck.stderr}`);
}
