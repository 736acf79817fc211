import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Authentication, AuthenticationRequest } from '#auth/authenticate.ts';
import type { RepositoryAction, RepositoryFacts } from '#auth/permission.ts';
import { ANONYMOUS } from '#auth/principal.ts';
import { RateLimiter } from '#auth/rate-limit.ts';
import { MemoryCache } from '#bus/memory-cache.ts';
import { MissingObjectError } from '#git/errors.ts';
import { limits } from '#limits.ts';
import { createApi } from './dispatch.ts';
import { ApiError } from './error.ts';
import { pageOf, pageQuery } from './pagination.ts';
import { type AccessLookup, bytes, defineRoute, empty, type Found, json, list } from './route.ts';
import type { ApiServices } from './services.ts';

const REPOSITORIES: Readonly<Record<string, RepositoryFacts | undefined>> = {
  public: { id: 1, visibility: 'public', archived: false, ownerId: 1, ownerKind: 'user', membershipRole: undefined },
  private: { id: 2, visibility: 'private', archived: false, ownerId: 1, ownerKind: 'user', membershipRole: undefined },
};

function closedThing(action: RepositoryAction, name: string): Found<string> | undefined {
  const repository = REPOSITORIES[name];
  return repository && { access: { action, repository }, target: name };
}

const plain = { resource: 'Thing', params: z.object({}), query: z.object({}), body: null, status: 200 } as const;
const thing = z.object({ name: z.string() });

const routes = [
  defineRoute({
    ...plain,
    method: 'GET',
    path: '/things',
    operationId: 'things/list',
    summary: 'List things',
    query: z.object(pageQuery),
    response: z.array(thing),
    permission: 'public',
    scopes: [],
    handle: (call) => list(pageOf([{ name: 'a' }, { name: 'b' }, { name: 'c' }], call.page), { totalCount: 3 }),
  }),
  defineRoute({
    ...plain,
    method: 'POST',
    path: '/things',
    operationId: 'things/create',
    summary: 'Create a thing',
    body: z.object({ name: z.string(), size: z.number().optional() }),
    status: 201,
    response: thing,
    permission: 'public',
    scopes: [],
    handle: (call) => json({ name: call.body.name }, { headers: { Location: `${call.urls.api}/things/1` } }),
  }),
  defineRoute({
    ...plain,
    method: 'DELETE',
    path: '/things',
    operationId: 'things/delete',
    summary: 'Delete all things',
    status: 204,
    response: z.undefined(),
    permission: 'public',
    scopes: [],
    handle: () => empty(),
  }),
  ...(['repository:read', 'repository:write'] as const).map((action) =>
    defineRoute({
      ...plain,
      method: action === 'repository:read' ? 'GET' : 'PUT',
      path: '/closed/{name}',
      operationId: `closed/${action}`,
      summary: 'Touch what not everybody may',
      params: z.object({ name: z.string() }),
      response: thing,
      permission: {
        action,
        find: ({ params }: AccessLookup<{ name: string }>) => closedThing(action, params.name),
      },
      scopes: ['repo'],
      handle: (call) => json({ name: call.target }, { lastModified: new Date('2026-11-24T10:00:00Z') }),
    }),
  ),
  defineRoute({
    ...plain,
    method: 'GET',
    path: '/raw',
    operationId: 'things/raw',
    summary: 'Get bytes',
    response: z.never(),
    permission: 'public',
    scopes: [],
    handle: () => bytes('text/plain', 'v1', Buffer.from('raw bytes')),
  }),
  defineRoute({
    ...plain,
    method: 'GET',
    path: '/fault/{kind}',
    operationId: 'things/fault',
    summary: 'Go wrong',
    params: z.object({ kind: z.string() }),
    response: thing,
    permission: 'public',
    scopes: [],
    handle: (call) => {
      if (call.params.kind === 'missing') throw new MissingObjectError('0'.repeat(40));
      if (call.params.kind === 'known') throw new ApiError(409, 'Git Repository is empty.');
      throw new Error('secret detail');
    },
  }),
];

const SCOPES_BY_TOKEN: Readonly<Record<string, readonly ('repo' | 'public_repo')[]>> = { full: ['repo'], narrow: [] };

const authenticator = {
  async authenticate({ headers, cookies }: AuthenticationRequest): Promise<Authentication> {
    expect(cookies).toBe('ignored');
    if (headers.authorization === undefined) return { kind: 'authenticated', principal: ANONYMOUS };
    if (headers.authorization === 'Basic hammering') return { kind: 'rate-limited', retryAfterMs: 1500 };
    const [, token = ''] = headers.authorization.split(' ');
    const scopes = SCOPES_BY_TOKEN[token];
    if (!scopes) return { kind: 'invalid' };
    const credential = { kind: 'token', tokenId: 1, scopes } as const;
    return {
      kind: 'authenticated',
      principal: { kind: 'user', userId: 1, login: 'ada', siteAdmin: false, credential },
    };
  },
};

let server: Server;
let base: string;
const failures: unknown[] = [];

beforeAll(async () => {
  const services = {
    site: { publicUrl: new URL('http://localhost:3000'), sshPort: undefined },
    rateLimiter: new RateLimiter(new MemoryCache(), 'on'),
    authenticator,
  } as unknown as ApiServices;
  const api = createApi(services, routes);
  const log = { error: (fields: { err: unknown }) => failures.push(fields.err) };
  server = createServer((req, res) => {
    const clientAddress = String(req.headers['x-test-address'] ?? '127.0.0.1');
    const context = { requestId: 'ABCD', clientAddress, rawUrl: req.url ?? '', expectsContinue: false, log };
    void api(req, res, context as never).then((answered) => answered || res.writeHead(418).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => new Promise((resolve) => server.close(resolve)));

const call = (path: string, init: RequestInit & { token?: string; headers?: Record<string, string> } = {}) =>
  fetch(`${base}/api/v3${path}`, {
    ...init,
    headers: { ...init.headers, ...(init.token && { Authorization: `token ${init.token}` }) },
  });

describe('an answer', () => {
  it('carries the headers that clients look for', async () => {
    const { headers } = await call('/things', { token: 'full' });
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'x-github-request-id': 'ABCD',
      'x-github-media-type': 'github.v3; format=json',
      'x-github-enterprise-version': '3.19.0',
      'x-oauth-scopes': 'repo',
      'x-accepted-oauth-scopes': '',
      'x-ratelimit-limit': '5000',
      'x-ratelimit-resource': 'core',
      'access-control-allow-origin': '*',
      'content-security-policy': "default-src 'none'",
      'x-content-type-options': 'nosniff',
      vary: 'Accept, Authorization',
    });
    expect(headers.get('access-control-expose-headers')).toContain('X-RateLimit-Remaining');
  });

  it('links to other pages under the address that the caller used', async () => {
    const { headers } = await call('/things?per_page=1&page=2');
    expect(headers.get('link')).toContain(`<${base}/api/v3/things?per_page=1&page=3>; rel="next"`);
  });

  it('has no body for HEAD, and the same length', async () => {
    const get = await call('/things');
    const head = await call('/things', { method: 'HEAD' });
    expect(head.status).toBe(200);
    expect(await head.text()).toBe('');
    expect(head.headers.get('content-length')).toBe(String((await get.text()).length));
    expect(head.headers.get('etag')).toBe(get.headers.get('etag'));
  });

  it('is empty for 204', async () => {
    const response = await call('/things', { method: 'DELETE' });
    expect([response.status, await response.text()]).toEqual([204, '']);
  });

  it('may be bytes', async () => {
    const response = await call('/raw');
    expect([response.headers.get('etag'), await response.text()]).toEqual(['W/"v1"', 'raw bytes']);
    const again = await call('/raw', { headers: { 'If-None-Match': '"v1"' } });
    expect([again.status, await again.text()]).toEqual([304, '']);
  });
});

describe('the path', () => {
  it("is the API's below /api/v3 alone", async () => {
    expect((await fetch(`${base}/api/v3x`)).status).toBe(418);
    expect((await fetch(`${base}/api/v2/things`)).status).toBe(418);
  });

  it.each(['/nothing', '/things/', '/Things', '/closed/%zz', '/closed/a/b'])('%s is not found', async (path) => {
    const response = await call(path);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ message: 'Not Found', status: '404' });
  });

  it('answers another method with 404, as GitHub does', async () => {
    expect((await call('/things', { method: 'PUT' })).status).toBe(404);
  });

  it('lets any origin ask what it may send', async () => {
    const response = await call('/things', { method: 'OPTIONS' });
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-methods')).toContain('PATCH');
    expect(response.headers.get('access-control-allow-headers')).toContain('Authorization');
  });
});

describe('a body', () => {
  const post = (body: string) => call('/things', { method: 'POST', body });

  it('is parsed and checked', async () => {
    const response = await post('{"name":"x","unknown":1}');
    expect(response.status).toBe(201);
    expect(response.headers.get('location')).toBe(`${base}/api/v3/things/1`);
  });

  it.each(['{', 'name=x', '\ufffd{}', '"text"', 'null', '1'])('that is %j is refused', async (body) => {
    expect((await post(body)).status).toBe(400);
  });

  it("that is not JSON gets GitHub's words", async () => {
    const response = await post('{"name":');
    expect(await response.json()).toEqual({
      message: 'Problems parsing JSON',
      documentation_url: `${base}/api/v3/openapi.json#/paths/~1things/post`,
      status: '400',
    });
  });

  it('tells what is missing and what is wrong, field by field', async () => {
    const response = await post('{"size":"big"}');
    expect(response.status).toBe(422);
    const body = (await response.json()) as { message: string; errors: unknown[] };
    expect(body.message).toBe('Validation Failed');
    expect(body.errors).toEqual([
      { resource: 'Thing', field: 'name', code: 'missing_field' },
      { resource: 'Thing', field: 'size', code: 'invalid', message: expect.stringMatching(/^size: /) },
    ]);
  });

  it('is missing all fields when it is missing', async () => {
    expect((await post('')).status).toBe(422);
  });

  it('is bounded', async () => {
    const response = await post(`{"name":"${'x'.repeat(limits.apiBodyMaxBytes)}"}`);
    expect(response.status).toBe(413);
  });
});

describe('access', () => {
  it.each([
    ['GET', 'public', undefined, 200],
    ['PUT', 'public', undefined, 401],
    ['PUT', 'public', 'full', 200],
    ['PUT', 'public', 'narrow', 403],
    ['GET', 'private', undefined, 404],
    ['PUT', 'private', undefined, 404],
    ['GET', 'private', 'full', 200],
    ['GET', 'private', 'narrow', 404],
    ['PUT', 'private', 'narrow', 404],
    ['GET', 'absent', 'full', 404],
    ['GET', 'public', 'wrong', 401],
  ] as const)('%s of a %s thing with the token %s answers %i', async (method, name, token, status) => {
    const response = await call(`/closed/${name}`, { method, ...(token && { token }) });
    expect(response.status).toBe(status);
  });

  it('names the scopes that a token lacks', async () => {
    const response = await call('/closed/public', { method: 'PUT', token: 'narrow' });
    expect(response.headers.get('x-accepted-oauth-scopes')).toBe('public_repo, repo');
  });

  it("calls a wrong credential by GitHub's name", async () => {
    expect(await (await call('/things', { token: 'wrong' })).json()).toMatchObject({ message: 'Bad credentials' });
  });

  it('makes those wait who guess passwords', async () => {
    const response = await call('/things', { headers: { Authorization: 'Basic hammering' } });
    expect([response.status, response.headers.get('retry-after')]).toEqual([403, '2']);
  });
});

describe('the allowance', () => {
  const from = (address: string, headers: Record<string, string> = {}) =>
    call('/things', { headers: { ...headers, 'x-test-address': address } });
  const remaining = (response: Response) => Number(response.headers.get('x-ratelimit-remaining'));

  it('shrinks by one a request and ends in 403', async () => {
    expect(remaining(await from('10.0.0.1'))).toBe(59);
    for (let index = 0; index < 59; index++) await from('10.0.0.1');
    const response = await from('10.0.0.1');
    expect([response.status, remaining(response)]).toEqual([403, 0]);
    expect(await response.json()).toMatchObject({ message: 'API rate limit exceeded for 10.0.0.1.' });
    expect((await from('10.0.0.2')).status).toBe(200);
  });

  it('is not spent by what did not change', async () => {
    const etag = (await from('10.0.0.3')).headers.get('etag') ?? '';
    const response = await from('10.0.0.3', { 'If-None-Match': etag });
    expect([response.status, remaining(response)]).toEqual([304, 59]);
  });

  it('is spent by wrong credentials', async () => {
    await from('10.0.0.4', { Authorization: 'token wrong' });
    expect(remaining(await from('10.0.0.4'))).toBe(58);
  });
});

describe('a failure', () => {
  it('that the caller can know is told', async () => {
    expect((await call('/fault/missing')).status).toBe(404);
    expect((await call('/fault/known')).status).toBe(409);
  });

  it('of ours is logged, and told without detail', async () => {
    const response = await call('/fault/other');
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('secret');
    expect(failures.at(-1)).toMatchObject({ message: 'secret detail' });
  });
});

it('answers 304 by date as well', async () => {
  const response = await call('/closed/public', { headers: { 'If-Modified-Since': 'Tue, 24 Nov 2026 10:00:00 GMT' } });
  expect(response.status).toBe(304);
});
