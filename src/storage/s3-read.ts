/** Ranged reads from S3 whose bodies are always read to the end or destroyed: one left open keeps its connection for ever. */
import { Readable } from 'node:stream';
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { limits } from '#limits.ts';
import type { ByteRange } from './blob-store.ts';
import { abortable, type S3Location } from './s3-client.ts';
import { hasCode, toBlobStoreError } from './s3-error.ts';

/**
 * Reads a range, short only where the object ends. A body that breaks off is fetched again from where it broke: the client
 * retries requests, but not bodies.
 *
 * @param range at least one byte
 * @throws {BlobNotFoundError}
 */
export async function readS3Range(
  client: S3Client,
  location: S3Location,
  range: ByteRange,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const target = new ReadTarget(range);
  for (let attemptsLeft = limits.s3BodyAttemptsMax - 1; ; attemptsLeft--) {
    try {
      await readRest(client, location, target, signal);
      return target.bytes;
    } catch (error) {
      if (!(error instanceof BrokenBodyError) || attemptsLeft === 0 || signal?.aborted) {
        throw toBlobStoreError('read', location.key, error, signal);
      }
    }
  }
}

async function readRest(
  client: S3Client,
  location: S3Location,
  target: ReadTarget,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { Bucket, Key } = location;
  try {
    const command = new GetObjectCommand({ Bucket, Key, Range: target.rangeHeader() });
    const answer = await client.send(command, abortable(signal));
    if (!(answer.Body instanceof Readable)) throw new TypeError('the answer has no body');
    await fill(target, answer.Body, answer.ContentLength ?? 0);
  } catch (error) {
    // The range starts at or beyond the end, as that of an empty object's first byte does.
    if (!hasCode(error, 'InvalidRange')) throw error;
  }
}

async function fill(target: ReadTarget, body: Readable, lengthBytes: number): Promise<void> {
  try {
    target.expect(lengthBytes);
    for await (const chunk of body) target.push(chunk);
  } catch (error) {
    throw new BrokenBodyError('the answer broke off', { cause: error });
  } finally {
    body.destroy();
  }
  if (target.missingBytes > 0) throw new BrokenBodyError(`the answer ended ${target.missingBytes} bytes early`);
}

class BrokenBodyError extends Error {
  override readonly name = 'BrokenBodyError';
}

/** The bytes of a range as they arrive, perhaps from several answers. */
class ReadTarget {
  readonly #range: ByteRange;
  /** Made when the first answer tells how much there is. */
  #buffer: Buffer | undefined;
  #filledBytes = 0;

  constructor(range: ByteRange) {
    this.#range = range;
  }

  get bytes(): Uint8Array {
    return this.#buffer ?? new Uint8Array();
  }

  get missingBytes(): number {
    return this.bytes.byteLength - this.#filledBytes;
  }

  /** What is still to be fetched — RFC 9110, section 14.1.2; both ends are inclusive. */
  rangeHeader(): string {
    const { offset, lengthBytes } = this.#range;
    return `bytes=${offset + this.#filledBytes}-${offset + lengthBytes - 1}`;
  }

  /** @throws {RangeError} an answer longer than what was asked for, such as that of a server that ignores ranges */
  expect(lengthBytes: number): void {
    const wantedBytes = this.#buffer ? this.missingBytes : this.#range.lengthBytes;
    if (lengthBytes > wantedBytes) throw new RangeError(`${lengthBytes} bytes came for a range of ${wantedBytes}`);
    this.#buffer ??= Buffer.allocUnsafeSlow(lengthBytes);
  }

  push(chunk: Uint8Array): void {
    if (chunk.byteLength > this.missingBytes) throw new RangeError('more bytes came than were announced');
    this.#buffer?.set(chunk, this.#filledBytes);
    this.#filledBytes += chunk.byteLength;
  }
}
