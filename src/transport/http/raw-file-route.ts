/**
 * `GET /<owner>/<repository>/raw/<revision>/<path>`: a file as it is stored, streamed whatever its size. Unlike git's doors
 * this one is for browsers too: it reads the session's cookie, and answers 404 where git answers 401.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { decideAccess } from '#auth/policy.ts';
import type { Principal } from '#auth/principal.ts';
import { resolveRevision } from '#browse/revision.ts';
import { findPath, type ListedEntry } from '#browse/tree-listing.ts';
import { ByteReader } from '#bytes/byte-reader.ts';
import { BINARY_PROBE_BYTES } from '#git/diff/text-lines.ts';
import type { RawRoute } from '#http/raw-route.ts';
import type { RequestContext } from '#http/request-context.ts';
import type { RepositorySnapshot } from '#repository/repository-engine.ts';
import type { RepositoryRecord } from '#repository/repository-record.ts';
import { parseRepositoryAddress, type RepositoryAddress } from '#web/repository-path.ts';
import type { GitServices } from '../git-services.ts';
import {
  forbidden,
  HttpRefusal,
  methodNotAllowed,
  notFound,
  refusalOfDecision,
  refusalOfError,
  tooManyRequests,
  unauthenticated,
} from './http-refusal.ts';
import { contentDisposition, rawFileType } from './raw-file-type.ts';
import { ResponseStream } from './response-stream.ts';

/** Pages link to raw files; these may be shown inside pages of ours, and run nothing anywhere. */
const CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

export function createRawFileRoute(services: GitServices): RawRoute {
  return async (request, response, context) => {
    const address = parseRepositoryAddress(context.rawUrl);
    if (address?.view !== 'raw' || address.rest === '') return false;
    const stream = new ResponseStream(response);
    try {
      await answer({ services, request, response, stream, context }, address);
    } catch (error) {
      fail(response, stream, context, error);
    }
    return true;
  };
}

interface RawFileExchange {
  readonly services: GitServices;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly stream: ResponseStream;
  readonly context: RequestContext;
}

async function answer(exchange: RawFileExchange, address: RepositoryAddress): Promise<void> {
  const { request, services, stream } = exchange;
  if (request.method !== 'GET' && request.method !== 'HEAD') throw methodNotAllowed('GET, HEAD');
  const repository = await findReadable(exchange, address);
  const snapshot = await services.engine.snapshot(repository.id, stream.signal);
  const file = await findFile(snapshot, address.rest);
  setCacheHeaders(exchange.response, repository, file);
  if (matchesEtag(request, file)) exchange.response.writeHead(304).end();
  else await sendFile(exchange, snapshot, file);
}

/** @throws {HttpRefusal} */
async function findReadable(exchange: RawFileExchange, address: RepositoryAddress): Promise<RepositoryRecord> {
  const principal = await authenticate(exchange);
  const repository = await exchange.services.catalog.find(address.owner, address.name, principal);
  if (!repository) throw notFound();
  const refusal = refusalOfDecision(decideAccess(principal, { action: 'repository:read', repository }));
  if (refusal) throw refusal;
  return repository;
}

async function authenticate({ services, request, context }: RawFileExchange): Promise<Principal> {
  const { method = 'GET', headers } = request;
  const { clientAddress } = context;
  const result = await services.authenticator.authenticate({ method, headers, clientAddress, cookies: 'accepted' });
  switch (result.kind) {
    case 'authenticated':
      return result.principal;
    case 'invalid':
      throw unauthenticated('Invalid credentials.');
    case 'cross-site':
      throw forbidden('This request came from another site.');
    case 'rate-limited':
      throw tooManyRequests(result.retryAfterMs);
  }
}

/** @throws {HttpRefusal} */
async function findFile(snapshot: RepositorySnapshot, text: string): Promise<ListedEntry> {
  const revision = await resolveRevision(snapshot, text);
  if (revision.kind !== 'found') throw notFound('No such revision in this repository.');
  const found = await findPath(snapshot.objects, revision.treeId, revision.path);
  if (found.kind === 'entry' && found.entry.kind !== 'gitlink') return found.entry;
  throw notFound('No such file in this revision.');
}

/** The id of a blob is a hash of its bytes. Who may see them can change, so every use asks again. */
function setCacheHeaders(response: ServerResponse, repository: RepositoryRecord, file: ListedEntry): void {
  response.setHeader('ETag', `"${file.id}"`);
  response.setHeader('Cache-Control', `${repository.visibility}, no-cache`);
  response.setHeader('Vary', 'Authorization, Cookie');
}

function matchesEtag(request: IncomingMessage, file: ListedEntry): boolean {
  const known = request.headers['if-none-match'] ?? '';
  return known.split(',').some((tag) => tag.trim().replace(/^W\//, '') === `"${file.id}"`);
}

async function sendFile(exchange: RawFileExchange, snapshot: RepositorySnapshot, file: ListedEntry): Promise<void> {
  const { request, response, stream } = exchange;
  const object = await snapshot.objects.stream(file.id, stream.signal);
  const reader = new ByteReader(object.body);
  try {
    const type = rawFileType(file.name, await reader.peek(BINARY_PROBE_BYTES));
    response.writeHead(200, {
      'Content-Type': type.contentType,
      'Content-Length': String(object.sizeBytes),
      'Content-Disposition': contentDisposition(type.disposition, file.name),
      'Content-Security-Policy': CONTENT_POLICY,
    });
    if (request.method === 'GET') for await (const chunk of reader.rest()) await stream.write(chunk);
    stream.end();
  } finally {
    await reader.close();
  }
}

function fail(response: ServerResponse, stream: ResponseStream, context: RequestContext, error: unknown): void {
  if (!(error instanceof HttpRefusal) && !stream.signal.aborted) context.log.error({ err: error }, 'raw file failed');
  // A clean end would say that this was all of the file.
  if (response.headersSent || stream.signal.aborted) stream.destroy();
  else refuse(response, refusalOfError(error, context.requestId));
}

function refuse(response: ServerResponse, refusal: HttpRefusal): void {
  const text = Buffer.from(`${refusal.message}\n`);
  for (const name of ['ETag', 'Vary']) response.removeHeader(name);
  response.writeHead(refusal.status, {
    ...refusal.headers,
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': String(text.length),
    'Cache-Control': 'no-store',
  });
  response.end(text);
}
