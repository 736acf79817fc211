/** Writes an answer at the client's pace, and learns when the client has left. */
import type { ServerResponse } from 'node:http';
import type { ByteSink } from '#git/pkt-line/side-band.ts';
import { limits } from '#limits.ts';

export class ResponseStream implements ByteSink {
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
