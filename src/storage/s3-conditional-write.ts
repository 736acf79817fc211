/**
 * Writes that never overwrite: `If-None-Match: *` — Amazon S3 user guide, "How to prevent object overwrites with conditional
 * writes". Two things make it more than a header: a retry of a write whose answer was lost is refused because of the write
 * itself, and not every look-alike of S3 knows the header.
 */
import { HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { BlobExistsError } from './errors.ts';
import { abortable, type S3Location } from './s3-client.ts';
import { attemptsOf, hasCode, toBlobStoreError } from './s3-error.ts';

/** User metadata that says which write made an object. */
export const WRITE_ID = 'write-id';

export interface ConditionalWrite {
  step: string;
  location: S3Location;
  /** Random, and stored with the object under `WRITE_ID`. */
  writeId: string;
  signal?: AbortSignal | undefined;
}

export class ConditionalWrites {
  readonly #client: S3Client;
  #supported = true;

  constructor(client: S3Client) {
    this.#client = client;
  }

  /**
   * Runs a write under the condition that the key is free.
   *
   * @throws {BlobExistsError} another write has the key
   */
  async run(write: ConditionalWrite, send: (condition: { IfNoneMatch?: '*' }) => Promise<unknown>): Promise<void> {
    try {
      if (this.#supported) await send({ IfNoneMatch: '*' });
      else await this.#sendAfterLook(write, send);
    } catch (error) {
      if (this.#supported && hasCode(error, 'NotImplemented')) {
        this.#supported = false;
        await this.run(write, send);
        return;
      }
      if (await this.#succeededBefore(write, error)) return;
      throw toBlobStoreError(write.step, write.location.key, error, write.signal);
    }
  }

  /** What is left where the condition is not known: keys hold random ids, so nobody else is about to write this one. */
  async #sendAfterLook(write: ConditionalWrite, send: (condition: object) => Promise<unknown>): Promise<void> {
    if ((await this.#storedWriteId(write)) !== undefined) throw new BlobExistsError(write.location.key);
    await send({});
  }

  /** An earlier try of this very request did the work and its answer was lost, so that the retry found the key taken. */
  async #succeededBefore(write: ConditionalWrite, error: unknown): Promise<boolean> {
    if (attemptsOf(error) < 2 || !hasCode(error, 'PreconditionFailed', 'NoSuchUpload')) return false;
    return (await this.#storedWriteId(write)) === write.writeId;
  }

  /** The id of the write that made the object, empty for one not made by us; undefined when there is no object. */
  async #storedWriteId(write: ConditionalWrite): Promise<string | undefined> {
    const { key, Bucket, Key } = write.location;
    try {
      const head = await this.#client.send(new HeadObjectCommand({ Bucket, Key }), abortable(write.signal));
      return head.Metadata?.[WRITE_ID] ?? '';
    } catch (error) {
      if (hasCode(error, 'NotFound', 'NoSuchKey')) return undefined;
      throw toBlobStoreError('look up', key, error, write.signal);
    }
  }
}
