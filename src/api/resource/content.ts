/** Files and directories by their path, as GitHub's contents API reads them. */
import { z } from 'zod';
import { decodeLatin1, decodeLenient } from '#bytes/utf8.ts';
import { parseConfigFile } from '#git/fsck/config-file.ts';
import { entryKindOf } from '#git/object/file-mode.ts';
import type { ObjectId } from '#git/object/object-id.ts';
import type { ObjectStore } from '#git/object-store.ts';
import type { RepositoryRecord } from '#repository/repository-record.ts';
import { blobReply } from '../blob-reply.ts';
import { ApiError, notFound } from '../error.ts';
import { openSnapshot, repositoryAccess, repositoryParams } from '../repository-access.ts';
import { findCommit } from '../revision.ts';
import { type Call, defineRoute, json, type Reply } from '../route.ts';
import {
  type ContentContext,
  contentFile,
  contentFileSchema,
  contentSchema,
  contentSubmodule,
  contentSymlink,
  contentTree,
  directoryItem,
  type LocatedEntry,
} from '../shape/content.ts';
import { defaultBranchOf } from '../shape/repository.ts';
import { listDirectory, locate, resolveLinkTarget } from '../tree-walk.ts';

/** GitHub's bounds: beyond the first a file comes without its content, beyond the second only raw and by blob. */
const INLINE_MAX_BYTES = 1024 * 1024;
const FILE_MAX_BYTES = 100 * 1024 * 1024;
const LINK_MAX_BYTES = 4096;
const GITMODULES_MAX_BYTES = 1024 * 1024;

/** Where a README may lie, the first wins; and in a directory what it may be called, the better formatted first. */
const README_DIRECTORIES = ['.github', '', 'docs'] as const;
const README_NAME = /^readme(?:\.(md|markdown|mdown|mkdn|mdx|rst|adoc|asciidoc|org|textile|rdoc|pod|txt))?$/i;
const MARKDOWN_NAME = /\.(md|markdown|mdown|mkdn|mdx)$/i;

const refQuery = z.object({ ref: z.string().optional().describe('Branch, tag or commit; else the default branch.') });

export const getContent = defineRoute({
  method: 'GET',
  path: '/repos/{owner}/{repo}/contents/{path*}',
  operationId: 'repos/get-content',
  summary: 'Get what lies at a path',
  resource: 'Content',
  params: z.object({ ...repositoryParams, path: z.string() }),
  query: refQuery,
  body: null,
  status: 200,
  response: contentSchema,
  permission: repositoryAccess('repository:read'),
  scopes: ['repo', 'public_repo'],
  async handle(call) {
    const tree = await openTree(call);
    const path = call.params.path.replace(/^\/+|\/+$/g, '');
    const located = await locate(tree.objects, tree.rootId, path);
    if (!located) throw notFound();
    return contentReply(located, tree, call);
  },
});

export const getReadme = defineRoute({
  method: 'GET',
  path: '/repos/{owner}/{repo}/readme',
  operationId: 'repos/get-readme',
  summary: 'Get the README',
  resource: 'Content',
  params: z.object(repositoryParams),
  query: refQuery,
  body: null,
  status: 200,
  response: contentFileSchema,
  permission: repositoryAccess('repository:read'),
  scopes: ['repo', 'public_repo'],
  async handle(call) {
    const tree = await openTree(call);
    const readme = await findReadme(tree);
    if (!readme) throw notFound();
    return fileReply(readme, tree, call);
  },
});

interface OpenTree {
  readonly objects: ObjectStore;
  readonly rootId: ObjectId;
  readonly context: ContentContext;
}

type ContentCall = Pick<
  Call<unknown, z.output<typeof refQuery>, unknown, RepositoryRecord>,
  'target' | 'query' | 'services' | 'signal' | 'urls' | 'representation'
>;

async function openTree(call: ContentCall): Promise<OpenTree> {
  const snapshot = await openSnapshot(call);
  const { objects } = snapshot;
  if (snapshot.refs.refs.length === 0) throw new ApiError(404, 'This repository is empty.');
  const revision = call.query.ref ?? defaultBranchOf(call.target);
  const commit = await findCommit(snapshot, revision);
  if (!commit) throw new ApiError(404, `No commit found for the ref ${revision}`);
  return { objects, rootId: commit.treeId, context: { repository: call.target, revision, urls: call.urls } };
}

async function contentReply(
  located: LocatedEntry,
  tree: OpenTree,
  call: ContentCall,
): Promise<Reply<z.output<typeof contentSchema>>> {
  switch (entryKindOf(located.entry.mode)) {
    case 'tree':
      return directoryReply(located, tree, call);
    case 'symlink':
      return symlinkReply(located, tree, call);
    case 'gitlink':
      return json(contentSubmodule(located, await submoduleUrl(tree, located.path), tree.context));
    case 'file':
    case 'executable':
      return fileReply(located, tree, call);
  }
}

async function directoryReply(
  located: LocatedEntry,
  tree: OpenTree,
  call: ContentCall,
): Promise<Reply<z.output<typeof contentSchema>>> {
  const children = await listDirectory(tree.objects, located);
  const entries = children.map((child) => directoryItem(child, tree.context));
  return json(call.representation === 'object' ? contentTree(located, entries, tree.context) : entries);
}

/** A link to a file of the repository reads as that file; any other one describes itself. Only one link is followed. */
async function symlinkReply(
  located: LocatedEntry,
  tree: OpenTree,
  call: ContentCall,
): Promise<Reply<z.output<typeof contentSchema>>> {
  const { body } = await tree.objects.read(located.entry.id, { sizeMaxBytes: LINK_MAX_BYTES });
  const target = decodeLenient(body);
  const targetPath = resolveLinkTarget(located.path, target);
  const file = targetPath ? await locate(tree.objects, tree.rootId, targetPath) : undefined;
  const kind = file && entryKindOf(file.entry.mode);
  if (file && (kind === 'file' || kind === 'executable')) return fileReply(file, tree, call);
  return json(contentSymlink(located, target, tree.context));
}

async function fileReply(
  located: LocatedEntry,
  { objects, context }: OpenTree,
  call: ContentCall,
): Promise<Reply<z.output<typeof contentFileSchema>>> {
  const { entry, sizeBytes } = located;
  if (sizeBytes > FILE_MAX_BYTES) {
    throw new ApiError(403, 'This file is larger than 100 MB: read it with git, or as a raw blob.', {
      errors: [{ resource: 'Blob', field: 'data', code: 'unprocessable', message: 'too_large' }],
    });
  }
  if (call.representation === 'raw') return blobReply(objects, entry.id, sizeBytes, call.signal);
  const isInline = sizeBytes <= INLINE_MAX_BYTES;
  return json(contentFile(located, isInline ? (await objects.read(entry.id)).body : undefined, context));
}

async function submoduleUrl(tree: OpenTree, path: string): Promise<string | undefined> {
  const located = await locate(tree.objects, tree.rootId, '.gitmodules');
  if (!located || located.sizeBytes > GITMODULES_MAX_BYTES || entryKindOf(located.entry.mode) !== 'file')
    return undefined;
  const { body } = await tree.objects.read(located.entry.id);
  // The parser takes a character for a byte, and the values keep that.
  const { variables } = parseConfigFile(decodeLatin1(body));
  const pathBytes = Buffer.from(path).toString('latin1');
  const named = variables.find(({ name, value }) => /^submodule\..+\.path$/s.test(name) && value === pathBytes);
  const urlName = named?.name.replace(/path$/, 'url');
  const url = variables.find((variable) => variable.name === urlName)?.value;
  return url === undefined ? undefined : decodeLenient(Buffer.from(url, 'latin1'));
}

async function findReadme(tree: OpenTree): Promise<LocatedEntry | undefined> {
  for (const path of README_DIRECTORIES) {
    const directory = await locate(tree.objects, tree.rootId, path);
    if (!directory || entryKindOf(directory.entry.mode) !== 'tree') continue;
    const readmes = (await listDirectory(tree.objects, directory)).filter(isReadme);
    const readme = readmes.find((candidate) => MARKDOWN_NAME.test(candidate.entry.name)) ?? readmes[0];
    if (readme) return readme;
  }
  return undefined;
}

function isReadme({ entry }: LocatedEntry): boolean {
  const kind = entryKindOf(entry.mode);
  return (kind === 'file' || kind === 'executable') && README_NAME.test(entry.name);
}
