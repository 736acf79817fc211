/** A repository, as it appears in lists and by itself. */
import { z } from 'zod';
import type { RepositoryRecord } from '#repository/repository-record.ts';
import type { BaseUrls } from '../hypermedia.ts';
import { encodeNodeId } from '../node-id.ts';
import { timestamp, timestampOrNull, timestampSchema } from '../timestamp.ts';
import { repositoryLinks, repositoryLinksSchema } from './repository-link.ts';
import { type SimpleUser, simpleUser, simpleUserSchema } from './simple-user.ts';

const permissionsSchema = z.object({
  admin: z.boolean(),
  maintain: z.boolean(),
  push: z.boolean(),
  triage: z.boolean(),
  pull: z.boolean(),
});

export type RepositoryPermissions = z.infer<typeof permissionsSchema>;

export const repositorySchema = repositoryLinksSchema
  .extend({
    id: z.number().int(),
    node_id: z.string(),
    name: z.string(),
    full_name: z.string(),
    private: z.boolean(),
    owner: simpleUserSchema,
    description: z.string().nullable(),
    fork: z.boolean(),
    created_at: timestampSchema,
    updated_at: timestampSchema,
    pushed_at: timestampSchema.nullable(),
    homepage: z.string().nullable(),
    size: z.number().int().describe('KiB of the stored packs.'),
    stargazers_count: z.number().int(),
    watchers_count: z.number().int(),
    language: z.string().nullable(),
    has_issues: z.boolean(),
    has_projects: z.boolean(),
    has_downloads: z.boolean(),
    has_wiki: z.boolean(),
    has_pages: z.boolean(),
    has_discussions: z.boolean(),
    forks_count: z.number().int(),
    mirror_url: z.string().nullable(),
    archived: z.boolean(),
    disabled: z.boolean(),
    open_issues_count: z.number().int(),
    license: z.null(),
    allow_forking: z.boolean(),
    is_template: z.boolean(),
    web_commit_signoff_required: z.boolean(),
    topics: z.array(z.string()),
    visibility: z.enum(['public', 'private']),
    forks: z.number().int(),
    open_issues: z.number().int(),
    watchers: z.number().int(),
    default_branch: z.string(),
    object_format: z.enum(['sha1', 'sha256']).describe('What names objects. Ours.'),
    permissions: permissionsSchema,
  })
  .meta({ title: 'Repository' });

export const fullRepositorySchema = repositorySchema
  .extend({
    temp_clone_token: z.string().nullable(),
    organization: simpleUserSchema.nullable(),
    network_count: z.number().int(),
    subscribers_count: z.number().int(),
  })
  .meta({ title: 'Full Repository' });

export type RepositoryBody = z.infer<typeof repositorySchema>;

export function ownerOf(repository: RepositoryRecord, urls: BaseUrls): SimpleUser {
  return simpleUser({ accountId: repository.ownerId, login: repository.ownerLogin, kind: repository.ownerKind }, urls);
}

/** HEAD's branch by its short name. */
export function defaultBranchOf(repository: Pick<RepositoryRecord, 'headTarget'>): string {
  return repository.headTarget.replace(/^refs\/heads\//, '');
}

export function repositoryBody(
  repository: RepositoryRecord,
  permissions: RepositoryPermissions,
  urls: BaseUrls,
): RepositoryBody {
  return {
    id: repository.id,
    node_id: encodeNodeId('Repository', repository.id),
    name: repository.name,
    full_name: `${repository.ownerLogin}/${repository.name}`,
    private: repository.visibility === 'private',
    owner: ownerOf(repository, urls),
    description: repository.description ?? null,
    fork: false,
    ...repositoryLinks(repository, urls),
    created_at: timestamp(repository.createdAt),
    updated_at: timestamp(repository.updatedAt),
    pushed_at: timestampOrNull(repository.pushedAt),
    homepage: repository.homepage ?? null,
    size: Math.ceil(repository.sizeBytes / 1024),
    stargazers_count: 0,
    watchers_count: 0,
    language: null,
    has_issues: false,
    has_projects: false,
    has_downloads: false,
    has_wiki: false,
    has_pages: false,
    has_discussions: false,
    forks_count: 0,
    mirror_url: null,
    archived: repository.archived,
    disabled: false,
    open_issues_count: 0,
    license: null,
    allow_forking: false,
    is_template: false,
    web_commit_signoff_required: false,
    topics: [],
    visibility: repository.visibility,
    forks: 0,
    open_issues: 0,
    watchers: 0,
    default_branch: defaultBranchOf(repository),
    object_format: repository.objectFormat,
    permissions,
  };
}

export function fullRepositoryBody(
  repository: RepositoryRecord,
  permissions: RepositoryPermissions,
  urls: BaseUrls,
): z.infer<typeof fullRepositorySchema> {
  return {
    ...repositoryBody(repository, permissions, urls),
    temp_clone_token: null,
    organization: repository.ownerKind === 'organization' ? ownerOf(repository, urls) : null,
    network_count: 0,
    subscribers_count: 0,
  };
}
