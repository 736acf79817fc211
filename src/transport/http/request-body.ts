/**
 * The body of a git request: `100 Continue` when it is wanted, gunzipped when the client zipped it, and never waited for
 * longer than the idle limit. Chunked or not is Node's business.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { limits } from '#limits.ts';
import { contentTooLarge, HttpRefusal, unsupportedMediaType } from './http-refusal.ts';

export class RequestBody {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #expectsContinue: boolean;

  /** @param expectsContinue the client holds its body back until it is asked for */
  constructor(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean) {
    this.#request = request;
    this.#response = response;
    this.#expectsContinue = expectsContinue;
  }

  /** Whether everything that the client sends was received. */
  get isComplete(): boolean {
    return this.#request.readableEnded;
  }

  /** The decoded body. @throws {HttpRefusal} 415 for an encoding that we do not know, 400 for bytes that are not gzip */
  chunks(): AsyncIterable<Uint8Array> {
    const encoding = this.#request.headers['content-encoding']?.toLowerCase() ?? 'identity';
    if (encoding === 'identity') return this.#received();
    if (encoding === 'gzip' || encoding === 'x-gzip') return gunzip(this.#received());
    throw unsupportedMediaType(`Content-Encoding "${encoding}" is not supported; gzip is.`);
  }

  /** Reads the whole body. @throws {HttpRefusal} 413 for more than `sizeMaxBytes` after decoding */
  async readAll(sizeMaxBytes: number): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    let sizeBytes = 0;
    for await (const chunk of this.chunks()) {
      sizeBytes += chunk.length;
      if (sizeBytes > sizeMaxBytes) throw contentTooLarge(sizeMaxBytes);
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
    if (this.#expectsContinue) return false;
    let drainedBytes = 0;
    for await (const chunk of this.#received()) {
      drainedBytes += chunk.length;
      if (drainedBytes > limits.drainMaxBytes) return false;
    }
    return true;
  }

  async *#received(): AsyncGenerator<Uint8Array> {
    if (this.#expectsContinue) this.#response.writeContinue();
    this.#expectsContinue = false;
    const chunks = this.#request.iterator({ destroyOnReturn: false });
    for (;;) {
      const idle = setTimeout(() => this.#request.destroy(), limits.gitIdleTimeoutMs);
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
