/**
 * What a git client reads about an error once the status line is out: the text of an `ERR` pkt (gitprotocol-common(5),
 * gitprotocol-pack(5), "error-line"), of side band 3, and of `unpack` in a push's report.
 */
import { LimitExceededError, ProtocolError } from '#git/errors.ts';
import { OverloadedError } from '#repository/admission.ts';
import { RepositoryGoneError } from '#repository/errors.ts';

/** Errors of ours are not described to strangers: the request's id finds them in the log. */
export function errorText(error: unknown, requestId: string): string {
  if (error instanceof RepositoryGoneError) return 'repository not found';
  if (isClientsFault(error)) return error.message;
  return `internal server error (request ${requestId})`;
}

/** Whether the other side can do something about it, or has done it: a repository may go while somebody reads it. */
export function isClientsFault(
  error: unknown,
): error is ProtocolError | LimitExceededError | OverloadedError | RepositoryGoneError {
  return (
    error instanceof ProtocolError ||
    error instanceof LimitExceededError ||
    error instanceof OverloadedError ||
    error instanceof RepositoryGoneError
  );
}
