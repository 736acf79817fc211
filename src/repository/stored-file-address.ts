/**
 * Addresses from which a client takes a stored pack or bundle by itself, for a while: of the object store where clients reach
 * it, else of our own door for stored files. Whoever has such an address may read that one file, as with any presigned URL; it
 * is given only to somebody who may read all that is in it.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Sql } from '#db/client.ts';
import { SharedSecret } from '#db/shared-secret.ts';
import { limits } from '#limits.ts';
import type { BlobStore } from '#storage/blob-store.ts';
import { bundleKey, packKey } from '#storage/storage-key.ts';

export interface StoredFile {
  readonly kind: 'pack' | 'bundle';
  /** UUID in lower case. */
  readonly id: string;
}

/** `/-/stored/<kind>/<id>`: no account's name begins with a hyphen. */
const PATH = /^\/-\/stored\/(?<kind>pack|bundle)\/(?<id>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** As `#sign` writes it: one address has one form, and any change of it opens nothing. */
const QUERY = /^expires=(?<expires>[1-9]\d{0,14})&token=(?<token>[A-Za-z0-9_-]+)$/;

export class StoredFileAddresses {
  readonly #blobs: BlobStore;
  readonly #publicUrl: URL;
  readonly #secret: SharedSecret;

  constructor(stores: { sql: Sql; blobs: BlobStore }, publicUrl: URL) {
    this.#blobs = stores.blobs;
    this.#publicUrl = publicUrl;
    this.#secret = new SharedSecret(stores.sql, 'stored-file-key');
  }

  async addressOf(file: StoredFile): Promise<URL> {
    const expiresInMs = limits.storedFileAddressLifetimeMs;
    return (
      (await this.#blobs.presignRead(keyOf(file), { expiresInMs })) ??
      (await this.#sign(file, Date.now() + expiresInMs))
    );
  }

  /** @param rawUrl path and query as they were sent @returns undefined for an address that we did not give, or that has expired */
  async verify(rawUrl: string): Promise<StoredFile | undefined> {
    const [path = '', query = ''] = rawUrl.split(/\?(.*)/s, 2);
    const file = parsePath(path);
    const { expires, token = '' } = QUERY.exec(query)?.groups ?? {};
    const expiresAtMs = Number(expires);
    if (file === undefined || !(expiresAtMs > Date.now())) return undefined;
    const [presented, right] = [Buffer.from(token), Buffer.from(await this.#mac(file, expiresAtMs))];
    return presented.length === right.length && timingSafeEqual(presented, right) ? file : undefined;
  }

  async #sign(file: StoredFile, expiresAtMs: number): Promise<URL> {
    const url = new URL(`/-/stored/${file.kind}/${file.id}`, this.#publicUrl);
    url.searchParams.set('expires', String(expiresAtMs));
    // The log leaves out the value of a parameter of this name.
    url.searchParams.set('token', await this.#mac(file, expiresAtMs));
    return url;
  }

  async #mac(file: StoredFile, expiresAtMs: number): Promise<string> {
    const key = await this.#secret.read();
    return createHmac('sha256', key).update(`${file.kind}/${file.id}/${expiresAtMs}`).digest('base64url');
  }
}

/** Whether an address is of the door for stored files, genuine or not. */
export function isStoredFilePath(rawUrl: string): boolean {
  return parsePath(rawUrl.split('?')[0] ?? '') !== undefined;
}

export function keyOf({ kind, id }: StoredFile): string {
  return kind === 'pack' ? packKey(id) : bundleKey(id);
}

function parsePath(path: string): StoredFile | undefined {
  const { kind, id } = PATH.exec(path)?.groups ?? {};
  return (kind === 'pack' || kind === 'bundle') && id !== undefined ? { kind, id } : undefined;
}
