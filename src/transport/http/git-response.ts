/**
 * The answer to a git request: headers, bytes at the client's pace, refusals — gitprotocol-http(5); header by header what
 * git's `http-backend.c` sends.
 */
import type { ServerResponse } from 'node:http';
import type { ByteSink } from '#git/pkt-line/side-band.ts';
import { limits } from '#limits.ts';
import type { HttpRefusal } from './http-refusal.ts';

/** Answers of the protocol must not be stored by anyone on the way. */
const NO_CACHE = {
  Expires: 'Fri, 01 Jan 1980 00:00:00 GMT',
  Pragma: 'no-cache',
  'Cache-Control': 'no-cache, max-age=0, must-revalidate',
};

export class GitResponse implements ByteSink {
  /** Aborted when the client leaves before its answer is complete. */
  readonly signal: AbortSignal;
  readonly #response: ServerResponse;
  readonly #abort = new AbortController();
  /** Writes that have not reached the kernel. */
  readonly #pendingWrites = new Set<(reason: Error) => void>();
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(response: ServerResponse) {
    this.#response = response;
    this.signal = this.#abort.signal;
    response.once('close', () => this.#close());
    // A client that hangs up is no event worth a crash; the writes learn of it by themselves.
    response.on('error', () => {});
  }

  get begun(): boolean {
    return this.#response.headersSent;
  }

  begin(contentType: string, connection: 'keep' | 'close' = 'keep'): void {
    this.#response.writeHead(200, {
      ...NO_CACHE,
      ...(connection === 'close' && { Connection: 'close' }),
      'Content-Type': contentType,
    });
  }

  /** @returns resolves when the kernel has the bytes; rejects when the client has left, or took none for too long */
  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.signal.aborted) return reject(clientLeft());
      this.#pendingWrites.add(reject);
      this.#idleTimer ??= setTimeout(() => this.#response.destroy(), limits.gitIdleTimeoutMs);
      this.#response.write(bytes, (error) => {
        this.#settle(reject);
        if (error) reject(error);
        else resolve();
      });
    });
  }

  end(): void {
    this.#response.end();
  }

  /** Answers with a status and a sentence. Only before `begin`. */
  refuse(refusal: HttpRefusal, connection: 'keep' | 'close'): void {
    const text = Buffer.from(`${refusal.message}\n`);
    this.#response.writeHead(refusal.status, {
      ...NO_CACHE,
      ...refusal.headers,
      ...(connection === 'close' && { Connection: 'close' }),
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Length': String(text.length),
    });
    this.#response.end(text);
  }

  /** Cuts the connection: the answer cannot be completed, and must not look as if it were. */
  destroy(): void {
    this.#response.destroy();
  }

  #settle(reject: (reason: Error) => void): void {
    this.#pendingWrites.delete(reject);
    if (this.#pendingWrites.size > 0) this.#idleTimer?.refresh();
    else this.#stopTimer();
  }

  #close(): void {
    this.#stopTimer();
    if (this.#response.writableFinished) return;
    this.#abort.abort(clientLeft());
    for (const reject of this.#pendingWrites) reject(clientLeft());
    this.#pendingWrites.clear();
  }

  #stopTimer(): void {
    clearTimeout(this.#idleTimer);
    this.#idleTimer = undefined;
  }
}

function clientLeft(): Error {
  return new ClientLeftError('the client closed the connection');
}

/** Nobody is there to be told. */
export class ClientLeftError extends Error {
  override readonly name = 'ClientLeftError';
  readonly code = 'CLIENT_LEFT';
}
