/** Errors of hosted repositories that are nobody's bad input. */

/** The repository was deleted while it was in use. */
export class RepositoryGoneError extends Error {
  override readonly name = 'RepositoryGoneError';
  readonly code = 'REPOSITORY_GONE';

  constructor(repositoryId: number) {
    super(`repository ${repositoryId} does not exist`);
  }
}

/** A pack's lease ran out before its push was ready to commit: its files may be gone. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
  readonly code = 'LEASE_LOST';

  constructor(packId: string) {
    super(`commit push: the lease of pack ${packId} ran out`);
  }
}
