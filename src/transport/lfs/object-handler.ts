/** `GET`, `HEAD` and `PUT objects/<oid>`: the bytes of an object, where they pass through us — git-lfs, docs/api/basic-transfers.md. */

import { isNotModified } from '#http/conditional.ts';
import type { LfsObject } from '#lfs/lfs-object-rows.ts';
import { limits } from '#limits.ts';
import type { RepositoryAddress } from '../git/git-access.ts';
import { parseRange } from '../http/byte-range.ts';
import { contentTooLarge, HttpRefusal, notFound } from '../http/http-refusal.ts';
import { authorizeExisting } from './lfs-access.ts';
import type { LfsExchange } from './lfs-exchange.ts';

const BUSY_RETRY_SECONDS = 5;

/** Everything that can refuse the upload does so before its body is asked for. */
export async function answerUpload(exchange: LfsExchange, address: RepositoryAddress, oid: string): Promise<void> {
  const { repository } = await authorizeExisting(exchange, address, 'write');
  const announcedBytes = Number(exchange.request.headers['content-length'] ?? 0);
  if (announcedBytes > limits.lfsObjectMaxBytes) throw contentTooLarge(limits.lfsObjectMaxBytes);
  const { lfsObjects } = exchange.services;
  const outcome = await lfsObjects.receive(repository.id, oid, exchange.body.chunks(), exchange.signal);
  switch (outcome.kind) {
    case 'stored':
      return exchange.answerJson(200, {});
    case 'too-large':
      throw contentTooLarge(limits.lfsObjectMaxBytes);
    case 'wrong-content':
      throw new HttpRefusal(422, `The bytes that came have the SHA-256 ${outcome.sha256}, not ${oid}.`);
    case 'busy':
      throw new HttpRefusal(429, 'As many uploads are under way as this server takes. Try again soon.', {
        'Retry-After': String(BUSY_RETRY_SECONDS),
      });
  }
}

export async function answerDownload(exchange: LfsExchange, address: RepositoryAddress, oid: string): Promise<void> {
  const { repository } = await authorizeExisting(exchange, address, 'read');
  const object = await exchange.services.lfsObjects.find(repository.id, oid);
  if (object === undefined) throw notFound('The object does not exist in this repository.');
  const elsewhere = exchange.request.method === 'GET' && (await exchange.services.lfsObjects.downloadAddress(object));
  if (elsewhere) redirect(exchange, elsewhere);
  else await sendObject(exchange, object);
}

function redirect(exchange: LfsExchange, address: URL): void {
  exchange.begin(302, { Location: address.href, 'Cache-Control': 'no-store', 'Content-Length': '0' });
  exchange.stream.end();
}

async function sendObject(exchange: LfsExchange, object: LfsObject): Promise<void> {
  const { headers, method } = exchange.request;
  const { oid, sizeBytes } = object;
  const etag = `"${oid}"`;
  const validators = { ETag: etag, 'Cache-Control': 'private, no-cache, no-transform', Vary: 'Authorization' };
  if (isNotModified(headers, { etag })) {
    exchange.begin(304, validators);
    return exchange.stream.end();
  }
  // A client that resumes what it has of another object gets all of this one.
  const isSame = headers['if-range'] === undefined || headers['if-range'] === etag;
  const range = parseRange(isSame ? headers.range : undefined, sizeBytes);
  if (range.kind === 'unsatisfiable') {
    throw new HttpRefusal(416, `The object has ${sizeBytes} bytes.`, { 'Content-Range': `bytes */${sizeBytes}` });
  }
  const { offset, lengthBytes } = range.kind === 'part' ? range : { offset: 0, lengthBytes: sizeBytes };
  exchange.begin(range.kind === 'part' ? 206 : 200, {
    'Content-Type': 'application/octet-stream',
    'Content-Length': String(lengthBytes),
    ...(range.kind === 'part' && { 'Content-Range': `bytes ${offset}-${offset + lengthBytes - 1}/${sizeBytes}` }),
    'Accept-Ranges': 'bytes',
    ...validators,
  });
  const { services, stream } = exchange;
  if (method === 'GET' && lengthBytes > 0) {
    const bytes = services.lfsObjects.read(object, { offset, lengthBytes }, { signal: stream.signal });
    for await (const chunk of bytes) await stream.write(chunk);
  }
  stream.end();
}
