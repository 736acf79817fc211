/**
 * `GET /<owner>/<repository>/raw/<revision>/<path>`: a file as it is stored, streamed whatever its size. Unlike git's doors
 * this one is for browsers too: it reads the session's cookie, and answers 404 where git answers 401. With `?download=1` a browser
 * saves the file, whatever it is.
 */
import type { IncomingMessage } from 'node:http';
import { resolveRevision } from '#browse/revision.ts';
import { findPath, type ListedEntry } from '#browse/tree-listing.ts';
import { ByteReader } from '#bytes/byte-reader.ts';
import { BINARY_PROBE_BYTES } from '#git/diff/text-lines.ts';
import { isNotModified } from '#http/conditional.ts';
import type { RawRoute } from '#http/raw-route.ts';
import type { LfsObject } from '#lfs/lfs-object-rows.ts';
import type { LfsObjects } from '#lfs/lfs-objects.ts';
import type { RepositorySnapshot } from '#repository/repository-engine.ts';
import { parseRepositoryAddress, type RepositoryAddress } from '#web/repository-path.ts';
import type { GitServices } from '../git-services.ts';
import { type BrowserExchange, failExchange, findReadable, setCacheHeaders } from './browser-exchange.ts';
import { methodNotAllowed, notFound } from './http-refusal.ts';
import { contentDisposition, type RawFileType, rawFileType } from './raw-file-type.ts';
import { findPointedObject, readBeginning } from './raw-lfs-object.ts';
import { ResponseStream } from './response-stream.ts';

/** Pages link to raw files; these may be shown inside pages of ours, and run nothing anywhere. */
const CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

export interface RawFileServices extends GitServices {
  readonly lfsObjects: Pick<LfsObjects, 'find' | 'read' | 'downloadAddress'>;
}

export function createRawFileRoute(services: RawFileServices): RawRoute {
  return async (request, response, context) => {
    const address = parseRepositoryAddress(context.rawUrl);
    if (address?.view !== 'raw' || address.rest === '') return false;
    const exchange = { services, request, response, stream: new ResponseStream(response), context };
    try {
      await answer(exchange, address);
    } catch (error) {
      failExchange(exchange, error);
    }
    return true;
  };
}

type RawFileExchange = BrowserExchange<RawFileServices>;

async function answer(exchange: RawFileExchange, address: RepositoryAddress): Promise<void> {
  const { request, services, stream } = exchange;
  if (request.method !== 'GET' && request.method !== 'HEAD') throw methodNotAllowed('GET, HEAD');
  const { repository } = await findReadable(exchange, address);
  const snapshot = await services.engine.readableSnapshot(repository, stream.signal);
  const file = await findFile(snapshot, address.rest);
  const pointed = await findPointedObject(services.lfsObjects, repository.id, snapshot.objects, file);
  const etag = `"${pointed?.oid ?? file.id}"`;
  // Both kinds of id are hashes of bytes.
  setCacheHeaders(exchange.response, repository, etag);
  if (isNotModified(request.headers, { etag })) exchange.response.writeHead(304).end();
  else {
    const use = address.query.get('download') === '1' ? 'download' : 'view';
    if (pointed === undefined) await sendFile(exchange, snapshot, file, use);
    else await sendPointedObject(exchange, file.name, pointed, use);
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

/** What a browser is to do with the file, where its type leaves a choice. */
type FileUse = 'view' | 'download';

function typeFor(use: FileUse, name: string, head: Uint8Array): RawFileType {
  const type = rawFileType(name, head);
  return use === 'download' ? { ...type, disposition: 'attachment' } : type;
}

async function sendFile(
  exchange: RawFileExchange,
  snapshot: RepositorySnapshot,
  file: ListedEntry,
  use: FileUse,
): Promise<void> {
  const { request, stream } = exchange;
  const object = await snapshot.objects.stream(file.id, stream.signal);
  const reader = new ByteReader(object.body);
  try {
    begin(exchange, file.name, typeFor(use, file.name, await reader.peek(BINARY_PROBE_BYTES)), object.sizeBytes);
    if (request.method === 'GET') for await (const chunk of reader.rest()) await stream.write(chunk);
    stream.end();
  } finally {
    await reader.close();
  }
}

/** From the store itself where it can be, but not into a page, whose policy allows pictures of our own origin alone. */
async function sendPointedObject(
  exchange: RawFileExchange,
  name: string,
  object: LfsObject,
  use: FileUse,
): Promise<void> {
  const { services, request, response, stream } = exchange;
  const { lfsObjects } = services;
  const type = typeFor(use, name, await readBeginning(lfsObjects, object, stream.signal));
  const download = {
    contentType: type.contentType,
    fileName: type.disposition === 'attachment' ? name : undefined,
  };
  const mayRedirect = request.method === 'GET' && !/^(?:image|audio|video)$/.test(fetchDestination(request));
  const address = mayRedirect ? await lfsObjects.downloadAddress(object, download) : undefined;
  if (address !== undefined) {
    response.removeHeader('ETag');
    response.writeHead(302, { Location: address.href, 'Cache-Control': 'no-store', 'Content-Length': '0' }).end();
    return;
  }
  begin(exchange, name, type, object.sizeBytes);
  if (request.method === 'GET' && object.sizeBytes > 0) {
    const range = { offset: 0, lengthBytes: object.sizeBytes };
    for await (const chunk of lfsObjects.read(object, range, { signal: stream.signal })) await stream.write(chunk);
  }
  stream.end();
}

/** What a browser wants the file for. */
function fetchDestination(request: IncomingMessage): string {
  const header = request.headers['sec-fetch-dest'];
  return typeof header === 'string' ? header : '';
}

function begin({ response }: RawFileExchange, name: string, type: RawFileType, sizeBytes: number): void {
  response.writeHead(200, {
    'Content-Type': type.contentType,
    'Content-Length': String(sizeBytes),
    'Content-Disposition': contentDisposition(type.disposition, name),
    'Content-Security-Policy': CONTENT_POLICY,
  });
}
