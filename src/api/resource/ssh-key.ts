/** SSH keys: the caller's own, everybody's public ones, and the deploy keys of a repository. */
import { z } from 'zod';
import type { AddSshKeyOutcome } from '#auth/ssh-key-store.ts';
import { selfAccess } from '../account-access.ts';
import { invalidField, notFound } from '../error.ts';
import { type PageRequest, pageOf, pageQuery } from '../pagination.ts';
import { repositoryAccess, repositoryParams } from '../repository-access.ts';
import { defineRoute, empty, json, list, type Reply } from '../route.ts';
import { deployKeyBody, deployKeySchema, simpleSshKeySchema, sshKeyBody, sshKeySchema } from '../shape/ssh-key.ts';

const keyIdSchema = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number);
const newKeySchema = z.object({
  title: z.string().optional().describe("Without one, the key's comment."),
  key: z.string().describe('A line as in a `.pub` file.'),
});
const publicKeyParams = z.object({ key_id: keyIdSchema });
const deployKeyParams = z.object({ ...repositoryParams, key_id: keyIdSchema });
const deployKeyScopes = ['repo', 'public_repo'] as const;

export const listOwnKeys = defineRoute({
  method: 'GET',
  path: '/user/keys',
  operationId: 'users/list-public-ssh-keys-for-authenticated-user',
  summary: 'List your SSH keys',
  resource: 'PublicKey',
  params: z.object({}),
  query: z.object(pageQuery),
  body: null,
  status: 200,
  response: z.array(sshKeySchema),
  permission: selfAccess('self:read-keys'),
  scopes: ['read:public_key'],
  async handle(call) {
    const keys = await call.services.sshKeys.listUserKeys(call.target.userId);
    return keyList(keys, call.page, (key) => sshKeyBody(key, call.urls));
  },
});

export const createOwnKey = defineRoute({
  method: 'POST',
  path: '/user/keys',
  operationId: 'users/create-public-ssh-key-for-authenticated-user',
  summary: 'Add an SSH key',
  resource: 'PublicKey',
  params: z.object({}),
  query: z.object({}),
  body: newKeySchema,
  status: 201,
  response: sshKeySchema,
  permission: selfAccess('self:add-keys'),
  scopes: ['write:public_key'],
  async handle(call) {
    const { title = '', key: line } = call.body;
    const outcome = await call.services.sshKeys.addUserKey(call.target.userId, { title, line });
    return keyCreated(sshKeyBody(requireAdded('PublicKey', outcome), call.urls));
  },
});

export const getOwnKey = defineRoute({
  method: 'GET',
  path: '/user/keys/{key_id}',
  operationId: 'users/get-public-ssh-key-for-authenticated-user',
  summary: 'Get an SSH key of yours',
  resource: 'PublicKey',
  params: publicKeyParams,
  query: z.object({}),
  body: null,
  status: 200,
  response: sshKeySchema,
  permission: selfAccess('self:read-keys'),
  scopes: ['read:public_key'],
  async handle(call) {
    const keys = await call.services.sshKeys.listUserKeys(call.target.userId);
    return json(sshKeyBody(requireKey(keys, call.params.key_id), call.urls));
  },
});

export const deleteOwnKey = defineRoute({
  method: 'DELETE',
  path: '/user/keys/{key_id}',
  operationId: 'users/delete-public-ssh-key-for-authenticated-user',
  summary: 'Remove an SSH key of yours',
  resource: 'PublicKey',
  params: publicKeyParams,
  query: z.object({}),
  body: null,
  status: 204,
  response: z.undefined(),
  permission: selfAccess('self:remove-keys'),
  scopes: ['admin:public_key'],
  async handle(call) {
    return keyRemoved(await call.services.sshKeys.removeUserKey(call.target.userId, call.params.key_id));
  },
});

export const listUserKeys = defineRoute({
  method: 'GET',
  path: '/users/{username}/keys',
  operationId: 'users/list-public-keys-for-user',
  summary: 'List the SSH keys of a user',
  resource: 'PublicKey',
  params: z.object({ username: z.string() }),
  query: z.object(pageQuery),
  body: null,
  status: 200,
  response: z.array(simpleSshKeySchema),
  permission: 'public',
  scopes: [],
  async handle(call) {
    const account = await call.services.accounts.find(call.params.username, call.principal);
    if (!account) throw notFound();
    const keys = await call.services.sshKeys.listUserKeys(account.accountId);
    return keyList(keys, call.page, ({ id, publicKey }) => ({ id, key: publicKey }));
  },
});

export const listDeployKeys = defineRoute({
  method: 'GET',
  path: '/repos/{owner}/{repo}/keys',
  operationId: 'repos/list-deploy-keys',
  summary: 'List deploy keys',
  resource: 'DeployKey',
  params: z.object(repositoryParams),
  query: z.object(pageQuery),
  body: null,
  status: 200,
  response: z.array(deployKeySchema),
  permission: repositoryAccess('repository:admin'),
  scopes: deployKeyScopes,
  async handle(call) {
    const keys = await call.services.sshKeys.listDeployKeys(call.target.id);
    return keyList(keys, call.page, (key) => deployKeyBody(key, call.target, call.urls));
  },
});

export const createDeployKey = defineRoute({
  method: 'POST',
  path: '/repos/{owner}/{repo}/keys',
  operationId: 'repos/create-deploy-key',
  summary: 'Add a deploy key',
  resource: 'DeployKey',
  params: z.object(repositoryParams),
  query: z.object({}),
  body: newKeySchema.extend({
    read_only: z.boolean().optional().describe('Whether the key may only fetch. Without it the key may push as well.'),
  }),
  status: 201,
  response: deployKeySchema,
  permission: repositoryAccess('repository:admin'),
  scopes: deployKeyScopes,
  async handle(call) {
    const { title = '', key: line, read_only: readOnly = false } = call.body;
    const outcome = await call.services.sshKeys.addDeployKey(call.target.id, { title, line, readOnly });
    return keyCreated(deployKeyBody(requireAdded('DeployKey', outcome), call.target, call.urls));
  },
});

export const getDeployKey = defineRoute({
  method: 'GET',
  path: '/repos/{owner}/{repo}/keys/{key_id}',
  operationId: 'repos/get-deploy-key',
  summary: 'Get a deploy key',
  resource: 'DeployKey',
  params: deployKeyParams,
  query: z.object({}),
  body: null,
  status: 200,
  response: deployKeySchema,
  permission: repositoryAccess('repository:admin'),
  scopes: deployKeyScopes,
  async handle(call) {
    const keys = await call.services.sshKeys.listDeployKeys(call.target.id);
    return json(deployKeyBody(requireKey(keys, call.params.key_id), call.target, call.urls));
  },
});

export const deleteDeployKey = defineRoute({
  method: 'DELETE',
  path: '/repos/{owner}/{repo}/keys/{key_id}',
  operationId: 'repos/delete-deploy-key',
  summary: 'Remove a deploy key',
  resource: 'DeployKey',
  params: deployKeyParams,
  query: z.object({}),
  body: null,
  status: 204,
  response: z.undefined(),
  permission: repositoryAccess('repository:admin'),
  scopes: deployKeyScopes,
  async handle(call) {
    return keyRemoved(await call.services.sshKeys.removeDeployKey(call.target.id, call.params.key_id));
  },
});

// What the keys of users and those of repositories have in common.

function keyList<Key, Body>(keys: readonly Key[], page: PageRequest, toBody: (key: Key) => Body): Reply<Body[]> {
  return list(pageOf(keys, page).map(toBody), { totalCount: keys.length });
}

function keyCreated<Body extends { readonly url: string }>(body: Body): Reply<Body> {
  return json(body, { headers: { Location: body.url } });
}

function keyRemoved(wasThere: boolean): Reply<undefined> {
  if (!wasThere) throw notFound();
  return empty();
}

/** Looked for among the holder's own, of which there are few: the id of somebody else's finds nothing. */
function requireKey<Key extends { readonly id: number }>(keys: readonly Key[], keyId: number): Key {
  const key = keys.find(({ id }) => id === keyId);
  if (!key) throw notFound();
  return key;
}

function requireAdded<Key>(resource: string, outcome: AddSshKeyOutcome<Key>): Key {
  switch (outcome.kind) {
    case 'added':
      return outcome.key;
    case 'in-use':
      throw invalidField(resource, 'key', 'custom', 'key is already in use');
    case 'too-many':
      throw invalidField(resource, 'key', 'custom', 'There are as many keys as there may be. Remove one first.');
    case 'invalid':
      throw invalidField(resource, outcome.field, 'custom', outcome.reason);
  }
}
