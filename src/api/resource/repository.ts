/** Repositories by name and by id: read, create, change, delete. Lists are in `repository-list.ts`. */
import { z } from 'zod';
import type { AccountRecord } from '#account/account-record.ts';
import type { AccountFacts } from '#auth/permission.ts';
import type { Principal, UserPrincipal } from '#auth/principal.ts';
import { isRefName } from '#git/refs/ref-name.ts';
import type { RepositoryRecord } from '#repository/repository-record.ts';
import { mayAccess, requireAccess, scopeMissing } from '../access.ts';
import { ApiError, fieldError, invalidField, notFound } from '../error.ts';
import { initialPush } from '../initial-commit.ts';
import { repositoryAccess, repositoryParams } from '../repository-access.ts';
import { type AccessPermission, type Call, defineRoute, empty, json } from '../route.ts';
import type { ApiServices } from '../services.ts';
import { fullRepositoryBody, fullRepositorySchema, type RepositoryPermissions } from '../shape/repository.ts';
import { repositoryLinks } from '../shape/repository-link.ts';

const RESOURCE = 'Repository';

const newRepositorySchema = z.object({
  name: z.string(),
  description: z.string().nullish(),
  homepage: z.string().nullish(),
  private: z.boolean().optional(),
  visibility: z.enum(['public', 'private']).optional(),
  auto_init: z.boolean().optional().describe('Begin with a commit that holds a README.'),
  object_format: z
    .enum(['sha1', 'sha256'])
    .optional()
    .describe('What names objects, for good: `sha256` for clients of `git init --object-format=sha256`. Ours.'),
});

export const getRepository = defineRoute({
  method: 'GET',
  path: '/repos/{owner}/{repo}',
  operationId: 'repos/get',
  summary: 'Get a repository',
  resource: RESOURCE,
  params: z.object(repositoryParams),
  query: z.object({}),
  body: null,
  status: 200,
  response: fullRepositorySchema,
  permission: repositoryAccess('repository:read'),
  scopes: ['repo', 'public_repo'],
  handle: (call) => repositoryReply(call.target, call),
});

export const getRepositoryById = defineRoute({
  method: 'GET',
  path: '/repositories/{id}',
  operationId: 'repos/get-by-id',
  summary: 'Get a repository by its id',
  resource: RESOURCE,
  params: z.object({ id: z.string().regex(/^[1-9]\d{0,14}$/) }),
  query: z.object({}),
  body: null,
  status: 200,
  response: fullRepositorySchema,
  permission: {
    action: 'repository:read',
    async find({ params, principal, services }) {
      const repository = await services.catalog.findById(Number(params.id), principal);
      return repository && { access: { action: 'repository:read', repository }, target: repository };
    },
  },
  scopes: ['repo', 'public_repo'],
  handle: (call) => repositoryReply(call.target, call),
});

export const createOwnRepository = defineRoute({
  method: 'POST',
  path: '/user/repos',
  operationId: 'repos/create-for-authenticated-user',
  summary: 'Create a repository of the authenticated user',
  resource: RESOURCE,
  params: z.object({}),
  query: z.object({}),
  body: newRepositorySchema,
  status: 201,
  response: fullRepositorySchema,
  permission: {
    action: 'account:create-repository',
    find: ({ principal }) => {
      const accountId = principal.kind === 'user' ? principal.userId : 0;
      const account = { accountId, kind: 'user', membershipRole: undefined } as const;
      return creation(account, account);
    },
  },
  scopes: ['repo', 'public_repo'],
  handle: (call) => createRepository(call),
});

export const createOrganizationRepository = defineRoute({
  method: 'POST',
  path: '/orgs/{org}/repos',
  operationId: 'repos/create-in-org',
  summary: 'Create a repository of an organization',
  resource: RESOURCE,
  params: z.object({ org: z.string() }),
  query: z.object({}),
  body: newRepositorySchema,
  status: 201,
  response: fullRepositorySchema,
  permission: {
    action: 'account:create-repository',
    async find({ params, principal, services }) {
      const account = await services.accounts.find(params.org, principal);
      return account?.kind === 'organization' ? creation(account, account) : undefined;
    },
  } satisfies AccessPermission<{ org: string }, AccountRecord>,
  scopes: ['repo', 'public_repo'],
  handle: (call) => createRepository(call),
});

export const updateRepository = defineRoute({
  method: 'PATCH',
  path: '/repos/{owner}/{repo}',
  operationId: 'repos/update',
  summary: 'Change a repository',
  resource: RESOURCE,
  params: z.object(repositoryParams),
  query: z.object({}),
  body: newRepositorySchema.omit({ auto_init: true }).partial().extend({
    default_branch: z.string().optional(),
    archived: z.boolean().optional(),
  }),
  status: 200,
  response: fullRepositorySchema,
  permission: repositoryAccess('repository:admin'),
  scopes: ['repo', 'public_repo'],
  async handle(call) {
    const { default_branch: defaultBranch, private: _, ...changes } = call.body;
    const visibility = visibilityOf(call.body);
    if (visibility) requireVisibilityChange(call, visibility);
    if (defaultBranch !== undefined) await requireBranch(call, defaultBranch);
    const outcome = await call.services.catalog.update(call.principal, call.target.id, { ...changes, visibility });
    switch (outcome.kind) {
      case 'gone':
        throw notFound();
      case 'name-taken':
        throw nameTaken('Repository update failed.');
      case 'invalid':
        throw invalidField(RESOURCE, outcome.field, 'invalid', outcome.reason);
      case 'updated':
        return repositoryReply(await withDefaultBranch(call, outcome.repository, defaultBranch), call);
    }
  },
});

export const deleteRepository = defineRoute({
  method: 'DELETE',
  path: '/repos/{owner}/{repo}',
  operationId: 'repos/delete',
  summary: 'Delete a repository',
  resource: RESOURCE,
  params: z.object(repositoryParams),
  query: z.object({}),
  body: null,
  status: 204,
  response: z.undefined(),
  permission: repositoryAccess('repository:delete'),
  scopes: ['delete_repo'],
  async handle(call) {
    if (!(await call.services.catalog.delete(call.target.id))) throw notFound();
    return empty();
  },
});

/** What the caller may do there, by the policy's own word. */
export function permissionsOf(call: Pick<AnyCall, 'principal'>, repository: RepositoryRecord): RepositoryPermissions {
  const admin = mayAccess(call.principal, { action: 'repository:admin', repository });
  const push = mayAccess(call.principal, { action: 'repository:write', repository });
  return { admin, maintain: admin, push, triage: push, pull: true };
}

type AnyCall = Pick<Call<unknown, unknown, unknown, unknown>, 'principal' | 'urls' | 'services'>;
type CreationCall = AnyCall & { readonly body: z.output<typeof newRepositorySchema>; readonly target: AccountFacts };

/** The visibility is in the body, which is read later: the door asks for the lesser, and `createRepository` again. */
function creation<Account extends AccountFacts>(account: Account, target: Account) {
  return { access: { action: 'account:create-repository', account, visibility: 'public' } as const, target };
}

async function createRepository(call: CreationCall) {
  const { body, target: owner, services } = call;
  const visibility = visibilityOf(body) ?? 'public';
  requireAccess(call.principal, { action: 'account:create-repository', account: owner, visibility });
  const creator = creatorOf(call);
  const outcome = await services.catalog.create(creator, {
    ownerId: owner.accountId,
    name: body.name,
    visibility,
    description: body.description ?? undefined,
    homepage: body.homepage ?? undefined,
    objectFormat: body.object_format,
  });
  switch (outcome.kind) {
    case 'name-taken':
      throw nameTaken('Repository creation failed.');
    case 'invalid':
      throw invalidField(RESOURCE, outcome.field, 'invalid', outcome.reason);
    case 'created': {
      const repository = body.auto_init
        ? await withInitialCommit(outcome.repository, creator, services)
        : outcome.repository;
      const { url } = repositoryLinks(repository, call.urls);
      return json(bodyOf(repository, call), { headers: { Location: url } });
    }
  }
}

/** A repository whose first commit could not be made is not made either. */
async function withInitialCommit(
  repository: RepositoryRecord,
  creator: UserPrincipal,
  services: ApiServices,
): Promise<RepositoryRecord> {
  const account = await services.accounts.findById(creator.userId, creator);
  const [email] = await services.accounts.emailsOf(creator.userId);
  const author = {
    name: account?.name ?? creator.login,
    email: email?.address ?? `${creator.login}@users.noreply.${services.site.publicUrl.hostname}`,
    dateSeconds: Math.floor(Date.now() / 1000),
    timezone: '+0000',
  };
  const { refs } = await services.engine.receive(initialPush(repository, creator, author)).catch(async (error) => {
    await services.catalog.deleteIfEmpty(repository.id);
    throw error;
  });
  if (refs[0]?.kind !== 'ok') {
    await services.catalog.deleteIfEmpty(repository.id);
    throw new ApiError(422, refs[0]?.reason ?? 'The initial commit was refused');
  }
  return (await services.catalog.findById(repository.id, creator)) ?? repository;
}

function creatorOf(call: AnyCall): UserPrincipal {
  if (call.principal.kind !== 'user') throw new ApiError(401, 'Requires authentication');
  return call.principal;
}

function repositoryReply(repository: RepositoryRecord, call: AnyCall) {
  return json(bodyOf(repository, call), { lastModified: repository.updatedAt });
}

function bodyOf(repository: RepositoryRecord, call: AnyCall) {
  return fullRepositoryBody(repository, permissionsOf(call, repository), call.urls);
}

/** `visibility` is the newer word and wins over `private`. */
function visibilityOf(body: {
  private?: boolean | undefined;
  visibility?: 'public' | 'private' | undefined;
}): 'public' | 'private' | undefined {
  if (body.visibility || body.private === undefined) return body.visibility;
  return body.private ? 'private' : 'public';
}

/** Asks for the facts as they will be: a token for public repositories alone must not make one private. */
function requireVisibilityChange(
  call: { readonly principal: Principal; readonly target: RepositoryRecord },
  visibility: 'public' | 'private',
): void {
  const changed = { ...call.target, visibility };
  // The caller sees the repository as it is, so that this refusal has nothing to hide.
  if (!mayAccess(call.principal, { action: 'repository:admin', repository: changed })) throw scopeMissing(['repo']);
}

async function requireBranch(
  call: { readonly target: RepositoryRecord; readonly services: ApiServices; readonly signal: AbortSignal },
  branch: string,
): Promise<void> {
  const name = `refs/heads/${branch}`;
  const { refs } = await call.services.engine.snapshot(call.target.id, call.signal);
  // An empty repository may say what its first branch will be called.
  const exists = refs.refs.length === 0 ? isRefName(name) : refs.find(name) !== undefined;
  if (!exists) throw invalidField(RESOURCE, 'default_branch', 'invalid', `The branch ${branch} was not found.`);
}

async function withDefaultBranch(
  call: { readonly services: ApiServices },
  repository: RepositoryRecord,
  branch: string | undefined,
): Promise<RepositoryRecord> {
  if (branch === undefined) return repository;
  const headTarget = `refs/heads/${branch}`;
  await call.services.engine.setHead(repository.id, headTarget);
  return { ...repository, headTarget };
}

function nameTaken(message: string): ApiError {
  const errors = [fieldError(RESOURCE, 'name', 'custom', 'name already exists on this account')];
  return new ApiError(422, message, { errors });
}
