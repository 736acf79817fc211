/** Users: the caller, and anybody by name. */
import { z } from 'zod';
import type { AccountRecord } from '#account/account-record.ts';
import { ANONYMOUS, type Principal } from '#auth/principal.ts';
import { mayAccess, requiresAuthentication } from '../access.ts';
import { selfAccess } from '../account-access.ts';
import { notFound } from '../error.ts';
import { pageOf, pageQuery } from '../pagination.ts';
import { defineRoute, json, list } from '../route.ts';
import type { ApiServices } from '../services.ts';
import { simpleOrganization, simpleOrganizationSchema } from '../shape/organization.ts';
import { privateUser, privateUserSchema, publicUser, publicUserSchema } from '../shape/user.ts';

export const getAuthenticatedUser = defineRoute({
  method: 'GET',
  path: '/user',
  operationId: 'users/get-authenticated',
  summary: 'Get the authenticated user',
  resource: 'User',
  params: z.object({}),
  query: z.object({}),
  body: null,
  status: 200,
  response: z.union([privateUserSchema, publicUserSchema]),
  permission: selfAccess('self:read'),
  scopes: [],
  async handle(call) {
    const account = await call.services.accounts.findById(call.target.userId, call.principal);
    if (!account) throw requiresAuthentication();
    const publicRepositories = await countPublicRepositories(account, call.services);
    const lastModified = account.updatedAt;
    if (!mayAccess(call.principal, { action: 'self:read-email' })) {
      return json(publicUser(account, { publicRepositories }, call.urls), { lastModified });
    }
    const privateRepositories = await countOwnPrivateRepositories(call.target, call.services);
    const [email] = await call.services.accounts.emailsOf(call.target.userId);
    const facts = { email: email?.address, publicRepositories, privateRepositories };
    return json(privateUser(account, facts, call.urls), { lastModified });
  },
});

export const getUser = defineRoute({
  method: 'GET',
  path: '/users/{username}',
  operationId: 'users/get-by-username',
  summary: 'Get a user',
  resource: 'User',
  params: z.object({ username: z.string() }),
  query: z.object({}),
  body: null,
  status: 200,
  response: publicUserSchema,
  permission: 'public',
  scopes: [],
  async handle(call) {
    const account = await call.services.accounts.find(call.params.username, call.principal);
    if (!account) throw notFound();
    const publicRepositories = await countPublicRepositories(account, call.services);
    return json(publicUser(account, { publicRepositories }, call.urls), { lastModified: account.updatedAt });
  },
});

export const listOwnOrganizations = defineRoute({
  method: 'GET',
  path: '/user/orgs',
  operationId: 'orgs/list-for-authenticated-user',
  summary: 'List the organizations of the authenticated user',
  resource: 'Organization',
  params: z.object({}),
  query: z.object(pageQuery),
  body: null,
  status: 200,
  response: z.array(simpleOrganizationSchema),
  permission: selfAccess('self:read'),
  scopes: [],
  async handle(call) {
    const memberships = await call.services.accounts.organizationsOf(call.target.userId, call.principal);
    const page = pageOf(memberships, call.page).map(({ account }) => simpleOrganization(account, call.urls));
    return list(page, { totalCount: memberships.length });
  },
});

/** What anybody would count. */
export async function countPublicRepositories(account: AccountRecord, services: ApiServices): Promise<number> {
  const filter = { ownerId: account.accountId, visibility: 'public' } as const;
  return countRepositories(ANONYMOUS, filter, services);
}

function countOwnPrivateRepositories(principal: Principal & { kind: 'user' }, services: ApiServices): Promise<number> {
  return countRepositories(principal, { ownerId: principal.userId, visibility: 'private' }, services);
}

async function countRepositories(
  principal: Principal,
  filter: { ownerId: number; visibility: 'public' | 'private' },
  services: ApiServices,
): Promise<number> {
  const order = { sort: 'created', direction: 'asc' } as const;
  const page = await services.catalog.listVisible(principal, { ...filter, ...order, page: 1, perPage: 1 });
  return page.totalCount;
}
