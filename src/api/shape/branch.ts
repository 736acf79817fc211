/** Branches and tags as a repository lists them. */
import { z } from 'zod';
import type { ObjectId } from '#git/object/object-id.ts';
import { type BaseUrls, encodePath } from '../hypermedia.ts';
import { encodeNodeId } from '../node-id.ts';
import { commitReferenceSchema, commitSchema } from './commit.ts';
import { type RepositoryNames, repositoryUrls } from './repository-link.ts';

const protectionSchema = z.object({
  enabled: z.boolean(),
  required_status_checks: z.object({
    enforcement_level: z.string(),
    contexts: z.array(z.string()),
    checks: z.array(z.object({ context: z.string(), app_id: z.number().int().nullable() })),
  }),
});

export const shortBranchSchema = z
  .object({
    name: z.string(),
    commit: commitReferenceSchema,
    protected: z.boolean(),
    protection: protectionSchema,
    protection_url: z.string(),
  })
  .meta({ title: 'Short Branch' });

export const branchSchema = shortBranchSchema
  .extend({ commit: commitSchema, _links: z.object({ self: z.string(), html: z.string() }) })
  .meta({ title: 'Branch With Protection' });

export const tagSchema = z
  .object({
    name: z.string(),
    commit: commitReferenceSchema,
    zipball_url: z.string(),
    tarball_url: z.string(),
    node_id: z.string(),
  })
  .meta({ title: 'Tag' });

/** No branch has rules of its own here. */
const UNPROTECTED: z.infer<typeof protectionSchema> = {
  enabled: false,
  required_status_checks: { enforcement_level: 'off', contexts: [], checks: [] },
};

/** @param name without `refs/heads/` */
export function shortBranchBody(
  name: string,
  commitId: ObjectId,
  repository: RepositoryNames,
  urls: BaseUrls,
): z.infer<typeof shortBranchSchema> {
  const { api } = repositoryUrls(repository, urls);
  return {
    name,
    commit: { sha: commitId, url: `${api}/commits/${commitId}` },
    protected: false,
    protection: UNPROTECTED,
    protection_url: `${api}/branches/${encodePath(name)}/protection`,
  };
}

export function branchBody(
  name: string,
  commit: z.infer<typeof commitSchema>,
  repository: RepositoryNames,
  urls: BaseUrls,
): z.infer<typeof branchSchema> {
  const { api, web } = repositoryUrls(repository, urls);
  return {
    ...shortBranchBody(name, commit.sha, repository, urls),
    commit,
    _links: { self: `${api}/branches/${encodePath(name)}`, html: `${web}/tree/${encodePath(name)}` },
  };
}

/** @param name without `refs/tags/` @param commitId what the tag leads to in the end */
export function tagBody(
  name: string,
  commitId: ObjectId,
  repository: RepositoryNames,
  urls: BaseUrls,
): z.infer<typeof tagSchema> {
  const { api } = repositoryUrls(repository, urls);
  const ref = `refs/tags/${name}`;
  return {
    name,
    commit: { sha: commitId, url: `${api}/commits/${commitId}` },
    zipball_url: `${api}/zipball/${encodePath(ref)}`,
    tarball_url: `${api}/tarball/${encodePath(ref)}`,
    node_id: encodeNodeId('Ref', repository.id, ref),
  };
}
