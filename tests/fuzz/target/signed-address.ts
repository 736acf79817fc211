/**
 * What opens something by itself: addresses of stored packs and bundles, and tokens of Git LFS. Changed in any way they open nothing:
 * the answer is a refusal, without a byte of what lies behind.
 */
import { createHash } from 'node:crypto';
import { LfsTokens } from '#auth/lfs-token.ts';
import { keyOf, type StoredFile } from '#repository/stored-file-address.ts';
import { uuidV7 } from '#repository/uuid-v7.ts';
import { createTestUser } from '../../support/accounts.ts';
import { LFS_JSON, LfsForge } from '../../support/lfs-forge.ts';
import type { FuzzSession } from '../fuzz-target.ts';
import { mutate, printable } from '../mutate.ts';
import type { Random } from '../random.ts';
import { ServerWatch } from '../server-watch.ts';
import { type ClientRequest, describeRequest, ForgeClient, PARALLEL } from './forge-client.ts';

/** Behind each of the doors. */
const SECRET = Buffer.from('What nobody reads without an address of ours\n');
const OID = createHash('sha256').update(SECRET).digest('hex');
const SIGNATURE_CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const VOCABULARY = [
  'expires=',
  'token=',
  '&',
  '?',
  '%',
  '%2e',
  '/',
  '-',
  '_',
  '=',
  '.',
  '+',
  '#',
  'pack',
  'bundle',
  '0',
];

/** What opens the door as it stands, and by what it does. */
interface Door {
  readonly request: ClientRequest;
  readonly kind: 'address' | 'token';
}

export async function openSignedAddressFuzzer(): Promise<FuzzSession> {
  const watch = new ServerWatch();
  const forge = await LfsForge.start(watch.blobs, watch.log);
  const client = await ForgeClient.open(forge.port, forge.accounts, forge.owner.userId);
  const doors = [...(await storedFileDoors(forge, watch)), ...(await lfsDoors(forge))];
  const others = doors.map(({ request }) => Buffer.from(request.target));
  watch.forgive();
  return {
    parallel: PARALLEL,
    async attempt(random) {
      const door = random.pick(doors);
      const isSound = random.oneIn(20);
      const changed = isSound ? door.request : change(random, door, others);
      const isOther = !doors.some(({ request }) => isSame(request, changed));
      const answer = await client.send(changed);
      const isOpen = answer.status < 400 || answer.body.includes(SECRET);
      if (isSound && !answer.body.includes(SECRET)) throw new Error(`status ${answer.status} of a sound address`);
      if (isOther && isOpen) throw new Error(`status ${answer.status} to ${describeRequest(changed)}`);
    },
    check: () => watch.check(forge.accounts.database.sql),
    async close() {
      client.close();
      watch.close();
      await forge.close();
    },
  };
}

function isSame(one: ClientRequest, other: ClientRequest): boolean {
  return one.target === other.target && one.headers?.['authorization'] === other.headers?.['authorization'];
}

async function storedFileDoors(forge: LfsForge, watch: ServerWatch): Promise<Door[]> {
  const files: StoredFile[] = (['pack', 'bundle', 'pack'] as const).map((kind) => ({ kind, id: uuidV7() }));
  const doors: Door[] = [];
  for (const file of files) {
    await watch.blobs.put(keyOf(file), SECRET);
    // It belongs to no row, and the watch is not to wonder.
    watch.blobs.keys.delete(keyOf(file));
    const { pathname, search } = await forge.services.storedFiles.addressOf(file);
    doors.push({
      kind: 'address',
      request: { method: 'GET', target: pathname + search, headers: { authorization: '' } },
    });
  }
  return doors;
}

/** Of two private repositories; a token of one opens nothing of the other. */
async function lfsDoors(forge: LfsForge): Promise<Door[]> {
  const tokens = new LfsTokens(forge.accounts.database.sql);
  const eve = await createTestUser(forge.accounts.workflows, 'eve');
  const doors: Door[] = [];
  for (const principal of [forge.owner, eve]) {
    const request = { ownerId: principal.userId, name: 'locked', visibility: 'private' as const };
    const outcome = await forge.accounts.catalog.create(principal, request);
    if (outcome.kind !== 'created') throw new Error(`create repository: ${outcome.kind}`);
    const { id: repositoryId } = outcome.repository;
    await forge.objects.receive(repositoryId, OID, piecesOf(SECRET), AbortSignal.timeout(10_000));
    const { authorization } = await tokens.issue({ principal, repositoryId, operation: 'download' });
    const target = `/${principal.login}/locked.git/info/lfs/objects/${OID}`;
    doors.push({ kind: 'token', request: { method: 'GET', target, headers: { authorization, accept: LFS_JSON } } });
  }
  return doors;
}

function change(random: Random, { kind, request }: Door, others: readonly Buffer[]): ClientRequest {
  const { target, headers = {} } = request;
  const range = { ...(random.oneIn(8) && { range: random.pick(['bytes=0-3', 'bytes=-1', 'bytes=9-']) }) };
  if (kind === 'token') {
    const { authorization = '' } = headers;
    // The scheme is read without regard to case: what proves something is behind it.
    const [scheme = '', token = ''] = authorization.split(' ');
    return {
      ...request,
      headers: { ...headers, ...range, authorization: `${scheme} ${changeText(random, token, [])}` },
    };
  }
  return {
    method: random.oneIn(6) ? 'HEAD' : 'GET',
    target: `/${changeText(random, target.slice(1), others)}`,
    headers: { ...headers, ...range },
  };
}

function changeText(random: Random, text: string, others: readonly Buffer[]): string {
  const at = random.below(text.length);
  switch (random.below(4)) {
    case 0: {
      // Another character that may stand there, often the last, which has bits to spare.
      const place = random.oneIn(3) ? text.length - 1 : at;
      return text.slice(0, place) + random.pick([...SIGNATURE_CHARACTERS]) + text.slice(place + 1);
    }
    case 1:
      return text.slice(0, at) + random.pick([...VOCABULARY, ' ', '%20']).trim() + text.slice(at);
    case 2:
      return text.slice(0, at) + encodeURIComponent(text[at] ?? '').replace(/^.$/, percentEncoded) + text.slice(at + 1);
    default:
      return printable(mutate(random, Buffer.from(text), VOCABULARY, others));
  }
}

function percentEncoded(character: string): string {
  return `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

async function* piecesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
