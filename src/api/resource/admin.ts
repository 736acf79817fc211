/** What site administrators do: users, tokens for them, and organizations. Shapes of GitHub Enterprise Server. */
import { z } from 'zod';
import type { AccountRecord } from '#account/account-record.ts';
import type { InvalidField } from '#account/invalid-field.ts';
import type { AccessTokenRecord } from '#auth/access-token-store.ts';
import type { Principal } from '#auth/principal.ts';
import { SCOPES } from '#auth/scope.ts';
import { mayAccess } from '../access.ts';
import { siteAdministration } from '../account-access.ts';
import { ApiError, invalidField, notFound } from '../error.ts';
import type { BaseUrls } from '../hypermedia.ts';
import { type AccessPermission, defineRoute, empty, json } from '../route.ts';
import type { ApiServices } from '../services.ts';
import { simpleOrganization, simpleOrganizationSchema } from '../shape/organization.ts';
import { simpleUser, simpleUserSchema } from '../shape/simple-user.ts';
import { timestamp, timestampOrNull, timestampSchema } from '../timestamp.ts';

const scopes = ['site_admin'] as const;
const userParams = z.object({ username: z.string() });

const authorizationSchema = z
  .object({
    id: z.number().int(),
    url: z.string(),
    app: z.object({ name: z.string(), url: z.string(), client_id: z.string() }),
    token: z.string().describe('Shown this once.'),
    hashed_token: z.string().nullable(),
    token_last_eight: z.string(),
    note: z.string().nullable(),
    note_url: z.string().nullable(),
    created_at: timestampSchema,
    updated_at: timestampSchema,
    expires_at: timestampSchema.nullable(),
    scopes: z.array(z.string()),
    fingerprint: z.string().nullable(),
    user: simpleUserSchema,
  })
  .meta({ title: 'Authorization' });

export const createUser = defineRoute({
  method: 'POST',
  path: '/admin/users',
  operationId: 'enterprise-admin/create-user',
  summary: 'Create a user',
  resource: 'User',
  params: z.object({}),
  query: z.object({}),
  body: z.object({
    login: z.string(),
    email: z.string().optional(),
    password: z.string().optional().describe('Without one the user signs in by token alone.'),
    name: z.string().optional(),
    site_admin: z.boolean().optional(),
    suspended: z.boolean().optional(),
  }),
  status: 201,
  response: simpleUserSchema,
  permission: siteAdministration,
  scopes,
  async handle(call) {
    const { site_admin: siteAdmin, suspended, ...texts } = call.body;
    const outcome = await call.services.accountWorkflows.createUser({ ...texts, siteAdmin });
    switch (outcome.kind) {
      case 'created': {
        if (suspended) await call.services.accountWorkflows.suspendUser(outcome.user.userId);
        const user = await requireUser(outcome.user.login, call.principal, call.services);
        return json(simpleUser(user, call.urls));
      }
      case 'login-taken':
        throw invalidField('User', 'login', 'already_exists', 'login is already taken');
      case 'email-taken':
        throw invalidField('User', 'email', 'already_exists', 'email is already taken');
      case 'invalid':
        throw refusedText('User', outcome);
    }
  },
});

export const createAuthorization = defineRoute({
  method: 'POST',
  path: '/admin/users/{username}/authorizations',
  operationId: 'enterprise-admin/create-impersonation-o-auth-token',
  summary: 'Create an access token for a user',
  resource: 'OauthAccess',
  params: userParams,
  query: z.object({}),
  body: z.object({
    scopes: z.array(z.enum(SCOPES)),
    note: z.string().optional(),
    expires_at: z.iso.datetime({ offset: true }).nullish(),
  }),
  status: 201,
  response: authorizationSchema,
  permission: userAdministration(),
  scopes,
  async handle(call) {
    const { scopes: granted, note = '', expires_at: expires } = call.body;
    const expiresAt = expires ? new Date(expires) : undefined;
    if (expiresAt && expiresAt.getTime() <= Date.now()) {
      throw invalidField('OauthAccess', 'expires_at', 'invalid', 'expires_at lies in the past');
    }
    const user = call.target;
    const outcome = await call.services.tokens.issue({ userId: user.accountId, scopes: granted, note, expiresAt });
    switch (outcome.kind) {
      case 'too-many':
        throw new ApiError(422, `${user.login} has as many access tokens as one may have`);
      case 'invalid':
        throw invalidField('OauthAccess', outcome.field, 'invalid', outcome.reason);
      case 'issued':
        return json(authorizationBody(outcome.token, outcome.secret, user, call.urls));
    }
  },
});

export const deleteAuthorizations = defineRoute({
  method: 'DELETE',
  path: '/admin/users/{username}/authorizations',
  operationId: 'enterprise-admin/delete-impersonation-o-auth-token',
  summary: 'Revoke all access tokens of a user',
  resource: 'OauthAccess',
  params: userParams,
  query: z.object({}),
  body: null,
  status: 204,
  response: z.undefined(),
  permission: userAdministration(),
  scopes,
  async handle(call) {
    await call.services.tokens.revokeAllOf(call.target.accountId);
    return empty();
  },
});

export const suspendUser = defineRoute({
  method: 'PUT',
  path: '/users/{username}/suspended',
  operationId: 'enterprise-admin/suspend-user',
  summary: 'Shut a user out',
  resource: 'User',
  params: userParams,
  query: z.object({}),
  body: null,
  status: 204,
  response: z.undefined(),
  permission: userAdministration(),
  scopes,
  async handle(call) {
    const { accountId } = call.target;
    const isSelf = call.principal.kind === 'user' && call.principal.userId === accountId;
    if (isSelf) throw new ApiError(403, 'Administrators cannot suspend themselves.');
    await call.services.accountWorkflows.suspendUser(accountId);
    return empty();
  },
});

export const reinstateUser = defineRoute({
  method: 'DELETE',
  path: '/users/{username}/suspended',
  operationId: 'enterprise-admin/unsuspend-user',
  summary: 'Let a user in again',
  resource: 'User',
  params: userParams,
  query: z.object({}),
  body: null,
  status: 204,
  response: z.undefined(),
  permission: userAdministration(),
  scopes,
  async handle(call) {
    await call.services.accountWorkflows.reinstateUser(call.target.accountId);
    return empty();
  },
});

export const createOrganization = defineRoute({
  method: 'POST',
  path: '/admin/organizations',
  operationId: 'enterprise-admin/create-org',
  summary: 'Create an organization',
  resource: 'Organization',
  params: z.object({}),
  query: z.object({}),
  body: z.object({
    login: z.string(),
    admin: z.string().describe('Login of the user who will own it.'),
    profile_name: z.string().optional(),
  }),
  status: 201,
  response: simpleOrganizationSchema,
  permission: siteAdministration,
  scopes,
  async handle(call) {
    const { login, admin, profile_name: name } = call.body;
    const owner = await call.services.accounts.find(admin, call.principal);
    if (owner?.kind !== 'user') throw invalidField('Organization', 'admin', 'missing', `There is no user "${admin}"`);
    const outcome = await call.services.accountWorkflows.createOrganization({
      login,
      name,
      ownerUserId: owner.accountId,
    });
    switch (outcome.kind) {
      case 'created':
        return json(
          simpleOrganization({ accountId: outcome.organizationId, login, description: undefined }, call.urls),
        );
      case 'login-taken':
        throw invalidField('Organization', 'login', 'already_exists', 'login is already taken');
      case 'invalid':
        throw refusedText('Organization', outcome);
    }
  },
});

/** For what administers one user; the target is that user. Who may not administer learns nothing of who exists. */
function userAdministration(): AccessPermission<z.output<typeof userParams>, AccountRecord> {
  return {
    action: 'site:admin',
    async find({ params, principal, services }) {
      const user = await services.accounts.find(params.username, principal);
      const access = { action: 'site:admin' } as const;
      if (user?.kind !== 'user') return mayAccess(principal, access) ? undefined : { access, target: undefined };
      return { access, target: user };
    },
  };
}

async function requireUser(login: string, principal: Principal, services: ApiServices): Promise<AccountRecord> {
  const user = await services.accounts.find(login, principal);
  if (!user) throw notFound();
  return user;
}

function refusedText(resource: string, fault: InvalidField): ApiError {
  return invalidField(resource, fault.field, 'invalid', fault.reason);
}

function authorizationBody(
  token: AccessTokenRecord,
  secret: string,
  user: AccountRecord,
  urls: BaseUrls,
): z.infer<typeof authorizationSchema> {
  return {
    id: token.id,
    url: `${urls.api}/authorizations/${token.id}`,
    app: { name: token.note, url: urls.web, client_id: '' },
    token: secret,
    hashed_token: null,
    token_last_eight: token.lastEight,
    note: token.note || null,
    note_url: null,
    created_at: timestamp(token.createdAt),
    updated_at: timestamp(token.createdAt),
    expires_at: timestampOrNull(token.expiresAt),
    scopes: [...token.scopes],
    fingerprint: null,
    user: simpleUser(user, urls),
  };
}
