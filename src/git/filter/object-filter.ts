/**
 * Which objects a partial clone leaves out — git-rev-list(1), "--filter"; gitprotocol-v2(5), "filter". This is a filter as it
 * was asked for, parsed; `parse-filter.ts` reads it, and the walk of a fetch applies it.
 */
import type { ObjectType } from '../object/object-type.ts';

export type ObjectFilter =
  /** No blobs. */
  | { readonly kind: 'blob:none' }
  /** No blobs of `sizeBytes` or more. */
  | { readonly kind: 'blob:limit'; readonly sizeBytes: number }
  /** Trees and blobs whose depth below the root tree, which has 0, is less than `depth`. */
  | { readonly kind: 'tree'; readonly depth: number }
  /** Objects of this type alone. */
  | { readonly kind: 'object:type'; readonly type: ObjectType }
  /** Blobs at paths that the sparse-checkout patterns of this blob include, with all trees. An id, or a name that leads to one. */
  | { readonly kind: 'sparse:oid'; readonly blobName: string }
  /** What each of them lets through. */
  | { readonly kind: 'combine'; readonly filters: readonly ObjectFilter[] };
