/**
 * `/<owner>/<repository>/raw/<revision>/<path>`: a file's own bytes, streamed as fast as the client takes them.
 *
 * The bytes are somebody's, so nothing of them may act on our origin: they are text, a picture or a download, never a page;
 * their type is ours to say and not to be guessed; and a sandbox without scripts holds whatever a browser makes of them.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Principal } from '#auth/principal.ts';
import type { ListedEntry } from '#browse/tree-listing.ts';
import { isBinary } from '#git/diff/text-lines.ts';
import type { RawRoute } from '#http/raw-route.ts';
import type { RequestContext } from '#http/request-context.ts';
import type { RepositorySnapshot } from '#repository/repository-engine.ts';
import type { Services } from '#services.ts';
import { parseRepositoryAddress, type RepositoryAddress } from './repository-path.ts';

type RawFileServices = Pick<Services, 'authenticator' | 'browse' | 'catalog' | 'decideAccess' | 'engine'>;

/** Pictures that an <img> of ours may show. SVG can hold script; as a picture, and in the sandbox, it does not run. */
const IMAGE_TYPES: Readonly<Record<string, string>> = {
  avif: 'image/avif',
  bmp: 'image/bmp',
  gif: 'image/gif',
  ico: 'image/x-icon',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  png: 'image/png',
  svg: 'image/svg+xml',
  webp: 'image/webp',
};
const SANDBOX = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox";

interface RawFile {
  readonly snapshot: RepositorySnapshot;
  readonly entry: ListedEntry;
}

export function createRawFileRoute(services: RawFileServices): RawRoute {
  return async (request, response, context) => {
    const address = parseRepositoryAddress(context.rawUrl);
    if (address?.view !== 'raw' || address.rest === '') return false;
    if (request.method !== 'GET' && request.method !== 'HEAD') return false;
    const principal = await authenticate(services, request, context);
    if (principal === undefined) return answerText(response, 401, 'These credentials prove nothing.');
    const file = await findFile(services, address, principal);
    if (file === undefined) return answerText(response, 404, 'There is no such file, or you may not see it.');
    await answerFile(request, response, file);
    return true;
  };
}

/** By session or by token: scripts fetch raw files too. */
async function authenticate(
  { authenticator }: RawFileServices,
  request: IncomingMessage,
  { clientAddress }: RequestContext,
): Promise<Principal | undefined> {
  const { method = 'GET', headers } = request;
  const authentication = await authenticator.authenticate({ method, headers, clientAddress, cookies: 'accepted' });
  return authentication.kind === 'authenticated' ? authentication.principal : undefined;
}

async function findFile(
  { browse, catalog, decideAccess, engine }: RawFileServices,
  address: RepositoryAddress,
  principal: Principal,
): Promise<RawFile | undefined> {
  const repository = await catalog.find(address.owner, address.name, principal);
  if (repository === undefined) return undefined;
  if (decideAccess(principal, { action: 'repository:read', repository }).kind !== 'allow') return undefined;
  const snapshot = await engine.snapshot(repository.id);
  const revision = await browse.resolveRevision(snapshot, address.rest);
  if (revision.kind !== 'found') return undefined;
  const place = await browse.findPath(snapshot.objects, revision.treeId, revision.path);
  return place.kind === 'entry' && place.entry.kind !== 'gitlink' ? { snapshot, entry: place.entry } : undefined;
}

async function answerFile(request: IncomingMessage, response: ServerResponse, { snapshot, entry }: RawFile) {
  const etag = `"${entry.id}"`;
  response.setHeader('ETag', etag);
  // Asked again each time: the repository may have become private.
  response.setHeader('Cache-Control', 'private, no-cache');
  response.setHeader('Vary', 'Cookie, Authorization');
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304).end();
    return;
  }
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const { body, sizeBytes } = await snapshot.objects.stream(entry.id, gone.signal);
  const chunks = body[Symbol.asyncIterator]();
  const first = await chunks.next();
  const beginning = first.done === true ? new Uint8Array(0) : first.value;
  response.writeHead(200, { ...contentHeaders(entry.name, beginning), 'Content-Length': sizeBytes });
  if (request.method === 'HEAD') {
    await chunks.return?.();
    response.end();
    return;
  }
  await send(beginning, chunks, response);
}

/** A client that goes away in the middle is nobody's error. */
async function send(beginning: Uint8Array, rest: AsyncIterator<Uint8Array>, response: ServerResponse): Promise<void> {
  try {
    await pipeline(async function* () {
      yield beginning;
      yield* { [Symbol.asyncIterator]: () => rest };
    }, response);
  } catch (error) {
    if (!response.destroyed) throw error;
  }
}

function contentHeaders(name: string, beginning: Uint8Array): Record<string, string> {
  const extension = name.slice(name.lastIndexOf('.') + 1).toLowerCase();
  const imageType = IMAGE_TYPES[extension];
  const base = { 'Content-Security-Policy': SANDBOX, 'X-Content-Type-Options': 'nosniff' };
  if (imageType !== undefined) return { ...base, 'Content-Type': imageType };
  if (!isBinary(beginning))
    return { ...base, 'Content-Type': `text/plain${isUtf8Beginning(beginning) ? '; charset=utf-8' : ''}` };
  return { ...base, 'Content-Type': 'application/octet-stream', 'Content-Disposition': 'attachment' };
}

/** The beginning may end in the middle of a character. */
function isUtf8Beginning(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

function answerText(response: ServerResponse, status: number, text: string): true {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' });
  response.end(`${text}\n`);
  return true;
}
