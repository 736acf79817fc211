/** A commit in history: the object, and where it is shown. */
import { z } from 'zod';
import type { Commit } from '#git/object/commit.ts';
import type { ObjectId } from '#git/object/object-id.ts';
import type { BaseUrls } from '../hypermedia.ts';
import { encodeNodeId } from '../node-id.ts';
import { fileChangeSchema } from './file-change.ts';
import { type RepositoryNames, repositoryUrls } from './repository-link.ts';
import { identityBody, identitySchema, verificationBody, verificationSchema } from './signature.ts';
import { simpleUserSchema } from './simple-user.ts';

export const commitReferenceSchema = z.object({ sha: z.string(), url: z.string() });

export const commitSchema = z
  .object({
    sha: z.string(),
    node_id: z.string(),
    commit: z.object({
      author: identitySchema,
      committer: identitySchema,
      message: z.string(),
      tree: commitReferenceSchema,
      url: z.string(),
      comment_count: z.number().int(),
      verification: verificationSchema,
    }),
    url: z.string(),
    html_url: z.string(),
    comments_url: z.string(),
    author: simpleUserSchema.nullable(),
    committer: simpleUserSchema.nullable(),
    parents: z.array(commitReferenceSchema.extend({ html_url: z.string() })),
  })
  .meta({ title: 'Commit' });

export const commitWithFilesSchema = commitSchema
  .extend({
    stats: z.object({ total: z.number().int(), additions: z.number().int(), deletions: z.number().int() }),
    files: z.array(fileChangeSchema),
  })
  .meta({ title: 'Commit with files' });

export interface CommitContext {
  readonly repository: RepositoryNames;
  readonly urls: BaseUrls;
}

export function commitBody(id: ObjectId, commit: Commit, context: CommitContext): z.infer<typeof commitSchema> {
  const { api, web } = repositoryUrls(context.repository, context.urls);
  return {
    sha: id,
    node_id: encodeNodeId('Commit', context.repository.id, id),
    commit: {
      author: identityBody(commit.author),
      committer: identityBody(commit.committer),
      message: messageBody(commit.message),
      tree: { sha: commit.treeId, url: `${api}/git/trees/${commit.treeId}` },
      url: `${api}/git/commits/${id}`,
      comment_count: 0,
      verification: verificationBody(commit.signature),
    },
    url: `${api}/commits/${id}`,
    html_url: `${web}/commit/${id}`,
    comments_url: `${api}/commits/${id}/comments`,
    // An address in a commit proves nothing, and none is verified yet: nobody's account is shown as its author's.
    author: null,
    committer: null,
    parents: commit.parentIds.map((parent) => ({
      sha: parent,
      url: `${api}/commits/${parent}`,
      html_url: `${web}/commit/${parent}`,
    })),
  };
}

/** Messages end with a line feed in the object and without one here. */
export function messageBody(message: string): string {
  return message.replace(/\n+$/, '');
}
