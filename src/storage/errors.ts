/** What can go wrong with bulk storage. */

/** The store refused or could not be reached. */
export class BlobStoreError extends Error {
  override readonly name: string = 'BlobStoreError';
  readonly code: string = 'BLOB_STORE';
  readonly key: string;

  constructor(step: string, key: string, cause?: unknown) {
    super(`${step} blob "${key}": ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.key = key;
  }
}

/** No object is stored under the key. */
export class BlobNotFoundError extends BlobStoreError {
  override readonly name = 'BlobNotFoundError';
  override readonly code = 'BLOB_NOT_FOUND';

  constructor(key: string, cause?: unknown) {
    super('read', key, cause ?? 'no such object');
  }
}

/** The key is taken; what it holds is left as it is. */
export class BlobExistsError extends BlobStoreError {
  override readonly name = 'BlobExistsError';
  override readonly code = 'BLOB_EXISTS';

  constructor(key: string, cause?: unknown) {
    super('write', key, cause ?? 'the key is taken');
  }
}
