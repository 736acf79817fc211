/** What `{ref}` in a path or query may be: a branch, a tag, `heads/…`, `tags/…`, HEAD, an object id or the beginning of one. */
import { type RevisionOutcome, resolveRevision } from '#browse/revision.ts';
import type { ObjectId } from '#git/object/object-id.ts';
import type { RepositorySnapshot } from '#repository/repository-engine.ts';
import { notFound } from './error.ts';

export interface FoundCommit {
  readonly commitId: ObjectId;
  readonly treeId: ObjectId;
}

/** @returns the commit that the whole text names, through tags; undefined when it names none, or several */
export async function findCommit(snapshot: RepositorySnapshot, revision: string): Promise<FoundCommit | undefined> {
  const outcome = await resolve(snapshot, revision);
  return outcome.kind === 'found' ? outcome : undefined;
}

/** @returns the tree that the revision names, or that its commit has @throws {ApiError} 404 */
export async function requireTree(
  snapshot: RepositorySnapshot,
  revision: string,
  signal: AbortSignal,
): Promise<ObjectId> {
  const outcome = await resolve(snapshot, revision);
  if (outcome.kind === 'found') return outcome.treeId;
  const isTree =
    outcome.kind === 'not-a-commit' &&
    outcome.name === revision &&
    (await snapshot.objects.header(outcome.id))?.type === 'tree';
  if (!isTree) throw notFound();
  await requireReachable(snapshot, outcome.id, signal);
  return outcome.id;
}

/** An id alone opens nothing: what only deleted history had is not there any more. @throws {ApiError} 404 */
export async function requireReachable(snapshot: RepositorySnapshot, id: ObjectId, signal: AbortSignal): Promise<void> {
  const [isReachable] = await snapshot.reachableMany([id], snapshot.refs.refs, { signal });
  if (isReachable !== true) throw notFound();
}

async function resolve(snapshot: RepositorySnapshot, revision: string): Promise<RevisionOutcome> {
  const candidates = /^(heads|tags)\//.test(revision) ? [`refs/${revision}`, revision] : [revision];
  for (const candidate of candidates) {
    const outcome = await resolveRevision(snapshot, candidate);
    // A path behind the revision is no part of a ref.
    if (outcome.kind === 'found' && outcome.path !== '') continue;
    if (outcome.kind !== 'not-found') return outcome;
  }
  return { kind: 'not-found' };
}
