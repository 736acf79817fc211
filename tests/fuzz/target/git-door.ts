/**
 * Addresses and headers of git over HTTP: services, versions, encodings, lengths, and paths that might mean others. Whatever is sent,
 * the answer is one of git's or a refusal, and neither a hidden ref nor another's private repository shows.
 */
import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { splitPktLines } from '#git/pkt-line/pkt-line-reader.ts';
import { generateRepository, visibleIds } from '../../differential/generated-repository.ts';
import { createTestUser } from '../../support/accounts.ts';
import type { FuzzSession } from '../fuzz-target.ts';
import { mutate, printable } from '../mutate.ts';
import type { Random } from '../random.ts';
import { type ClientRequest, describeRequest, openWatchedForge, PARALLEL, storeRepository } from './forge-client.ts';

const RAW_ANSWER_MAX_MS = 30;
const SERVICES = ['git-upload-pack', 'git-receive-pack', 'git-upload-archive'];
const REPOSITORIES = [
  'ada/door',
  'ada/door',
  'ada/door.git',
  'ada/door.git',
  'ada/nothing.git',
  'eve/secret.git',
  'eve/secret',
];
const RESOURCES = [
  ...SERVICES.flatMap((service) => [`info/refs?service=${service}`, service]),
  ...['info/refs', 'HEAD', 'objects/info/packs', 'objects/12/34567890123456789012345678901234567890', 'config'],
  ...['info/refs?service=', 'info/refs?service=git-upload-pack&service=x', 'raw/main/README', 'archive/main.tar.gz'],
  ...['archive/refs/heads/main.zip', 'raw/refs/hidden/one/README', 'info/lfs/objects/batch', 'info/lfs/locks'],
];
const PATH_VOCABULARY = [
  ...[
    '//',
    '/../',
    '/./',
    '..%2f',
    '%2e%2e/',
    '%2F',
    '%00',
    '%',
    ';',
    '\\',
    '?',
    '#',
    '&service=',
    '/ada/door/../../eve/secret',
  ],
  ...['eve/secret.git', '.git', '.git.git', '/.git/', '@', ':80', 'http://x/', '%c0%ae', '%252e', '~', '+', '*'],
];
const METHODS = ['GET', 'GET', 'GET', 'POST', 'POST', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND', 'TRACE'];
const HEADERS: Readonly<Record<string, readonly string[]>> = {
  'git-protocol': ['version=2', 'version=1', 'version=0', 'version=2:x', 'x:version=2', 'version=3', ':::', 'version='],
  accept: ['*/*', 'application/x-git-upload-pack-result', 'text/html;q=2', ',,,'],
  'accept-encoding': ['gzip', 'deflate, gzip, br', 'identity;q=0', '*;q=0', ''],
  'content-encoding': ['gzip', 'x-gzip', 'deflate', 'br', 'gzip, gzip', 'identity'],
  'content-type': SERVICES.flatMap((service) => [
    `application/x-${service}-request`,
    `application/x-${service}-request; x=y`,
  ]),
  expect: ['100-continue', '200-ok'],
  range: ['bytes=0-1', 'bytes=-0', 'bytes=5-2', 'bytes=0-0,2-3', 'lines=1-2'],
  'if-none-match': ['*', '"x"', 'W/"'],
  'x-forwarded-for': ['1.2.3.4', '::1, x', ','],
  'x-forwarded-proto': ['https', 'x', 'http,https'],
  host: ['localhost', 'evil.example', '[::1]:99999', ''],
  cookie: ['session=x', '=;=;', 'a=b; a=c'],
  origin: ['null', 'http://evil.example'],
  'accept-language': ['de', '*', ''],
  connection: ['close', 'keep-alive', 'upgrade', 'te'],
};
const BODIES = [
  ...['0000', '00000000', '0014command=ls-refs\n0000', '0014command=ls-refs\n00010014ref-prefix refs/\n0000'],
  ...['0012command=fetch\n0001000ddone\n0000', '', '0001', 'ffff', '0017argument --format=tar\n0000'],
];

export async function openGitDoorFuzzer(): Promise<FuzzSession> {
  const { forge, client, watch, close } = await openWatchedForge();
  const repository = generateRepository(5);
  await storeRepository(forge, 'door', repository);
  const visible = visibleIds(repository);
  const hiddenIds = [...repository.model.objects.keys()].filter((id) => !visible.has(id));
  const hidden = ['refs/hidden', ...hiddenIds];
  const eve = await createTestUser(forge.accounts.workflows, 'eve');
  await forge.accounts.catalog.create(eve, { ownerId: eve.userId, name: 'secret', visibility: 'private' });
  const authorizations = [
    client.authorization,
    client.authorization,
    '',
    'Bearer x',
    'Basic YTo=',
    'Basic !',
    'Negotiate x',
  ];
  const tally = { answered: 0, refused: 0 };
  watch.forgive();
  return {
    parallel: PARALLEL,
    async attempt(random) {
      const authorization = random.oneIn(3) ? random.pick(authorizations) : client.authorization;
      const request = makeRequest(random, authorization);
      if (random.oneIn(20)) return sendRaw(random, forge.port, request);
      // What the client cannot send is no input.
      const answer = await client.send(request).catch((error: NodeJS.ErrnoException) => {
        if (error.code?.startsWith('ERR_') || error.code?.startsWith('HPE_') || error.code === 'ECONNRESET')
          return undefined;
        throw error;
      });
      if (!answer) return;
      const where = () => `${answer.body.toString('latin1').slice(0, 500)} to ${describeRequest(request)}`;
      const isOk = answer.status < 300;
      tally[isOk ? 'answered' : 'refused']++;
      const text = answer.body.toString('latin1');
      const shown = hidden.find((secret) => text.includes(secret) && !request.target.includes(secret));
      if (shown !== undefined && !isEcho(request, shown)) throw new Error(`shows ${shown}: ${where()}`);
      if (isOk && /^\/eve\/secret(?:\.git)?\//i.test(request.target))
        throw new Error(`opens a private repository: ${where()}`);
      if (isOk && /-(?:advertisement|result)$/.test(answer.headers['content-type'] ?? '') && !text.includes('PACK')) {
        for (const _ of splitPktLines(answer.body));
      }
    },
    async check() {
      await watch.check(forge.accounts.database.sql);
      const { status } = await client.send({ method: 'GET', target: '/ada/door/info/refs?service=git-upload-pack' });
      if (status !== 200) throw new Error(`status ${status} of the refs`);
    },
    describe: () => `${tally.answered} answered, ${tally.refused} refused`,
    close,
  };
}

/** Git's refusals quote what was asked for. */
function isEcho({ body = Buffer.alloc(0) }: ClientRequest, text: string): boolean {
  return Buffer.from(body).includes(text);
}

function makeRequest(random: Random, authorization: string): ClientRequest {
  const target = `/${random.pick(REPOSITORIES)}/${random.pick(RESOURCES)}`;
  const service = SERVICES.find((name) => target.endsWith(name));
  const method = random.oneIn(6) ? random.pick(METHODS) : target.includes('?') || !service ? 'GET' : 'POST';
  const names = Object.keys(HEADERS).filter(() => random.oneIn(16));
  const headers = Object.fromEntries(
    names.map((name) => {
      const value = random.pick(HEADERS[name] ?? []);
      return [name, random.oneIn(8) ? printable(mutate(random, Buffer.from(value))) : value];
    }),
  );
  if (service && method === 'POST' && !random.oneIn(8)) headers['content-type'] = `application/x-${service}-request`;
  const sound = Buffer.from(random.pick(BODIES));
  const body = headers['content-encoding']?.includes('gzip') && random.oneIn(2) ? gzipSync(sound) : sound;
  const lengths = ['0', '1', '00', '-1', '99999999999999999999', '4x', '0x4'];
  return {
    method,
    target: random.oneIn(4) ? `/${printable(mutate(random, Buffer.from(target.slice(1)), PATH_VOCABULARY))}` : target,
    headers: {
      ...headers,
      authorization,
      ...(random.oneIn(60) && { 'content-length': random.pick(lengths) }),
    },
    ...(method !== 'GET' && method !== 'HEAD' && { body: random.oneIn(4) ? mutate(random, body) : body }),
  };
}

/** Any bytes on a connection of their own, which is left soon: what the server makes of them shows in its log. */
async function sendRaw(
  random: Random,
  port: number,
  { method, target, headers = {}, body }: ClientRequest,
): Promise<void> {
  const lines = [
    `${method} ${target} HTTP/1.1`,
    'Host: localhost',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(random.oneIn(2)
      ? ['Transfer-Encoding: chunked', '', '4', '0000', '0']
      : [`Content-Length: ${body?.length ?? 0}`]),
  ];
  const sound = Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), Buffer.from(body ?? '')]);
  const vocabulary = [
    '\r\n',
    'Content-Length: 5\r\n',
    'Transfer-Encoding: chunked\r\n',
    '\r\n\r\n',
    'HTTP/1.0',
    'ffffffff\r\n',
  ];
  const socket = net.connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.on('data', () => {});
  socket.end(mutate(random, random.oneIn(3) ? Buffer.concat([sound, sound]) : sound, vocabulary));
  await Promise.race([once(socket, 'close').catch(() => {}), sleep(RAW_ANSWER_MAX_MS)]);
  socket.destroy();
}
