/** Git's doors over HTTP: damaged requests to a running server. */
import { gzipSync } from 'node:zlib';
import { DELIM, encodePktLine, FLUSH, type OutgoingPkt } from '#git/pkt-line/encode.ts';
import { splitPktLines } from '#git/pkt-line/pkt-line-reader.ts';
import { generateRepository } from '../../differential/generated-repository.ts';
import { Twins } from '../../differential/twins.ts';
import { GitForge } from '../../support/git-forge.ts';
import { request } from '../../support/raw-http.ts';
import type { FuzzSession } from '../fuzz-target.ts';
import { mutate } from '../mutate.ts';
import type { Random } from '../random.ts';

const REPOSITORY_SEED = 5;

export async function openUploadPackFuzzer(): Promise<FuzzSession> {
  const { forge, ids, names } = await openForge('git-upload-pack');
  const vocabulary = [
    ...['want ', 'have ', 'done', 'shallow ', 'deepen ', 'deepen-since ', 'deepen-not ', 'deepen-relative', 'filter '],
    ...['blob:none', 'blob:limit=1k', 'tree:1', 'combine:', 'object:type=', 'sparse:oid=', 'want-ref ', 'sideband-all'],
    ...['command=fetch', 'command=ls-refs', 'command=object-info', 'command=bundle-uri', 'size', 'oid ', 'ref-prefix '],
    ...['0000', '0001', '0002', '0009done\n', 'packfile-uris https', 'include-tag', 'thin-pack', ...ids.slice(0, 5)],
  ];
  return {
    async attempt(random) {
      const version = random.pick([0, 1, 2, 2, 2]);
      const sound = Buffer.concat(
        (version === 2 ? requestV2(random, ids, names) : requestV0(random, ids)).map(encodePktLine),
      );
      const body = random.oneIn(6) ? sound : mutate(random, sound, vocabulary);
      await send(forge, 'git-upload-pack', random, body, { 'git-protocol': `version=${version}` });
    },
    close: () => forge.close(),
  };
}

export async function openReceivePackFuzzer(): Promise<FuzzSession> {
  const { forge, ids, pack } = await openForge('git-receive-pack');
  const zero = '0'.repeat(40);
  const vocabulary = [zero, ...ids.slice(0, 5), 'refs/heads/', 'shallow ', '\0', 'report-status-v2', 'atomic', '0000'];
  return {
    async attempt(random) {
      const capabilities = random.pick([
        'report-status',
        'report-status-v2 side-band-64k',
        'atomic report-status push-options',
      ]);
      const pkts: OutgoingPkt[] = [
        `${zero} ${random.pick(ids)} refs/heads/f${random.below(1_000)}\0${capabilities}`,
        ...(random.oneIn(3) ? [`${random.pick(ids)} ${zero} refs/tags/x`] : []),
        FLUSH,
        ...(capabilities.includes('push-options') ? ['option', FLUSH] : []),
      ];
      const commands = Buffer.concat(pkts.map(encodePktLine));
      const body = random.oneIn(2)
        ? Buffer.concat([mutate(random, commands, vocabulary), pack])
        : mutate(random, Buffer.concat([commands, pack]), vocabulary);
      await send(forge, 'git-receive-pack', random, body);
    },
    close: () => forge.close(),
  };
}

async function openForge(name: string) {
  const forge = await GitForge.start();
  const repository = generateRepository(REPOSITORY_SEED);
  await Twins.create(forge, name, repository);
  const { model, refs } = repository;
  return {
    forge,
    ids: [...model.objects.keys()],
    names: [...refs.keys()],
    pack: model.pack([...model.objects.keys()].slice(0, 20)),
  };
}

function requestV0(random: Random, ids: readonly string[]): OutgoingPkt[] {
  const capabilities = random.pick([
    'multi_ack_detailed side-band-64k ofs-delta',
    'multi_ack',
    'side-band thin-pack',
    'filter',
  ]);
  return [
    `want ${random.pick(ids)} ${capabilities}`,
    ...lines(random, 'want', ids, 2),
    ...(random.oneIn(4) ? [`shallow ${random.pick(ids)}`, `deepen ${random.below(5)}`] : []),
    FLUSH,
    ...lines(random, 'have', ids, 4),
    random.oneIn(2) ? 'done' : FLUSH,
  ];
}

function requestV2(random: Random, ids: readonly string[], names: readonly string[]): OutgoingPkt[] {
  switch (random.below(6)) {
    case 0:
      return ['command=ls-refs', DELIM, 'peel', 'symrefs', `ref-prefix ${random.pick(names)}`, FLUSH];
    case 1:
      return ['command=object-info', DELIM, 'size', ...lines(random, 'oid', ids, 4), FLUSH];
    default:
      return [
        'command=fetch',
        'object-format=sha1',
        DELIM,
        ...['thin-pack', 'ofs-delta', 'include-tag', 'wait-for-done', 'sideband-all'].filter(() => random.oneIn(4)),
        ...lines(random, 'want', ids, 3),
        ...lines(random, 'have', ids, 4),
        ...(random.oneIn(4) ? [`want-ref ${random.pick(names)}`] : []),
        ...(random.oneIn(4) ? [`shallow ${random.pick(ids)}`, `deepen ${random.below(5)}`] : []),
        ...(random.oneIn(4) ? [`filter ${random.pick(['blob:none', 'tree:0', 'tree:2', 'blob:limit=10'])}`] : []),
        ...(random.oneIn(2) ? ['done'] : []),
        FLUSH,
      ];
  }
}

function lines(random: Random, word: string, ids: readonly string[], countMax: number): string[] {
  return Array.from({ length: random.below(countMax + 1) }, () => `${word} ${random.pick(ids)}`);
}

/** Sends it and looks at the answer: well formed, and no fault of ours. */
async function send(
  forge: GitForge,
  service: 'git-upload-pack' | 'git-receive-pack',
  random: Random,
  body: Buffer,
  extra: Record<string, string> = {},
): Promise<void> {
  const zipped = random.oneIn(20);
  const { status, body: answer } = await request(forge.port, 'POST', `/ada/${service}.git/${service}`, {
    headers: {
      'content-type': `application/x-${service}-request`,
      authorization: forge.authorization,
      ...extra,
      ...(zipped ? { 'content-encoding': 'gzip' } : {}),
    },
    body: zipped ? (random.oneIn(2) ? gzipSync(body) : mutate(random, gzipSync(body))) : body,
  });
  const text = answer.toString('latin1');
  const asked = `${JSON.stringify(extra)} ${JSON.stringify(body.toString('latin1').slice(0, 2_000))}`;
  if (![200, 400, 413, 415].includes(status)) throw new Error(`status ${status}: ${text} to ${asked}`);
  if (text.includes('internal server error')) throw new Error(`${text} to ${asked}`);
  if (status !== 200 || text.includes('PACK')) return;
  for (const _ of splitPktLines(answer));
}
