/** Which LFS resource an address names: `<git url>.git/info/lfs/…` — git-lfs, docs/api/server-discovery.md. */
import { isOid } from '#lfs/lfs-pointer.ts';
import type { RepositoryAddress } from '../git/git-access.ts';
import { decodeRepositoryAddress } from '../http/git-path.ts';

export interface LfsPath extends RepositoryAddress {
  readonly resource: LfsResource;
}

export type LfsResource =
  | { readonly kind: 'batch' }
  | { readonly kind: 'object'; readonly oid: string }
  | { readonly kind: 'verify' }
  | { readonly kind: 'locks'; readonly query: URLSearchParams }
  | { readonly kind: 'lock-verification' }
  | { readonly kind: 'unlock'; readonly lockId: number }
  /** Nothing of the protocol. */
  | { readonly kind: 'unknown' };

const LFS_ADDRESS = /^\/([^/]+)\/([^/]+)\/info\/lfs(?:\/(.*))?$/;

/** @param rawUrl path and query as they were sent @returns undefined when it is no address of LFS */
export function parseLfsPath(rawUrl: string): LfsPath | undefined {
  const [path = '', query = ''] = rawUrl.split(/\?(.*)/s, 2);
  const [, owner, repository, resource = ''] = LFS_ADDRESS.exec(path) ?? [];
  const address = decodeRepositoryAddress(owner, repository);
  return address && { ...address, resource: toResource(resource, query) };
}

function toResource(text: string, query: string): LfsResource {
  switch (text) {
    case 'objects/batch':
      return { kind: 'batch' };
    case 'verify':
      return { kind: 'verify' };
    case 'locks':
      return { kind: 'locks', query: new URLSearchParams(query) };
    case 'locks/verify':
      return { kind: 'lock-verification' };
  }
  const [, oid] = /^objects\/([^/]+)$/.exec(text) ?? [];
  if (oid !== undefined && isOid(oid)) return { kind: 'object', oid };
  const [, lockId] = /^locks\/(\d{1,15})\/unlock$/.exec(text) ?? [];
  return lockId === undefined ? { kind: 'unknown' } : { kind: 'unlock', lockId: Number(lockId) };
}
