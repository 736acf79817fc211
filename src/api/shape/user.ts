/** A user's profile, as others see it and with what only the user may know. */
import { z } from 'zod';
import type { AccountRecord } from '#account/account-record.ts';
import type { BaseUrls } from '../hypermedia.ts';
import { timestamp, timestampSchema } from '../timestamp.ts';
import { simpleUser, simpleUserSchema } from './simple-user.ts';

export const publicUserSchema = simpleUserSchema
  .extend({
    name: z.string().nullable(),
    company: z.string().nullable(),
    blog: z.string().nullable(),
    location: z.string().nullable(),
    email: z.string().nullable(),
    hireable: z.boolean().nullable(),
    bio: z.string().nullable(),
    twitter_username: z.string().nullable(),
    public_repos: z.number().int(),
    public_gists: z.number().int(),
    followers: z.number().int(),
    following: z.number().int(),
    created_at: timestampSchema,
    updated_at: timestampSchema,
  })
  .meta({ title: 'Public User' });

export const privateUserSchema = publicUserSchema
  .extend({
    private_gists: z.number().int(),
    total_private_repos: z.number().int(),
    owned_private_repos: z.number().int(),
    collaborators: z.number().int(),
    two_factor_authentication: z.boolean(),
  })
  .meta({ title: 'Private User' });

export function publicUser(
  account: AccountRecord,
  counts: { publicRepositories: number },
  urls: BaseUrls,
): z.infer<typeof publicUserSchema> {
  return {
    ...simpleUser(account, urls),
    name: account.name ?? null,
    company: null,
    blog: '',
    location: null,
    email: null,
    hireable: null,
    bio: account.description ?? null,
    twitter_username: null,
    public_repos: counts.publicRepositories,
    public_gists: 0,
    followers: 0,
    following: 0,
    created_at: timestamp(account.createdAt),
    updated_at: timestamp(account.updatedAt),
  };
}

export function privateUser(
  account: AccountRecord,
  facts: { email: string | undefined; publicRepositories: number; privateRepositories: number },
  urls: BaseUrls,
): z.infer<typeof privateUserSchema> {
  return {
    ...publicUser(account, facts, urls),
    email: facts.email ?? null,
    private_gists: 0,
    total_private_repos: facts.privateRepositories,
    owned_private_repos: facts.privateRepositories,
    collaborators: 0,
    two_factor_authentication: false,
  };
}
