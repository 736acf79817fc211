/** History: lists of commits, and one with what it changed. */

import { hash } from 'node:crypto';
import { z } from 'zod';
import { type ChangedFile, readCommitDetail } from '#browse/commit-detail.ts';
import { parseCommit } from '#git/object/commit.ts';
import type { ObjectId } from '#git/object/object-id.ts';
import type { RepositorySnapshot } from '#repository/repository-engine.ts';
import { listCommitIds } from '../commit-list.ts';
import { diffText, hunksText, patchText } from '../commit-text.ts';
import { ApiError } from '../error.ts';
import { type BaseUrls, encodePath } from '../hypermedia.ts';
import { pageQuery } from '../pagination.ts';
import { openSnapshot, repositoryAccess, repositoryParams, requireHistory } from '../repository-access.ts';
import { findCommit } from '../revision.ts';
import { bytes, defineRoute, json, list, type Reply } from '../route.ts';
import { commitBody, commitSchema, commitWithFilesSchema } from '../shape/commit.ts';
import type { FileChangeBody } from '../shape/file-change.ts';
import { type RepositoryNames, repositoryUrls } from '../shape/repository-link.ts';

/** Commits that a page may lie behind: each page walks over those before it. */
const HISTORY_OFFSET_MAX = 100_000;

export const listCommits = defineRoute({
  method: 'GET',
  path: '/repos/{owner}/{repo}/commits',
  operationId: 'repos/list-commits',
  summary: 'List commits',
  resource: 'Commit',
  params: z.object(repositoryParams),
  query: z.object({
    ...pageQuery,
    sha: z.string().optional().describe('Branch, tag or commit to start from; else the default branch.'),
    path: z.string().optional().describe('Only commits that changed this file or directory.'),
    since: z.iso.datetime({ offset: true }).optional().describe('Only commits committed then or later.'),
    until: z.iso.datetime({ offset: true }).optional().describe('Only commits committed then or earlier.'),
  }),
  body: null,
  status: 200,
  response: z.array(commitSchema),
  permission: repositoryAccess('repository:read'),
  scopes: ['repo', 'public_repo'],
  async handle(call) {
    const snapshot = await openSnapshot(call);
    requireHistory(snapshot);
    const startId = await requireCommit(snapshot, call.query.sha ?? 'HEAD', 404);
    const { offset, perPage } = call.page;
    if (offset > HISTORY_OFFSET_MAX) throw new ApiError(422, 'Pages this far back are not available; start from a sha');
    const { ids, hasNext } = await listCommitIds(snapshot, {
      startId,
      path: call.query.path?.replace(/^\/+|\/+$/g, '') ?? '',
      sinceSeconds: secondsOf(call.query.since) ?? Number.NEGATIVE_INFINITY,
      untilSeconds: secondsOf(call.query.until) ?? Number.POSITIVE_INFINITY,
      offset,
      count: perPage,
      signal: call.signal,
    });
    const objects = await snapshot.objects.readMany(ids);
    const context = { repository: call.target, urls: call.urls };
    const page = objects.map(({ body }, index) =>
      commitBody(ids[index] as ObjectId, parseCommit(body, snapshot.objects.format), context),
    );
    return list(page, { hasNext });
  },
});

export const getCommitWithFiles = defineRoute({
  method: 'GET',
  path: '/repos/{owner}/{repo}/commits/{ref+}',
  operationId: 'repos/get-commit',
  summary: 'Get a commit',
  resource: 'Commit',
  params: z.object({ ...repositoryParams, ref: z.string().describe('Branch, tag or commit.') }),
  query: z.object({}),
  body: null,
  status: 200,
  response: commitWithFilesSchema,
  permission: repositoryAccess('repository:read'),
  scopes: ['repo', 'public_repo'],
  async handle(call): Promise<Reply<z.output<typeof commitWithFilesSchema>>> {
    const snapshot = await openSnapshot(call);
    requireHistory(snapshot);
    const id = await requireCommit(snapshot, call.params.ref, 422);
    if (call.representation === 'sha') return textReply('sha', id);
    const { commit, diff } = await readCommitDetail(snapshot.objects, id);
    if (call.representation === 'diff') return textReply('diff', diffText(diff.files));
    if (call.representation === 'patch') return textReply('patch', patchText(id, commit, diff.files));
    const { addedCount: additions, removedCount: deletions } = diff;
    return json({
      ...commitBody(id, commit, { repository: call.target, urls: call.urls }),
      stats: { total: additions + deletions, additions, deletions },
      files: diff.files.map((file) => fileChange(file, id, call.target, call.urls)),
    });
  },
});

function secondsOf(instant: string | undefined): number | undefined {
  return instant === undefined ? undefined : Date.parse(instant) / 1000;
}

/** @throws {ApiError} with `status`, as GitHub answers that place */
async function requireCommit(snapshot: RepositorySnapshot, revision: string, status: 404 | 422): Promise<ObjectId> {
  const commit = await findCommit(snapshot, revision);
  if (!commit) throw new ApiError(status, status === 404 ? 'Not Found' : `No commit found for SHA: ${revision}`);
  return commit.commitId;
}

function textReply(representation: 'sha' | 'diff' | 'patch', text: string): Reply<never> {
  return bytes(`application/vnd.github.${representation}; charset=utf-8`, hash('sha256', text), Buffer.from(text));
}

const STATUS = { added: 'added', removed: 'removed', modified: 'modified', renamed: 'renamed' } as const;

function fileChange(
  file: ChangedFile,
  commitId: ObjectId,
  repository: RepositoryNames,
  urls: BaseUrls,
): FileChangeBody {
  const { api, web } = repositoryUrls(repository, urls);
  const place = `${commitId}/${encodePath(file.path)}`;
  const counts = file.content.kind === 'text' ? file.content : { addedCount: 0, removedCount: 0 };
  const patch = hunksText(file)?.replace(/\n$/, '');
  return {
    sha: (file.new ?? file.old)?.id ?? null,
    filename: file.path,
    status: STATUS[file.kind],
    additions: counts.addedCount,
    deletions: counts.removedCount,
    changes: counts.addedCount + counts.removedCount,
    blob_url: `${web}/blob/${place}`,
    raw_url: `${web}/raw/${place}`,
    contents_url: `${api}/contents/${encodePath(file.path)}?ref=${commitId}`,
    ...(patch !== undefined && { patch }),
    ...(file.oldPath !== undefined && { previous_filename: file.oldPath }),
  };
}
