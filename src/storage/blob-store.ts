/**
 * The port to bulk storage: immutable objects under keys of our own making.
 *
 * Contract, the same for every adapter:
 * - A key is written once and never overwritten. Keys are made of our ids, never of names (`storage-key.ts`), and no key
 *   is a folder prefix of another.
 * - An object becomes visible whole, when `put` or `UploadSession.complete` resolves, and is durable by then. A crash before
 *   that leaves no visible object; what an unfinished upload left behind is removed by `abortUpload(key, uploadId)`.
 * - A request whose `signal` is aborted rejects with the signal's reason; every other failure is a `BlobStoreError`. A key
 *   that is none (`assertStorageKey`) is a programmer's mistake: `TypeError`.
 * - The list of objects is not the truth: the database is. Nothing here lists keys in order to decide something.
 */
export interface BlobStore {
  /** Writes a small object in one request. @throws {BlobExistsError} the key is taken */
  put(key: string, bytes: Uint8Array, options?: RequestOptions): Promise<void>;

  /** Opens a multipart upload. Its id can abort it from another process. @throws {BlobStoreError} */
  startUpload(key: string, options?: RequestOptions): Promise<UploadSession>;

  /** Removes what an unfinished upload left behind; an unknown id is no error. */
  abortUpload(key: string, uploadId: string): Promise<void>;

  /**
   * Reads exactly `lengthBytes` bytes from `offset`, or fewer when the object ends before.
   *
   * @returns bytes that belong to the caller
   * @throws {BlobNotFoundError} no object under this key
   */
  read(key: string, range: ByteRange, options?: RequestOptions): Promise<Uint8Array>;

  /**
   * Streams a range in order. The consumer's pace is the producer's: nothing beyond a fixed window is read ahead.
   * Ending the iteration early, or an abort of `signal`, releases the connection or file.
   *
   * @throws {BlobNotFoundError} when iteration starts and the object is missing
   */
  stream(key: string, range?: ByteRange, options?: RequestOptions): AsyncIterable<Uint8Array>;

  /** The object's size in bytes, or undefined when there is none. */
  size(key: string, options?: RequestOptions): Promise<number | undefined>;

  /**
   * An address from which anybody who has it may read the object until it expires, so that its bytes need not pass through us.
   *
   * @returns undefined when the store has no door of its own that clients reach: the caller streams then
   */
  presignRead(key: string, request: PresignedRead): Promise<URL | undefined>;

  /**
   * An address to which anybody who has it may upload exactly these bytes, in one PUT, until it expires. The store itself refuses
   * others: size and checksum are signed. An upload to a key that is taken replaces the object by an equal one.
   *
   * @returns undefined when the store has no such door, or takes no object of that size in one request
   */
  presignWrite(key: string, request: PresignedWrite): Promise<PresignedUpload | undefined>;

  /** SHA-256 of the object as the store itself has it on record; undefined when it keeps none. */
  checksum(key: string, options?: RequestOptions): Promise<Uint8Array | undefined>;

  /** Removes an object; a missing one is no error. */
  delete(key: string): Promise<void>;

  /** Resolves when the store answers; rejects otherwise. For readiness checks. */
  check(): Promise<void>;

  close(): Promise<void>;
}

export interface PresignedRead {
  readonly expiresInMs: number;
  /** What the store says of the object to whoever reads it. */
  readonly contentType?: string | undefined;
  readonly fileName?: string | undefined;
}

export interface PresignedWrite {
  readonly expiresInMs: number;
  readonly sizeBytes: number;
  readonly sha256: Uint8Array;
}

export interface PresignedUpload {
  readonly url: URL;
  /** Which the client must send with its PUT, exactly. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface ByteRange {
  offset: number;
  lengthBytes: number;
}

export interface RequestOptions {
  signal?: AbortSignal | undefined;
}

/**
 * A multipart upload under way. Parts are numbered from 1 and may be uploaded concurrently and out of order; every part but
 * the last has at least `partSizeMinBytes`. The caller bounds how many are in flight, and must not change a part's bytes
 * until its promise settles.
 */
export interface UploadSession {
  readonly uploadId: string;
  /** S3: 5 MiB. */
  readonly partSizeMinBytes: number;
  /** A part that failed may be uploaded again, with the same bytes. They may be a view of shared memory. */
  uploadPart(partNumber: number, bytes: Uint8Array, options?: RequestOptions): Promise<void>;
  /**
   * Makes the object visible and durable. All parts must have settled. After an error the upload is still there to abort.
   *
   * @throws {BlobExistsError} the key is taken
   * @throws {BlobStoreError} there is no part, a gap, a part that failed, or one that is too small
   */
  complete(options?: RequestOptions): Promise<void>;
  /** Gives up, ends the parts under way and removes all. Harmless when repeated. */
  abort(): Promise<void>;
}
