/** Git's doors and requests that no client of good will sends: each gets a clear answer, and the next one is served. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DELIM, encodePktLine, FLUSH, type OutgoingPkt } from '#git/pkt-line/encode.ts';
import { lineText, splitPktLines } from '#git/pkt-line/pkt-line-reader.ts';
import { limits } from '#limits.ts';
import { PackMaker, TYPE } from '../fixtures/pack-maker.ts';
import { hasDatabase } from '../support/database.ts';
import { GitForge } from '../support/git-forge.ts';
import { exchangeBytes, type RawAnswer, request } from '../support/raw-http.ts';

const REPOSITORY = 'target';
const UNKNOWN_ID = '1234567890'.repeat(4);
const ZERO_ID = '0'.repeat(40);
const MIB = 1 << 20;

describe.skipIf(!hasDatabase)('git over HTTP, under attack', () => {
  let forge: GitForge;
  let copy: string;
  let headId: string;

  beforeAll(async () => {
    forge = await GitForge.start();
    await forge.createRepository(REPOSITORY);
    await forge.createRepository('secret', { visibility: 'private' });
    copy = path.join(forge.folder, 'copy');
    mkdirSync(copy);
    writeFileSync(path.join(copy, 'README'), 'hello\n');
    for (const args of [
      ['init', '-q', '-b', 'main'],
      ['add', '-A'],
      ['commit', '-q', '-m', 'One'],
      ['push', '-q', forge.url(REPOSITORY, 'ada'), 'main'],
    ]) {
      expect(await forge.git(copy, args)).toMatchObject({ status: 0 });
    }
    headId = (await forge.git(copy, ['rev-parse', 'HEAD'])).stdout.trim();
  });

  afterAll(() => forge?.close());

  afterEach(async () => {
    const { stdout } = await forge.git(forge.folder, ['ls-remote', forge.url(REPOSITORY)]);
    expect(stdout, 'the repository is served as before').toBe(`${headId}\tHEAD\n${headId}\trefs/heads/main\n`);
  });

  function post(
    service: 'git-upload-pack' | 'git-receive-pack',
    body: Uint8Array | string,
    headers: Record<string, string> = {},
  ): Promise<RawAnswer> {
    return request(forge.port, 'POST', `/ada/${REPOSITORY}.git/${service}`, {
      headers: { 'content-type': `application/x-${service}-request`, authorization: forge.authorization, ...headers },
      body,
    });
  }

  function encode(...pkts: OutgoingPkt[]): Buffer {
    return Buffer.concat(pkts.map(encodePktLine));
  }

  function command(name: string, newId = headId, capabilities = 'report-status'): string {
    return `${ZERO_ID} ${newId} ${name}\0${capabilities}`;
  }

  describe('addresses', () => {
    it.each([
      '//ada/target.git/info/refs?service=git-upload-pack',
      '/ada/../ada/target.git/info/refs?service=git-upload-pack',
      '/ada/%2e%2e/info/refs?service=git-upload-pack',
      '/ada/x%2ftarget.git/info/refs?service=git-upload-pack',
      '/ada/target%00.git/info/refs?service=git-upload-pack',
      '/ada/%ff.git/info/refs?service=git-upload-pack',
      '/ada/target/tree/main/info/refs?service=git-upload-pack',
    ])('are left to the pages when they are no repository: %s', async (target) => {
      expect((await request(forge.port, 'GET', target)).status).toBe(418);
    });

    it.each(['/ada/target', '/ada/target.git', '/ADA/Target.git'])('of the repository: %s', async (address) => {
      const answer = await request(forge.port, 'GET', `${address}/info/refs?service=git-upload-pack`);
      expect(answer.status).toBe(200);
    });

    it.each(['HEAD', 'objects/info/packs', `objects/${UNKNOWN_ID.slice(0, 2)}/${UNKNOWN_ID.slice(2)}`, 'info/refs'])(
      'of the dumb protocol are refused: %s',
      async (file) => {
        const answer = await request(forge.port, 'GET', `/ada/target.git/${file}`);
        expect([answer.status, answer.body.toString()]).toEqual([403, expect.stringContaining('Dumb HTTP')]);
      },
    );
  });

  describe('access', () => {
    it.each(['secret', 'missing'])('asks strangers for credentials, the repository there or not: %s', async (name) => {
      for (const [method, resource] of [
        ['GET', 'info/refs?service=git-upload-pack'],
        ['GET', 'info/refs?service=git-receive-pack'],
      ] as const) {
        const answer = await request(forge.port, method, `/ada/${name}.git/${resource}`);
        expect(answer.status).toBe(401);
        expect(answer.headers['www-authenticate']).toMatch(/^Basic realm=/);
        expect(answer.body.toString()).toBe('Authentication required.\n');
      }
    });

    it('asks for credentials before a push to a public repository, not after it', async () => {
      const answer = await request(forge.port, 'GET', '/ada/target.git/info/refs?service=git-receive-pack');
      expect(answer.status).toBe(401);
    });

    it('tells a wrong password from none, where strangers may read too', async () => {
      const authorization = `Basic ${Buffer.from('ada:wrong').toString('base64')}`;
      const answer = await request(forge.port, 'GET', '/ada/target.git/info/refs?service=git-upload-pack', {
        headers: { authorization },
      });
      expect([answer.status, answer.body.toString()]).toEqual([401, expect.stringContaining('Invalid credentials')]);
    });

    it('refuses before it asks for the body', async () => {
      const answer = await exchangeBytes(
        forge.port,
        'POST /ada/secret.git/git-receive-pack HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n' +
          'Content-Type: application/x-git-receive-pack-request\r\nContent-Length: 1000000\r\n\r\n',
      );
      expect(answer).toMatch(/^HTTP\/1\.1 401 /);
      expect(answer).toMatch(/\r\nconnection: close\r\n/i);
      expect(answer).not.toContain('100 Continue');
    });

    it('asks for the body once it may come', async () => {
      const answer = await exchangeBytes(
        forge.port,
        'POST /ada/target.git/git-upload-pack HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nConnection: close\r\n' +
          'Content-Type: application/x-git-upload-pack-request\r\nContent-Length: 4\r\n\r\n0000',
      );
      expect(answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
    });

    it('serves HTTP/1.0, without chunks', async () => {
      const answer = await exchangeBytes(
        forge.port,
        'GET /ada/target.git/info/refs?service=git-upload-pack HTTP/1.0\r\n\r\n',
      );
      expect(answer).toMatch(/\r\n\r\n001e# service=git-upload-pack\n0000/);
      expect(answer).toMatch(/0000$/);
    });

    it('answers HEAD with the headers of GET', async () => {
      const answer = await request(forge.port, 'HEAD', '/ada/target.git/info/refs?service=git-upload-pack');
      expect([answer.status, answer.headers['content-type'], answer.body.length]).toEqual([
        200,
        'application/x-git-upload-pack-advertisement',
        0,
      ]);
    });
  });

  describe('bodies', () => {
    it('refuses an encoding that it does not know', async () => {
      expect((await post('git-upload-pack', '0000', { 'content-encoding': 'br' })).status).toBe(415);
    });

    it.each(['gzip', 'x-gzip'])('unzips %s', async (encoding) => {
      const body = encode('command=ls-refs', DELIM, 'ref-prefix refs/heads/', FLUSH);
      const answer = await post('git-upload-pack', gzipSync(body), {
        'content-encoding': encoding,
        'git-protocol': 'version=2',
      });
      expect(answer.body.toString()).toBe(`003d${headId} refs/heads/main\n0000`);
    });

    it.each([
      ['no gzip', Buffer.from('0000')],
      ['gzip that is cut short', gzipSync(encodePktLine('x'.repeat(1_000))).subarray(0, 20)],
    ])('refuses %s', async (_, body) => {
      for (const service of ['git-upload-pack', 'git-receive-pack'] as const) {
        const answer = await post(service, body, { 'content-encoding': 'gzip' });
        expect([answer.status, answer.body.toString()]).toEqual([400, 'The request body is not valid gzip.\n']);
      }
    });

    it('stops at a gzip bomb', async () => {
      const bomb = gzipSync(Buffer.alloc(200 * MIB));
      const before = process.memoryUsage().rss;
      const answer = await post('git-upload-pack', bomb, { 'content-encoding': 'gzip' });
      expect(answer.status).toBe(413);
      expect(process.memoryUsage().rss - before).toBeLessThan(100 * MIB);
    });

    it('says so when gzip breaks off behind the commands of a push', async () => {
      const maker = new PackMaker();
      maker.add(TYPE.blob, randomBytes(100_000));
      const whole = gzipSync(Buffer.concat([encode(command('refs/heads/x'), FLUSH), maker.build()]));
      const zipped = whole.subarray(0, whole.length / 2);
      const answer = await post('git-receive-pack', zipped, { 'content-encoding': 'gzip' });
      expect(answer.status).toBe(200);
      expect(answer.body.toString()).toContain('unpack The request body is not valid gzip.\n');
    });

    it('refuses a fetch request that is too long', async () => {
      const answer = await post('git-upload-pack', Buffer.alloc(limits.requestBufferMaxBytes + 1, '0'));
      expect(answer.status).toBe(413);
    });

    it('drains what a refused client still sends, so that it can read why', async () => {
      const answer = await request(forge.port, 'POST', '/ada/secret.git/git-receive-pack', {
        headers: { 'content-type': 'application/x-git-receive-pack-request', 'transfer-encoding': 'chunked' },
        body: Buffer.alloc(20 * MIB),
      });
      expect(answer.status).toBe(401);
    });
  });

  describe('fetches', () => {
    it.each<[string, Buffer, string]>([
      ['a length that is no number', Buffer.from('zzzzwant'), 'ERR protocol error: bad line length character: zzzz'],
      ['a length that cannot be', Buffer.from('0003'), 'ERR protocol error: bad line length 3'],
      ['a length beyond a pkt', Buffer.from('fff5'), 'ERR protocol error: bad line length 65521'],
      ['a pkt cut short', Buffer.from('0032want'), 'ERR the remote end hung up unexpectedly'],
      ['bytes of no meaning', Buffer.from('00050'), "expected to get object ID, not '0'"],
      ['a depth that is none', Buffer.from('000cdeepen 0'), 'ERR Invalid deepen: deepen 0'],
    ])('say what is wrong with %s', async (_, body, words) => {
      const answer = await post('git-upload-pack', body);
      expect([answer.status, answer.body.toString()]).toEqual([200, expect.stringContaining(words)]);
    });

    it('refuse more haves than anyone needs', async () => {
      const have = encodePktLine(`have ${UNKNOWN_ID}`);
      const haves = Buffer.concat(Array<Uint8Array>(limits.negotiationLinesMax + 1).fill(have));
      const answer = await post('git-upload-pack', Buffer.concat([encode(`want ${headId}`, FLUSH), haves]));
      expect(answer.body.toString()).toContain(`ERR fetch names more than ${limits.negotiationLinesMax} objects`);
    });

    it('take as many haves as are allowed', async () => {
      const have = encodePktLine(`have ${UNKNOWN_ID}`);
      const haves = Buffer.concat(Array<Uint8Array>(limits.negotiationLinesMax - 1).fill(have));
      const body = Buffer.concat([encode(`want ${headId} multi_ack_detailed`, FLUSH), haves, encode(FLUSH)]);
      expect((await post('git-upload-pack', body)).body.toString()).toBe('0008NAK\n');
    });

    it('survive any flipped bit', async () => {
      const body = encode('command=fetch', 'object-format=sha1', DELIM, `want ${headId}`, `have ${UNKNOWN_ID}`, FLUSH);
      for (let bit = 0; bit < body.length * 8; bit += 13) {
        const flipped = Buffer.from(body);
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const answer = await post('git-upload-pack', flipped, { 'git-protocol': 'version=2' });
        expect(answer.status).toBe(200);
        expect(answer.body.toString('latin1')).toMatch(/^[0-9a-f]{4}(ERR |acknowledgments\n|packfile\n)|^$/);
      }
    });
  });

  describe('pushes', () => {
    it.each<[string, Buffer, string]>([
      ['a command that is none', encode('frotz', FLUSH), "ERR protocol error: expected old/new/ref, got 'frotz'"],
      ['a command without a name', encode(`${ZERO_ID} ${ZERO_ID}`, FLUSH), 'ERR protocol error: expected old/new/ref'],
      ['a shallow line without an id', encode('shallow x', FLUSH), "ERR protocol error: expected shallow sha, got 'x'"],
      [
        'another object format',
        encode(`${ZERO_ID} ${UNKNOWN_ID} refs/heads/x\0object-format=sha256`, FLUSH),
        'ERR error: unsupported object format',
      ],
      [
        'commands that do not end',
        encode(`${ZERO_ID} ${UNKNOWN_ID} refs/heads/x`),
        'ERR the remote end hung up unexpectedly',
      ],
      [
        'a name that is not UTF-8',
        encode(Buffer.from(`${ZERO_ID} ${ZERO_ID} refs/heads/\xff\0report-status`, 'latin1'), FLUSH),
        'is not UTF-8',
      ],
      [
        'a name without end',
        encode(`${ZERO_ID} ${UNKNOWN_ID} refs/heads/${'x'.repeat(2_000)}`, FLUSH),
        'more than 1024 bytes',
      ],
      ['a pkt cut short', Buffer.from('00ff'), 'ERR the remote end hung up unexpectedly'],
    ])('say what is wrong with %s', async (_, body, words) => {
      const answer = await post('git-receive-pack', body);
      expect([answer.status, answer.body.toString()]).toEqual([200, expect.stringContaining(words)]);
    });

    it('refuse more commands than a push may have', async () => {
      const line = encodePktLine(`${ZERO_ID} ${UNKNOWN_ID} refs/heads/x`);
      const body = Buffer.concat(Array<Uint8Array>(limits.pushCommandsMax + 1).fill(line));
      const answer = await post('git-receive-pack', body);
      expect(answer.body.toString()).toContain(`push of more than ${limits.pushCommandsMax} refs`);
    });

    it.each<[string, Buffer]>([
      ['no pack', Buffer.alloc(0)],
      ['a pack that is none', Buffer.from('not a pack at all')],
      ['half a header', Buffer.from('PACK\0\0')],
      ['a pack of a version that is none', Buffer.from('PACK\0\0\0\x09\0\0\0\x01')],
      ['a pack cut short', Buffer.from('PACK\0\0\0\x02\0\0\0\x05\x95')],
    ])('report %s', async (_, pack) => {
      const answer = await post('git-receive-pack', Buffer.concat([encode(command('refs/heads/x'), FLUSH), pack]));
      const [unpack, ref] = answer.body.toString().split('\n');
      expect(answer.status).toBe(200);
      expect(unpack).toMatch(/^[0-9a-f]{4}unpack (?!ok)/);
      expect(ref).toMatch(/^[0-9a-f]{4}ng refs\/heads\/x unpacker error$/);
    });

    it('report inside the side band when there is one', async () => {
      const deletion = `${UNKNOWN_ID} ${ZERO_ID} refs/heads/none\0report-status-v2 side-band-64k`;
      const answer = await post('git-receive-pack', encode(deletion, FLUSH));
      const [message, frame, end] = splitPktLines(answer.body);
      expect(end).toEqual(FLUSH);
      if (message?.kind !== 'data' || frame?.kind !== 'data') throw new Error('no frame');
      expect(lineText(message.payload)).toBe('\x02warning: deleting a non-existent ref');
      expect(frame.payload[0]).toBe(1);
      const nested = [...splitPktLines(frame.payload.subarray(1))];
      expect(nested.map((pkt) => (pkt.kind === 'data' ? lineText(pkt.payload) : pkt.kind))).toEqual([
        'unpack ok',
        expect.stringContaining('refs/heads/none'),
        'flush',
      ]);
    });

    it('leave no repository behind when they fail', async () => {
      const body = Buffer.concat([encode(command('refs/heads/x'), FLUSH), Buffer.from('not a pack')]);
      const answer = await request(forge.port, 'POST', '/ada/never.git/git-receive-pack', {
        headers: { 'content-type': 'application/x-git-receive-pack-request', authorization: forge.authorization },
        body,
      });
      expect(answer.body.toString()).toContain('ng refs/heads/x');
      expect(await forge.accounts.catalog.find('ada', 'never', forge.owner)).toBeUndefined();
    });

    it('cannot create what has no name for a repository, or in the name of others', async () => {
      for (const [target, status] of [
        [`/ada/${'x'.repeat(101)}.git`, 404],
        ['/nobody/new.git', 404],
      ] as const) {
        const answer = await request(forge.port, 'GET', `${target}/info/refs?service=git-receive-pack`, {
          headers: { authorization: forge.authorization },
        });
        expect(answer.status, target).toBe(status);
      }
    });
  });
});
