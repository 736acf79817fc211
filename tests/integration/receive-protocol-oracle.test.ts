/**
 * Push requests that break the protocol, byte by byte the same to us and to `git http-backend`. Git dies of most of them and tells its
 * administrator alone; we tell the client the same sentence, as an `ERR` pkt.
 */
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DELIM, encodePktLine, FLUSH, type OutgoingPkt } from '#git/pkt-line/encode.ts';
import { lineText, splitPktLines } from '#git/pkt-line/pkt-line-reader.ts';
import { ScratchRepository } from '../fixtures/scratch-repository.ts';
import { hasDatabase } from '../support/database.ts';
import { GitForge } from '../support/git-forge.ts';
import { runHttpBackend } from '../support/git-http-backend.ts';
import { request } from '../support/raw-http.ts';

const ZERO = '0'.repeat(40);
const RECEIVE = 'application/x-git-receive-pack-request';
const CAPABILITIES = 'report-status side-band-64k push-options object-format=sha1';

/** What a case is made of; nothing of it moves a ref. */
interface Material {
  readonly head: string;
  readonly fresh: string;
  /** Creates a branch for `fresh`, with all capabilities. */
  readonly command: string;
  /** Holds `fresh`. */
  readonly pack: Buffer;
}

type Part = OutgoingPkt | Buffer;

const raw = (text: string) => Buffer.from(text, 'latin1');
const resealed = (pack: Buffer, change: (body: Buffer) => void) => {
  const body = Buffer.from(pack.subarray(0, -20));
  change(body);
  return Buffer.concat([body, createHash('sha1').update(body).digest()]);
};

const CASES: Record<string, (material: Material) => readonly Part[]> = {
  'a flush alone': () => [FLUSH],
  'a delimiter alone': () => [DELIM],
  'a pack alone': ({ pack }) => [pack],
  'a length of three': () => [raw('0003')],
  'an empty line': () => [raw('0004'), FLUSH],
  'a length that is no number': () => [raw('zzzz')],
  'a length with a sign': () => [raw('-001')],
  'a length beyond a pkt': () => [raw('ffff')],
  'half a length': () => [raw('00')],
  'half a line': ({ command }) => [raw(encodePktLine(command).toString().slice(0, 30))],
  'no flush': ({ command }) => [command],
  'a line that is no command': () => ['hello world', FLUSH],
  'a second line that is no command': ({ command }) => [command, 'hello', FLUSH],
  'a short id': ({ head }) => [`${ZERO.slice(1)} ${head} refs/heads/x`, FLUSH],
  'ids apart by a tab': ({ head }) => [`${ZERO}\t${head}\trefs/heads/x`, FLUSH],
  'ids of SHA-256': () => [`${'0'.repeat(64)} ${'1'.repeat(64)} refs/heads/x`, FLUSH],
  'no name': ({ head }) => [`${ZERO} ${head}`, FLUSH],
  'an empty name': ({ head }) => [`${head} ${ZERO} \0 ${CAPABILITIES}`, FLUSH, FLUSH],
  'a name with a newline': ({ head }) => [`${head} ${ZERO} refs/heads/a\nb\0 ${CAPABILITIES}`, FLUSH, FLUSH],
  'another object format': ({ head }) => [`${ZERO} ${head} refs/heads/x\0object-format=sha256`, FLUSH],
  'an object format that is none': ({ head }) => [`${ZERO} ${head} refs/heads/x\0object-format=`, FLUSH],
  'an error of the client': () => ['ERR out of ink\n', FLUSH],
  'an error of the client after a command': ({ command }) => [command, 'ERR out of ink', FLUSH],
  'a shallow line without an id': () => ['shallow xyz', FLUSH],
  'a shallow line without anything': () => ['shallow ', FLUSH],
  'push options without an end': ({ command }) => [command, FLUSH, 'a'],
  'a pack in the place of push options': ({ command, pack }) => [command, FLUSH, pack],
  'push options that were not asked for': ({ head, fresh, pack }) => [
    `${ZERO} ${fresh} refs/heads/x\0report-status`,
    FLUSH,
    head,
    FLUSH,
    pack,
  ],
  'no pack': ({ command }) => [command, FLUSH, FLUSH],
  'half the header of a pack': ({ command, pack }) => [command, FLUSH, FLUSH, pack.subarray(0, 7)],
  'another signature': ({ command, pack }) => [command, FLUSH, FLUSH, resealed(pack, (body) => body.write('KCAP'))],
  'version 4': ({ command, pack }) => [command, FLUSH, FLUSH, resealed(pack, (body) => body.writeUInt32BE(4, 4))],
  'a pack without the object': ({ command, pack }) => [
    ...[command, FLUSH, FLUSH],
    resealed(Buffer.concat([pack.subarray(0, 12), Buffer.alloc(20)]), (body) => body.writeUInt32BE(0, 8)),
  ],
};

describe.skipIf(!hasDatabase)('broken pushes, beside git http-backend', () => {
  let forge: GitForge;
  let scratch: ScratchRepository;
  let material: Material;
  let folder: string;

  beforeAll(async () => {
    forge = await GitForge.start();
    scratch = new ScratchRepository();
    scratch.git(['commit', '-q', '--allow-empty', '-m', 'One']);
    const head = scratch.line(['rev-parse', 'HEAD']);
    await forge.createRepository('twin');
    await forge.git(scratch.directory, ['push', '-q', forge.url('twin', 'ada'), 'main']);
    folder = path.join(forge.folder, 'backend');
    mkdirSync(path.join(folder, 'ada'), { recursive: true });
    const bare = path.join(folder, 'ada', 'twin.git');
    scratch.git(['clone', '-q', '--bare', scratch.directory, bare]);
    scratch.git(['-C', bare, 'config', 'receive.advertisePushOptions', 'true']);
    const fresh = scratch.line(['commit-tree', '-p', head, '-m', 'Two', `${head}^{tree}`]);
    const pack = scratch.git(['pack-objects', '--stdout', '-q'], { input: `${fresh}\n` });
    material = { head, fresh, pack, command: `${ZERO} ${fresh} refs/heads/x\0 ${CAPABILITIES}` };
  });

  afterAll(async () => {
    scratch?.[Symbol.dispose]();
    await forge?.close();
  });

  it.each(Object.entries(CASES))('%s', async (_, make) => {
    const body = Buffer.concat(make(material).map((part) => (Buffer.isBuffer(part) ? part : encodePktLine(part))));
    const target = '/ada/twin.git/git-receive-pack';
    const headers = { 'content-type': RECEIVE };
    const gits = await runHttpBackend(folder, { method: 'POST', target, headers, body });
    const fatal = /^fatal: (.*)$/ms.exec(gits.log)?.[1]?.trimEnd();
    const expected = gits.body.length === 0 && fatal !== undefined ? [`ERR ${fatal}`] : saidIn(gits.body);
    const withUser = { ...headers, authorization: forge.authorization };
    const ours = await request(forge.port, 'POST', target, { headers: withUser, body });
    expect([ours.status, ours.headers['content-type']]).toEqual([gits.status, gits.headers['content-type']]);
    expect(saidIn(ours.body)).toEqual(expected);
  });
});

/** The report without its bands; what is told beside it is in each server's own words. */
function saidIn(body: Uint8Array): string[] {
  const pkts = [...splitPktLines(body)];
  const isBanded = pkts.some((pkt) => pkt.kind === 'data' && (pkt.payload[0] ?? 9) < 4);
  const report = pkts.map((pkt) =>
    pkt.kind === 'data' && pkt.payload[0] === 1 ? pkt.payload.slice(1) : Buffer.alloc(0),
  );
  return [...splitPktLines(isBanded ? Buffer.concat(report) : body)].map((pkt) =>
    pkt.kind === 'data' ? lineText(pkt.payload) : pkt.kind,
  );
}
