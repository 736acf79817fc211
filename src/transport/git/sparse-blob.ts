/** Finds the blobs that a filter names in words of its own — git-rev-list(1), "--filter=sparse:oid=<blob-ish>". */
import { ProtocolError } from '#git/errors.ts';
import type { ObjectFilter } from '#git/filter/object-filter.ts';
import { type NameScope, resolveObjectName } from '#git/refs/object-name.ts';

/**
 * @returns the filter with ids in the place of names
 * @throws {ProtocolError} in git's words, for a name that leads to nothing which the client may see
 */
export async function resolveSparseBlobs(scope: NameScope, filter: ObjectFilter): Promise<ObjectFilter> {
  switch (filter.kind) {
    case 'sparse:oid': {
      const blobName = await resolveObjectName(scope, filter.blobName);
      if (blobName === undefined) throw new ProtocolError(`unable to access sparse blob in '${filter.blobName}'`);
      return { kind: 'sparse:oid', blobName };
    }
    case 'combine': {
      const filters = await Promise.all(filter.filters.map((part) => resolveSparseBlobs(scope, part)));
      return { kind: 'combine', filters };
    }
    default:
      return filter;
  }
}
