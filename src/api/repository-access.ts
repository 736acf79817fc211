/** The permission of everything below `/repos/{owner}/{repo}`, and what such operations begin with. */
import { z } from 'zod';
import type { RepositoryAction } from '#auth/permission.ts';
import type { RepositorySnapshot } from '#repository/repository-engine.ts';
import type { RepositoryRecord } from '#repository/repository-record.ts';
import { ApiError } from './error.ts';
import type { AccessPermission, Call } from './route.ts';

/** Loose on purpose: a name that no account or repository can have finds nothing. */
const nameSchema = z.string().max(255);

export const repositoryParams = { owner: nameSchema, repo: nameSchema.describe('Name, without `.git`.') };

type RepositoryPath = { owner: string; repo: string };

export function repositoryAccess(action: RepositoryAction): AccessPermission<RepositoryPath, RepositoryRecord> {
  return {
    action,
    async find({ params, principal, services }) {
      const repository = await services.catalog.find(params.owner, params.repo, principal);
      return repository && { access: { action, repository }, target: repository };
    },
  };
}

type RepositoryCall = Pick<Call<unknown, unknown, unknown, RepositoryRecord>, 'target' | 'services' | 'signal'>;

/** Refs and objects of the repository that the call is about. */
export function openSnapshot(call: RepositoryCall): Promise<RepositorySnapshot> {
  return call.services.engine.readableSnapshot(call.target, call.signal);
}

/** GitHub answers 409 where history is asked of a repository that has none. @throws {ApiError} */
export function requireHistory(snapshot: RepositorySnapshot): void {
  if (snapshot.refs.refs.length === 0) throw new ApiError(409, 'Git Repository is empty.');
}
