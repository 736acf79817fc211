import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type BoundedBody, readBoundedBody } from './bounded-body.ts';

const outcomes: BoundedBody[] = [];
const server = createServer(async (incoming, response) => {
  outcomes.push(await readBoundedBody(incoming, { sizeMaxBytes: 10, timeoutMs: 50 }));
  response.writeHead(200, { Connection: 'close' }).end();
});

beforeEach(async () => {
  outcomes.length = 0;
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** Sends chunks without a length, and the end unless it is held back. */
async function send(chunks: readonly string[], end: 'sent' | 'held-back' = 'sent'): Promise<BoundedBody | undefined> {
  const { port } = server.address() as AddressInfo;
  const outgoing = request({ port, host: '127.0.0.1', method: 'POST' });
  outgoing.on('error', () => undefined);
  for (const chunk of chunks) outgoing.write(chunk);
  if (end === 'sent') outgoing.end();
  else outgoing.flushHeaders();
  await once(outgoing, 'response');
  outgoing.destroy();
  return outcomes[0];
}

test('a body within both bounds is complete', async () => {
  expect(await send(['12345', '67890'])).toEqual({ kind: 'complete', bytes: Buffer.from('1234567890') });
  expect(await send([])).toBeDefined();
});

test('a body without a length is counted as it comes', async () => {
  expect(await send(['1234567890', '1'])).toEqual({ kind: 'too-large' });
});

test('a body that does not end in time is given up', async () => {
  expect(await send(['1'], 'held-back')).toEqual({ kind: 'too-slow' });
});
