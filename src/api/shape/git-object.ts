/** Git's own objects and refs, as the `git/` operations show them. */
import { z } from 'zod';
import type { Commit } from '#git/object/commit.ts';
import { entryKindOf, formatMode } from '#git/object/file-mode.ts';
import type { ObjectId } from '#git/object/object-id.ts';
import type { ObjectType } from '#git/object/object-type.ts';
import type { Tag } from '#git/object/tag.ts';
import type { TreeEntry } from '#git/object/tree.ts';
import { type BaseUrls, encodePath } from '../hypermedia.ts';
import { encodeNodeId } from '../node-id.ts';
import { timestampOfSeconds } from '../timestamp.ts';
import { commitReferenceSchema, messageBody } from './commit.ts';
import { type RepositoryNames, repositoryUrls } from './repository-link.ts';
import { identityBody, identitySchema, verificationBody, verificationSchema } from './signature.ts';

const objectReferenceSchema = z.object({
  sha: z.string(),
  type: z.enum(['commit', 'tree', 'blob', 'tag']),
  url: z.string(),
});

export const gitRefSchema = z
  .object({ ref: z.string(), node_id: z.string(), url: z.string(), object: objectReferenceSchema })
  .meta({ title: 'Git Reference' });

export const gitCommitSchema = z
  .object({
    sha: z.string(),
    node_id: z.string(),
    url: z.string(),
    html_url: z.string(),
    author: identitySchema,
    committer: identitySchema,
    tree: commitReferenceSchema,
    message: z.string(),
    parents: z.array(commitReferenceSchema.extend({ html_url: z.string() })),
    verification: verificationSchema,
  })
  .meta({ title: 'Git Commit' });

export const gitTagSchema = z
  .object({
    node_id: z.string(),
    sha: z.string(),
    url: z.string(),
    tag: z.string(),
    message: z.string(),
    tagger: identitySchema,
    object: objectReferenceSchema,
    verification: verificationSchema,
  })
  .meta({ title: 'Git Tag' });

export const gitTreeSchema = z
  .object({
    sha: z.string(),
    url: z.string(),
    tree: z.array(
      z.object({
        path: z.string(),
        mode: z.string(),
        type: z.enum(['blob', 'tree', 'commit']),
        sha: z.string(),
        size: z.number().int().optional().describe('Of blobs, in bytes.'),
        url: z.string().optional().describe('Absent for submodules.'),
      }),
    ),
    truncated: z.boolean(),
  })
  .meta({ title: 'Git Tree' });

export const gitBlobSchema = z
  .object({
    sha: z.string(),
    node_id: z.string(),
    size: z.number().int(),
    url: z.string(),
    content: z.string(),
    encoding: z.literal('base64'),
  })
  .meta({ title: 'Blob' });

type GitTreeItem = z.infer<typeof gitTreeSchema>['tree'][number];

export interface ObjectContext {
  readonly repository: RepositoryNames;
  readonly urls: BaseUrls;
}

export function gitRefBody(
  ref: { readonly name: string; readonly target: ObjectId; readonly type: ObjectType },
  context: ObjectContext,
): z.infer<typeof gitRefSchema> {
  return {
    ref: ref.name,
    node_id: encodeNodeId('Ref', context.repository.id, ref.name),
    url: `${repositoryUrls(context.repository, context.urls).api}/git/${encodePath(ref.name)}`,
    object: objectReference(ref.type, ref.target, context),
  };
}

export function gitCommitBody(id: ObjectId, commit: Commit, context: ObjectContext): z.infer<typeof gitCommitSchema> {
  const { api, web } = repositoryUrls(context.repository, context.urls);
  return {
    sha: id,
    node_id: encodeNodeId('Commit', context.repository.id, id),
    url: `${api}/git/commits/${id}`,
    html_url: `${web}/commit/${id}`,
    author: identityBody(commit.author),
    committer: identityBody(commit.committer),
    tree: { sha: commit.treeId, url: `${api}/git/trees/${commit.treeId}` },
    message: messageBody(commit.message),
    parents: commit.parentIds.map((parent) => ({
      sha: parent,
      url: `${api}/git/commits/${parent}`,
      html_url: `${web}/commit/${parent}`,
    })),
    verification: verificationBody(commit.signature),
  };
}

export function gitTagBody(id: ObjectId, tag: Tag, context: ObjectContext): z.infer<typeof gitTagSchema> {
  return {
    node_id: encodeNodeId('Tag', context.repository.id, id),
    sha: id,
    url: `${repositoryUrls(context.repository, context.urls).api}/git/tags/${id}`,
    tag: tag.name,
    message: tag.message,
    // Tags of git's first years name nobody.
    tagger: tag.tagger ? identityBody(tag.tagger) : { name: '', email: '', date: timestampOfSeconds(0) },
    object: objectReference(tag.targetType, tag.targetId, context),
    verification: verificationBody(tag.signature),
  };
}

/** @param path from the root of the tree that was asked for */
export function gitTreeItem(
  path: string,
  entry: TreeEntry,
  sizeBytes: number | undefined,
  context: ObjectContext,
): GitTreeItem {
  const item = { path, mode: formatMode(entry.mode), sha: entry.id };
  const { api } = repositoryUrls(context.repository, context.urls);
  switch (entryKindOf(entry.mode)) {
    case 'tree':
      return { ...item, type: 'tree', url: `${api}/git/trees/${entry.id}` };
    case 'gitlink':
      return { ...item, type: 'commit' };
    default:
      return { ...item, type: 'blob', size: sizeBytes ?? 0, url: `${api}/git/blobs/${entry.id}` };
  }
}

/** @param bytes the whole blob */
export function gitBlobBody(id: ObjectId, bytes: Uint8Array, context: ObjectContext): z.infer<typeof gitBlobSchema> {
  return {
    sha: id,
    node_id: encodeNodeId('Blob', context.repository.id, id),
    size: bytes.byteLength,
    url: `${repositoryUrls(context.repository, context.urls).api}/git/blobs/${id}`,
    content: base64Lines(bytes),
    encoding: 'base64',
  };
}

/** Base64 in lines of 60, each ended by a line feed: how GitHub wraps it. */
export function base64Lines(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  return text.replaceAll(/.{1,60}/g, '$&\n');
}

function objectReference(
  type: ObjectType,
  id: ObjectId,
  context: ObjectContext,
): z.infer<typeof objectReferenceSchema> {
  return { sha: id, type, url: `${repositoryUrls(context.repository, context.urls).api}/git/${type}s/${id}` };
}
