/** Answers of S3 that the real server of the contract tests does not give at will. */

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BlobExistsError, BlobStoreError } from './errors.ts';
import { S3BlobStore } from './s3-blob-store.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

describe('S3BlobStore', () => {
  let server: Server;
  let store: S3BlobStore;
  let requests: IncomingMessage[];
  let answers: Answer[];

  beforeEach(async () => {
    requests = [];
    answers = [];
    server = createServer((request, response) => {
      request.resume().on('end', () => {
        requests.push(request);
        const answer = answers.shift() ?? error(500, 'Unexpected');
        answer(request, response);
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    store = new S3BlobStore({
      bucket: 'bucket',
      endpoint: `http://127.0.0.1:${port}`,
      region: 'us-east-1',
      credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
      forcePathStyle: true,
      prefix: '/a/b/',
      idleTimeoutMs: 300,
    });
  });

  afterEach(async () => {
    await store.close();
    server.closeAllConnections();
    server.close();
  });

  test('puts the prefix before the key, and adds no checksum header', async () => {
    answers = [ok()];
    await store.put('k', Buffer.from('x'));
    const [request] = requests;
    expect(request?.url).toMatch(/^\/bucket\/a\/b\/k(\?|$)/);
    expect(request?.headers['if-none-match']).toBe('*');
    expect(Object.keys(request?.headers ?? {}).filter((name) => /checksum|trailer/.test(name))).toEqual([]);
  });

  test('tries again when the store asks to slow down', async () => {
    answers = [error(503, 'SlowDown'), error(503, 'SlowDown'), ok()];
    await store.put('k', Buffer.from('x'));
    expect(requests).toHaveLength(3);
  });

  test('takes a write whose first answer was lost for its own', async () => {
    let writeId = '';
    answers = [
      (request, response) => {
        writeId = String(request.headers['x-amz-meta-write-id']);
        response.destroy();
      },
      error(412, 'PreconditionFailed'),
      (_, response) => response.writeHead(200, { 'x-amz-meta-write-id': writeId }).end(),
    ];
    await store.put('k', Buffer.from('x'));
    expect(requests.map(({ method }) => method)).toEqual(['PUT', 'PUT', 'HEAD']);
  });

  test("does not take another's write for its own", async () => {
    answers = [
      (_, response) => response.destroy(),
      error(412, 'PreconditionFailed'),
      (_, response) => response.writeHead(200, { 'x-amz-meta-write-id': 'another' }).end(),
    ];
    await expect(store.put('k', Buffer.from('x'))).rejects.toThrow(BlobExistsError);
  });

  test('looks before it writes where conditions are not implemented', async () => {
    const missing: Answer = (_, response) => response.writeHead(404).end();
    answers = [error(501, 'NotImplemented'), missing, ok(), ok()];
    await store.put('k', Buffer.from('x'));
    await expect(store.put('k', Buffer.from('x'))).rejects.toThrow(BlobExistsError);
    expect(requests.map(({ method }) => method)).toEqual(['PUT', 'HEAD', 'PUT', 'HEAD']);
    expect(requests[2]?.headers['if-none-match']).toBeUndefined();
  });

  test('goes on from the byte at which an answer broke off', async () => {
    answers = [partial('0123', 10), partial('456789', 6)];
    const bytes = await store.read('k', { offset: 0, lengthBytes: 10 });
    expect(Buffer.from(bytes).toString()).toBe('0123456789');
    expect(requests.map(({ headers }) => headers.range)).toEqual(['bytes=0-9', 'bytes=4-9']);
  });

  test('gives up on answers that break off again and again', async () => {
    answers = [partial('0', 10), partial('1', 9), partial('2', 8), partial('3', 7)];
    await expect(store.read('k', { offset: 0, lengthBytes: 10 })).rejects.toThrow(BlobStoreError);
    expect(requests).toHaveLength(3);
  });

  test('gives up on answers that stall', async () => {
    const stalled: Answer = (_, response) => response.writeHead(206, { 'content-length': 10 }).write('01');
    answers = [stalled, partial('23456789', 8)];
    const bytes = await store.read('k', { offset: 0, lengthBytes: 10 });
    expect(Buffer.from(bytes).toString()).toBe('0123456789');
  });

  test('refuses the whole object for an answer to a range', async () => {
    const whole: Answer = (_, response) => response.writeHead(200, { 'content-length': 100 }).end(Buffer.alloc(100));
    answers = [whole, whole, whole];
    await expect(store.read('k', { offset: 5, lengthBytes: 10 })).rejects.toThrow(BlobStoreError);
  });
});

function ok(): Answer {
  return (_, response) => response.writeHead(200, { etag: '"e"' }).end();
}

function error(status: number, code: string): Answer {
  return (request, response) => {
    response.writeHead(status, { 'content-type': 'application/xml' });
    response.end(request.method === 'HEAD' ? '' : `<Error><Code>${code}</Code><Message>${code}</Message></Error>`);
  };
}

/** Sends these bytes of an announced length, then breaks the connection if they are not all. */
function partial(bytes: string, lengthBytes: number): Answer {
  return (_, response) => {
    response.writeHead(206, { 'content-length': lengthBytes });
    if (bytes.length === lengthBytes) response.end(bytes);
    else response.write(bytes, () => setImmediate(() => response.destroy()));
  };
}
