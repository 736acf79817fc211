/**
 * The answer to a git request: its headers, and refusals — gitprotocol-http(5); header by header what
 * git's `http-backend.c` sends.
 */
import type { ServerResponse } from 'node:http';
import type { HttpRefusal } from './http-refusal.ts';
import { ResponseStream } from './response-stream.ts';

/** Answers of the protocol must not be stored by anyone on the way. */
const NO_CACHE = {
  Expires: 'Fri, 01 Jan 1980 00:00:00 GMT',
  Pragma: 'no-cache',
  'Cache-Control': 'no-cache, max-age=0, must-revalidate',
};

export class GitResponse extends ResponseStream {
  readonly #response: ServerResponse;

  constructor(response: ServerResponse) {
    super(response);
    this.#response = response;
  }

  get begun(): boolean {
    return this.#response.headersSent;
  }

  begin(contentType: string, connection: 'keep' | 'close' = 'keep', encoding: 'plain' | 'gzip' = 'plain'): void {
    this.#response.writeHead(200, {
      ...NO_CACHE,
      ...(connection === 'close' && { Connection: 'close' }),
      ...(encoding === 'gzip' && { 'Content-Encoding': encoding }),
      'Content-Type': contentType,
    });
  }

  /** Answers with a status and a sentence, which the client has whole before `end`. Only before `begin`. */
  refuse(refusal: HttpRefusal, connection: 'keep' | 'close'): void {
    const text = Buffer.from(`${refusal.message}\n`);
    this.#response.writeHead(refusal.status, {
      ...NO_CACHE,
      ...refusal.headers,
      ...(connection === 'close' && { Connection: 'close' }),
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Length': String(text.length),
    });
    this.#response.write(text);
  }
}
