/** Maps what the S3 client throws to the errors of the port. */
import { BlobExistsError, BlobNotFoundError, BlobStoreError } from './errors.ts';

/**
 * @returns the error to throw: the reason of `signal` when that is what ended the request, else a `BlobStoreError`
 */
export function toBlobStoreError(step: string, key: string, error: unknown, signal?: AbortSignal): unknown {
  if (signal?.aborted) return signal.reason;
  if (error instanceof BlobStoreError) return error;
  if (hasCode(error, 'NoSuchKey')) return new BlobNotFoundError(key, error);
  if (hasCode(error, 'PreconditionFailed')) return new BlobExistsError(key, error);
  return new BlobStoreError(step, key, error);
}

/** Whether S3 answered with this error code — Amazon S3 API reference, "Error responses". */
export function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && codes.includes(error.name);
}

/** How many times the client tried the request before this error. */
export function attemptsOf(error: unknown): number {
  if (!(error instanceof Error) || !('$metadata' in error)) return 1;
  const metadata = error.$metadata;
  if (typeof metadata !== 'object' || metadata === null || !('attempts' in metadata)) return 1;
  return typeof metadata.attempts === 'number' ? metadata.attempts : 1;
}
