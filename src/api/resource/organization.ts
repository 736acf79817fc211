/** Organizations, which anybody may know of. */
import { z } from 'zod';
import { notFound } from '../error.ts';
import { defineRoute, json } from '../route.ts';
import { organization, organizationSchema } from '../shape/organization.ts';
import { countPublicRepositories } from './user.ts';

export const getOrganization = defineRoute({
  method: 'GET',
  path: '/orgs/{org}',
  operationId: 'orgs/get',
  summary: 'Get an organization',
  resource: 'Organization',
  params: z.object({ org: z.string() }),
  query: z.object({}),
  body: null,
  status: 200,
  response: organizationSchema,
  permission: 'public',
  scopes: [],
  async handle(call) {
    const account = await call.services.accounts.find(call.params.org, call.principal);
    if (account?.kind !== 'organization') throw notFound();
    const publicRepositories = await countPublicRepositories(account, call.services);
    return json(organization(account, { publicRepositories }, call.urls), { lastModified: account.updatedAt });
  },
});
