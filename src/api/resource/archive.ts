/** Archives of a revision. Like GitHub, the API leads to where they are downloaded: `transport/http/archive-route.ts`. */
import { z } from 'zod';
import type { RepositoryRecord } from '#repository/repository-record.ts';
import { notFound } from '../error.ts';
import { encodePath } from '../hypermedia.ts';
import { openSnapshot, repositoryAccess, repositoryParams } from '../repository-access.ts';
import { findCommit } from '../revision.ts';
import { type Call, defineRoute, empty } from '../route.ts';

const archiveParams = z.object({
  ...repositoryParams,
  ref: z.string().describe('Branch, tag or commit; else the default branch.'),
});

const shared = {
  method: 'GET',
  resource: 'Repository',
  params: archiveParams,
  query: z.object({}),
  body: null,
  status: 302,
  response: z.undefined(),
  permission: repositoryAccess('repository:read'),
  scopes: ['repo', 'public_repo'],
} as const;

export const downloadTarball = defineRoute({
  ...shared,
  path: '/repos/{owner}/{repo}/tarball/{ref*}',
  operationId: 'repos/download-tarball-archive',
  summary: 'Download a repository archive (tar)',
  handle: (call) => redirectTo(call, 'tar.gz'),
});

export const downloadZipball = defineRoute({
  ...shared,
  path: '/repos/{owner}/{repo}/zipball/{ref*}',
  operationId: 'repos/download-zipball-archive',
  summary: 'Download a repository archive (zip)',
  handle: (call) => redirectTo(call, 'zip'),
});

async function redirectTo(
  call: Call<z.output<typeof archiveParams>, unknown, unknown, RepositoryRecord>,
  ending: 'tar.gz' | 'zip',
) {
  const { ownerLogin, name } = call.target;
  const revision = call.params.ref || 'HEAD';
  if (!(await findCommit(await openSnapshot(call), revision))) throw notFound();
  const named = /^(?:heads|tags)\//.test(revision) ? `refs/${revision}` : revision;
  const place = encodePath(`${ownerLogin}/${name}/archive/${named}.${ending}`);
  return empty({ Location: `${call.urls.web}/${place}`, 'Cache-Control': 'no-store' });
}
