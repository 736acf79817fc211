/** Git's objects by id: commits, trees, blobs and annotated tags. */
import { z } from 'zod';
import { isReachableCommit, isReachableTag } from '#browse/reachability.ts';
import { parseCommit } from '#git/object/commit.ts';
import { isGitlinkMode, isTreeMode } from '#git/object/file-mode.ts';
import { isObjectId, type ObjectId } from '#git/object/object-id.ts';
import type { ObjectType } from '#git/object/object-type.ts';
import { parseTag } from '#git/object/tag.ts';
import type { TreeEntry } from '#git/object/tree.ts';
import type { GitObject, ObjectStore } from '#git/object-store.ts';
import { blobReply } from '../blob-reply.ts';
import { ApiError, notFound } from '../error.ts';
import { listAllDescendants, listOwnEntries } from '../recursive-tree.ts';
import { openSnapshot, repositoryAccess, repositoryParams } from '../repository-access.ts';
import { requireReachable, requireTree } from '../revision.ts';
import { defineRoute, json } from '../route.ts';
import {
  gitBlobBody,
  gitBlobSchema,
  gitCommitBody,
  gitCommitSchema,
  gitTagBody,
  gitTagSchema,
  gitTreeItem,
  gitTreeSchema,
} from '../shape/git-object.ts';
import { repositoryUrls } from '../shape/repository-link.ts';

/** Beyond this a blob comes raw alone: GitHub's bound. */
const BLOB_MAX_BYTES = 100 * 1024 * 1024;

const scopes = ['repo', 'public_repo'] as const;

export const getCommit = defineRoute({
  method: 'GET',
  path: '/repos/{owner}/{repo}/git/commits/{commit_sha}',
  operationId: 'git/get-commit',
  summary: 'Get a commit object',
  resource: 'Commit',
  params: z.object({ ...repositoryParams, commit_sha: z.string() }),
  query: z.object({}),
  body: null,
  status: 200,
  response: gitCommitSchema,
  permission: repositoryAccess('repository:read'),
  scopes,
  async handle(call) {
    const snapshot = await openSnapshot(call);
    const { objects } = snapshot;
    const id = call.params.commit_sha.toLowerCase();
    const { body } = await readTyped(objects, id, 'commit');
    if (!(await isReachableCommit(snapshot, id))) throw notFound();
    return json(gitCommitBody(id, parseCommit(body, objects.format), { repository: call.target, urls: call.urls }));
  },
});

export const getTag = defineRoute({
  method: 'GET',
  path: '/repos/{owner}/{repo}/git/tags/{tag_sha}',
  operationId: 'git/get-tag',
  summary: 'Get an annotated tag object',
  resource: 'Tag',
  params: z.object({ ...repositoryParams, tag_sha: z.string() }),
  query: z.object({}),
  body: null,
  status: 200,
  response: gitTagSchema,
  permission: repositoryAccess('repository:read'),
  scopes,
  async handle(call) {
    const snapshot = await openSnapshot(call);
    const { objects } = snapshot;
    const id = call.params.tag_sha.toLowerCase();
    const { body } = await readTyped(objects, id, 'tag');
    if (!(await isReachableTag(snapshot, id))) throw notFound();
    return json(gitTagBody(id, parseTag(body, objects.format), { repository: call.target, urls: call.urls }));
  },
});

export const getTree = defineRoute({
  method: 'GET',
  path: '/repos/{owner}/{repo}/git/trees/{tree_sha+}',
  operationId: 'git/get-tree',
  summary: 'Get a tree',
  resource: 'Tree',
  params: z.object({ ...repositoryParams, tree_sha: z.string().describe('Id of a tree or commit, or a ref.') }),
  query: z.object({ recursive: z.string().optional().describe('Any value: list what lies deeper, too.') }),
  body: null,
  status: 200,
  response: gitTreeSchema,
  permission: repositoryAccess('repository:read'),
  scopes,
  async handle(call) {
    const snapshot = await openSnapshot(call);
    const treeId = await requireTree(snapshot, call.params.tree_sha, call.signal);
    const { entries, truncated } =
      call.query.recursive === undefined
        ? await listOwnEntries(snapshot.objects, treeId)
        : await listAllDescendants(snapshot.objects, treeId, call.signal);
    const context = { repository: call.target, urls: call.urls };
    return json({
      sha: treeId,
      url: `${repositoryUrls(call.target, call.urls).api}/git/trees/${treeId}`,
      tree: await Promise.all(
        entries.map(async ({ path, entry }) =>
          gitTreeItem(path, entry, await blobSize(snapshot.objects, entry), context),
        ),
      ),
      truncated,
    });
  },
});

export const getBlob = defineRoute({
  method: 'GET',
  path: '/repos/{owner}/{repo}/git/blobs/{file_sha}',
  operationId: 'git/get-blob',
  summary: 'Get a blob',
  resource: 'Blob',
  params: z.object({ ...repositoryParams, file_sha: z.string() }),
  query: z.object({}),
  body: null,
  status: 200,
  response: gitBlobSchema,
  permission: repositoryAccess('repository:read'),
  scopes,
  async handle(call) {
    const snapshot = await openSnapshot(call);
    const { objects } = snapshot;
    const id = call.params.file_sha.toLowerCase();
    const sizeBytes = await requireType(objects, id, 'blob');
    await requireReachable(snapshot, id, call.signal);
    if (call.representation === 'raw') return blobReply(objects, id, sizeBytes, call.signal);
    if (sizeBytes > BLOB_MAX_BYTES)
      throw new ApiError(403, 'This blob is larger than 100 MB; ask for its raw media type');
    const { body } = await objects.read(id, { sizeMaxBytes: BLOB_MAX_BYTES, signal: call.signal });
    return json(gitBlobBody(id, body, { repository: call.target, urls: call.urls }));
  },
});

async function blobSize(objects: ObjectStore, entry: TreeEntry): Promise<number | undefined> {
  if (isTreeMode(entry.mode) || isGitlinkMode(entry.mode)) return undefined;
  return (await objects.header(entry.id))?.sizeBytes;
}

async function readTyped(objects: ObjectStore, id: ObjectId, type: ObjectType): Promise<GitObject> {
  await requireType(objects, id, type);
  return objects.read(id);
}

/** @returns the size in bytes @throws {ApiError} 404 for another type, or no object */
async function requireType(objects: ObjectStore, id: ObjectId, type: ObjectType): Promise<number> {
  const header = isObjectId(id, objects.format) ? await objects.header(id) : undefined;
  if (header?.type !== type) throw notFound();
  return header.sizeBytes;
}
