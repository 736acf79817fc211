/** An organization, in passing and in full. */
import { z } from 'zod';
import type { AccountRecord } from '#account/account-record.ts';
import { type BaseUrls, encodePath } from '../hypermedia.ts';
import { encodeNodeId } from '../node-id.ts';
import { timestamp, timestampSchema } from '../timestamp.ts';
import { avatarUrl } from './simple-user.ts';

export const simpleOrganizationSchema = z
  .object({
    login: z.string(),
    id: z.number().int(),
    node_id: z.string(),
    url: z.string(),
    repos_url: z.string(),
    events_url: z.string(),
    hooks_url: z.string(),
    issues_url: z.string(),
    members_url: z.string(),
    public_members_url: z.string(),
    avatar_url: z.string(),
    description: z.string().nullable(),
  })
  .meta({ title: 'Organization Simple' });

export const organizationSchema = simpleOrganizationSchema
  .extend({
    name: z.string().nullable(),
    company: z.string().nullable(),
    blog: z.string().nullable(),
    location: z.string().nullable(),
    email: z.string().nullable(),
    twitter_username: z.string().nullable(),
    is_verified: z.boolean(),
    has_organization_projects: z.boolean(),
    has_repository_projects: z.boolean(),
    public_repos: z.number().int(),
    public_gists: z.number().int(),
    followers: z.number().int(),
    following: z.number().int(),
    html_url: z.string(),
    created_at: timestampSchema,
    updated_at: timestampSchema,
    archived_at: timestampSchema.nullable(),
    type: z.literal('Organization'),
  })
  .meta({ title: 'Organization Full' });

type SimpleOrganization = z.infer<typeof simpleOrganizationSchema>;
type OrganizationReference = Pick<AccountRecord, 'accountId' | 'login' | 'description'>;

export function simpleOrganization(organization: OrganizationReference, urls: BaseUrls): SimpleOrganization {
  const url = `${urls.api}/orgs/${encodePath(organization.login)}`;
  return {
    login: organization.login,
    id: organization.accountId,
    node_id: encodeNodeId('Organization', organization.accountId),
    url,
    repos_url: `${url}/repos`,
    events_url: `${url}/events`,
    hooks_url: `${url}/hooks`,
    issues_url: `${url}/issues`,
    members_url: `${url}/members{/member}`,
    public_members_url: `${url}/public_members{/member}`,
    avatar_url: avatarUrl(organization.login, urls),
    description: organization.description ?? null,
  };
}

export function organization(
  account: AccountRecord,
  counts: { publicRepositories: number },
  urls: BaseUrls,
): z.infer<typeof organizationSchema> {
  return {
    ...simpleOrganization(account, urls),
    name: account.name ?? null,
    company: null,
    blog: '',
    location: null,
    email: null,
    twitter_username: null,
    is_verified: false,
    has_organization_projects: false,
    has_repository_projects: false,
    public_repos: counts.publicRepositories,
    public_gists: 0,
    followers: 0,
    following: 0,
    html_url: `${urls.web}/${encodePath(account.login)}`,
    created_at: timestamp(account.createdAt),
    updated_at: timestamp(account.updatedAt),
    archived_at: null,
    type: 'Organization',
  };
}
