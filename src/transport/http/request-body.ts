/**
 * The body of a git request: `100 Continue` when it is wanted, gunzipped when the client zipped it, and never waited for
 * longer than the idle limit. Chunked or not is Node's business.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { limits } from '#limits.ts';
import { contentTooLarge, HttpRefusal, requestTimeout, unsupportedMediaType } from './http-refusal.ts';

export class RequestBody {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #expectsContinue: boolean;
  /** The client kept us waiting for too long. */
  #isSilent = false;

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
    const encoding = this.#request.headers['content-encoding']?.toLowerCase() || 'identity';
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

  /** Whether what is left can be read: not while the client waits to be asked for it, and not from one that fell silent. */
  get isDrainable(): boolean {
    return this.isComplete || !(this.#expectsContinue || this.#isSilent);
  }

  /**
   * Throws the rest away, so that a client that sends before it listens gets to read its answer.
   *
   * @returns whether the connection can go on: not when there is too much left, or none of it can be had
   */
  async drain(idleMs: number = limits.gitIdleTimeoutMs): Promise<boolean> {
    if (this.isComplete) return true;
    if (!this.isDrainable) return false;
    let drainedBytes = 0;
    for await (const chunk of this.#received(idleMs)) {
      drainedBytes += chunk.length;
      if (drainedBytes > limits.drainMaxBytes) return false;
    }
    return true;
  }

  /** Throws the rest away behind an answer that was given without it. Where that takes too much, the connection is cut. */
  async discard(): Promise<void> {
    if (!this.isDrainable) return;
    const drained = await this.drain(limits.lingerIdleMs).catch(() => false);
    if (!drained) this.#request.destroy();
  }

  async *#received(idleMs: number = limits.gitIdleTimeoutMs): AsyncGenerator<Uint8Array> {
    if (this.#expectsContinue) this.#response.writeContinue();
    this.#expectsContinue = false;
    const chunks: AsyncIterator<Uint8Array> = this.#request.iterator({ destroyOnReturn: false });
    for (;;) {
      const next = await this.#waitFor(chunks.next(), idleMs);
      if (next.done) return;
      yield next.value;
    }
  }

  /** @throws {HttpRefusal} 408 after too long a silence */
  async #waitFor<T>(next: Promise<T>, idleMs: number): Promise<T> {
    const silence = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      this.#isSilent = true;
      silence.reject(requestTimeout(idleMs));
    }, idleMs);
    try {
      return await Promise.race([next, silence.promise]);
    } finally {
      clearTimeout(timer);
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
