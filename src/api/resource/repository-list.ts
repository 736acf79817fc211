/** Lists of repositories: one's own, a user's, an organization's. They hold what the caller may read. */
import { z } from 'zod';
import type { Principal } from '#auth/principal.ts';
import type { RepositoryFilter } from '#repository/repository-query.ts';
import { selfAccess } from '../account-access.ts';
import { notFound } from '../error.ts';
import { pageQuery } from '../pagination.ts';
import { type Call, defineRoute, list } from '../route.ts';
import { repositoryBody, repositorySchema } from '../shape/repository.ts';
import { permissionsOf } from './repository.ts';

const orderQuery = {
  ...pageQuery,
  sort: z.enum(['created', 'updated', 'pushed', 'full_name']).optional(),
  direction: z.enum(['asc', 'desc']).optional(),
};

export const listOwnRepositories = defineRoute({
  method: 'GET',
  path: '/user/repos',
  operationId: 'repos/list-for-authenticated-user',
  summary: 'List the repositories of the authenticated user',
  resource: 'Repository',
  params: z.object({}),
  query: z.object({
    ...orderQuery,
    visibility: z.enum(['all', 'public', 'private']).optional(),
    affiliation: z.string().optional().describe('Comma-separated: `owner`, `organization_member`, `collaborator`.'),
    type: z.enum(['all', 'owner', 'public', 'private', 'member']).optional(),
  }),
  body: null,
  status: 200,
  response: z.array(repositorySchema),
  permission: selfAccess('self:read'),
  scopes: [],
  handle(call) {
    const { type, visibility = 'all', affiliation } = call.query;
    const either = type === 'public' || type === 'private' ? type : visibility;
    return listRepositories(call, {
      visibility: either === 'all' ? undefined : either,
      affiliation: affiliationsOf(type, affiliation),
    });
  },
});

export const listUserRepositories = defineRoute({
  method: 'GET',
  path: '/users/{username}/repos',
  operationId: 'repos/list-for-user',
  summary: 'List the repositories of a user',
  resource: 'Repository',
  params: z.object({ username: z.string() }),
  query: z.object({ ...orderQuery, type: z.enum(['all', 'owner', 'member']).optional() }),
  body: null,
  status: 200,
  response: z.array(repositorySchema),
  permission: 'public',
  scopes: [],
  async handle(call) {
    const owner = await call.services.accounts.find(call.params.username, call.principal);
    if (!owner) throw notFound();
    return listRepositories(call, { ownerId: owner.accountId });
  },
});

export const listOrganizationRepositories = defineRoute({
  method: 'GET',
  path: '/orgs/{org}/repos',
  operationId: 'repos/list-for-org',
  summary: 'List the repositories of an organization',
  resource: 'Repository',
  params: z.object({ org: z.string() }),
  query: z.object({
    ...orderQuery,
    type: z.enum(['all', 'public', 'private', 'forks', 'sources', 'member']).optional(),
  }),
  body: null,
  status: 200,
  response: z.array(repositorySchema),
  permission: 'public',
  scopes: [],
  async handle(call) {
    const owner = await call.services.accounts.find(call.params.org, call.principal);
    if (owner?.kind !== 'organization') throw notFound();
    const { type } = call.query;
    // There are no forks yet.
    if (type === 'forks') return list([], { totalCount: 0 });
    const visibility = type === 'public' || type === 'private' ? type : undefined;
    return listRepositories(call, { ownerId: owner.accountId, visibility }, 'created');
  },
});

interface ListCall extends Pick<Call<unknown, unknown, unknown, unknown>, 'principal' | 'services' | 'urls' | 'page'> {
  readonly principal: Principal;
  readonly query: Pick<RepositoryFilterQuery, 'sort' | 'direction'>;
}

interface RepositoryFilterQuery {
  readonly sort?: RepositoryFilter['sort'] | undefined;
  readonly direction?: RepositoryFilter['direction'] | undefined;
}

async function listRepositories(
  call: ListCall,
  which: Pick<RepositoryFilter, 'ownerId' | 'affiliation' | 'visibility'>,
  defaultSort: RepositoryFilter['sort'] = 'full_name',
) {
  const sort = call.query.sort ?? defaultSort;
  const direction = call.query.direction ?? (sort === 'full_name' ? 'asc' : 'desc');
  const { page, perPage } = call.page;
  const found = await call.services.catalog.listVisible(call.principal, { ...which, sort, direction, page, perPage });
  const bodies = found.repositories.map((repository) =>
    repositoryBody(repository, permissionsOf(call, repository), call.urls),
  );
  return list(bodies, { totalCount: found.totalCount });
}

/** Repositories of which the caller is a collaborator do not exist here, so that word selects nothing. */
function affiliationsOf(
  type: 'all' | 'owner' | 'public' | 'private' | 'member' | undefined,
  affiliation: string | undefined,
): NonNullable<RepositoryFilter['affiliation']> {
  if (type === 'owner') return ['owner'];
  if (type === 'member') return ['organization_member'];
  const all = ['owner', 'organization_member'] as const;
  if (affiliation === undefined) return all;
  const asked = affiliation.split(',').map((word) => word.trim());
  return all.filter((word) => asked.includes(word));
}
