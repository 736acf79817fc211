/**
 * Requests as bytes on the wire: what HTTP allows and what it forbids, beside `git http-backend` where it has an answer of its own.
 * Where ours differs on purpose, the table says so.
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DELIM, encodePktLine, FLUSH } from '#git/pkt-line/encode.ts';
import { ScratchRepository } from '../fixtures/scratch-repository.ts';
import { PASSWORD } from '../support/accounts.ts';
import { hasDatabase } from '../support/database.ts';
import { GitForge } from '../support/git-forge.ts';
import { type BackendAnswer, runHttpBackend } from '../support/git-http-backend.ts';
import { exchangeBytes, type RawAnswer, request } from '../support/raw-http.ts';

const UPLOAD_TYPE = 'application/x-git-upload-pack-request';
const RECEIVE_TYPE = 'application/x-git-receive-pack-request';
const DISCOVERY = 'info/refs?service=git-upload-pack';
const PUSH_DISCOVERY = 'info/refs?service=git-receive-pack';
const V2 = { 'git-protocol': 'version=2' };
/** A request whose answer is the same from everybody. */
const LS_REFS = Buffer.concat(['command=ls-refs', DELIM, 'ref-prefix refs/heads/', FLUSH].map(encodePktLine));

type Headers = Readonly<Record<string, string>>;

describe.skipIf(!hasDatabase)('HTTP', () => {
  let forge: GitForge;
  let backendFolder: string;
  let listing: string;

  beforeAll(async () => {
    forge = await GitForge.start();
    await forge.createRepository('open');
    await forge.createRepository('secret', { visibility: 'private' });
    using scratch = new ScratchRepository();
    scratch.git(['commit', '-q', '--allow-empty', '-m', 'One']);
    for (const name of ['open', 'secret']) {
      const pushed = await forge.git(scratch.directory, ['push', '-q', forge.url(name, 'ada'), 'HEAD:refs/heads/main']);
      expect(pushed).toMatchObject({ status: 0 });
    }
    listing = `003d${scratch.line(['rev-parse', 'HEAD'])} refs/heads/main\n0000`;
    backendFolder = path.join(forge.folder, 'backend');
    mkdirSync(path.join(backendFolder, 'ada'), { recursive: true });
    const backend = path.join(backendFolder, 'ada/open.git');
    scratch.git(['clone', '-q', '--mirror', scratch.directory, backend]);
    scratch.git(['-C', backend, 'config', 'http.getanyfile', 'false']);
  });

  afterAll(() => forge?.close());

  function ask(
    method: string,
    resource: string,
    headers: Headers = {},
    body?: Uint8Array | string,
  ): Promise<RawAnswer> {
    return request(forge.port, method, `/ada/open.git/${resource}`, {
      headers: { authorization: forge.authorization, ...headers },
      ...(body !== undefined && { body }),
    });
  }

  async function compare(method: string, resource: string, headers: Headers = {}, body?: Uint8Array): Promise<void> {
    const target = `/ada/open.git/${resource}`;
    const [ours, gits] = await Promise.all([
      ask(method, resource, headers, body),
      runHttpBackend(backendFolder, { method, target, headers, ...(body && { body }) }),
    ]);
    expect(protocolHeaders(ours)).toEqual(protocolHeaders(gits));
    // Where git says nothing we give a reason, but a HEAD has no body.
    if (method === 'HEAD') expect(ours.body.length).toBe(0);
    else if (gits.body.length > 0 && gits.status !== 200) expect(ours.body.toString()).toBe(gits.body.toString());
  }

  describe('methods, as at git http-backend', () => {
    const methods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PROPFIND', 'TRACE', 'PATCH'];
    const services = [
      ['git-upload-pack', UPLOAD_TYPE],
      ['git-receive-pack', RECEIVE_TYPE],
    ] as const;

    // Node does not know these, and its client would not send them.
    it.each(['FROTZ', 'get', 'G3T', 'VERSION-CONTROL'])('%s, which is none', async (method) => {
      for (const resource of [DISCOVERY, 'info/refs', 'git-upload-pack', 'git-receive-pack', 'HEAD']) {
        const answer = await exchangeBytes(forge.port, head(method, resource, ['Host: localhost']));
        const gits = await runHttpBackend(backendFolder, { method, target: `/ada/open.git/${resource}` });
        expect([/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1], /^Allow: (.*)\r$/m.exec(answer)?.[1]]).toEqual([
          String(gits.status),
          gits.headers['allow'],
        ]);
      }
      const other = await exchangeBytes(forge.port, head(method, 'tags', ['Host: localhost']));
      expect(other).toMatch(/^HTTP\/1\.1 405 Method Not Allowed\r\nAllow: GET, HEAD, POST\r\n/);
    });

    it.each(methods)('%s', async (method) => {
      const body = method.startsWith('P') ? Buffer.from('0000') : undefined;
      for (const [service, type] of services) {
        await compare(method, `info/refs?service=${service}`, {}, body);
        await compare(method, service, { 'content-type': type }, body);
      }
      for (const file of ['HEAD', 'objects/info/packs', 'info/refs', `objects/ab/${'c'.repeat(38)}`]) {
        await compare(method, file, {}, body);
      }
    });
  });

  describe('the query, as at git http-backend', () => {
    it.each([
      'service=git-upload-pack&service=git-receive-pack',
      'service=git-receive-pack&service=git-upload-pack',
      'x=y&service=git-upload-pack&z',
      'service=git%2dupload%2dpack',
      'service=',
      'service=upload-pack',
      'service=git-frotz',
      'service=GIT-UPLOAD-PACK',
      'Service=git-upload-pack',
      'service=git-upload-pack%20',
      `service=git-${'x'.repeat(3_000)}`,
    ])('%s', (query) => compare('GET', `info/refs?${query}`));
  });

  describe('media types, as at git http-backend', () => {
    it.each([
      UPLOAD_TYPE,
      `${UPLOAD_TYPE}; charset=utf-8`,
      UPLOAD_TYPE.toUpperCase(),
      RECEIVE_TYPE,
      'application/x-git-upload-pack-result',
      'application/octet-stream',
      'text/plain',
      '',
    ])('"%s"', (type) => compare('POST', 'git-upload-pack', { 'content-type': type }, Buffer.from('0000')));

    it('none', () => compare('POST', 'git-upload-pack', {}, Buffer.from('0000')));
  });

  describe('the version, as at git http-backend', () => {
    it.each([
      'version=2',
      'version=2:foo',
      'foo:version=2',
      'foo=bar:version=1:x',
      'version=1:version=2',
      'version=2:version=1',
      'version=0',
      'version=3',
      'version=02',
      'version = 2',
      'VERSION=2',
      'version=2;version=1',
      `version=2:${'x'.repeat(8_000)}`,
      ':::',
      '',
    ])('"%s"', async (version) => {
      const headers = { 'git-protocol': version };
      const [ours, gits] = await Promise.all([
        ask('GET', DISCOVERY, headers),
        runHttpBackend(backendFolder, { method: 'GET', target: `/ada/open.git/${DISCOVERY}`, headers }),
      ]);
      expect(announcedVersion(ours)).toBe(announcedVersion(gits));
    });
  });

  describe('encodings', () => {
    const zipped = gzipSync(LS_REFS);

    it.each<[string, Buffer]>([
      ['gzip', zipped],
      ['x-gzip', zipped],
      // Not so at git, which takes it for no encoding.
      ['GZIP', zipped],
      ['gzip', Buffer.concat([zipped, gzipSync('')])],
      ['identity', LS_REFS],
      ['', LS_REFS],
    ])('"%s" is read', async (encoding, body) => {
      const headers = { 'content-type': UPLOAD_TYPE, 'content-encoding': encoding, ...V2 };
      expect((await ask('POST', 'git-upload-pack', headers, body)).body.toString()).toBe(listing);
    });

    // Git takes the first three for plain bytes, and dies without a word of the others.
    it.each<[string, Buffer, number]>([
      ['deflate', deflateSync(LS_REFS), 415],
      ['br', LS_REFS, 415],
      ['gzip, gzip', gzipSync(zipped), 415],
      ['gzip', LS_REFS, 400],
      ['gzip', zipped.subarray(0, -9), 400],
      ['gzip', Buffer.alloc(0), 400],
      ['gzip', Buffer.concat([zipped, Buffer.from('rest')]), 400],
    ])('"%s" of %# is refused', async (encoding, body, status) => {
      const headers = { 'content-type': UPLOAD_TYPE, 'content-encoding': encoding, ...V2 };
      expect((await ask('POST', 'git-upload-pack', headers, body)).status).toBe(status);
    });
  });

  describe('headers that mean nothing here', () => {
    it.each<[string, string]>([
      ['If-None-Match', '*'],
      ['If-Modified-Since', 'Fri, 01 Jan 2100 00:00:00 GMT'],
      ['Range', 'bytes=0-3'],
      ['Origin', 'http://elsewhere.example'],
      ['Sec-Fetch-Site', 'cross-site'],
      ['Accept', 'text/html'],
      ['Accept-Encoding', 'gzip, br'],
      ['Accept-Language', 'de, *;q=0.5'],
      ['X-HTTP-Method-Override', 'DELETE'],
      ['X-Forwarded-For', '1.2.3.4, nonsense'],
      ['Connection', 'Upgrade, HTTP2-Settings'],
      ['Upgrade', 'websocket'],
      ['Expect', '100-continue'],
    ])('%s: %s', async (name, value) => {
      const headers = { 'content-type': UPLOAD_TYPE, ...V2, [name]: value };
      const answer = await ask('POST', 'git-upload-pack', headers, LS_REFS);
      expect([answer.status, answer.headers['content-encoding'], answer.body.toString()]).toEqual([
        200,
        undefined,
        listing,
      ]);
    });
  });

  describe('framing', () => {
    const bodiless = (lines: readonly string[], method = 'GET', resource = DISCOVERY, version = '1.1') =>
      head(method, resource, ['Host: localhost', 'Connection: close', ...lines], version);
    const fetchHead = (lines: readonly string[]) =>
      head('POST', 'git-upload-pack', [
        'Host: localhost',
        'Connection: close',
        `Content-Type: ${UPLOAD_TYPE}`,
        'Git-Protocol: version=2',
        ...lines,
      ]);
    const length = `Content-Length: ${LS_REFS.length}`;
    const CHUNKED = 'Transfer-Encoding: chunked';

    it.each<[string, string[], string]>([
      ['as long as it says', [length], String(LS_REFS)],
      ['in chunks', [CHUNKED], chunked(LS_REFS, [1, 1, 2, 3, 5, 8])],
      ['in chunks with extensions', [CHUNKED], chunked(LS_REFS, [7], ';a=b;c="d"')],
      ['in chunks with trailers', [CHUNKED], chunked(LS_REFS, [30]).replace(/\r\n$/, 'X-Trailer: yes\r\n\r\n')],
      ['in chunks of upper case', ['Transfer-Encoding: Chunked'], chunked(LS_REFS, [11]).replace(/^b\r/gm, 'B\r')],
    ])('takes a body %s', async (_, lines, body) => {
      const answer = await exchangeBytes(forge.port, fetchHead(lines) + body);
      expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
      expect(answer).toContain(listing.slice(0, -5));
    });

    it.each<[string, string, number]>([
      ['two lengths', fetchHead([length, 'Content-Length: 4']) + LS_REFS, 400],
      ['the same length twice', fetchHead([length, length]) + LS_REFS, 400],
      ['a list of lengths', fetchHead([`${length}, ${LS_REFS.length}`]) + LS_REFS, 400],
      ['a length with a sign', fetchHead([`Content-Length: +${LS_REFS.length}`]) + LS_REFS, 400],
      ['a negative length', fetchHead(['Content-Length: -1']) + LS_REFS, 400],
      ['a length in hexadecimal', fetchHead(['Content-Length: 0x10']) + LS_REFS, 400],
      ['a space before the colon', fetchHead([`Content-Length : ${LS_REFS.length}`]) + LS_REFS, 400],
      ['a length and chunks', fetchHead([length, CHUNKED]) + chunked(LS_REFS, [5]), 400],
      ['chunks and a length', fetchHead([CHUNKED, length]) + chunked(LS_REFS, [5]), 400],
      ['chunks twice', fetchHead([CHUNKED, CHUNKED]) + chunked(LS_REFS, [5]), 400],
      ['chunks that are not last', fetchHead(['Transfer-Encoding: chunked, gzip']) + chunked(LS_REFS, [5]), 400],
      ['gzip below the chunks', fetchHead(['Transfer-Encoding: gzip, chunked']) + chunked(LS_REFS, [5]), 501],
      ['a coding that is none', fetchHead(['Transfer-Encoding: xchunked']) + chunked(LS_REFS, [5]), 501],
      ['a chunk without a size', `${fetchHead([CHUNKED])}zz\r\nabc\r\n0\r\n\r\n`, 400],
      ['a chunk of a negative size', `${fetchHead([CHUNKED])}-1\r\nabc\r\n0\r\n\r\n`, 400],
      ['a chunk larger than any', `${fetchHead([CHUNKED])}fffffffffffffffff\r\nabc\r\n0\r\n\r\n`, 400],
      ['a header on two lines', bodiless(['X-A: b\r\n c']), 400],
      ['a NUL in a header', bodiless(['X-A: b\0c']), 400],
      ['lines without returns', bodiless([]).replaceAll('\r\n', '\n'), 400],
      ['no host', head('GET', DISCOVERY, ['Connection: close']), 400],
      ['two hosts', bodiless(['Host: elsewhere.example']), 400],
      ['a method in parentheses', bodiless([], '(GET)'), 400],
      ['a method that is none, of version 1.0', bodiless([], 'FROTZ', DISCOVERY, '1.0'), 400],
      [
        'a method that is none, behind a request',
        bodiless([]).replace('close', 'keep-alive') + bodiless([], 'FROTZ'),
        400,
      ],
      ['a version that is none', bodiless([], 'GET', DISCOVERY, '1.2'), 400],
      ['HTTP/2 without TLS', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
      ['an address that is none', 'GET * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', 400],
      ['an address with a space', bodiless([], 'GET', 'info/ refs'), 400],
      ['an expectation that is none', fetchHead([length, 'Expect: 200-ok']) + LS_REFS, 417],
      ['headers beyond 16 KiB', bodiless([`X-A: ${'a'.repeat(17_000)}`]), 431],
      ['an address beyond 16 KiB', bodiless([], 'GET', 'x'.repeat(17_000)), 431],
    ])('refuses %s', async (_, bytes, status) => {
      const answer = await exchangeBytes(forge.port, bytes);
      expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
      expect(answer.match(/^HTTP\/1\.1 /gm), 'one answer').toHaveLength(1);
    });

    it('answers requests one after another that came at once', async () => {
      const first = head('GET', DISCOVERY, ['Host: localhost', 'Git-Protocol: version=2']);
      const refused = `${head('POST', 'git-upload-pack', ['Host: localhost', 'Content-Length: 9'])}123456789`;
      const answer = await exchangeBytes(forge.port, first + refused + fetchHead([length]) + LS_REFS);
      expect(answer.match(/^HTTP\/1\.1 \d+/gm)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 415', 'HTTP/1.1 200']);
      expect(answer).toContain(listing.slice(0, -5));
    });

    it.each(['', 'Connection: keep-alive\r\n'])('answers HTTP/1.0 without chunks, and closes: "%s"', async (line) => {
      const lines = `${line}Content-Type: ${UPLOAD_TYPE}\r\nGit-Protocol: version=2\r\n${length}\r\n\r\n`;
      const answer = await exchangeBytes(
        forge.port,
        `POST /ada/open.git/git-upload-pack HTTP/1.0\r\n${lines}${LS_REFS}`,
      );
      const [fields = '', body] = answer.split('\r\n\r\n');
      expect(fields).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
      expect(fields).toMatch(/^connection: close\r?$/im);
      expect(fields).not.toMatch(/transfer-encoding/i);
      expect(body).toBe(listing);
    });
  });

  describe('who asks', () => {
    let tokens: Readonly<Record<'all' | 'none' | 'public' | 'expired' | 'revoked', string>>;

    beforeAll(async () => {
      const { userId } = forge.owner;
      const issue = async (scopes: readonly ('repo' | 'public_repo')[]) => {
        const outcome = await forge.accounts.tokens.issue({ userId, note: 'test', scopes });
        if (outcome.kind !== 'issued') throw new Error(outcome.kind);
        return outcome;
      };
      const [all, none, publicOnly, expired, revoked] = await Promise.all([
        issue(['repo']),
        issue([]),
        issue(['public_repo']),
        issue(['repo']),
        issue(['repo']),
      ]);
      await forge.accounts.tokens.revoke(userId, revoked.token.id);
      await forge.accounts.database
        .sql`update access_token set expires_at = now() - interval '1 second' where id = ${expired.token.id}`;
      tokens = {
        all: all.secret,
        none: none.secret,
        public: publicOnly.secret,
        expired: expired.secret,
        revoked: revoked.secret,
      };
    });

    /** Of fetching what is open, what is secret and what is not there; then of pushing to the same. */
    const STRANGER = [200, 401, 401, 401, 401, 401];
    const REFUSED = [401, 401, 401, 401, 401, 401];
    const OWNER = [200, 200, 404, 200, 200, 200];

    it.each<[string, () => string | undefined, readonly number[]]>([
      ['nobody', () => undefined, STRANGER],
      ['a password', () => basic('ada', PASSWORD), OWNER],
      ['a password in lower-case Basic', () => basic('ada', PASSWORD).replace('Basic', 'basic'), OWNER],
      ['a wrong password', () => basic('ada', 'wrong'), REFUSED],
      ['a password with a colon', () => basic('ada', `${PASSWORD}:`), REFUSED],
      ['somebody unknown', () => basic('nobody', PASSWORD), REFUSED],
      ['no password', () => basic('ada', ''), REFUSED],
      ['nothing at all', () => basic('', ''), REFUSED],
      ['a token as password', () => basic('ada', tokens.all), OWNER],
      ['a token as the password of any name', () => basic('x-access-token', tokens.all), OWNER],
      ['a token as name', () => basic(tokens.all, ''), OWNER],
      ['a token as name, with its word', () => basic(tokens.all, 'x-oauth-basic'), OWNER],
      ['a Bearer token', () => `Bearer ${tokens.all}`, OWNER],
      ['a token by its own scheme', () => `token ${tokens.all}`, OWNER],
      ['a token of no scope', () => basic('ada', tokens.none), [200, 404, 404, 403, 403, 403]],
      ['a token for what is public', () => basic('ada', tokens.public), [200, 404, 404, 200, 403, 403]],
      ['an expired token', () => basic('ada', tokens.expired), REFUSED],
      ['a revoked token', () => `Bearer ${tokens.revoked}`, REFUSED],
      ['base64 that is none', () => 'Basic !!!!', REFUSED],
      ['base64 of no colon', () => `Basic ${btoa('ada')}`, REFUSED],
      ['another scheme', () => 'Digest username="ada"', REFUSED],
      ['a scheme alone', () => 'Basic', REFUSED],
      ['an empty header', () => '', REFUSED],
    ])('%s', async (_, authorization, expected) => {
      const value = authorization();
      const headers = value === undefined ? {} : { authorization: value };
      const statuses: number[] = [];
      for (const [resource, service] of [
        [DISCOVERY, 'upload'],
        [PUSH_DISCOVERY, 'receive'],
      ]) {
        for (const name of ['open', 'secret', 'missing']) {
          const [discovered, probed] = await Promise.all([
            request(forge.port, 'GET', `/ada/${name}.git/${resource}`, { headers }),
            request(forge.port, 'POST', `/ada/${name}.git/git-${service}-pack`, {
              headers: { ...headers, 'content-type': `application/x-git-${service}-pack-request` },
              body: '0000',
            }),
          ]);
          expect(probed.status, 'the probe is answered like the discovery').toBe(discovered.status);
          expect(discovered.headers['www-authenticate'] !== undefined).toBe(discovered.status === 401);
          statuses.push(discovered.status);
        }
      }
      expect(statuses).toEqual(expected);
    });

    it('a browser that is signed in is a stranger to git', async () => {
      const attempt = { name: 'ada', password: PASSWORD, clientAddress: '127.0.0.1' };
      const outcome = await forge.accounts.signIn.signIn(attempt, { userAgent: 'test', cookieHeader: undefined });
      if (outcome.kind !== 'signed-in') throw new Error(outcome.kind);
      const headers = { cookie: outcome.setCookie.split(';', 1)[0] ?? '' };
      for (const resource of [DISCOVERY, PUSH_DISCOVERY]) {
        expect((await request(forge.port, 'GET', `/ada/secret.git/${resource}`, { headers })).status).toBe(401);
      }
    });

    it('a suspended user is nobody', async () => {
      const { sql } = forge.accounts.database;
      await sql`update user_credential set suspended_at = now() where user_id = ${forge.owner.userId}`;
      for (const authorization of [basic('ada', PASSWORD), basic('ada', tokens.all)]) {
        const answer = await request(forge.port, 'GET', `/ada/open.git/${DISCOVERY}`, { headers: { authorization } });
        expect(answer.status).toBe(401);
      }
      await sql`update user_credential set suspended_at = null where user_id = ${forge.owner.userId}`;
    });
  });
});

function head(method: string, resource: string, lines: readonly string[], version = '1.1'): string {
  return `${[`${method} /ada/open.git/${resource} HTTP/${version}`, ...lines].join('\r\n')}\r\n\r\n`;
}

/** @param sizes of the chunks, the last one for all that follow */
function chunked(body: Buffer, sizes: readonly number[], extension = ''): string {
  let text = '';
  for (let start = 0, index = 0; start < body.length; index++) {
    const chunk = body.subarray(start, start + (sizes[index] ?? sizes.at(-1) ?? 1));
    text += `${chunk.length.toString(16)}${extension}\r\n${chunk}\r\n`;
    start += chunk.length;
  }
  return `${text}0\r\n\r\n`;
}

function basic(name: string, password: string): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
}

/** Those that the protocol is about: servers add others. */
function protocolHeaders({ status, headers }: RawAnswer | BackendAnswer): Record<string, unknown> {
  const type = status === 200 ? headers['content-type'] : undefined;
  return { status, type, allow: headers['allow'], cache: headers['cache-control'] };
}

function announcedVersion(answer: RawAnswer | BackendAnswer): string {
  return /version [12]/.exec(answer.body.toString())?.[0] ?? 'version 0';
}
