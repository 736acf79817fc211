/** A multipart upload to S3 — Amazon S3 user guide, "Uploading and copying objects using multipart upload". */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { limits } from '#limits.ts';
import type { RequestOptions, UploadSession } from './blob-store.ts';
import { BlobStoreError } from './errors.ts';
import { abortable, type S3Location } from './s3-client.ts';
import { type ConditionalWrites, WRITE_ID } from './s3-conditional-write.ts';
import { hasCode, toBlobStoreError } from './s3-error.ts';
import { UploadParts } from './upload-parts.ts';

export class S3Upload implements UploadSession {
  readonly uploadId: string;
  readonly partSizeMinBytes = limits.uploadPartMinBytes;
  readonly #client: S3Client;
  readonly #conditionalWrites: ConditionalWrites;
  readonly #location: S3Location;
  readonly #writeId: string;
  readonly #parts: UploadParts;
  readonly #etags = new Map<number, string>();
  readonly #stop = new AbortController();

  private constructor(upload: S3UploadOptions & { uploadId: string; writeId: string }) {
    this.uploadId = upload.uploadId;
    this.#client = upload.client;
    this.#conditionalWrites = upload.conditionalWrites;
    this.#location = upload.location;
    this.#writeId = upload.writeId;
    this.#parts = new UploadParts(upload.location.key, this.partSizeMinBytes);
  }

  static async start(upload: S3UploadOptions, options: RequestOptions = {}): Promise<S3Upload> {
    const { key, Bucket, Key } = upload.location;
    const writeId = crypto.randomUUID();
    try {
      const { UploadId: uploadId } = await upload.client.send(
        new CreateMultipartUploadCommand({ Bucket, Key, Metadata: { [WRITE_ID]: writeId } }),
        abortable(options.signal),
      );
      if (!uploadId) throw new BlobStoreError('start upload of', key, 'the store names no upload');
      return new S3Upload({ ...upload, uploadId, writeId });
    } catch (error) {
      throw toBlobStoreError('start upload of', key, error, options.signal);
    }
  }

  async uploadPart(partNumber: number, bytes: Uint8Array, options: RequestOptions = {}): Promise<void> {
    const { key, Bucket, Key } = this.#location;
    const signal = options.signal ? AbortSignal.any([options.signal, this.#stop.signal]) : this.#stop.signal;
    signal.throwIfAborted();
    await this.#parts.upload(partNumber, bytes.byteLength, async () => {
      try {
        const { ETag: etag } = await this.#client.send(
          new UploadPartCommand({ Bucket, Key, UploadId: this.uploadId, PartNumber: partNumber, Body: bytes }),
          abortable(signal),
        );
        if (!etag) throw new BlobStoreError(`upload part ${partNumber} of`, key, 'the store answers without an ETag');
        this.#etags.set(partNumber, etag);
      } catch (error) {
        throw toBlobStoreError(`upload part ${partNumber} of`, key, error, signal);
      }
    });
  }

  async complete(options: RequestOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    const partCount = this.#parts.assertWhole();
    const { Bucket, Key } = this.#location;
    const Parts = Array.from({ length: partCount }, (_, index) => ({
      PartNumber: index + 1,
      ETag: this.#etags.get(index + 1),
    }));
    await this.#conditionalWrites.run(
      { step: 'complete upload of', location: this.#location, writeId: this.#writeId, signal: options.signal },
      (condition) =>
        this.#client.send(
          new CompleteMultipartUploadCommand({
            Bucket,
            Key,
            UploadId: this.uploadId,
            MultipartUpload: { Parts },
            ...condition,
          }),
          abortable(options.signal),
        ),
    );
    this.#parts.close();
  }

  /** Ends the parts under way first: one that arrives after the abort would stay in the bucket and be paid for. */
  async abort(): Promise<void> {
    this.#parts.close();
    this.#stop.abort();
    await this.#parts.settled();
    await abortS3Upload(this.#client, this.#location, this.uploadId);
  }
}

export interface S3UploadOptions {
  client: S3Client;
  conditionalWrites: ConditionalWrites;
  location: S3Location;
}

/** Removes the parts of an unfinished upload; an unknown one is no error. */
export async function abortS3Upload(client: S3Client, location: S3Location, uploadId: string): Promise<void> {
  const { key, Bucket, Key } = location;
  try {
    await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId: uploadId }));
  } catch (error) {
    if (!hasCode(error, 'NoSuchUpload')) throw toBlobStoreError('abort upload of', key, error);
  }
}
