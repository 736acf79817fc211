/** The git settings of a repository: what an administrator of it may decide about clones, fetches and pushes. Our own; GitHub has none. */
import { z } from 'zod';
import { invalidField, notFound } from '../error.ts';
import { repositoryAccess, repositoryParams } from '../repository-access.ts';
import { defineRoute, json } from '../route.ts';
import { gitSettingChangesSchema, gitSettingsBody, gitSettingsSchema } from '../shape/git-setting.ts';

const RESOURCE = 'GitSettings';

export const getGitSettings = defineRoute({
  method: 'GET',
  path: '/repos/{owner}/{repo}/git-settings',
  operationId: 'git-settings/get',
  summary: 'Get the git settings of a repository',
  resource: RESOURCE,
  params: z.object(repositoryParams),
  query: z.object({}),
  body: null,
  status: 200,
  response: gitSettingsSchema,
  permission: repositoryAccess('repository:admin'),
  scopes: ['repo', 'public_repo'],
  async handle(call) {
    const groups = await call.services.catalog.listGitSettings(call.target.id);
    if (!groups) throw notFound();
    return json(gitSettingsBody(groups));
  },
});

export const updateGitSettings = defineRoute({
  method: 'PATCH',
  path: '/repos/{owner}/{repo}/git-settings',
  operationId: 'git-settings/update',
  summary: 'Change the git settings of a repository',
  resource: RESOURCE,
  params: z.object(repositoryParams),
  query: z.object({}),
  body: gitSettingChangesSchema,
  status: 200,
  response: gitSettingsSchema,
  permission: repositoryAccess('repository:admin'),
  scopes: ['repo', 'public_repo'],
  async handle(call) {
    const outcome = await call.services.catalog.changeGitSettings(call.target.id, call.body);
    switch (outcome.kind) {
      case 'gone':
        throw notFound();
      case 'invalid':
        throw invalidField(RESOURCE, outcome.faults[0]?.name ?? '', 'invalid', outcome.faults[0]?.reason);
      case 'changed':
        return json(gitSettingsBody(outcome.groups));
    }
  },
});
