import { once } from 'node:events';
import { Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createLog } from '#log.ts';
import { HttpServer } from './http-server.ts';
import type { RawRoute } from './raw-route.ts';

let server: HttpServer;
let address: AddressInfo;
let logged: string;

async function serve(...routes: RawRoute[]): Promise<void> {
  const log = createLog('trace', {
    write: (line) => {
      logged += line;
    },
  });
  server = new HttpServer({ publicUrl: new URL('http://localhost'), trustedProxies: [], log, routes });
  address = await server.listen(0, '127.0.0.1');
}

/** Sends bytes as they are, and reads until the server closes. */
async function exchange(...parts: string[]): Promise<string> {
  const socket = connect(address.port, '127.0.0.1').setEncoding('latin1');
  let received = '';
  socket.on('data', (text) => {
    received += text;
    const part = parts.shift();
    if (part !== undefined) socket.write(part);
  });
  socket.write(parts.shift() ?? '');
  await once(socket, 'close');
  return received;
}

const answerWith =
  (text: string): RawRoute =>
  async (_, response) => {
    response.end(text);
    return true;
  };

beforeEach(() => {
  logged = '';
});
afterEach(() => server.stop(0, AbortSignal.abort()));

test('the first route that answers is the last that is asked', async () => {
  const asked: string[] = [];
  const pass: RawRoute = async () => asked.push('pass') < 0;
  await serve(pass, answerWith('answered'), async () => asked.push('never') > 0);
  const answer = await exchange('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  expect(answer).toMatch(/answered/);
  expect(asked).toEqual(['pass']);
});

test('every answer names its request, and the log names it too', async () => {
  await serve(answerWith('ok'));
  const answer = await exchange('GET /a?access_token=s3cret HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  const requestId = /x-github-request-id: (\S+)/i.exec(answer)?.[1];
  expect(JSON.parse(logged)).toMatchObject({
    requestId,
    method: 'GET',
    url: '/a?access_token=[redacted]',
    status: 200,
  });
});

test('a route sees the path as it was sent, without the host of the absolute form', async () => {
  const seen: string[] = [];
  await serve(async (request, response, { rawUrl }) => {
    seen.push(rawUrl, request.url ?? '');
    response.end();
    return true;
  });
  await exchange('GET http://elsewhere/a%2Fb//c/%2e%2e/d?e HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  expect(seen).toEqual(['/a%2Fb//c/%2e%2e/d?e', '/a%2Fb//c/%2e%2e/d?e']);
});

test('a target that is no path is a bad request', async () => {
  await serve(answerWith('never'));
  expect(await exchange('OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
});

test('a body that waits for 100 Continue is asked for by the route, or not at all', async () => {
  await serve(async (request, response, { expectsContinue }) => {
    if (request.url === '/refuse') response.writeHead(403, { Connection: 'close' }).end();
    else {
      expect(expectsContinue).toBe(true);
      response.writeContinue();
      for await (const chunk of request) response.write(chunk);
      response.end();
    }
    return true;
  });
  const head = (path: string) =>
    `POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n`;
  expect(await exchange(head('/refuse'))).toMatch(/^HTTP\/1\.1 403 /);
  expect(await exchange(head('/take'), 'body')).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 [\s\S]*body/);
});

test('an error before the answer is a 500 that says nothing of it; the log does', async () => {
  await serve(async () => {
    throw new Error('the disk is on fire');
  });
  const answer = await exchange('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  expect(answer).toMatch(/^HTTP\/1\.1 500 /);
  expect(answer).not.toContain('fire');
  expect(logged).toContain('the disk is on fire');
});

test('an error in the middle of an answer cuts the connection, so that nobody takes the half for the whole', async () => {
  await serve(async (_, response) => {
    response.write('half');
    throw new Error('broke');
  });
  const answer = await exchange('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  expect(answer).toContain('half');
  expect(answer).not.toMatch(/\r\n0\r\n\r\n$/);
});

test('what nobody answers is not found', async () => {
  await serve(async () => false);
  expect(await exchange('GET / HTTP/1.1\r\nHost: x\r\n\r\n')).toMatch(/^HTTP\/1\.1 404 /);
});

test('the address of a port that is taken is an error', async () => {
  await serve(answerWith('ok'));
  const second = new HttpServer({
    publicUrl: new URL('http://localhost'),
    trustedProxies: [],
    log: createLog('silent'),
    routes: [],
  });
  await expect(second.listen(address.port, '127.0.0.1')).rejects.toThrow('EADDRINUSE');
});

test('the common headers forbid sniffing, framing and content', async () => {
  await serve(answerWith('ok'));
  const answer = await exchange('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  expect(answer).toMatch(/x-content-type-options: nosniff/i);
  expect(answer).toMatch(/content-security-policy: default-src 'none'/i);
  expect(answer).not.toMatch(/strict-transport-security/i);
});

test('a route that breaks off the reading of a request leaves the server running', async () => {
  const breakOff: RawRoute = async (request, response) => {
    for await (const _ of request) break;
    response.writeHead(413).end();
    return true;
  };
  await serve(breakOff);
  await exchange(
    `POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 99999\r\n\r\n${'x'.repeat(20_000)}`,
  );
  await expect.poll(() => logged).toContain('"method":"POST"');
});

test('a request may take as long as it goes on coming, once its headers are there', async () => {
  const listen = vi.spyOn(Server.prototype, 'listen');
  await serve(answerWith('ok'));
  const [node] = listen.mock.contexts as Server[];
  listen.mockRestore();
  // Node's own default cuts a push after 300 s, whether or not it moves.
  expect(node?.requestTimeout).toBe(0);
  expect(node?.headersTimeout).toBeGreaterThan(0);
});
