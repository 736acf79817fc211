/** Blobs in a bucket of S3 or of a store that speaks its protocol. */
import {
  DeleteObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { limits } from '#limits.ts';
import type {
  BlobStore,
  ByteRange,
  PresignedRead,
  PresignedUpload,
  PresignedWrite,
  RequestOptions,
  UploadSession,
} from './blob-store.ts';
import { BlobNotFoundError } from './errors.ts';
import { readAhead } from './read-ahead.ts';
import { abortable, openS3Client, type S3ClientOptions, type S3Location } from './s3-client.ts';
import { ConditionalWrites, WRITE_ID } from './s3-conditional-write.ts';
import { hasCode, toBlobStoreError } from './s3-error.ts';
import { S3Presigner } from './s3-presigner.ts';
import { readS3Range } from './s3-read.ts';
import { abortS3Upload, S3Upload } from './s3-upload.ts';
import { assertStorageKey } from './storage-key.ts';

export interface S3BlobStoreOptions extends S3ClientOptions {
  bucket: string;
  /** Put before every key, with a slash between, when the bucket is shared. */
  prefix?: string | undefined;
  /** Whether clients may be sent to the store themselves. Default: `on`. */
  presign?: 'on' | 'off' | undefined;
  /** The address by which clients reach the store, when it differs from `endpoint`. */
  publicEndpoint?: string | undefined;
}

const SHA256_BYTES = 32;

export class S3BlobStore implements BlobStore {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #keyPrefix: string;
  readonly #conditionalWrites: ConditionalWrites;
  readonly #presigner: S3Presigner | undefined;

  constructor(options: S3BlobStoreOptions) {
    const prefix = options.prefix?.replace(/^\/+|\/+$/g, '') ?? '';
    if (prefix) assertStorageKey(prefix);
    this.#keyPrefix = prefix && `${prefix}/`;
    this.#bucket = options.bucket;
    this.#client = openS3Client(options);
    this.#conditionalWrites = new ConditionalWrites(this.#client);
    if (options.presign !== 'off') {
      this.#presigner = new S3Presigner({ ...options, endpoint: options.publicEndpoint ?? options.endpoint });
    }
  }

  async put(key: string, bytes: Uint8Array, options: RequestOptions = {}): Promise<void> {
    const location = this.#locate(key);
    const { Bucket, Key } = location;
    options.signal?.throwIfAborted();
    const writeId = crypto.randomUUID();
    await this.#conditionalWrites.run({ step: 'write', location, writeId, signal: options.signal }, (condition) =>
      this.#client.send(
        new PutObjectCommand({ Bucket, Key, Body: bytes, Metadata: { [WRITE_ID]: writeId }, ...condition }),
        abortable(options.signal),
      ),
    );
  }

  async startUpload(key: string, options: RequestOptions = {}): Promise<UploadSession> {
    const location = this.#locate(key);
    options.signal?.throwIfAborted();
    return await S3Upload.start(
      { client: this.#client, conditionalWrites: this.#conditionalWrites, location },
      options,
    );
  }

  async abortUpload(key: string, uploadId: string): Promise<void> {
    await abortS3Upload(this.#client, this.#locate(key), uploadId);
  }

  async read(key: string, range: ByteRange, options: RequestOptions = {}): Promise<Uint8Array> {
    const location = this.#locate(key);
    options.signal?.throwIfAborted();
    if (range.lengthBytes > 0) return await readS3Range(this.#client, location, range, options.signal);
    // HTTP has no empty range.
    if ((await this.size(key, options)) === undefined) throw new BlobNotFoundError(key);
    return new Uint8Array();
  }

  async *stream(
    key: string,
    range?: ByteRange,
    options: RequestOptions = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const location = this.#locate(key);
    options.signal?.throwIfAborted();
    const { offset, lengthBytes } = range?.lengthBytes ? range : await this.#wholeRange(key, range, options);
    yield* readAhead({
      startOffset: offset,
      endOffset: offset + lengthBytes,
      pieceBytes: limits.cloneReadBytes,
      piecesInFlight: limits.cloneReadsInFlight,
      signal: options.signal,
      readPiece: (pieceOffset, pieceBytes, signal) =>
        readS3Range(this.#client, location, { offset: pieceOffset, lengthBytes: pieceBytes }, signal),
    });
  }

  async size(key: string, options: RequestOptions = {}): Promise<number | undefined> {
    const { Bucket, Key } = this.#locate(key);
    options.signal?.throwIfAborted();
    try {
      const head = await this.#client.send(new HeadObjectCommand({ Bucket, Key }), abortable(options.signal));
      return head.ContentLength ?? 0;
    } catch (error) {
      if (hasCode(error, 'NotFound', 'NoSuchKey')) return undefined;
      throw toBlobStoreError('look up', key, error, options.signal);
    }
  }

  async presignRead(key: string, request: PresignedRead): Promise<URL | undefined> {
    return await this.#presigner?.read(this.#locate(key), request);
  }

  async presignWrite(key: string, request: PresignedWrite): Promise<PresignedUpload | undefined> {
    return await this.#presigner?.write(this.#locate(key), request);
  }

  /** S3 keeps the checksum that came with the object. That of a multipart upload is one of its parts' checksums, and says nothing. */
  async checksum(key: string, options: RequestOptions = {}): Promise<Uint8Array | undefined> {
    const { Bucket, Key } = this.#locate(key);
    options.signal?.throwIfAborted();
    try {
      const command = new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' });
      const { ChecksumSHA256: text } = await this.#client.send(command, abortable(options.signal));
      const bytes = Buffer.from(text ?? '', 'base64');
      return text?.includes('-') || bytes.length !== SHA256_BYTES ? undefined : bytes;
    } catch (error) {
      if (hasCode(error, 'NotFound', 'NoSuchKey')) return undefined;
      throw toBlobStoreError('look up the checksum of', key, error, options.signal);
    }
  }

  async delete(key: string): Promise<void> {
    const { Bucket, Key } = this.#locate(key);
    try {
      await this.#client.send(new DeleteObjectCommand({ Bucket, Key }));
    } catch (error) {
      if (!hasCode(error, 'NoSuchKey', 'NotFound')) throw toBlobStoreError('delete', key, error);
    }
  }

  async check(): Promise<void> {
    try {
      await this.#client.send(new HeadBucketCommand({ Bucket: this.#bucket }));
    } catch (error) {
      throw toBlobStoreError('reach the bucket of', this.#bucket, error);
    }
  }

  async close(): Promise<void> {
    this.#client.destroy();
    this.#presigner?.close();
  }

  #locate(key: string): S3Location {
    assertStorageKey(key);
    return { key, Bucket: this.#bucket, Key: this.#keyPrefix + key };
  }

  async #wholeRange(key: string, range: ByteRange | undefined, options: RequestOptions): Promise<ByteRange> {
    const sizeBytes = await this.size(key, options);
    if (sizeBytes === undefined) throw new BlobNotFoundError(key);
    return range ?? { offset: 0, lengthBytes: sizeBytes };
  }
}
