/**
 * `GET /-/stored/<kind>/<id>`: a stored pack or bundle, to whoever was given its address, where the store has no door of its own that
 * clients reach. Ranges are served, so that a broken download can go on.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RawRoute } from '#http/raw-route.ts';
import { isStoredFilePath, keyOf, type StoredFileAddresses } from '#repository/stored-file-address.ts';
import type { BlobStore } from '#storage/blob-store.ts';
import { parseRange } from './byte-range.ts';
import { HttpRefusal, methodNotAllowed, notFound, refusalOfError } from './http-refusal.ts';
import { ResponseStream } from './response-stream.ts';

export interface StoredFileServices {
  readonly blobs: Pick<BlobStore, 'size' | 'stream'>;
  readonly storedFiles: Pick<StoredFileAddresses, 'verify'>;
}

export function createStoredFileRoute(services: StoredFileServices): RawRoute {
  return async (request, response, context) => {
    if (!isStoredFilePath(context.rawUrl)) return false;
    const stream = new ResponseStream(response);
    try {
      if (request.method !== 'GET' && request.method !== 'HEAD') throw methodNotAllowed('GET, HEAD');
      await send(services, request, response, stream, await findKey(services, context.rawUrl));
    } catch (error) {
      if (!(error instanceof HttpRefusal) && !stream.signal.aborted)
        context.log.error({ err: error }, 'stored file failed');
      // A clean end would say that this was all of the file.
      if (response.headersSent || stream.signal.aborted) stream.destroy();
      else refuse(response, refusalOfError(error, context.requestId));
    }
    return true;
  };
}

/** @throws {HttpRefusal} */
async function findKey({ storedFiles }: StoredFileServices, rawUrl: string): Promise<string> {
  const file = await storedFiles.verify(rawUrl);
  if (file === undefined) throw notFound('This address is not, or no longer, one of ours.');
  return keyOf(file);
}

async function send(
  { blobs }: StoredFileServices,
  request: IncomingMessage,
  response: ServerResponse,
  stream: ResponseStream,
  key: string,
): Promise<void> {
  const sizeBytes = await blobs.size(key, { signal: stream.signal });
  if (sizeBytes === undefined) throw notFound('This file has been replaced.');
  const range = parseRange(request.headers.range, sizeBytes);
  if (range.kind === 'unsatisfiable') {
    throw new HttpRefusal(416, 'There is no such range.', { 'Content-Range': `bytes */${sizeBytes}` });
  }
  const { offset, lengthBytes } = range.kind === 'part' ? range : { offset: 0, lengthBytes: sizeBytes };
  response.writeHead(range.kind === 'part' ? 206 : 200, {
    'Content-Type': 'application/octet-stream',
    'Content-Length': String(lengthBytes),
    'Cache-Control': 'private, no-transform',
    'Accept-Ranges': 'bytes',
    ...(range.kind === 'part' && { 'Content-Range': `bytes ${offset}-${offset + lengthBytes - 1}/${sizeBytes}` }),
  });
  if (request.method === 'GET') {
    for await (const chunk of blobs.stream(key, { offset, lengthBytes }, { signal: stream.signal })) {
      await stream.write(chunk);
    }
  }
  stream.end();
}

function refuse(response: ServerResponse, refusal: HttpRefusal): void {
  const text = Buffer.from(`${refusal.message}\n`);
  response.writeHead(refusal.status, {
    ...refusal.headers,
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': String(text.length),
    'Cache-Control': 'no-store',
  });
  response.end(text);
}
