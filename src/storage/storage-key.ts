/**
 * Where the files of packs and LFS objects lie in bulk storage. Keys are made of ids of ours, never of a name that a person can
 * change, so a rename or transfer moves no bytes and nobody can guess a key.
 */

/** Which of a pack's files: the pack, its index v2, or our summary of it. */
export type PackFile = 'pack' | 'idx' | 'summary';

/** `r/<shard>/<pack id>/pack` */
export function packKey(packId: string): string {
  return packFileKey(packId, 'pack');
}

/** `r/<shard>/<pack id>/idx` */
export function packIndexKey(packId: string): string {
  return packFileKey(packId, 'idx');
}

/** `r/<shard>/<pack id>/summary` */
export function packSummaryKey(packId: string): string {
  return packFileKey(packId, 'summary');
}

/**
 * The shard comes first and is random, so that S3 spreads a burst of pushes over its partitions instead of answering
 * 503 SlowDown for one. A UUIDv7 opens with the time and ends in random bits — RFC 9562, section 5.7; the shard is its last byte.
 *
 * @throws {TypeError} `packId` is no lower-case UUID
 */
export function packFileKey(packId: string, file: PackFile): string {
  return `r/${shardedId(packId)}/${file}`;
}

/** `b/<shard>/<bundle id>` @throws {TypeError} */
export function bundleKey(bundleId: string): string {
  return `b/${shardedId(bundleId)}`;
}

/** `l/<shard>/<blob id>`: an LFS object. The id is random, so knowing an object's hash leads to no key. @throws {TypeError} */
export function lfsKey(blobId: string): string {
  return `l/${shardedId(blobId)}`;
}

function shardedId(id: string): string {
  if (!UUID.test(id)) throw new TypeError(`id "${id}" is no lower-case UUID`);
  return `${id.slice(-2)}/${id}`;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Refuses a key that could mean something else to a file system or to S3: an empty, `.` or `..` segment, or a character
 * that needs escaping in a URL.
 *
 * @throws {TypeError}
 */
export function assertStorageKey(key: string): void {
  if (key.length > KEY_MAX_BYTES || !KEY.test(key)) throw new TypeError(`"${key}" is no storage key`);
}

/** S3's limit, less room for a bucket prefix. */
const KEY_MAX_BYTES = 512;
const KEY = /^[A-Za-z0-9_-][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/;
