/** An account in passing: as owner, author or member. */
import { z } from 'zod';
import { type BaseUrls, encodePath } from '../hypermedia.ts';
import { encodeNodeId } from '../node-id.ts';

export interface AccountReference {
  readonly accountId: number;
  readonly login: string;
  readonly kind: 'user' | 'organization';
  readonly siteAdmin?: boolean;
}

export const simpleUserSchema = z
  .object({
    login: z.string(),
    id: z.number().int(),
    node_id: z.string(),
    avatar_url: z.string(),
    gravatar_id: z.string().nullable(),
    url: z.string(),
    html_url: z.string(),
    followers_url: z.string(),
    following_url: z.string(),
    gists_url: z.string(),
    starred_url: z.string(),
    subscriptions_url: z.string(),
    organizations_url: z.string(),
    repos_url: z.string(),
    events_url: z.string(),
    received_events_url: z.string(),
    type: z.enum(['User', 'Organization']),
    site_admin: z.boolean(),
  })
  .meta({ title: 'Simple User' });

export type SimpleUser = z.infer<typeof simpleUserSchema>;

export function simpleUser(account: AccountReference, urls: BaseUrls): SimpleUser {
  const url = `${urls.api}/users/${encodePath(account.login)}`;
  const type = account.kind === 'user' ? 'User' : 'Organization';
  return {
    login: account.login,
    id: account.accountId,
    node_id: encodeNodeId(type, account.accountId),
    avatar_url: avatarUrl(account.login, urls),
    gravatar_id: '',
    url,
    html_url: `${urls.web}/${encodePath(account.login)}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type,
    site_admin: account.siteAdmin ?? false,
  };
}

export function avatarUrl(login: string, urls: BaseUrls): string {
  return `${urls.web}/${encodePath(login)}.png`;
}
