/** The doors of Git LFS: bodies of batches and locks, addresses and ranges, damaged. */
import { createHash } from 'node:crypto';
import { LFS_JSON, LfsForge } from '../../support/lfs-forge.ts';
import type { FuzzSession } from '../fuzz-target.ts';
import { damageValue, mutate, printable } from '../mutate.ts';
import type { Random } from '../random.ts';
import { ServerWatch } from '../server-watch.ts';
import { ForgeClient, PARALLEL } from './forge-client.ts';

const TEXT = 'large\n';
const OID = oidOf(TEXT);

function oidOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

const VOCABULARY = [
  ...['"operation":', '"download"', '"upload"', '"objects":', '"oid":', '"size":', '"transfers":', '"basic"', '"ref":'],
  ...['"hash_algo":"sha256"', '"path":', '"force":true', '"cursor":', '"limit":', '"id":', 'null', 'true', '[]', '{}'],
  ...['-1', '1e309', '9007199254740993', '0.5', OID, OID.toUpperCase(), '../', '\\u0000', '\\ud800', '__proto__'],
];

interface Shape {
  readonly method: string;
  readonly resource: string;
  readonly body?: unknown;
  /** Sent as it is. */
  readonly text?: string;
}

function shapes(random: Random): readonly [Shape, ...Shape[]] {
  const text = random.oneIn(2) ? TEXT : `large ${random.below(300)}\n`;
  const pointer = random.oneIn(3)
    ? { oid: random.bytes(32).toString('hex'), size: random.size(100) }
    : { oid: oidOf(text), size: text.length };
  const operation = random.pick(['download', 'upload']);
  return [
    {
      method: 'POST',
      resource: 'objects/batch',
      body: { operation, objects: [pointer, pointer], transfers: ['basic'] },
    },
    {
      method: 'POST',
      resource: 'objects/batch',
      body: { operation, objects: [pointer], ref: { name: 'refs/heads/main' } },
    },
    { method: 'POST', resource: 'verify', body: pointer },
    { method: 'POST', resource: 'locks', body: { path: `f${random.below(50)}`, ref: { name: 'refs/heads/main' } } },
    { method: 'GET', resource: `locks?path=f${random.below(50)}&limit=2&cursor=1` },
    { method: 'POST', resource: 'locks/verify', body: { cursor: '0', limit: 3 } },
    { method: 'POST', resource: `locks/${random.below(50)}/unlock`, body: { force: true } },
    { method: random.oneIn(4) ? 'HEAD' : 'GET', resource: `objects/${OID}` },
    { method: random.oneIn(4) ? 'HEAD' : 'GET', resource: `objects/${oidOf(text)}` },
    { method: 'PUT', resource: `objects/${oidOf(text)}`, text },
    { method: 'PUT', resource: `objects/${OID}`, text },
  ];
}

export async function openLfsFuzzer(): Promise<FuzzSession> {
  const watch = new ServerWatch();
  const forge = await LfsForge.start(watch.blobs, watch.log);
  await forge.createRepository('large');
  const client = await ForgeClient.open(forge.port, forge.accounts, forge.owner.userId);
  watch.forgive();
  return {
    parallel: PARALLEL,
    async attempt(random) {
      const { method, resource, body, text } = random.pick(shapes(random));
      const json = random.oneIn(3) ? body : damageValue(random, body);
      const sound = Buffer.from(text ?? (body === undefined ? '' : (JSON.stringify(json) ?? '')));
      const address = random.oneIn(8) ? printable(mutate(random, Buffer.from(resource))) : resource;
      const answer = await client.send({
        method,
        target: `/ada/large.git/info/lfs/${address}`,
        headers: {
          ...(random.oneIn(10) && { authorization: `Bearer ${random.bytes(8).toString('hex')}` }),
          accept: random.oneIn(20) ? '*/*' : LFS_JSON,
          'content-type': random.oneIn(20) ? 'text/plain' : LFS_JSON,
          ...(random.oneIn(4) && { range: printable(mutate(random, Buffer.from('bytes=0-3'))) }),
        },
        ...(method !== 'GET' &&
          method !== 'HEAD' && { body: random.oneIn(2) ? sound : mutate(random, sound, VOCABULARY) }),
      });
      if (answer.status >= 400 && answer.status !== 416 && answer.body.length > 0) JSON.parse(answer.body.toString());
    },
    async check() {
      await watch.check(forge.accounts.database.sql);
      const { status } = await client.send({ method: 'GET', target: '/ada/large.git/info/lfs/locks' });
      if (status !== 406 && status !== 200) throw new Error(`status ${status} of the locks`);
    },
    async close() {
      client.close();
      watch.close();
      await forge.close();
    },
  };
}
