/**
 * The body of a git request: `100 Continue` when it is wanted, gunzipped when the client zipped it, and never waited for
 * longer than the idle limit. Chunked or not is Node's business.
 */
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { LimitExceededError } from '#git/errors.ts';
import { limits } from '#limits.ts';
import { HttpRefusal, unsupportedMediaType } from './http-refusal.ts';
import type { RawExchange } from './raw-route.ts';

export class RequestBody {
  readonly #exchange: RawExchange;
  #awaitsContinue: boolean;

  constructor(exchange: RawExchange) {
    this.#exchange = exchange;
    this.#awaitsContinue = exchange.awaitsContinue;
  }

  /** Whether everything that the client sends was received. */
  get isComplete(): boolean {
    return this.#exchange.request.readableEnded;
  }

  /** The decoded body. @throws {HttpRefusal} 415 for an encoding that we do not know, 400 for bytes that are not gzip */
  chunks(): AsyncIterable<Uint8Array> {
    const encoding = this.#exchange.request.headers['content-encoding']?.toLowerCase() ?? 'identity';
    if (encoding === 'identity') return this.#received();
    if (encoding === 'gzip' || encoding === 'x-gzip') return gunzip(this.#received());
    throw unsupportedMediaType(`Content-Encoding "${encoding}" is not supported; gzip is.`);
  }

  /** Reads the whole body. @throws {LimitExceededError} more than `sizeMaxBytes` after decoding */
  async readAll(sizeMaxBytes: number): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    let sizeBytes = 0;
    for await (const chunk of this.chunks()) {
      sizeBytes += chunk.length;
      if (sizeBytes > sizeMaxBytes) throw new LimitExceededError(`request of more than ${sizeMaxBytes} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks, sizeBytes);
  }

  /**
   * Throws the rest away, so that a client that sends before it listens gets to read its answer.
   *
   * @returns whether the connection can go on: not when there is too much left, or the client still waits to send it
   */
  async drain(): Promise<boolean> {
    if (this.isComplete) return true;
    if (this.#awaitsContinue) return false;
    let drainedBytes = 0;
    for await (const chunk of this.#received()) {
      drainedBytes += chunk.length;
      if (drainedBytes > limits.drainMaxBytes) return false;
    }
    return true;
  }

  async *#received(): AsyncGenerator<Uint8Array> {
    const { request, response } = this.#exchange;
    if (this.#awaitsContinue) response.writeContinue();
    this.#awaitsContinue = false;
    const chunks = request.iterator({ destroyOnReturn: false });
    for (;;) {
      const idle = setTimeout(() => request.destroy(), limits.gitIdleTimeoutMs);
      const next: IteratorResult<Uint8Array> = await chunks.next().finally(() => clearTimeout(idle));
      if (next.done) return;
      yield next.value;
    }
  }
}

async function* gunzip(zipped: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const inflated: Readable = pipeline(zipped, createGunzip(), () => {});
  try {
    yield* inflated;
  } catch (error) {
    if (isZlibError(error)) throw new HttpRefusal(400, 'The request body is not valid gzip.');
    throw error;
  }
}

function isZlibError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');
}
