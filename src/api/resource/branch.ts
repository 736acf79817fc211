/** Branches and tags, out of the repository's refs. */
import { z } from 'zod';
import { parseCommit } from '#git/object/commit.ts';
import type { Ref } from '#git/ref-store.ts';
import { BRANCH_PREFIX, TAG_PREFIX } from '#git/refs/ref-name.ts';
import { ApiError } from '../error.ts';
import { pageOf, pageQuery } from '../pagination.ts';
import { openSnapshot, repositoryAccess, repositoryParams } from '../repository-access.ts';
import { defineRoute, json, list } from '../route.ts';
import { branchBody, branchSchema, shortBranchBody, shortBranchSchema, tagBody, tagSchema } from '../shape/branch.ts';
import { commitBody } from '../shape/commit.ts';

export const listBranches = defineRoute({
  method: 'GET',
  path: '/repos/{owner}/{repo}/branches',
  operationId: 'repos/list-branches',
  summary: 'List branches',
  resource: 'Branch',
  params: z.object(repositoryParams),
  query: z.object({ ...pageQuery, protected: z.enum(['true', 'false']).optional() }),
  body: null,
  status: 200,
  response: z.array(shortBranchSchema),
  permission: repositoryAccess('repository:read'),
  scopes: ['repo', 'public_repo'],
  async handle(call) {
    const snapshot = await openSnapshot(call);
    const branches = call.query.protected === 'true' ? [] : refsUnder(snapshot.refs.refs, BRANCH_PREFIX);
    const page = pageOf(branches, call.page).map((ref) =>
      shortBranchBody(ref.name.slice(BRANCH_PREFIX.length), ref.target, call.target, call.urls),
    );
    return list(page, { totalCount: branches.length });
  },
});

export const getBranch = defineRoute({
  method: 'GET',
  path: '/repos/{owner}/{repo}/branches/{branch+}',
  operationId: 'repos/get-branch',
  summary: 'Get a branch',
  resource: 'Branch',
  params: z.object({ ...repositoryParams, branch: z.string() }),
  query: z.object({}),
  body: null,
  status: 200,
  response: branchSchema,
  permission: repositoryAccess('repository:read'),
  scopes: ['repo', 'public_repo'],
  async handle(call) {
    const { refs, objects } = await openSnapshot(call);
    const ref = refs.find(BRANCH_PREFIX + call.params.branch);
    if (!ref) throw new ApiError(404, 'Branch not found');
    const commit = parseCommit((await objects.read(ref.target)).body, objects.format);
    const body = commitBody(ref.target, commit, { repository: call.target, urls: call.urls });
    return json(branchBody(call.params.branch, body, call.target, call.urls));
  },
});

export const listTags = defineRoute({
  method: 'GET',
  path: '/repos/{owner}/{repo}/tags',
  operationId: 'repos/list-tags',
  summary: 'List tags',
  resource: 'Tag',
  params: z.object(repositoryParams),
  query: z.object(pageQuery),
  body: null,
  status: 200,
  response: z.array(tagSchema),
  permission: repositoryAccess('repository:read'),
  scopes: ['repo', 'public_repo'],
  async handle(call) {
    const { refs } = await openSnapshot(call);
    const tags = refsUnder(refs.refs, TAG_PREFIX).toReversed();
    const page = pageOf(tags, call.page).map((ref) =>
      tagBody(ref.name.slice(TAG_PREFIX.length), ref.peeled ?? ref.target, call.target, call.urls),
    );
    return list(page, { totalCount: tags.length });
  },
});

function refsUnder(refs: readonly Ref[], prefix: string): Ref[] {
  return refs.filter((ref) => ref.name.startsWith(prefix));
}
